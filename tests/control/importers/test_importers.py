"""Other gateways' files become a torana.yaml that can be planned and applied as it stands, with a word on every field."""

import functools
import json
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from tests.control.importers.samples import APIPARK, CANARY, LITELLM, NEW_API, ONE_API, SAMPLES
from torana.control.declaration.outside import OutsideValues
from torana.control.export.service import problems_of
from torana.control.importers.report import Imported, NotReadable
from torana.control.importers.sources import SOURCES
from torana.control.plan.apply import apply, plan
from torana.control.plan.source import Source
from torana.control.publish.publish import Publisher
from torana.core.secret import Secret

EVERY = [(source, text) for source, texts in SAMPLES.items() for text in texts]


def _imported(source: str, text: str | bytes) -> Imported:
    return SOURCES[source](text.encode() if isinstance(text, str) else text)


def _made(found: Imported) -> dict[str, Any]:
    """The file as plain data, by name."""
    data = yaml.safe_load(found.text)
    return {
        kind: {entry.get("name"): entry for entry in data.get(kind, ())} for kind in ("providers", "services", "teams")
    }


def _said(found: Imported) -> dict[str, tuple[str, str]]:
    return {line.field: (line.outcome, line.what) for line in found.report}


@pytest.mark.anyio
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("source", "text"), EVERY, ids=lambda value: value if len(value) < 20 else "")
async def test_what_is_imported_can_be_planned_and_applied_as_it_stands(
    publisher: Publisher, source: str, text: str
) -> None:
    found = _imported(source, text)
    values = {f"env:{name}": Secret(f"value-{name}-0123456789") for name in found.variables}
    for name in found.variables:
        if name in ("AWS_CREDENTIAL", "AWS_API_KEY"):
            values[f"env:{name}"] = Secret("AKIA0123456789ABCDEF:0123456789abcdefSECRET")
        if name == "VERTEX_CREDENTIALS":
            values[f"env:{name}"] = Secret(_service_account())
    file = Source(found.text.encode(), OutsideValues(values, {}))
    await apply(publisher, file)
    assert (await plan(publisher.engine, publisher.master, file)).changes == ()


@functools.cache
def _service_account() -> str:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    email = "a@b.iam.gserviceaccount.com"
    return json.dumps({"type": "service_account", "client_email": email, "private_key_id": "1", "private_key": pem})


@pytest.mark.parametrize(("source", "text"), EVERY, ids=lambda value: value if len(value) < 20 else "")
def test_no_secret_of_the_file_is_anywhere_in_what_is_made_of_it(source: str, text: str) -> None:
    found = _imported(source, text)
    assert CANARY in text
    assert CANARY not in found.text
    assert CANARY not in repr(found)
    assert found.variables


def test_a_litellm_config_keeps_models_places_limits_prices_and_fallbacks() -> None:
    found = _imported("litellm", LITELLM)
    made = _made(found)
    assert list(made["services"]) == ["gpt-4o", "claude", "bedrock-claude", "vertex", "local", "mine"]
    both = made["services"]["gpt-4o"]
    assert both["deployments"] == [
        {"provider": "azure-deployments", "model": "gpt-4o-eu", "weight": 3},
        {"provider": "openai", "model": "gpt-4o"},
    ]
    assert both["limits"] == [{"requests": 16, "per": "minute"}]
    assert both["aliases"] == ["best"]
    assert both["drop_unsupported"] is True
    azure = made["providers"]["azure-deployments"]
    assert azure["options"] == {
        "resource": "my-endpoint-europe",
        "deployment": "gpt-4o-eu",
        "api_version": "2024-08-01-preview",
    }
    assert azure["api_key"] == {"env": "AZURE_API_KEY_EU"}
    assert made["providers"]["openai"]["api_key"] == {"env": "OPENAI_API_KEY"}
    assert made["providers"]["anthropic"]["timeouts"] == {"total": 300, "first_byte": 60}
    assert made["providers"]["openai"]["timeouts"] == {"total": 600}
    assert made["providers"]["aws"]["options"] == {"region": "eu-west-1"}
    assert made["providers"]["google-vertex"]["dialect"] == "anthropic_messages"
    assert made["providers"]["vllm"]["base_url"] == "http://10.0.0.5:8000/v1"
    assert made["providers"]["openai-compatible"]["base_url"] == "https://llm.example.com/v1"
    claude = made["services"]["claude"]
    assert claude["limits"] == [{"concurrency": 20}]
    assert [one.get("weight", 1) for one in claude["deployments"]] == [1, 0, 0]
    assert yaml.safe_load(found.text)["prices"] == [
        {"provider": "openai", "model": "gpt-4o", "input": 2.5, "output": 10}
    ]
    (app,) = made["teams"]["imported"]["apps"]
    assert app["keys"] == [{"name": "master", "value": {"env": "LITELLM_MASTER_KEY"}}]
    assert app["subscriptions"] == sorted(made["services"])
    said = _said(found)
    assert said["model_list.gpt-4o.rpm"][0] == "changed"
    assert said["model_list.claude.max_parallel_requests"][0] == "carried"
    for field in (
        "model_list[1].litellm_params.tpm",
        "model_list[1].litellm_params.temperature",
        "model_list[7].model_name",
        "model_list[8].litellm_params.model",
        "model_list[9].litellm_params.api_base",
        "router_settings.routing_strategy",
        "general_settings.database_url",
        "environment_variables.LANGFUSE_SECRET",
    ):
        assert said[field][0] == "left", field


