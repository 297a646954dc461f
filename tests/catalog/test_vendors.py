"""The table of vendors."""

import re
from urllib.parse import urlsplit

import pytest
from genai_prices.data import providers

from torana.catalog.vendors import ALIASES, CAPABILITIES, DIALECTS, QUIRKS, VENDORS, Vendor, vendor_named
from torana.control.providers.service import url_problem

PRICED = {provider.id for provider in providers}
_NAMED_BY_THE_ISSUE = (
    "openai azure anthropic google google-vertex aws mistral cohere groq x-ai deepseek together fireworks openrouter "
    "perplexity cerebras sambanova nvidia huggingface replicate cloudflare databricks snowflake watsonx ai21 voyageai "
    "jina nebius hyperbolic novita deepinfra lambda baseten github moonshotai zhipuai qwen minimax baidu tencent "
    "volcengine siliconflow stepfun yi upstage ollama vllm sglang tgi lm-studio llama-cpp xinference localai tei "
    "infinity "
)
SPELLED_OTHERWISE_BY_GENAI_PRICES = {
    "google-vertex": "google",
    "azure-entra": "azure",
    "azure-deployments": "azure",
    "aws-bearer": "aws",
}
PLACES = {"region", "resource", "project", "account", "deployment", "workspace"}
WITHOUT_ADDRESS = {"demo", "openai-compatible"}


def _urls(vendor: Vendor) -> list[str]:
    return [url for url in (vendor.base_url, *vendor.also.values()) if url]


def _filled(url: str) -> str:
    return re.sub(r"\{([a-z]+)\}", "x", url)


def test_there_are_sixty_vendors_and_all_that_were_asked_for() -> None:
    assert len(VENDORS) - len(WITHOUT_ADDRESS) >= 60
    assert [name for name in _NAMED_BY_THE_ISSUE.split() if name not in VENDORS] == []


def test_a_vendor_that_genai_prices_knows_has_its_id() -> None:
    known = {provider.name.casefold(): provider.id for provider in providers}
    by_host = {
        provider.id: re.compile(provider.api_pattern)
        for provider in providers
        if not provider.id.startswith("huggingface_")
    }
    for vendor in VENDORS.values():
        priced_as = vendor.priced_as or vendor.id
        assert known.get(vendor.name.casefold(), priced_as) == priced_as
        if not vendor.self_hosted and vendor.base_url:
            found = {id_ for id_, pattern in by_host.items() if pattern.match(_filled(vendor.base_url))}
            assert not found or priced_as in found, vendor.id


def test_another_id_for_prices_is_one_that_genai_prices_has() -> None:
    assert {v.id: v.priced_as for v in VENDORS.values() if v.priced_as} == SPELLED_OTHERWISE_BY_GENAI_PRICES
    assert set(SPELLED_OTHERWISE_BY_GENAI_PRICES.values()) <= PRICED


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)
def test_a_vendors_addresses_can_be_called_once_their_places_are_filled_in(vendor: Vendor) -> None:
    assert bool(vendor.base_url) != (vendor.id in WITHOUT_ADDRESS)
    for url in _urls(vendor):
        assert set(re.findall(r"\{([a-z]+)\}", url)) <= PLACES
        assert url_problem(_filled(url)) is None
        assert not url.endswith("/")
        assert url.startswith("http://127.0.0.1:" if vendor.self_hosted else "https://")


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)
def test_an_address_with_places_is_never_taken_as_it_stands(vendor: Vendor) -> None:
    assert vendor.fixed_base_url in {"", vendor.base_url}
    assert "{" not in vendor.fixed_base_url
    if "{" in vendor.base_url:
        assert url_problem(vendor.base_url) is not None


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)
def test_a_vendors_dialects_capabilities_and_quirks_are_known_ones(vendor: Vendor) -> None:
    assert vendor.dialect in DIALECTS | {""}
    assert set(vendor.also) <= DIALECTS - {vendor.dialect}
    assert vendor.capabilities
    assert vendor.capabilities <= CAPABILITIES
    assert vendor.quirks <= set(QUIRKS)


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)
def test_a_vendor_has_a_name_and_a_page_and_headers_without_secrets(vendor: Vendor) -> None:
    assert vendor.name
    if vendor.id not in WITHOUT_ADDRESS:
        assert urlsplit(vendor.docs).scheme == "https"
    assert {name.lower() for name in vendor.headers}.isdisjoint({"authorization", "x-api-key", "api-key"})


def test_every_quirk_has_a_vendor_a_day_and_a_page() -> None:
    for name, quirk in QUIRKS.items():
        assert quirk.meaning.endswith("."), name
        assert quirk.vendors, name
        assert set(quirk.vendors) <= set(VENDORS), name
        for seen in quirk.vendors.values():
            assert re.fullmatch(r"20\d\d-\d\d-\d\d", seen.on)
            assert seen.link.startswith("https://")


def test_no_two_vendors_share_a_variable_or_a_first_service() -> None:
    variables = [name for vendor in VENDORS.values() for name in (vendor.env, *vendor.more_env) if name]
    names = [model.service for vendor in VENDORS.values() for model in vendor.models]
    assert len(set(variables)) == len(variables)
    assert len(set(names)) == len(names)


def test_the_priced_models_of_the_first_start_have_a_price() -> None:
    models = {provider.id: provider for provider in providers}
    missing = [
        f"{vendor.id}/{model.model}"
        for vendor in VENDORS.values()
        if vendor.id in PRICED
        for model in vendor.models
        if models[vendor.id].find_model(model.model) is None
    ]
    assert missing == []


def test_usual_other_spellings_lead_to_the_vendor() -> None:
    assert set(ALIASES.values()) <= set(VENDORS)
    assert set(ALIASES).isdisjoint(VENDORS)
    for spelled, meant in {
        "google-ai-studio": "google",
        "Vertex AI": "google-vertex",
        "azure_openai": "azure",
        "dashscope": "qwen",
        "xAI": "x-ai",
        "kimi": "moonshotai",
        "openai": "openai",
    }.items():
        found = vendor_named(spelled)
        assert found is not None
        assert found.id == meant
    assert vendor_named("nobody") is None


def test_usage_in_streams_is_asked_for_unless_the_vendor_refuses_the_question() -> None:
    assert {vendor.id for vendor in VENDORS.values() if not vendor.stream_usage} == {"mistral"}


def test_the_credential_is_sent_as_the_spoken_dialect_has_it() -> None:
    anthropic, azure, deepseek = VENDORS["anthropic"], VENDORS["azure"], VENDORS["deepseek"]
    assert (anthropic.auth_for("anthropic_messages"), anthropic.auth_for("openai_chat")) == ("x-api-key", "bearer")
    assert (azure.auth_for("openai_responses"), azure.auth_for("anthropic_messages")) == ("api-key", "x-api-key")
    assert {deepseek.auth_for("openai_chat"), deepseek.auth_for("anthropic_messages")} == {"bearer"}
    assert deepseek.base_for("anthropic_messages") == "https://api.deepseek.com/anthropic/v1"
    assert deepseek.base_for("openai_chat") == deepseek.base_url
    assert deepseek.base_for("gemini") is None
