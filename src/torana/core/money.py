"""Money as whole pico-dollars (10⁻¹² USD), so that sums are exact in every database.

A price of one dollar for a million tokens is 1,000,000 pico-dollars a token: prices with up to six decimals per million tokens
are exact. A 64-bit column holds 9.2 million dollars.
"""

from decimal import ROUND_HALF_EVEN, Decimal

PICOS = 10**12


def to_picos(usd: Decimal) -> int:
    """Dollars to pico-dollars, rounded half to even below 10⁻¹²."""
    return int((usd * PICOS).to_integral_value(rounding=ROUND_HALF_EVEN))


def to_usd(picos: int) -> Decimal:
    """Pico-dollars to dollars, exactly."""
    return Decimal(picos).scaleb(-12)


def format_usd(picos: int | None) -> str | None:
    """Plain decimal text without exponent or trailing zeros; None stays None (unknown is not zero)."""
    if picos is None:
        return None
    text = f"{to_usd(picos):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
