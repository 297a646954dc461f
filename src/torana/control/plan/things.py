"""The common form in which what exists and what is declared are compared: things with named fields.

Fields hold text made for people (`5 requests per minute`), because that is what a plan shows; a text stands for one meaning
only, so comparing texts is comparing meanings. Secrets stay wrapped and compare in constant time.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

import msgspec

from torana.control.declaration.limits import PERIODS
from torana.core.secret import Secret

Kind = Literal[
    "provider",
    "team",
    "service",
    "plan",
    "app",
    "subscription",
    "key",
    "price",
    "role",
    "webhook",
    "issuer",
    "identity_provider",
    "group_role",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""In the order of making: each refers only to kinds before it. Removing goes backwards."""

FieldValue = str | Secret | None
"""None is absence."""

_PERIOD_NAMES = {seconds: name for name, seconds in PERIODS.items()}


class Thing(msgspec.Struct, frozen=True):
    """One thing that a file can declare, as it is or as it is to be."""

    kind: Kind
    name: str
    """With the names of its owners: `default/bench/first`."""
    fields: Mapping[str, FieldValue]
    id: str = ""
    """Empty for what does not exist yet."""
    managed: bool = False
    """Whether an apply made it, so that an apply may remove it."""
    needs: tuple[tuple[Kind, str], ...] = ()
    """Things that cannot be removed while this one stays."""


def limit_text(kind: str, amount: int, period_seconds: int) -> str:
    """`5 requests per minute` or `3 at a time`."""
    if kind == "concurrency":
        return f"{amount} at a time"
    return f"{amount} {kind} per {_PERIOD_NAMES.get(period_seconds) or f'{period_seconds} s'}"


def listed(parts: Iterable[str]) -> str | None:
    """Texts of a list in one line; None for an empty list."""
    return ", ".join(parts) or None


def shown(value: FieldValue) -> str:
    """A field's value in a plan; secrets are masked."""
    return "none" if value is None else str(value)


def flag_text(flag: bool) -> str | None:
    """`true`, or None for false."""
    return "true" if flag else None
