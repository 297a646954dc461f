"""Test calls of the admin API: what control needs of whoever makes them, since it does not know the gate."""

from typing import NamedTuple, Protocol

from torana.core.secret import Secret
from torana.core.snapshot import Account


class Probed(NamedTuple):
    """What came of a test call."""

    ok: bool
    says: str
    cause: str | None = None
    """What is wrong, in a word that `torana vendors test` uses too."""
    status: int | None = None


class Prober(Protocol):
    """Calls a provider account as a gate would."""

    async def probe(self, account: Account, key: Secret | None, model: str, *, embeds: bool) -> Probed:
        """One cheap call. Does not raise for whatever the vendor does."""
        ...
