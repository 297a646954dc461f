"""What one source says of one model."""

from decimal import Decimal
from typing import Any, NamedTuple


class Prices(NamedTuple):
    """US dollars for a million tokens; None is unknown."""

    input: Decimal | None = None
    cached_input: Decimal | None = None
    output: Decimal | None = None


class Entry(NamedTuple):
    """A model in the words of the catalogue; None or empty is what the source does not say."""

    vendor: str
    id: str
    name: str | None = None
    kind: str | None = None
    context_window: int | None = None
    max_input: int | None = None
    max_output: int | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    can: frozenset[str] = frozenset()
    cannot: frozenset[str] = frozenset()
    released: str | None = None
    deprecated_on: str | None = None
    deprecated: bool = False
    successor: str | None = None
    prices: Prices = Prices()


INPUTS = ("text", "image", "audio", "video", "pdf")
OUTPUTS = ("text", "image", "audio", "video")


def count(value: Any) -> int | None:
    """A number of tokens; None for what is none, zero included."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value < 2**53:
        return None
    return int(value)


def dollars(value: Any, times: int = 1) -> Decimal | None:
    """A price as it is written in JSON, times a number; None for what is none. Zero is unknown: sources write it for both."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 10**6:
        return None
    return (Decimal(repr(value)) * times).normalize()


def ordered(values: Any, known: tuple[str, ...]) -> tuple[str, ...]:
    """Those of `known` that a source's list has."""
    return tuple(one for one in known if one in values) if isinstance(values, list | tuple | set | frozenset) else ()


def day(value: Any) -> str | None:
    """A day as YYYY-MM-DD; the first of the month or year where that is all that is said; None for what is none."""
    if not isinstance(value, str):
        return None
    parts = value.split("-")
    if not value.isascii() or not all(part.isdigit() for part in parts) or len(parts[0]) != 4 or len(parts) > 3:
        return None
    year, month, date = (*parts, "01", "01")[:3]
    if not (len(month) <= 2 and len(date) <= 2 and 1 <= int(month) <= 12 and 1 <= int(date) <= 31):
        return None
    return f"{year}-{month:0>2}-{date:0>2}"
