"""Money: exact, whatever is added, and plain to read."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from torana.core.money import PICOS, format_usd, to_picos, to_usd

amounts = st.integers(-(2**63), 2**63 - 1)
prices = st.decimals(0, 10_000, places=6)
"""Dollars for a million tokens."""


@given(amounts)
def test_pico_dollars_survive_the_way_to_dollars_and_back(picos: int) -> None:
    assert to_picos(to_usd(picos)) == picos
    text = format_usd(picos)
    assert text is not None
    assert to_picos(Decimal(text)) == picos
    assert "E" not in text.upper()
    assert not ("." in text and text.endswith(("0", ".")))


@given(st.lists(amounts, max_size=20))
def test_sums_do_not_depend_on_the_unit(some: list[int]) -> None:
    assert to_picos(sum(map(to_usd, some), Decimal(0))) == sum(some)


@given(prices, st.integers(0, 10**9))
def test_a_price_of_six_decimals_a_million_tokens_is_exact_a_token(price: Decimal, tokens: int) -> None:
    a_token = to_picos(price / 1_000_000)
    assert Decimal(a_token * tokens) == price * tokens * (PICOS // 1_000_000)


def test_half_a_pico_dollar_is_rounded_to_the_even_one() -> None:
    half = Decimal("0.5") / PICOS
    assert [to_picos(half), to_picos(3 * half), to_picos(5 * half), to_picos(-half)] == [0, 2, 2, 0]


def test_unknown_stays_unknown_and_zero_is_zero() -> None:
    assert format_usd(None) is None
    assert format_usd(0) == "0"
    assert format_usd(PICOS) == "1"
    assert format_usd(10 * PICOS) == "10"
    assert format_usd(1) == "0.000000000001"
    assert format_usd(-PICOS // 4) == "-0.25"
