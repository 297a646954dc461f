"""Limits of a plan, stored as torana.yaml spells them, in JSON: `[{"requests": 600, "per": "minute"}, {"concurrency": 20}]`."""

from collections.abc import Iterable

import msgspec

from torana.control.declaration.limits import PERIODS
from torana.control.policies.service import LimitDraft

PERIOD_NAMES = {seconds: name for name, seconds in PERIODS.items()}


class _Stored(msgspec.Struct, omit_defaults=True):
    requests: int | None = None
    per: str | None = None
    concurrency: int | None = None


_decode = msgspec.json.Decoder(list[_Stored]).decode


def encoded_limits(limits: Iterable[LimitDraft]) -> str:
    """Limits as they are stored."""
    rows = [
        _Stored(concurrency=limit.amount)
        if limit.kind == "concurrency"
        else _Stored(requests=limit.amount, per=PERIOD_NAMES[limit.period_seconds])
        for limit in limits
    ]
    return msgspec.json.encode(rows).decode()


def stored_limits(text: str) -> tuple[LimitDraft, ...]:
    """Limits from how they are stored."""
    return tuple(
        LimitDraft("concurrency", one.concurrency)
        if one.concurrency is not None
        else LimitDraft("requests", one.requests or 0, PERIODS[one.per or "minute"])
        for one in _decode(text)
    )
