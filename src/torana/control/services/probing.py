"""Test calls of the admin API: what control needs of whoever makes them, since it does not know the gate."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

from torana.core.secret import Secret
from torana.core.snapshot import Account


class Found(Protocol):
    """What came of a test call."""

    @property
    def cause(self) -> str | None:
        """What is wrong, in a word of `torana vendors test`; None where all is well."""

    @property
    def says(self) -> str:
        """What happened, in a sentence."""

    @property
    def status(self) -> int | None:
        """Of the vendor's reply."""


class Probed(NamedTuple):
    """What control itself says of one."""

    cause: str | None
    says: str
    status: int | None = None


Prober = Callable[[Account, Secret | None, str, bool], Awaitable[Found]]
"""One cheap call to an account with this credential and model, and whether it makes vectors. No fault of a vendor is raised."""
