"""Node's SDKs through the whole process tree: with the demo, and in front of vendors of the same and of another dialect."""

import pytest

from tests.journeys.node.conftest import Stage

DEMO = 'This is Torana\'s built-in demo, not a real model. You said: "Hello".'


@pytest.mark.parametrize("script", ["openai", "anthropic", "google", "vercel"])
def test_an_sdk_of_node_chats_and_streams_with_the_demo(stage: Stage, lines: dict[str, list[str]], script: str) -> None:
    assert f"chat {DEMO}" in lines[script]
    assert f"stream {DEMO}" in lines[script]


@pytest.mark.parametrize("model", ["chat-model", "messages-model"])
def test_a_tool_is_called_in_a_stream_and_its_result_comes_back_whatever_the_vendor_speaks(
    lines: dict[str, list[str]], model: str
) -> None:
    for script in ("openai", "anthropic", "google"):
        (call,) = [line for line in lines[script] if line.startswith(f"call {model} ")]
        assert call.split()[2] == "get_weather"
        assert "Bern" in call
        (answer,) = [line for line in lines[script] if line.startswith(f"answer {model} ")]
        assert "The tool says: " in answer
        assert "sunny" in answer
        assert answer.endswith(" 18")
    (loop,) = [line for line in lines["vercel"] if line.startswith(f"answer {model} ")]
    assert loop == f"answer {model} The tool says: sunny in Bern 2"


def test_the_responses_api_completes_a_turn_with_a_tool_at_a_vendor_of_anthropics_dialect(
    lines: dict[str, list[str]],
) -> None:
    (line,) = [line for line in lines["openai"] if line.startswith("responses ")]
    assert line.startswith("responses get_weather ")
    assert line.endswith("The tool says: rainy")


def test_models_tokens_and_errors_are_what_each_sdk_understands(lines: dict[str, list[str]]) -> None:
    for script in ("openai", "anthropic"):
        (models,) = [line.split()[1:] for line in lines[script] if line.startswith("models ")]
        assert {"chat-model", "messages-model", "demo/chat"} <= set(models)
        assert "error NotFoundError 404 model_not_found" in lines[script]
    assert "error true 404" in lines["google"]
    assert "count true" in lines["anthropic"]
    assert "count true" in lines["google"]


@pytest.fixture(scope="module")
def lines(stage: Stage) -> dict[str, list[str]]:
    """What each script prints."""
    return {name: stage.script(f"{name}.mjs") for name in ("openai", "anthropic", "google", "vercel")}
