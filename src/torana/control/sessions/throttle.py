"""Failed sign-ins delay the next attempt, for an account and for an address: nothing at first, then twice as long each time.

An attempt is counted before the password is compared, and taken back when it was right: many at once are as slow as one after the
other. Unknown accounts are throttled like known ones. From an address where a person has signed in lately their account is counted
apart, so that who guesses from elsewhere cannot lock them out.
"""

import ipaddress
from typing import NamedTuple

from torana.control.sessions import repository
from torana.core.errors import Refusal
from torana.core.ids import epoch_us
from torana.stores.secrets.master import MasterKey
from torana.stores.sql.engine import Connection

FORGET_US = 24 * 3600 * 1_000_000
"""After so long without a failure all is forgotten."""
KNOWN_US = 30 * FORGET_US
"""How long an address counts as known after a sign-in."""


class Rule(NamedTuple):
    """What failures cost."""

    free: int
    """Attempts without a delay."""
    most_seconds: int


ACCOUNT = Rule(free=5, most_seconds=900)
# Many people may share an address.
ADDRESS = Rule(free=50, most_seconds=300)


class Attempt(NamedTuple):
    """What an attempt is counted under."""

    account: bytes
    address: bytes | None


def delay_seconds(failures: int, rule: Rule) -> int:
    """How long after so many failures the next attempt has to wait."""
    if failures < rule.free:
        return 0
    return min(1 << min(failures - rule.free, 20), rule.most_seconds)


async def attempt(
    connection: Connection, master: MasterKey, email: str, address: str | None, user_id: str | None
) -> Attempt:
    """Count an attempt, beforehand, as failed. Raises Refusal `sign_in_throttled` with the time to wait.

    In a transaction of its own: the count stands whatever becomes of the attempt.
    """
    now_us = epoch_us()
    await repository.wait_for_turn(connection)
    await repository.forget_failures(connection, now_us - FORGET_US)
    place = network_of(address)
    known = (
        user_id is not None
        and address is not None
        and await repository.known_address(connection, user_id, address, now_us - KNOWN_US)
    )
    of = Attempt(
        account=_subject(master, "account", email, place if known else ""),
        address=_subject(master, "address", place) if place else None,
    )
    await _count(connection, of, now_us)
    return of


async def succeeded(connection: Connection, of: Attempt) -> None:
    """The attempt was right: the account's failures are forgotten, and this one of the address."""
    await repository.wait_for_turn(connection)
    await repository.set_failures(connection, of.account, 0, 0)
    if of.address is not None and (found := await repository.failures(connection, of.address)):
        await repository.set_failures(connection, of.address, found[0] - 1, found[1])


async def count_address(connection: Connection, master: MasterKey, purpose: str, address: str | None) -> None:
    """Count something else that strangers may do, for an address. Raises Refusal `sign_in_throttled`."""
    now_us = epoch_us()
    await repository.wait_for_turn(connection)
    await _count(connection, Attempt(_subject(master, purpose, network_of(address)), None), now_us)


def network_of(address: str | None) -> str:
    """The address, or of an IPv6 one the /64 that a single customer has."""
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


async def _count(connection: Connection, of: Attempt, now_us: int) -> None:
    counts: dict[bytes, int] = {}
    for subject, rule in ((of.account, ACCOUNT), (of.address, ADDRESS)):
        if subject is None:
            continue
        count, last_us = await repository.failures(connection, subject) or (0, 0)
        left_us = last_us + delay_seconds(count, rule) * 1_000_000 - now_us
        if left_us > 0:
            seconds = -(-left_us // 1_000_000)
            raise Refusal("sign_in_throttled", seconds=seconds, headers=(("retry-after", str(seconds)),))
        counts[subject] = count
    for subject, count in counts.items():
        await repository.set_failures(connection, subject, count + 1, now_us)


def _subject(master: MasterKey, *parts: str) -> bytes:
    return master.key_digest("\0".join(("sign-in", *parts)).encode())
