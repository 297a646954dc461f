"""What cannot be carried is named in the caller's own words, so that the caller finds it in what it wrote."""

import json
from functools import partial
from typing import Any

import pytest

from torana.core.errors import Refusal
from torana.core.losses import Losses
from torana.dialects.registry import DIALECTS, OUTBOUND

PNG = "iVBORw0KGgo="
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def sent(caller: str, body: dict[str, Any], target: str, drop: bool = False) -> list[str]:
    """The names of what is dropped. Raises Refusal."""
    dialect = DIALECTS[caller]
    in_path = caller in ("gemini", "bedrock_converse")
    named = body if in_path else {"model": "m", **body}
    request = dialect.decode_request(json.dumps(named).encode(), "m", False if in_path else None)
    losses = Losses(dialect.spelling, drop, dialect.harmless, partial(dialect.places, request))
    DIALECTS[target].encode_request(request, "model", losses, frozenset())
    return losses.dropped


CHAT = {
    "messages": [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "u"},
        {"role": "assistant", "content": None, "tool_calls": [CALL, {**CALL, "id": "c2"}]},
        {"role": "tool", "tool_call_id": "c1", "content": "1"},
        {"role": "tool", "tool_call_id": "c2", "content": "2"},
        {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}]},
    ],
    "tools": [{"type": "function", "function": {"name": "f"}}],
}
MESSAGES = {
    "max_tokens": 9,
    "system": "s",
    "messages": [{"role": "user", "content": [{"type": "search_result", "source": "x", "title": "t", "content": []}]}],
}
RESPONSES = {
    "instructions": "s",
    "input": [{"type": "message", "role": "user", "content": [{"type": "input_image", "file_id": "file-1"}]}],
}
CONVERSED = {
    "system": [{"text": "s"}],
    "messages": [
        {"role": "user", "content": [{"text": "u"}]},
        {"role": "assistant", "content": [{"text": "m"}]},
        {"role": "user", "content": [{"video": {"format": "mp4", "source": {"s3Location": {"uri": "s3://bucket/v"}}}}]},
    ],
}
CONTENTS = {
    "systemInstruction": {"parts": [{"text": "s"}]},
    "contents": [
        {"role": "user", "parts": [{"text": "u"}]},
        {"role": "model", "parts": [{"text": "m"}]},
        {"role": "user", "parts": [{"fileData": {"fileUri": "https://example.com/v.mp4", "mimeType": "video/mp4"}}]},
    ],
}


@pytest.mark.parametrize(
    ("caller", "body", "target", "param"),
    [
        ("openai_chat", CHAT, "anthropic_messages", "messages[5].audio"),
        ("openai_chat", CHAT, "cohere", "messages[5].audio"),
        ("anthropic_messages", MESSAGES, "openai_chat", "messages[0].search_result"),
        ("anthropic_messages", MESSAGES, "gemini", "messages[0].search_result"),
        ("openai_responses", RESPONSES, "anthropic_messages", "input.image"),
        ("bedrock_converse", CONVERSED, "openai_chat", "messages[2].video"),
        ("bedrock_converse", CONVERSED, "anthropic_messages", "messages[2].video"),
        ("gemini", CONTENTS, "openai_chat", "contents[2].video"),
        ("gemini", CONTENTS, "ollama", "contents[2].video"),
    ],
)
def test_a_place_is_counted_as_the_caller_counts(caller: str, body: dict[str, Any], target: str, param: str) -> None:
    with pytest.raises(Refusal) as caught:
        sent(caller, body, target)
    assert (caught.value.code, caught.value.param) == ("unsupported_parameter", param)


HOSTED: dict[str, dict[str, Any]] = {
    "openai_responses": {"input": "Hi", "tools": [{"type": "web_search"}]},
    "anthropic_messages": {
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "Hi"}],
        "tools": [{"type": "web_search_20250305", "name": "web_search"}],
    },
    "gemini": {"contents": [{"parts": [{"text": "Hi"}]}], "tools": [{"googleSearch": {}}]},
    "bedrock_converse": {
        "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
        "toolConfig": {"tools": [{"systemTool": {"name": "nova_grounding"}}]},
    },
}


