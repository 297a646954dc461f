"""plan and apply of dialects, options, credentials of more parts and custom models."""

import json
from pathlib import Path

import pytest

from tests.control.plan.test_apply import headings, lines
from torana.control.declaration.outside import resolve_outside
from torana.control.declaration.problems import DeclarationError
from torana.control.declaration.read import outside_references
from torana.control.plan.apply import Applied, apply
from torana.control.plan.source import Source
from torana.control.providers import service as providers
from torana.control.publish.publish import Publisher
from torana.core.secret import Secret
from torana.stores.sql.engine import reading

pytestmark = pytest.mark.anyio

AWS = "AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
ENVIRONMENT = {"KEY": "sk-canary-0123", "AWS": AWS}


async def _applied(publisher: Publisher, text: str, folder: Path = Path()) -> Applied:
    values = resolve_outside(outside_references(text.encode()), ENVIRONMENT, folder)
    return await apply(publisher, Source(text.encode(), values))


async def _complaint(publisher: Publisher, text: str, folder: Path = Path()) -> str:
    with pytest.raises(DeclarationError) as refused:
        await _applied(publisher, text, folder)
    return str(refused.value)


async def test_a_providers_dialect_bases_and_options_are_shown_and_applied_once(publisher: Publisher) -> None:
    file = """
providers:
  - name: bedrock
    vendor: AWS-Bedrock
    dialect: openai_chat
    bases: {anthropic_messages: "https://proxy.example/anthropic/v1"}
    options: {region: eu-west-1}
    api_key: {env: AWS}
"""
    assert lines(await _applied(publisher, file)) == [
        "+ provider bedrock",
        "    vendor: aws",
        "    base_url: https://bedrock-runtime.eu-west-1.amazonaws.com",
        "    dialect: openai_chat",
        "    bases: anthropic_messages: https://proxy.example/anthropic/v1",
        "    options: region: eu-west-1",
        "    api_key: •••",
    ]
    assert not (await _applied(publisher, file)).changes
    changed = await _applied(
        publisher, file.replace("eu-west-1", "us-east-1").replace("    dialect: openai_chat\n", "")
    )
    assert lines(changed) == [
        "~ provider bedrock",
        "    base_url: https://bedrock-runtime.eu-west-1.amazonaws.com → https://bedrock-runtime.us-east-1.amazonaws.com",
        "    dialect: openai_chat → none",
        "    options: region: eu-west-1 → region: us-east-1",
    ]
    async with reading(publisher.engine) as connection:
        stored = await providers.get(connection, None, "bedrock")
    assert (stored.vendor, stored.dialect, stored.options) == ("aws", None, '{"region":"us-east-1"}')


async def test_a_credential_of_the_wrong_form_is_refused_at_its_place_without_being_shown(
    publisher: Publisher, tmp_path: Path
) -> None:
    file = "providers:\n  - {name: p, vendor: aws, options: {region: eu-west-1}, api_key: {env: KEY}}\n"
    complaint = await _complaint(publisher, file)
    assert complaint.startswith("torana.yaml:2:")
    assert "providers[0].api_key: the credential cannot be used: expected ACCESS_KEY_ID:SECRET" in complaint
    (tmp_path / "google.json").write_text(json.dumps({"type": "service_account", "private_key": "canary"}))
    google = "providers: [{name: p, vendor: vertex, options: {region: europe-west1, project: one}, api_key: {file: google.json}}]"
    refused = await _complaint(publisher, google, tmp_path)
    assert '"client_email" is missing in it' in refused
    assert "canary" not in complaint + refused


async def test_a_credential_given_by_hand_goes_to_no_host_that_bases_or_options_add(publisher: Publisher) -> None:
    async with publisher.change() as connection:
        draft = providers.ProviderDraft("hand", "openai-compatible", None, "https://one.example/v1")
        await providers.create(connection, publisher.master, draft, Secret("sk-canary-0123"))
    same = "providers: [{name: hand, vendor: openai-compatible, base_url: 'https://one.example/v1', %s}]"
    await _applied(publisher, same % "bases: {anthropic_messages: 'https://one.example/anthropic'}")
    async with reading(publisher.engine) as connection:
        assert (await providers.get(connection, None, "hand")).sealed_key is not None
    await _applied(publisher, same % "bases: {anthropic_messages: 'https://two.example/anthropic'}")
    async with reading(publisher.engine) as connection:
        assert (await providers.get(connection, None, "hand")).sealed_key is None