def test_every_field_of_a_litellm_config_has_a_line() -> None:
    found = _imported("litellm", LITELLM)
    fields = " ".join(line.field for line in found.report) + " ".join(line.what for line in found.report)
    for section, entries in yaml.safe_load(LITELLM).items():
        for name in entries if isinstance(entries, dict) else ():
            assert f"{section}.{name}" in fields, name


def test_a_one_api_export_keeps_channels_priorities_renamed_models_and_tokens() -> None:
    found = _imported("one-api", ONE_API)
    made = _made(found)
    assert list(made["services"]) == ["gpt-4o", "gpt-4o-mini", "deepseek-chat", "claude-3", "llama3"]
    assert made["services"]["gpt-4o"]["deployments"] == [
        {"provider": "OpenAI-main", "model": "gpt-4o", "weight": 5},
        {"provider": "OpenAI-main-2", "model": "gpt-4o", "weight": 5},
        {"provider": "unnamed", "model": "gpt-4o", "weight": 0},
        {"provider": "azure", "model": "gpt-4o", "weight": 0},
    ]
    assert made["services"]["deepseek-chat"]["deployments"][0]["model"] == "deepseek-chat"
    assert made["providers"]["unnamed"]["base_url"] == "https://relay.example.com/v1"
    assert made["providers"]["azure"]["options"]["api_version"] == "2024-06-01"
    assert made["providers"]["aws"]["options"] == {"region": "us-east-1"}
    assert "api_key" not in made["providers"]["ollama"]
    web, batch = made["teams"]["imported"]["apps"]
    assert (web["name"], web["subscriptions"]) == ("web-app", ["gpt-4o"])
    assert web["keys"] == [{"name": "token", "value": {"env": "WEB_APP_KEY"}, "networks": ["10.0.0.0/8"]}]
    assert len(batch["subscriptions"]) == 5
    assert str(batch["keys"][0]["expires"]).startswith("2030-01-01")
    said = _said(found)
    for field in (
        "channels[4].type",
        "channels[5]",
        "tokens[1].key",
        "tokens[1].remain_quota",
        "tokens[2]",
    ):
        assert said[field][0] == "left", field
    assert said["channels[1].group"][0] == "left"
    assert said["tokens[0].subnet"][0] == "carried"


def test_a_new_api_export_is_read_by_its_own_numbers() -> None:
    found = _imported("one-api", NEW_API)
    assert list(_made(found)["services"]) == ["deepseek-chat"]
    assert _made(found)["providers"]["ds"]["vendor"] == "deepseek"
    assert _said(found)["channels[1].config"][0] == "left"


def test_a_list_of_openapi_services_keeps_what_is_a_model() -> None:
    found = _imported("apipark", APIPARK)
    made = _made(found)
    assert list(made["services"]) == ["House-Chat/small", "House-Chat/large", "Assistant"]
    small = made["services"]["House-Chat/small"]
    assert (small["visibility"], small["team"], small["limits"]) == (
        "team",
        "Data-Team",
        [{"requests": 10, "per": "second"}],
    )
    assert made["providers"]["House-Chat"]["base_url"] == "https://llm.example.com/api/v1"
    assert made["providers"]["House-Chat"]["api_key"] == {"env": "HOUSE_CHAT_API_KEY"}
    (app,) = made["teams"]["Data-Team"]["apps"]
    assert app["subscriptions"] == ["House-Chat/large", "House-Chat/small"]
    assert app["keys"][0]["value"] == {"env": "DEMO_APP_DEMO_AUTH_KEY_KEY"}
    said = _said(found)
    assert "1 operations at https://demo.example.com" in said["services[1]"][1]
    for field in ("services[1]", "services[3]", "subscriptions[1]", "authorizations[1].driver", "upstreams[0].timeout"):
        assert said[field][0] == "left", field


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\xfe",
        b"[" * 50_000,
        b"{}",
        b"[]",
        b"a: &a [*a]",
        b'{"channels": 5, "model_list": 5, "services": 5}',
        b"null",
        b"!!python/object:os.system x",
    ],
)
def test_what_is_something_else_is_refused_in_one_line(source: str, text: bytes) -> None:
    try:
        found = _imported(source, text)
    except NotReadable as error:
        reason = str(error)
        assert reason
        assert "\n" not in reason
    else:
        assert problems_of(found.text) == ()


_JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=40),
    st.sampled_from(
        ["1e999", "-1", "os.environ/", "os.environ/A B", "http://u:p@h/", "a" * 5000, "azure/", "/", "\x00"]
    ),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)


def _spoilt(data: st.DataObject, value: Any, depth: int = 0) -> Any:
    """The same with something else in a few places."""
    if depth > 1 and data.draw(st.integers(0, 14)) == 0:
        return data.draw(_JUNK)
    if isinstance(value, dict):
        return {name: _spoilt(data, inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [_spoilt(data, inner, depth + 1) for inner in value]
    return value


@given(st.data())
def test_whatever_stands_in_a_field_the_file_that_is_made_can_be_planned(data: st.DataObject) -> None:
    source, text = data.draw(st.sampled_from(EVERY))
    spoilt = _spoilt(data, yaml.safe_load(text) if source == "litellm" else json.loads(text))
    try:
        found = _imported(source, json.dumps(spoilt, allow_nan=False, default=str).encode("utf-8", "replace"))
    except (ValueError, NotReadable):
        return
    assert problems_of(found.text) == ()
    assert all(line.what and "\n" not in line.text() for line in found.report)
