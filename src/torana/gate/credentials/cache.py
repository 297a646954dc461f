"""Which account has a good token, and who has to fetch one."""

from collections.abc import Collection, Iterator
from typing import Literal, NamedTuple

from torana.core.secret import Secret
from torana.gate.credentials.tokens import Token
from torana.kit.backoff import backoff

MARGIN_SECONDS = 60.0
"""A token is renewed this long before it expires: calls that have begun with it may still be under way."""
FLIGHT_SECONDS = 30.0
"""After which a fetch that neither got nor failed counts as lost, and another one may begin."""
_FIRST_WAIT_SECONDS = 1.0
_MOST_WAIT_SECONDS = 60.0


class Answer(NamedTuple):
    """What to do for a call to an account."""

    do: Literal["use", "fetch", "wait", "give_up"]
    """use: send `token`. fetch: the one who asked is to fetch one, then to say `got` or `failed`. wait: another is fetching.
    give_up: fetching has failed, for `reason`, and is not tried again before `again`."""
    token: Secret | None = None
    """With `fetch` too, where the present one is still good: the call need not wait for the new one."""
    reason: str = ""
    again: float = 0.0
    """Seconds since 1970."""


class _Entry:
    __slots__ = ("again", "flight_ends", "reason", "token", "waits")

    def __init__(self) -> None:
        self.token: Token | None = None
        self.flight_ends: float | None = None
        self.reason = ""
        self.again = 0.0
        self.waits: Iterator[float] | None = None


class Tokens:
    """The tokens of one process. `account` is a key that changes whenever an account's credentials do."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    def ask(self, account: str, now: float) -> Answer:
        """What to do for a call now (seconds since 1970). Of all who ask, one at a time is told to fetch."""
        entry = self._entries.get(account)
        if entry is None:
            entry = self._entries[account] = _Entry()
        token = entry.token
        left = -1.0 if token is None else token.expires - now
        good = token.text if token is not None and left > 0 else None
        if good is not None and left > MARGIN_SECONDS:
            return Answer("use", good)
        if entry.flight_ends is not None and now < entry.flight_ends:
            return Answer("wait") if good is None else Answer("use", good)
        if now < entry.again:
            return Answer("give_up", None, entry.reason, entry.again) if good is None else Answer("use", good)
        entry.flight_ends = now + FLIGHT_SECONDS
        return Answer("fetch", good)

    def got(self, account: str, token: Token) -> None:
        """The fetch has brought a token."""
        entry = self._entries.setdefault(account, _Entry())
        entry.token = token
        entry.flight_ends = entry.waits = None
        entry.reason, entry.again = "", 0.0

    def failed(self, account: str, reason: str, now: float) -> None:
        """The fetch has failed, for a reason that may be shown: the next waits, longer after each failure."""
        entry = self._entries.setdefault(account, _Entry())
        if entry.waits is None:
            entry.waits = backoff(_FIRST_WAIT_SECONDS, _MOST_WAIT_SECONDS)
        entry.flight_ends = None
        entry.reason, entry.again = reason, now + next(entry.waits)

    def refuse(self, account: str, token: Secret) -> None:
        """The vendor did not accept this token: it is used no more, unless it has been replaced already."""
        entry = self._entries.get(account)
        if entry is not None and entry.token is not None and entry.token.text == token:
            entry.token = None

    def keep(self, accounts: Collection[str]) -> None:
        """Forget all other accounts."""
        for account in [account for account in self._entries if account not in accounts]:
            del self._entries[account]