async def test_a_credential_given_by_hand_buys_no_token_at_another_address(publisher: Publisher) -> None:
    options = {"resource": "one", "tenant": "two", "client_id": "three"}
    async with publisher.change() as connection:
        draft = providers.ProviderDraft("hand", "azure-entra", options=options)
        await providers.create(connection, publisher.master, draft, Secret("canary"))
    given = ", ".join(f"{name}: {value}" for name, value in options.items())
    file = "providers: [{name: hand, vendor: azure-entra, options: {%s}}]"
    await _applied(publisher, file % given)
    async with reading(publisher.engine) as connection:
        assert (await providers.get(connection, None, "hand")).sealed_key is not None
    await _applied(publisher, file % f"{given}, authority: 'https://evil.example'")
    async with reading(publisher.engine) as connection:
        assert (await providers.get(connection, None, "hand")).sealed_key is None


CUSTOM = """
providers: [{name: own, vendor: openai-compatible, base_url: "http://127.0.0.1:9001"}]
services:
  - name: sentiment
    kind: custom
    deployments: [{provider: own}]
    model:
      request: {path: /predict, body: '{"text": {{ text }}}'}
      response: '{"content": label}'
      inputs_schema: {type: object, additionalProperties: false, properties: {x: {type: number, minimum: 0.5}}}
"""


async def test_a_custom_model_is_applied_once_and_shown_when_it_changes(publisher: Publisher) -> None:
    made = await _applied(publisher, CUSTOM)
    assert "+ service sentiment" in lines(made)
    assert "    kind: custom" in lines(made)
    assert "    deployments: own weight 1" in lines(made)
    assert not (await _applied(publisher, CUSTOM)).changes
    changed = lines(await _applied(publisher, CUSTOM.replace("/predict", "/guess")))
    assert changed[0] == "~ service sentiment"
    assert changed[1].startswith("    model: sha256 ")
    assert " → sha256 " in changed[1]
    assert len(changed) == 2


async def test_a_custom_models_description_may_stand_in_a_file_of_its_own(publisher: Publisher, tmp_path: Path) -> None:
    (tmp_path / "model.yaml").write_text(
        "request: {path: /predict, body: '{\"text\": {{ text }}}'}\nresponse: '{\"content\": label}'\n"
        "inputs_schema: {type: object, additionalProperties: false, properties: {x: {type: number, minimum: 0.5}}}\n"
    )
    inside = CUSTOM[: CUSTOM.index("    model:")] + "    model_file: model.yaml\n"
    await _applied(publisher, inside, tmp_path)
    # The same words, wherever they stand.
    assert not (await _applied(publisher, CUSTOM)).changes
    (tmp_path / "model.yaml").write_text("request: {path: /x}\n  response: [")
    assert "services[0].model_file: the file cannot be used: line 2: not valid YAML" in (
        await _complaint(publisher, inside, tmp_path)
    )
    (tmp_path / "model.yaml").unlink()
    assert "cannot be read" in await _complaint(publisher, inside, tmp_path)


async def test_the_templates_and_mappings_of_a_custom_model_are_checked_before_it_is_applied(
    publisher: Publisher,
) -> None:
    bad = CUSTOM.replace("{{ text }}", "{{ text").replace('{"content": label}', '{"content": ')
    said = await _complaint(publisher, bad)
    assert "services[0].model: request.body: " in said
    assert "services[0].model: response: " in said
    assert headings(await _applied(publisher, CUSTOM)) == ["+ provider own", "+ service sentiment"]


async def test_a_custom_models_address_has_to_be_the_providers_where_its_credential_is_sent(
    publisher: Publisher,
) -> None:
    elsewhere = CUSTOM.replace("path: /predict", "url: 'https://elsewhere.example/{{ text }}'")
    assert not await _refused(publisher, elsewhere)
    with_key = elsewhere.replace("      response:", "      auth: {style: bearer}\n      response:")
    assert "services[0].model: request.url: it leads to another server" in (await _complaint(publisher, with_key))


async def _refused(publisher: Publisher, text: str) -> bool:
    try:
        await _applied(publisher, text)
    except DeclarationError:
        return True
    return False


async def test_a_service_may_become_a_custom_model_and_a_vendors_again(publisher: Publisher) -> None:
    plain = CUSTOM[: CUSTOM.index("    kind: custom")] + "    deployments: [{provider: own, model: m}]\n"
    await _applied(publisher, plain)
    assert headings(await _applied(publisher, CUSTOM)) == ["~ service sentiment"]
    back = lines(await _applied(publisher, plain))
    assert "    kind: custom → none" in back
    assert not (await _applied(publisher, plain)).changes


async def test_what_a_service_does_with_what_cannot_be_served_is_declared(publisher: Publisher) -> None:
    file = CUSTOM + "    drop_unsupported: true\n    try_unsupported: true\n"
    await _applied(publisher, CUSTOM)
    assert lines(await _applied(publisher, file)) == [
        "~ service sentiment",
        "    drop_unsupported: none → true",
        "    try_unsupported: none → true",
    ]
    assert not (await _applied(publisher, file)).changes
