"""When a canary is worse than what it shall follow: a pure verdict on how the calls of both went."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from typing import Literal, NamedTuple

import msgspec

from torana.stores.sql.call_tables import LATENCY_BOUNDS_US

Outcome = Literal["rolled_back", "ended"]
_PART = 0.95


class Canary(msgspec.Struct, frozen=True, kw_only=True):
    """How a release is watched, or was. Stored as JSON in `releases.canary`."""

    more_errors: float = 0.02
    """By how much its share of failed calls may be larger, from 0 to 1."""
    slower: float = 0.5
    """By which part its 95th percentile of time may be longer; 0.5 is half as long again."""
    min_calls: int = 100
    """No verdict on fewer of its calls."""
    window_minutes: int = 30
    """Calls of so many minutes count."""
    since_us: int = 0
    before: dict[str, int] = {}
    """The weights that the releases had, to go back to."""
    outcome: Outcome | None = None
    """None while it is watched."""
    reason: str | None = None
    ended_us: int | None = None


class Figures(NamedTuple):
    """How calls went."""

    calls: int
    failed: int
    latency: tuple[int, ...]
    """Calls in each bucket of LATENCY_BOUNDS_US and beyond."""

    def __add__(self, other: object) -> "Figures":
        assert isinstance(other, Figures)
        latency = tuple(one + two for one, two in zip(self.latency, other.latency, strict=True))
        return Figures(self.calls + other.calls, self.failed + other.failed, latency)


NONE = Figures(0, 0, (0,) * (len(LATENCY_BOUNDS_US) + 1))


def worse(canary: Canary, new: Figures, old: Figures) -> str | None:
    """Why the calls have to go back to where they went before; None where there is no reason, or not yet."""
    if new.calls < canary.min_calls:
        return None
    rate, usual = new.failed / new.calls, old.failed / old.calls if old.calls else 0.0
    if rate > usual + canary.more_errors:
        return f"{rate:.1%} of {new.calls} calls failed, against {usual:.1%} of {old.calls}"
    time, before = percentile_us(new.latency), percentile_us(old.latency)
    if time is not None and before is not None and time > before * (1 + canary.slower):
        return f"95% of {new.calls} calls took up to {time / 1e6:.3f} s, against {before / 1e6:.3f} s of {old.calls}"
    return None


def percentile_us(latency: Sequence[int]) -> float | None:
    """Where 95 % of the calls had ended, with calls spread evenly within a bucket; None for no calls."""
    total = sum(latency)
    if not total:
        return None
    need = total * _PART
    ends = list(accumulate(latency))
    number = bisect_left(ends, need)
    lower = LATENCY_BOUNDS_US[number - 1] if number else 0
    # Of the last bucket nobody knows the end.
    upper = LATENCY_BOUNDS_US[number] if number < len(LATENCY_BOUNDS_US) else 2 * lower
    begun = ends[number - 1] if number else 0
    return lower + (upper - lower) * (need - begun) / latency[number]


def stored(canary: Canary) -> str:
    """As it stands in its column."""
    return msgspec.json.encode(canary).decode()


def opened(text: str | None) -> Canary | None:
    """From its column."""
    return None if text is None else msgspec.json.decode(text, type=Canary)
