from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.recorder.records import record
from torana.core.money import to_usd
from torana.recorder.price import UNKNOWN, Override, Prices, VendorPrices, cost, rates, usd

DAY_US = 86_400_000_000
NOW_US = 1_763_899_200_000_000

price = st.decimals(0, 1_000, places=6) | st.decimals(0, 1_000, places=11)
tokens = st.integers(0, 10**7)


@pytest.fixture(scope="module")
def vendor_prices() -> VendorPrices:
    return VendorPrices()


def override(**changes: Any) -> Override:
    values: dict[str, Any] = {
        "id": "price_1",
        "team_id": None,
        "vendor": "openai",
        "provider_id": None,
        "model": "gpt-4.1",
        "valid_from_us": 0,
        "input_usd": Decimal(2),
        "cached_input_usd": None,
        "output_usd": Decimal(8),
        "reasoning_usd": None,
    }
    return Override(**(values | changes))


def call(**changes: Any) -> Any:
    values: dict[str, Any] = {
        "model_sent": "gpt-4.1",
        "started_us": NOW_US,
        "cached_input_tokens": 0,
        "reasoning_tokens": 0,
    }
    return record(0, **(values | {"input_tokens": 1_000, "output_tokens": 100} | changes))


@given(price, st.none() | price, price, st.none() | price, tokens, tokens, tokens, tokens)
def test_a_cost_is_the_exact_sum_rounded_once(
    given_input: Decimal,
    cached: Decimal | None,
    output: Decimal,
    reasoning: Decimal | None,
    a: int,
    b: int,
    c: int,
    d: int,
) -> None:
    made = call(input_tokens=a + b, cached_input_tokens=b, output_tokens=c + d, reasoning_tokens=d)
    found = cost(rates(given_input, cached, output, reasoning), made)
    with localcontext(prec=100):
        exact = a * given_input + b * (given_input if cached is None else cached)
        exact += c * output + d * (output if reasoning is None else reasoning)
        exact = exact / 1_000_000
        assert found is not None
        assert found >= 0
        assert abs(to_usd(found) - exact) <= Decimal("0.5e-12")
        if exact == exact.quantize(Decimal("1e-12")):
            assert to_usd(found) == exact


@given(
    price, price, price, price, st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 1000), st.integers(0, 1000)
)
def test_more_tokens_never_cost_less(
    a: Decimal, b: Decimal, c: Decimal, d: Decimal, i: int, o: int, more_i: int, more_o: int
) -> None:
    rate = rates(a, b, c, d)
    less = cost(rate, call(input_tokens=i, output_tokens=o))
    more = cost(rate, call(input_tokens=i + more_i, output_tokens=o + more_o))
    assert less is not None
    assert more is not None
    assert more >= less


@given(st.none() | price, st.none() | price, st.none() | price, st.none() | price, tokens, tokens)
def test_a_cost_is_unknown_exactly_when_a_price_that_it_needs_is(
    a: Decimal | None, b: Decimal | None, c: Decimal | None, d: Decimal | None, i: int, o: int
) -> None:
    made = call(input_tokens=i, cached_input_tokens=i // 3, output_tokens=o, reasoning_tokens=o // 3)
    needs = []
    if i // 3:
        needs.append(a if b is None else b)
    if i - i // 3:
        needs.append(a)
    if o // 3:
        needs.append(c if d is None else d)
    if o - o // 3:
        needs.append(c)
    assert (cost(rates(a, b, c, d), made) is None) == (None in needs)


def test_the_price_list_prices_input_cached_input_and_output(vendor_prices: VendorPrices) -> None:
    picos, source = Prices(vendor_prices).price(call(cached_input_tokens=400))
    assert picos is not None
    assert to_usd(picos) == (600 * Decimal(2) + 400 * Decimal("0.5") + 100 * Decimal(8)) / 1_000_000
    assert source == vendor_prices.source
    assert source.startswith("genai-prices:")


def test_flat_rates_agree_with_the_price_list_for_many_models(vendor_prices: VendorPrices) -> None:
    compared = 0
    for model in ("gpt-4o", "gpt-4.1-mini", "o3", "gpt-5", "text-embedding-3-small"):
        made = call(model_sent=model, cached_input_tokens=100, output_tokens=0 if "embedding" in model else 50)
        found, _ = Prices(vendor_prices).price(made)
        assert found == vendor_prices._calculate("openai", model, made)
        compared += found is not None
    assert compared == 5


def test_prices_with_tiers_depend_on_the_size_of_the_call(vendor_prices: VendorPrices) -> None:
    prices = Prices(vendor_prices)
    small, _ = prices.price(call(vendor="google", model_sent="gemini-2.5-pro", input_tokens=100_000, output_tokens=0))
    large, _ = prices.price(call(vendor="google", model_sent="gemini-2.5-pro", input_tokens=300_000, output_tokens=0))
    assert small is not None
    assert large is not None
    assert large > 3 * small


@pytest.mark.parametrize(
    "changes",
    [
        {"model_sent": "no-such-model-anywhere"},
        {"vendor": "no-such-vendor"},
        {"vendor": "openai-compatible"},
        {"vendor": None, "model_sent": None},
        {"input_tokens": None, "output_tokens": None},
    ],
)
def test_what_is_not_known_has_no_cost_rather_than_none_to_pay(
    changes: dict[str, Any], vendor_prices: VendorPrices
) -> None:
    assert Prices(vendor_prices).price(call(**changes)) == UNKNOWN


def test_the_demo_vendor_costs_nothing_and_says_so() -> None:
    assert Prices().price(call(vendor="demo", model_sent="chat")) == (0, "demo")


def test_an_operators_price_wins_over_the_price_list(vendor_prices: VendorPrices) -> None:
    prices = Prices(vendor_prices)
    before, _ = prices.price(call())
    prices.set_overrides([override(input_usd=Decimal(1), output_usd=Decimal(0))], {})
    after, source = prices.price(call())
    assert (before, after, source) == (2_800_000_000, 1_000_000_000, "override:price_1")
    prices.set_overrides([], {})
    assert prices.price(call())[0] == before


def test_an_operators_price_holds_from_its_date_even_within_a_day() -> None:
    prices = Prices()
    later = NOW_US + 3_600_000_000
    prices.set_overrides(
        [override(valid_from_us=NOW_US), override(id="price_2", valid_from_us=later, input_usd=Decimal(4))], {}
    )
    sources = [
        prices.price(call(started_us=at))[1] for at in (NOW_US - 1, NOW_US, later - 1, later, NOW_US, NOW_US + DAY_US)
    ]
    assert sources == [
        None,
        "override:price_1",
        "override:price_1",
        "override:price_2",
        "override:price_1",
        "override:price_2",
    ]


def test_a_provider_accounts_price_wins_over_its_vendors_and_touches_no_other_account() -> None:
    prices = Prices()
    own = override(id="price_own", vendor=None, provider_id="provider_1", input_usd=Decimal(0), output_usd=Decimal(0))
    prices.set_overrides([override(), own], {"deployment_1": "provider_1"})
    assert prices.price(call()) == (0, "override:price_own")
    assert prices.price(call(deployment_id="deployment_2"))[1] == "override:price_1"


def test_a_teams_price_touches_no_other_team() -> None:
    prices = Prices()
    prices.set_overrides([override(team_id="team_b")], {})
    assert prices.price(call(team_id="team_a")) == UNKNOWN
    assert prices.price(call(team_id="team_b"))[1] == "override:price_1"


@pytest.mark.parametrize("text", ["-1", "NaN", "Infinity", "one"])
def test_a_stored_price_that_is_not_an_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        usd(text)
