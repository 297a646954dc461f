"""The refresh, on sources small enough to see what becomes of every row."""

import gzip
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from genai_prices.data import providers as real_providers
from genai_prices.types import (
    ClauseEquals,
    ClauseStartsWith,
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
    Tier,
    TieredPrices,
)
from hypothesis import given
from hypothesis import strategies as st

from torana.catalog import refresh
from torana.catalog.merge import Disagreement, Merged
from torana.catalog.models import CatalogModel
from torana.catalog.sources import genai, litellm, models_dev
from torana.catalog.sources.entry import count, day, dollars

DAYS = {"genai-prices": "2026-11-25", "litellm": "2026-11-24", "models.dev": "2026-05-21"}
SOURCES = {name: f"1 of {date}" for name, date in DAYS.items()}

LITELLM: dict[str, Any] = {
    "sample_spec": {"litellm_provider": "one of many", "mode": "one of: chat"},
    "gpt-4.1": {
        "litellm_provider": "openai",
        "mode": "chat",
        "max_input_tokens": 1047576,
        "max_output_tokens": 32768,
        "input_cost_per_token": 2e-06,
        "output_cost_per_token": 9e-06,
        "supported_modalities": ["text", "image"],
        "supported_output_modalities": ["text"],
        "supports_function_calling": True,
        "supports_pdf_input": True,
        "supports_reasoning": False,
        "deprecation_date": "2027-01-14",
        "successor_model": "gpt-6-luna",
    },
    "gpt-4.1-2025-04-14": {
        "litellm_provider": "openai",
        "mode": "chat",
        "max_input_tokens": 1047576,
        "max_output_tokens": 32768,
        "input_cost_per_token": 2e-06,
        "output_cost_per_token": 9e-06,
        "deprecation_date": "2027-01-14",
    },
    "gpt-5": {
        "litellm_provider": "openai",
        "mode": "responses",
        "max_input_tokens": 272000,
        "max_output_tokens": 128000,
    },
    "gpt-old-2024-05-13": {
        "litellm_provider": "openai",
        "mode": "chat",
        "max_output_tokens": 4096,
        "input_cost_per_token": 0.0,
    },
    "gpt-old": {"litellm_provider": "openai", "mode": "chat", "max_output_tokens": 16384},
    "1024-x-1024/dall-e-2": {"litellm_provider": "openai", "mode": "image_generation"},
    "ft:gpt-4o": {"litellm_provider": "openai", "mode": "chat"},
    "azure/eu/gpt-4.1": {"litellm_provider": "azure", "mode": "chat"},
    "azure_ai/claude-latest": {"litellm_provider": "azure_ai", "mode": "chat", "alias_of": "azure_ai/claude-5"},
    "us.amazon.nova-v1:0": {"litellm_provider": "bedrock_converse", "mode": "chat", "input_cost_per_token": 1.1e-06},
    "amazon.nova-v1:0": {"litellm_provider": "bedrock_converse", "mode": "chat", "input_cost_per_token": 1e-06},
    "bedrock/us-gov-west-1/amazon.nova-v1:0": {"litellm_provider": "bedrock", "mode": "chat"},
    "nobody/model": {"litellm_provider": "nobody", "mode": "chat"},
    "cohere/search": {"litellm_provider": "cohere", "mode": "search"},
    "rerank-v5": {"litellm_provider": "cohere", "mode": "rerank", "max_input_tokens": 4096, "max_output_tokens": 4096},
}

MODELS_DEV: dict[str, Any] = {
    "openai": {
        "models": {
            "gpt-4.1": {
                "id": "gpt-4.1",
                "name": "GPT-4.1",
                "limit": {"context": 1000000, "output": 30000},
                "modalities": {"input": ["text", "image", "pdf"], "output": ["text"]},
                "tool_call": True,
                "reasoning": True,
                "structured_output": True,
                "release_date": "2025-04-14",
                "cost": {"input": 2, "output": 8, "cache_read": 0.5},
            },
            "gpt-5": {
                "id": "gpt-5",
                "name": "GPT-5",
                "limit": {"context": 400000, "input": 272000, "output": 128000},
                "modalities": {"input": ["text"], "output": ["text"]},
                "release_date": "2025-08",
            },
            "o1-preview": {
                "id": "o1-preview",
                "name": "o1-preview",
                "limit": {"context": 128000, "output": 32768},
                "modalities": {"input": ["text"], "output": ["text"]},
            },
        }
    },
    "nvidia": {
        "models": {
            "nv-embed": {
                "id": "nv-embed",
                "name": "NV Embed",
                "limit": {"context": 8192, "output": 1},
                "modalities": {"input": ["text"], "output": ["text"]},
                "cost": {"input": 0, "output": 0},
                "status": "deprecated",
            }
        }
    },
    "unknown-vendor": {"models": {"x": {"id": "x"}}},
}


