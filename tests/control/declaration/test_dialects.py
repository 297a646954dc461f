"""What is said of dialects, options and custom models that do not fit."""

import pytest

from tests.control.declaration.test_read import CANARY
from torana.control.declaration.outside import OutsideValues
from torana.control.declaration.problems import DeclarationError
from torana.control.declaration.read import check_declaration, parse_declaration
from torana.control.declaration.references import Surroundings
from torana.control.declaration.shape import Declaration
from torana.control.plan.apply import KNOWN_VENDORS

AROUND = Surroundings(vendors=KNOWN_VENDORS, providers=frozenset({"p"}))


def read(text: str) -> Declaration:
    return check_declaration(parse_declaration(text.encode()), AROUND, OutsideValues({}, {}))


@pytest.mark.parametrize(
    ("provider", "complaint"),
    [
        ("vendor: azure", 'options.resource, or base_url is missing; the address of the vendor "azure" needs it'),
        ("vendor: aws, base_url: 'https://x.example'", 'options.region is missing; the credential of the vendor "aws"'),
        ("vendor: openai, options: {region: a}", 'options.region: the vendor "openai" has no such option; it has none'),
        ("vendor: aws, options: {region: a/b}", "options.region: has to be 1 to 200 letters, digits"),
        ("vendor: aws, options: [region]", "options: has to be a mapping"),
        ("vendor: aws, options: {region: [a]}", "options.region: has to be text"),
        ("vendor: openai, dialect: openai_caht", 'dialect: "openai_caht" is not possible; did you mean "openai_chat"?'),
        ("vendor: openai, bases: {openai: 'http://x'}", 'bases: there is no field "openai" here'),
        ("vendor: openai, bases: {gemini: 'ftp://x'}", "bases.gemini: has to be an address"),
        (f"vendor: openai, bases: {{gemini: 'http://u:{CANARY}@x'}}", "bases.gemini: has to be an address"),
        ("vendor: aws, options: {region: eu-west-1}", 'api_key is missing; the vendor "aws" answers nobody without'),
        ("vendor: opnai", 'vendor: there is no vendor "opnai"; did you mean "openai"?'),
    ],
)
def test_a_provider_that_does_not_fit_is_refused_with_its_field(provider: str, complaint: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        read(f"providers: [{{name: one, {provider}}}]")
    assert complaint in str(refused.value)
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize("spelled", ["azure-openai", "Azure", "AZURE_AI", "azure"])
def test_a_vendor_may_be_spelled_as_is_usual(spelled: str) -> None:
    declared = read(f"providers: [{{name: one, vendor: {spelled}, options: {{resource: two}}}}]")
    assert declared.providers[0].vendor.name == "azure"
    prices = read(f"prices: [{{vendor: {spelled}, model: m, input: 1, output: 2}}]").prices
    assert prices[0].vendor is not None
    assert prices[0].vendor.name == "azure"


MODEL = "model: {request: {path: /x}, response: a}"


@pytest.mark.parametrize(
    ("service", "complaint"),
    [
        ("kind: custom, deployments: [{provider: p}]", "model: a custom model is described either here or in a file"),
        (f"kind: custom, deployments: [{{provider: p}}], {MODEL}, model_file: a", "described either here or in a file"),
        (f"kind: custom, deployments: [{{provider: p}}, {{provider: p, model: m}}], {MODEL}", "has one entry"),
        ("kind: custom, deployments: [{provider: p}], model: text", "model: has to be a mapping that describes"),
        (
            "kind: custom, deployments: [{provider: p}], model: {request: {}}",
            "services[0].model: response: it is missing",
        ),
        (f"deployments: [{{provider: p, model: m}}], {MODEL}", "model: belongs to kind: custom"),
        ("deployments: [{provider: p, model: m}], model_file: a", "model_file: belongs to kind: custom"),
        ("deployments: [{provider: p}]", "deployments[0]: model: is missing"),
        ("deployments: [{provider: p, model: m}], drop_unsupported: yes", "drop_unsupported: has to be true or false"),
    ],
)
def test_a_service_that_does_not_fit_is_refused_with_its_field(service: str, complaint: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        read(f"services: [{{name: one, {service}}}]")
    assert complaint in str(refused.value)


def test_a_description_keeps_its_types_and_its_order() -> None:
    text = """
services:
  - name: one
    kind: custom
    deployments: [{provider: p}]
    model:
      response: |
        {"a": b}
      request: {path: /x, headers: {x-a: "true", x-b: '1'}}
      inputs_schema: {enum: [1, -2.5, 1e3, true, False, null, ~, '1', yes, 1e999, 2020-01-01]}
"""
    described = read(text).services[0].model
    assert described is not None
    assert described.written == (
        '{"response":"{\\"a\\": b}\\n","request":{"path":"/x","headers":{"x-a":"true","x-b":"1"}},'
        '"inputs_schema":{"enum":[1,-2.5,1000.0,true,false,null,null,"1","yes","1e999","2020-01-01"]}}'
    )