@pytest.mark.parametrize("caller", HOSTED)
@pytest.mark.parametrize("target", OUTBOUND)
def test_a_hosted_tool_is_refused_by_its_place_or_dropped(caller: str, target: str) -> None:
    if target == caller:
        return
    with pytest.raises(Refusal) as caught:
        sent(caller, HOSTED[caller], target)
    assert caught.value.param is not None
    place = "toolConfig.tools" if caller == "bedrock_converse" else "tools"
    assert caught.value.param.startswith(f"{place}[0]" if target != "openai_completions" else place)
    (dropped,) = sent(caller, HOSTED[caller], target, drop=True)
    assert dropped.startswith(place)


@pytest.mark.parametrize("target", [name for name in OUTBOUND if name != "gemini"])
def test_googles_safety_settings_are_a_hint_to_others(target: str) -> None:
    settings = [{"category": "HARM_CATEGORY_HATE_SPEECH", "threshold": "BLOCK_NONE"}]
    body = {"contents": [{"parts": [{"text": "Hi"}]}], "safetySettings": settings}
    assert sent("gemini", body, target) == ["safetySettings"]


@pytest.mark.parametrize("target", ["bedrock_converse", "cohere", "ollama", "gemini"])
def test_calls_one_at_a_time_are_a_hint_to_those_who_cannot_promise_it(target: str) -> None:
    body = {
        "messages": [{"role": "user", "content": "Hi"}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        "parallel_tool_calls": False,
    }
    assert sent("openai_chat", body, target) == ["parallel_tool_calls"]


@pytest.mark.parametrize("target", ["anthropic_messages", "bedrock_converse"])
def test_both_fields_of_log_probabilities_are_named(target: str) -> None:
    body = {"messages": [{"role": "user", "content": "Hi"}], "logprobs": True, "top_logprobs": 2}
    assert sent("openai_chat", body, target, drop=True) == ["logprobs", "top_logprobs"]


def _chat(*content: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(content)}]}


def _user(*content: dict[str, Any]) -> dict[str, Any]:
    return {"max_tokens": 9, "system": "s", "messages": [{"role": "user", "content": list(content)}]}


IMAGE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}", "detail": "low"}}
CACHED = {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}
INPUT_IMAGE = {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "low"}
POINT = {"cachePoint": {"type": "default"}}


def _converse(role: str, *content: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": list(content)}], **fields}


PHASE = {"type": "message", "role": "assistant", "phase": "commentary", "content": "Hm"}


@pytest.mark.parametrize(
    ("caller", "body", "target", "dropped"),
    [
        ("openai_chat", _chat(IMAGE), "gemini", ["image_url.detail"]),
        ("openai_chat", _chat(IMAGE), "anthropic_messages", ["messages[0].image.detail"]),
        ("anthropic_messages", _user(CACHED), "openai_chat", ["cache_control"]),
        ("anthropic_messages", _user(CACHED), "gemini", ["cache_control"]),
        ("anthropic_messages", _user(CACHED), "cohere", ["messages[0].cache_control"]),
        ("anthropic_messages", _user(CACHED), "ollama", ["messages[0].cache_control"]),
        ("openai_responses", {"input": [{"role": "user", "content": [INPUT_IMAGE]}]}, "gemini", ["input_image.detail"]),
        ("openai_responses", {"input": [PHASE]}, "gemini", ["input.phase"]),
        ("openai_responses", {"input": [PHASE]}, "anthropic_messages", ["input.phase"]),
        ("openai_responses", {"input": "Hi", "reasoning": {"effort": "low"}}, "bedrock_converse", ["reasoning"]),
        ("bedrock_converse", _converse("user", {"text": "Hi"}, POINT), "cohere", ["messages[0].cachePoint"]),
        ("bedrock_converse", _converse("user", {"text": "Hi"}, POINT), "openai_chat", ["cachePoint"]),
        ("bedrock_converse", _converse("user", requestMetadata={"a": "b"}), "anthropic_messages", ["requestMetadata"]),
        (
            "bedrock_converse",
            _converse("user", performanceConfig={"latency": "optimized"}, projectIdentifier="p"),
            "openai_chat",
            ["performanceConfig", "projectIdentifier"],
        ),
        ("openai_chat", {**_chat(), "reasoning_effort": "low"}, "bedrock_converse", ["reasoning_effort"]),
    ],
)
def test_hints_bear_the_callers_names(caller: str, body: dict[str, Any], target: str, dropped: list[str]) -> None:
    assert sent(caller, body, target) == dropped
