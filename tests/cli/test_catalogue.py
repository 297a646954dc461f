"""`torana models --catalogue` and `torana vendors`, as somebody types them where no instance is."""

import json

import pytest
import typer
from typer.testing import CliRunner, Result

from torana.catalog.models import all_models
from torana.catalog.vendors import VENDORS
from torana.cli import models, vendors


def _type(*words: str) -> Result:
    app = typer.Typer()
    for commands in (models, vendors):
        commands.register(app)
    return CliRunner().invoke(app, list(words))


def _json(*words: str) -> list[dict[str, object]]:
    result = _type(*words, "--json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, object]] = json.loads(result.stdout)
    return found


def test_the_catalogue_is_a_table_with_limits_prices_and_dates() -> None:
    result = _type("models", "--catalogue", "--vendor", "openai", "--search", "gpt-4.1 mini", "--all")
    head, *rows = result.stdout.splitlines()
    assert head.split("  ")[0] == "VENDOR/MODEL"
    (row,) = [line for line in rows if line.startswith("openai/gpt-4.1-mini ")]
    assert row.split()[1:6] == ["chat", "1,047,576", "32,768", "0.4", "1.6"]
    assert "2025-04-14" in row
    assert "tools" in row


def test_a_custom_model_without_a_name_is_shown_by_its_provider_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    offered: dict[str, object] = {"name": "risk", "visibility": "organisation", "team_id": None, "aliases": []}
    deployments = [{"provider": "scorer", "model": ""}, {"provider": "local", "model": "llama"}]
    lists = {"/services": [{**offered, "deployments": deployments}], "/teams": []}
    monkeypatch.setattr(models, "ask_all", lambda _, path: lists[path])
    _, row = _type("models").stdout.splitlines()
    assert row.split("  ")[-1].strip() == "scorer, local/llama"


def test_filters_narrow_the_catalogue() -> None:
    found = _json(
        *(
            "models",
            "--catalogue",
            "--vendor",
            "xai",
            "--kind",
            "chat",
            "--capability",
            "vision",
            "--min-context",
            "100000",
        )
    )
    assert found
    assert {(model["vendor"], model["kind"]) for model in found} == {("x-ai", "chat")}
    assert all("vision" in str(model["capabilities"]) for model in found)


def test_what_is_not_served_any_more_is_shown_when_all_is_asked_for() -> None:
    current, everything = _json("models", "--catalogue"), _json("models", "--catalogue", "--all")
    assert len(everything) == len(all_models())
    assert 1_000 <= len(current) < len(everything)
    assert "openai/gpt-4o-2024-05-13" not in {f"{model['vendor']}/{model['id']}" for model in current}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--catalogue", "--kind", "poem"), "expected one of chat"),
        (("--catalogue", "--capability", "flying"), "expected one of tools"),
        (("--catalogue", "--vendor", "nobody"), "nobody is not a known vendor"),
        (("--catalogue", "--min-context", "0"), "--min-context"),
        (("--vendor", "openai"), "add --catalogue"),
        (("--all",), "add --catalogue"),
    ],
)
def test_a_filter_that_cannot_be_meant_is_a_mistake_of_usage(words: tuple[str, ...], said: str) -> None:
    result = _type("models", *words)
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize("words", [("vendors",), ("vendors", "list")])
def test_vendors_are_listed_by_id(words: tuple[str, ...]) -> None:
    lines = _type(*words).stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == sorted(VENDORS)
    assert [vendor["id"] for vendor in _json(*words)] == sorted(VENDORS)


def test_a_vendor_is_shown_by_any_usual_name_with_what_it_does_differently() -> None:
    shown = _type("vendors", "show", "kimi").stdout
    assert "vendor:       moonshotai (Moonshot AI)\n" in shown
    assert "also speaks:  anthropic_messages at https://api.moonshot.ai/anthropic/v1\n" in shown
    assert "differs:      temperature_to_one: Takes a temperature from 0 to 1. Noted " in shown
    assert "header:       anthropic-version: 2023-06-01\n" in _type("vendors", "show", "anthropic").stdout


def test_a_vendor_as_json_has_every_fact() -> None:
    shown = json.loads(_type("vendors", "show", "mistral", "--json").stdout)
    assert (shown["auth"], shown["dialect"], shown["env"]) == ("bearer", "openai_chat", "MISTRAL_API_KEY")
    assert set(shown["quirks"]["no_stream_options"]) == {"meaning", "on", "link"}
    assert shown["models"] > 10


def test_an_unknown_vendor_is_named() -> None:
    result = _type("vendors", "show", "nobody")
    assert result.exit_code == 1
    assert result.stderr == "torana: nobody is not a known vendor. `torana vendors` lists them.\n"
