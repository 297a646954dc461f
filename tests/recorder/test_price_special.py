"""Prices of what few calls have: cache writes, audio, and vendors under another's name."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.recorder.test_price import call, override, vendor_prices
from torana.catalog.vendors import VENDORS
from torana.core.money import to_usd
from torana.recorder.price import Prices, VendorPrices, cost, rates

__all__ = ["vendor_prices"]

tokens = st.integers(0, 10**6)
price = st.decimals(0, 100, places=6)


def dollars(found: tuple[int | None, str | None]) -> Decimal:
    assert found[0] is not None
    return to_usd(found[0])


@given(tokens, tokens, tokens, tokens, tokens, tokens, st.lists(price, min_size=7, max_size=7))
def test_each_kind_of_token_costs_its_own_price(
    plain: int, cached: int, wrote: int, heard: int, said: int, spoke: int, prices: list[Decimal]
) -> None:
    made = call(
        input_tokens=plain + cached + wrote + heard,
        cached_input_tokens=cached,
        cache_write_tokens=wrote,
        audio_input_tokens=heard,
        output_tokens=said + spoke,
        audio_output_tokens=spoke,
    )
    found = cost(rates(*prices), made)
    a, b, c, _, w, h, s = prices
    exact = (plain * a + cached * b + wrote * w + heard * h + said * c + spoke * s) / 1_000_000
    assert found is not None
    assert abs(to_usd(found) - exact) <= Decimal("0.5e-12")


@given(tokens, tokens, tokens, tokens, tokens)
def test_counts_that_contradict_each_other_never_make_more_tokens_than_there_are(
    total: int, cached: int, wrote: int, heard: int, spoke: int
) -> None:
    made = call(
        input_tokens=total,
        cached_input_tokens=cached,
        cache_write_tokens=wrote,
        audio_input_tokens=heard,
        output_tokens=total,
        audio_output_tokens=spoke,
    )
    one = Decimal(1)
    assert cost(rates(one, one, one, one, one, one, one), made) == 2 * total * 1_000_000


def test_a_kind_without_a_price_of_its_own_costs_as_much_as_the_rest() -> None:
    special = call(cache_write_tokens=500, audio_input_tokens=200, audio_output_tokens=50)
    assert cost(rates(Decimal(2), None, Decimal(8), None), special) == cost(
        rates(Decimal(2), None, Decimal(8), None), call()
    )


def test_an_operators_price_counts_cache_writes_as_input() -> None:
    prices = Prices()
    prices.set_overrides([override()], {})
    assert prices.price(call(cache_write_tokens=500)) == prices.price(call())


@pytest.mark.parametrize(
    ("changes", "exact"),
    [
        # Claude's prices have tiers: they are calculated for each call.
        (
            {
                "vendor": "anthropic",
                "model_sent": "claude-sonnet-4-5",
                "cached_input_tokens": 100,
                "cache_write_tokens": 200,
            },
            700 * Decimal(3) + 100 * Decimal("0.3") + 200 * Decimal("3.75") + 100 * Decimal(15),
        ),
        (
            {
                "model_sent": "gpt-4o-realtime-preview",
                "cached_input_tokens": 100,
                "audio_input_tokens": 300,
                "audio_output_tokens": 40,
            },
            600 * Decimal(5) + 100 * Decimal("2.5") + 300 * Decimal(40) + 60 * Decimal(20) + 40 * Decimal(80),
        ),
        ({"audio_input_tokens": 300}, 1_000 * Decimal(2) + 100 * Decimal(8)),
    ],
)
def test_the_price_list_knows_cache_writes_and_audio(
    changes: dict[str, Any], exact: Decimal, vendor_prices: VendorPrices
) -> None:
    assert dollars(Prices(vendor_prices).price(call(**changes))) == exact / 1_000_000


@given(cached=tokens, wrote=tokens, heard=tokens, spoke=tokens, model=st.sampled_from(["claude-sonnet-4-5", "gpt-4.1"]))
def test_a_calculated_price_takes_any_counts(
    vendor_prices: VendorPrices, cached: int, wrote: int, heard: int, spoke: int, model: str
) -> None:
    vendor = "openai" if model.startswith("gpt") else "anthropic"
    made = call(
        cached_input_tokens=cached, cache_write_tokens=wrote, audio_input_tokens=heard, audio_output_tokens=spoke
    )
    found = vendor_prices._calculate(vendor, model, made)
    assert found is not None
    assert found > 0


@pytest.mark.parametrize("vendor", ["azure-entra", "azure-deployments"])
def test_a_vendor_is_priced_under_the_name_that_the_price_list_has_for_it(
    vendor: str, vendor_prices: VendorPrices
) -> None:
    assert VENDORS[vendor].priced_as == "azure"
    own = Prices(vendor_prices).price(call(vendor=vendor))
    assert own[0] is not None
    assert own == Prices(vendor_prices).price(call(vendor="azure"))


@pytest.mark.parametrize(
    ("vendor", "model", "units", "count", "exact"),
    [
        ("openai", "tts-1", "characters", 1_234.0, 1_234 * Decimal("15e-6")),
        ("groq", "whisper-large-v3", "seconds", 7.2, Decimal("7.2") * Decimal("0.111") / 3600),
        ("mistral", "mistral-ocr-2503", "pages", 3.0, Decimal("0.003")),
    ],
)
def test_units_are_priced_where_a_model_is_paid_for_by_them(
    vendor: str, model: str, units: str, count: float, exact: Decimal, vendor_prices: VendorPrices
) -> None:
    none = {"input_tokens": None, "output_tokens": None, "cached_input_tokens": None}
    made = call(vendor=vendor, model_sent=model, units=units, unit_count=count, **none)
    assert dollars(Prices(vendor_prices).price(made)) == exact


@pytest.mark.parametrize(
    ("units", "count"),
    [
        ("images", 1.0),
        (None, None),
        ("characters", None),
        ("characters", -1.0),
        ("characters", 1e300),
        ("characters", float("nan")),
        ("characters", float("inf")),
    ],
)
def test_the_cost_of_units_without_a_price_or_a_sensible_count_is_unknown(
    units: str | None, count: float | None, vendor_prices: VendorPrices
) -> None:
    none = {"input_tokens": None, "output_tokens": None}
    made = call(vendor="openai", model_sent="tts-1", units=units, unit_count=count, **none)
    assert Prices(vendor_prices).price(made) == (None, None)
