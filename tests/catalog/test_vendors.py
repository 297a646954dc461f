"""The table of vendors."""

import pytest
from genai_prices.data import providers

from torana.catalog.vendors import VENDORS, Vendor
from torana.control.providers.service import url_problem

PRICED = {provider.id for provider in providers}
WITHOUT_PRICES = {"demo", "openai-compatible", "ollama", "vllm"}


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)
def test_a_vendor_is_known_to_the_prices_or_is_said_to_have_none(vendor: Vendor) -> None:
    assert (vendor.id in PRICED) != (vendor.id in WITHOUT_PRICES)


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)
def test_a_vendors_address_can_be_called(vendor: Vendor) -> None:
    if vendor.base_url:
        assert url_problem(vendor.base_url) is None
        assert not vendor.base_url.endswith("/")
        assert vendor.base_url.startswith("https://") or "127.0.0.1" in vendor.base_url
    else:
        assert vendor.id in {"demo", "openai-compatible"}


def test_no_two_vendors_share_a_variable_or_a_first_service() -> None:
    variables = [vendor.env for vendor in VENDORS.values() if vendor.env]
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
