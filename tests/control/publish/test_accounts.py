"""What gates get to see of an account and of a model: dialects, credentials' ways, facts, custom models."""

from pathlib import Path

import pytest

from tests.control.plan.test_apply import applied
from torana.catalog import models
from torana.control.publish.facts import facts
from torana.control.publish.publish import Publisher
from torana.core.snapshot import Account, Door, Facts, Service
from torana.stores.snapshots.file import open_current

pytestmark = pytest.mark.anyio

ENVIRONMENT = {
    "KEY": "sk-canary-5d1e88a0b7c64f",
    "AWS": "AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}


def _file(provider: str, service: str) -> str:
    return f"""
providers: [{{name: p, {provider}}}]
services: [{{name: s, {service}}}]
teams: [{{name: t, apps: [{{name: a, subscriptions: [s], keys: [{{name: k}}]}}]}}]
"""


async def _published(publisher: Publisher, folder: Path, provider: str, service: str) -> tuple[Account, Service]:
    done = await applied(publisher, _file(provider, service), ENVIRONMENT)
    digest = publisher.master.key_digest(done.made[0].secret.reveal().encode())
    with open_current(folder / "snapshot") as snapshot:
        key = snapshot.key(digest)
        assert key is not None
        app = snapshot.app(key.app_id)
        assert app is not None
        published = snapshot.service(app.grants["s"])
        assert published is not None
        account = snapshot.account(published.deployments[0].account_id)
    assert account is not None
    return account, published


MODEL = "deployments: [{provider: p, model: claude-opus-4-5}]"


async def test_anthropic_is_spoken_to_in_its_own_dialect_with_its_own_header(
    publisher: Publisher, tmp_path: Path
) -> None:
    account, service = await _published(publisher, tmp_path, "vendor: claude, api_key: {env: KEY}", MODEL)
    assert account.vendor == "anthropic"
    assert account.doors == (
        Door("anthropic_messages", "https://api.anthropic.com/v1", "x-api-key"),
        Door("openai_chat", "https://api.anthropic.com/v1", "bearer"),
    )
    assert (account.base_url, account.auth) == ("https://api.anthropic.com/v1", "x-api-key")
    assert account.headers == {"anthropic-version": "2023-06-01"}
    known = service.deployments[0].facts
    assert known is not None
    assert known.kind == "chat"
    assert known.inputs is not None
    assert "image" in known.inputs
    assert known.max_output_tokens


async def test_an_address_is_filled_from_options_which_the_gate_gets_too(publisher: Publisher, tmp_path: Path) -> None:
    provider = "vendor: bedrock, options: {region: eu-west-1}, api_key: {env: AWS}"
    account, _ = await _published(publisher, tmp_path, provider, MODEL)
    assert account.doors[0] == Door("bedrock_converse", "https://bedrock-runtime.eu-west-1.amazonaws.com", "sigv4")
    assert {door.auth for door in account.doors} == {"sigv4"}
    assert account.options == {"region": "eu-west-1"}


async def test_without_a_credential_none_is_sent_and_one_that_was_given_always_is(
    publisher: Publisher, tmp_path: Path
) -> None:
    account, service = await _published(
        publisher, tmp_path, "vendor: ollama", "deployments: [{provider: p, model: m-x}]"
    )
    assert {door.auth for door in account.doors} == {"none"}
    assert service.deployments[0].facts is None
    provider = "vendor: ollama, base_url: 'http://127.0.0.1:9/v1', api_key: {env: KEY}"
    await applied(publisher, _file(provider, MODEL), ENVIRONMENT)
    with open_current(tmp_path / "snapshot") as snapshot:
        moved = snapshot.account(account.id)
    assert moved is not None
    assert {door.auth for door in moved.doors} == {"bearer"}
    # Its own form is at another address of the vendor's, which this one is not known to have.
    assert [door.dialect for door in moved.doors] == ["openai_chat", "openai_responses", "anthropic_messages"]


async def test_a_server_of_another_dialect_is_said_to_speak_it(publisher: Publisher, tmp_path: Path) -> None:
    provider = "vendor: openai-compatible, base_url: 'http://127.0.0.1:9/v1', dialect: anthropic_messages"
    account, _ = await _published(publisher, tmp_path, provider, MODEL)
    assert account.doors == (Door("anthropic_messages", "http://127.0.0.1:9/v1", "none"),)


async def test_a_custom_model_is_published_with_its_description_and_no_vendors_name(
    publisher: Publisher, tmp_path: Path
) -> None:
    service = (
        "kind: custom, deployments: [{provider: p}], drop_unsupported: true, try_unsupported: true, "
        "model: {request: {path: /predict}, response: '{}'}"
    )
    provider = "vendor: openai-compatible, base_url: 'http://127.0.0.1:9'"
    _, published = await _published(publisher, tmp_path, provider, service)
    assert published.kind == "custom"
    assert published.custom == b'{"request":{"path":"/predict"},"response":"{}"}'
    assert (published.drop_unsupported, published.try_unsupported) == (True, True)
    assert (published.deployments[0].name, published.deployments[0].model) == ("p", "")
    assert published.deployments[0].facts == Facts(inputs=("text",), kind="chat")


async def test_the_catalogue_is_asked_once_for_each_model_however_many_services_have_it(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = models.find

    def find(vendor: str, model: str) -> models.CatalogModel | None:
        asked.append(model)
        return real(vendor, model)

    facts.cache_clear()
    monkeypatch.setattr("torana.control.publish.facts.find", find)
    services = ", ".join(f"{{name: s{n}, deployments: [{{provider: p, model: gpt-4.1}}]}}" for n in range(50))
    names = ", ".join(f"s{n}" for n in range(50))
    file = f"""
providers: [{{name: p, vendor: openai, api_key: {{env: KEY}}}}]
services: [{services}]
teams: [{{name: t, apps: [{{name: a, subscriptions: [{names}], keys: [{{name: k}}]}}]}}]
"""
    await applied(publisher, file, ENVIRONMENT)
    assert asked == ["gpt-4.1"]
