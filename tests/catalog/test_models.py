"""The catalogue as it is shipped: what is in it, and how a model's name is found."""

import re
import subprocess
import sys
from importlib.resources import files

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from torana.catalog.models import CAPABILITIES, KINDS, CatalogModel, VendorFile, all_models, find, search
from torana.catalog.vendors import VENDORS

DAY = "2026-11-25"
_MODALITIES = {"text", "image", "audio", "video", "pdf"}


def _id(vendor: str, model: str) -> str | None:
    found = find(vendor, model)
    return None if found is None else found.id


def test_a_thousand_current_models_of_many_vendors_are_in_the_catalogue() -> None:
    current = search(current_on=DAY)
    assert len(current) >= 1_000
    assert len({model.vendor for model in current}) >= 50
    assert len({model.vendor for model in current if model.seen_on == DAY}) >= 40


def test_every_row_is_of_a_known_vendor_and_made_of_known_words() -> None:
    for model in all_models():
        where = f"{model.vendor}/{model.id}"
        assert model.vendor in VENDORS, where
        assert model.id.strip() == model.id != "", where
        assert model.name, where
        assert model.kind in KINDS, where
        assert set(model.capabilities) <= set(CAPABILITIES), where
        assert set(model.inputs) | set(model.outputs) <= _MODALITIES, where
        assert all(
            days is None or re.fullmatch(r"20\d\d-\d\d-\d\d", days) for days in (model.released, model.deprecated_on)
        ), where
        assert all(count is None or count > 0 for count in (model.context_window, model.max_input, model.max_output)), (
            where
        )
        assert model.max_input is None or model.context_window is None or model.max_input < model.context_window, where


def test_a_price_has_a_source_and_a_day_and_is_never_less_than_nothing() -> None:
    for model in all_models():
        prices = [usd for usd in (model.input_usd, model.cached_input_usd, model.output_usd) if usd is not None]
        assert all(re.fullmatch(r"[0-9]+(\.[0-9]+)?", usd) for usd in prices), model
        assert bool(prices) == (model.price_source is not None) == (model.priced_on is not None), model


def test_a_vendors_models_have_one_row_each_in_order() -> None:
    listed = [(model.vendor, model.id) for model in all_models()]
    assert listed == sorted(set(listed))


def test_the_data_is_small_and_every_file_names_its_sources() -> None:
    paths = [path for path in (files("torana.catalog") / "data").iterdir() if path.name.endswith(".json")]
    assert sum(len(path.read_bytes()) for path in paths) < 1_500_000
    for path in paths:
        file = msgspec.json.decode(path.read_bytes(), type=VendorFile)
        assert path.name == f"{file.vendor}.json"
        assert set(file.sources) == {"genai-prices", "litellm", "models.dev"}
        assert {model.vendor for model in file.models} == {file.vendor}


def test_what_the_first_start_offers_is_in_the_catalogue_and_still_served() -> None:
    for vendor in VENDORS.values():
        for model in vendor.models if vendor.id != "demo" else ():
            found = find(vendor.id, model.model)
            assert found is not None, model
            assert found.is_current(DAY), model


@pytest.mark.parametrize(
    ("vendor", "asked", "found"),
    [
        ("openai", "gpt-4.1", "gpt-4.1"),
        ("openai", "gpt-4.1-2025-04-14", "gpt-4.1"),
        ("openai", "openai/GPT-4o-mini-2024-07-18", "gpt-4o-mini"),
        ("openai", "gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
        ("aws", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("bedrock", "global.anthropic.claude-sonnet-4-5", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
        (
            "amazon-bedrock",
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0",
            "anthropic.claude-haiku-4-5-20251001-v1:0",
        ),
        ("anthropic", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("google-ai-studio", "models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("google", "gemini-2.5-flash-001", "gemini-2.5-flash"),
        ("vertex", "claude-haiku-4-5@20251001", "claude-haiku-4-5"),
        ("fireworks", "deepseek-v3p1", "accounts/fireworks/models/deepseek-v3p1"),
        ("openrouter", "deepseek/deepseek-r1:free", "deepseek/deepseek-r1"),
        ("openai", "gpt-4.1-nonesuch", None),
        ("openai", "claude-sonnet-4-5", None),
        ("nobody", "gpt-4.1", None),
        ("ollama", "gpt-4.1", None),
        ("openai", "", None),
        ("openai", "gpt-4.1" + "x" * 100_000, None),
    ],
)
def test_a_name_finds_the_model_that_the_vendor_would_use(vendor: str, asked: str, found: str | None) -> None:
    assert _id(vendor, asked) == found


def test_every_model_is_found_by_its_own_name() -> None:
    for model in all_models():
        found = find(model.vendor, model.id)
        assert found is not None
        assert found.id.lower() == model.id.lower()


@given(
    vendor=st.one_of(st.sampled_from(["openai", "aws", "vertex"]), st.text(max_size=20)), model=st.text(max_size=400)
)
def test_any_text_finds_a_model_or_none(vendor: str, model: str) -> None:
    assert find(vendor, model) is None or find(vendor, model) in all_models()


def test_a_search_gives_what_meets_every_condition() -> None:
    found = search(vendor="claude", kind="chat", capability="tools", text="SONNET 4", min_context=100_000)
    assert found
    for model in found:
        assert (model.vendor, model.kind) == ("anthropic", "chat")
        assert "tools" in model.capabilities
        assert "sonnet" in f"{model.id} {model.name}".lower()
        assert model.context_window is not None
        assert model.context_window >= 100_000
    assert search(vendor="nobody") == []
    assert {model.kind for model in search(kind="rerank")} == {"rerank"}
    assert len(search()) == len(all_models())


def test_a_model_is_current_until_the_day_the_vendor_ends_it() -> None:
    model = CatalogModel("openai", "x", "X", "chat", deprecated_on="2027-01-14")
    assert model.is_current("2027-01-13")
    assert not model.is_current("2027-01-14")
    assert not msgspec.structs.replace(model, deprecated_on=None, deprecated=True).is_current("2000-01-01")


def test_looking_up_one_model_reads_one_vendors_file() -> None:
    program = (
        "from torana.catalog import models\n"
        "assert models._models.cache_info().currsize == 0\n"
        "assert models.find('openai', 'gpt-4.1') is not None\n"
        "print(models._models.cache_info().currsize)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "1"