def _price(input_mtok: Any, output_mtok: str) -> ModelPrice:
    return ModelPrice(input_mtok=input_mtok, output_mtok=Decimal(output_mtok))


PROVIDERS = [
    Provider(
        id="openai",
        name="OpenAI",
        api_pattern="x",
        models=[
            ModelInfo(
                id="gpt-4.1",
                match=ClauseStartsWith("gpt-4.1"),
                prices=[
                    ConditionalPrice(prices=_price(Decimal(3), "9")),
                    ConditionalPrice(
                        constraint=StartDateConstraint(start_date=genai.noon("2026-11-25").date()),
                        prices=_price(
                            TieredPrices(base=Decimal("2.00"), tiers=[Tier(start=200_000, price=Decimal(4))]), "8.0"
                        ),
                    ),
                ],
            )
        ],
    ),
    Provider(
        id="avian",
        name="Avian",
        api_pattern="x",
        models=[
            ModelInfo(
                id="Free",
                match=ClauseEquals("free"),
                name="Free one",
                context_window=4096,
                deprecated=True,
                prices=_price(Decimal(0), "0"),
            )
        ],
    ),
]


def _build() -> Merged:
    return refresh.build({"litellm": LITELLM, "models.dev": MODELS_DEV}, PROVIDERS, DAYS)


def test_small_sources_give_exactly_these_rows() -> None:
    prices, lite, dev = DAYS.values()
    assert _build().models == {
        "avian": (
            CatalogModel(
                "avian",
                "Free",
                "Free one",
                "chat",
                context_window=4096,
                capabilities=("streaming",),
                deprecated=True,
                input_usd="0",
                output_usd="0",
                price_source="genai-prices",
                priced_on=prices,
                seen_on=prices,
            ),
        ),
        "aws": (
            CatalogModel(
                "aws",
                "amazon.nova-v1:0",
                "amazon.nova-v1:0",
                "chat",
                capabilities=("streaming",),
                input_usd="1",
                price_source="litellm",
                priced_on=lite,
                seen_on=lite,
            ),
        ),
        "cohere": (CatalogModel("cohere", "rerank-v5", "rerank-v5", "rerank", context_window=4096, seen_on=lite),),
        "nvidia": (
            CatalogModel(
                "nvidia",
                "nv-embed",
                "NV Embed",
                "embedding",
                context_window=8192,
                inputs=("text",),
                deprecated=True,
                seen_on=dev,
            ),
        ),
        "openai": (
            CatalogModel(
                "openai",
                "gpt-4.1",
                "GPT-4.1",
                "chat",
                context_window=1047576,
                max_output=32768,
                inputs=("text", "image", "pdf"),
                outputs=("text",),
                capabilities=("tools", "json_schema", "vision", "pdf", "caching", "streaming"),
                released="2025-04-14",
                deprecated_on="2027-01-14",
                successor="gpt-6-luna",
                input_usd="2",
                output_usd="8",
                price_source="genai-prices",
                priced_on=prices,
                seen_on=lite,
            ),
            CatalogModel(
                "openai",
                "gpt-5",
                "GPT-5",
                "chat",
                context_window=400000,
                max_input=272000,
                max_output=128000,
                inputs=("text",),
                outputs=("text",),
                capabilities=("streaming",),
                released="2025-08-01",
                seen_on=lite,
            ),
            CatalogModel(
                "openai", "gpt-old", "gpt-old", "chat", max_output=16384, capabilities=("streaming",), seen_on=lite
            ),
            CatalogModel(
                "openai",
                "gpt-old-2024-05-13",
                "gpt-old-2024-05-13",
                "chat",
                max_output=4096,
                capabilities=("streaming",),
                seen_on=lite,
            ),
            CatalogModel(
                "openai",
                "o1-preview",
                "o1-preview",
                "chat",
                context_window=128000,
                max_output=32768,
                inputs=("text",),
                outputs=("text",),
                capabilities=("streaming",),
                deprecated=True,
                seen_on=dev,
            ),
        ),
    }


def test_sources_that_disagree_on_a_price_are_named_with_both() -> None:
    merged = _build()
    eight, nine = Decimal(8), Decimal(9)
    assert merged.disagreements == [
        Disagreement("openai", "gpt-4.1", "output", "genai-prices", eight, "litellm", nine),
        Disagreement("openai", "gpt-4.1-2025-04-14", "output", "genai-prices", eight, "litellm", nine),
    ]
    page = refresh.report(merged, SOURCES)
    assert "| openai | gpt-4.1 | output | genai-prices 8 | litellm 9 |" in page
    assert "| name | models.dev 4, genai-prices 1 |" in page
    assert "1 dated rows" in page


def test_the_same_sources_give_the_same_bytes_and_stale_files_go(tmp_path: Path) -> None:
    (tmp_path / "gone.json").write_text("{}")
    refresh.write(_build(), SOURCES, tmp_path)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    shuffled = {"litellm": dict(reversed(LITELLM.items())), "models.dev": MODELS_DEV}
    refresh.write(refresh.build(shuffled, PROVIDERS, DAYS), SOURCES, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first
    assert set(first) == {"avian.json", "aws.json", "cohere.json", "nvidia.json", "openai.json"}
    assert json.loads(first["aws.json"])["sources"] == SOURCES


def test_the_command_reads_plain_and_gzipped_files_and_writes_data_and_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "litellm.json").write_text(json.dumps(LITELLM))
    (tmp_path / "dev.json.gz").write_bytes(gzip.compress(json.dumps(MODELS_DEV).encode()))
    words = ["--day", "2026-11-25", "--litellm", str(tmp_path / "litellm.json"), "1", "2026-11-24"]
    words += ["--models-dev", str(tmp_path / "dev.json.gz"), "1", "2026-05-21"]
    words += ["--into", str(tmp_path / "data"), "--report", str(tmp_path / "report.md")]
    assert refresh.main(words) == 0
    assert " models of " in capsys.readouterr().out
    assert (tmp_path / "data" / "openai.json").exists()
    assert "genai-prices" in (tmp_path / "report.md").read_text()


def test_a_source_that_cannot_be_read_is_named_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.json").write_text("{")
    words = ["--day", "2026-11-25", "--litellm", str(tmp_path / "broken.json"), "1", "2026-11-24"]
    assert refresh.main([*words, "--models-dev", "absent", "1", "2026-05-21", "--into", str(tmp_path / "data")]) == 2
    assert "broken.json" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def test_vendors_of_the_sources_are_ones_that_torana_has() -> None:
    from torana.catalog.vendors import VENDORS

    assert set(litellm.VENDOR_OF.values()) | set(models_dev.VENDOR_OF.values()) <= set(VENDORS)


def test_the_real_prices_can_be_looked_up_by_a_clouds_own_spelling() -> None:
    found = genai.lookup(real_providers, genai.noon("2026-11-25"))("google-vertex", "gemini-2.5-pro")
    assert found is not None
    assert found.prices.input is not None


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(_JSON)
def test_a_value_of_any_kind_is_a_fact_or_unknown(value: Any) -> None:
    tokens, price = count(value), dollars(value, 10**6)
    assert tokens is None or tokens >= 1
    assert price is None or price > 0


@given(st.one_of(st.text(alphabet="0123456789-²x", max_size=12), _JSON))
def test_a_day_is_written_in_full_or_unknown(value: Any) -> None:
    found = day(value)
    assert found is None or re.fullmatch(r"[0-9]{4}-[01][0-9]-[0-3][0-9]", found)
    assert (day("2025-08-07"), day("2025-8"), day("2025")) == ("2025-08-07", "2025-08-01", "2025-01-01")
