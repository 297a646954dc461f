"""Adds to the audit trail, in the transaction that makes the change: there is no change without its entry."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from torana.control.access.actor import Actor
from torana.control.audit import repository
from torana.control.audit.entry import FIRST, Entry, sealed
from torana.core.ids import epoch_us
from torana.core.secret import MASK
from torana.stores.secrets.master import MasterKey
from torana.stores.sql.engine import Connection

_SECRET = ("password", "secret", "token", "value", "digest", "api_key", "sealed_key", "sealed_secret")
_MOST_REASON = 2000
_MOST_NAME = 300
_MANY = 1_000


class Noted(msgspec.Struct, frozen=True):
    """One thing that was done. `action` is `<noun>.<verb>`; `before` and `after` are what the API shows of the thing."""

    action: str
    noun: str
    noun_id: str | None
    name: str | None = None
    team_id: str | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


async def note(
    connection: Connection,
    master: MasterKey,
    actor: Actor,
    action: str,
    noun: str,
    noun_id: str | None,
    *,
    name: str | None = None,
    team_id: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> Entry:
    """Add an entry. `action` is `<noun>.<verb>`; `before` and `after` are what the API shows of the thing; secrets are masked."""
    noted = Noted(action, noun, noun_id, name, team_id, before, after)
    return (await note_all(connection, master, actor, [noted], reason=reason))[0]


async def note_all(
    connection: Connection, master: MasterKey, actor: Actor, noted: Sequence[Noted], *, reason: str | None = None
) -> list[Entry]:
    """Add entries of one change, in this order."""
    if not noted:
        return []
    newest = await repository.last(connection)
    behind = (0, FIRST) if newest is None else newest
    if len(noted) > _MANY:
        # An apply of a hundred thousand keys: others are answered meanwhile.
        entries = await asyncio.to_thread(_chained, behind, master, actor, noted, reason)
    else:
        entries = _chained(behind, master, actor, noted, reason)
    await repository.add(connection, entries)
    return entries


def _chained(
    behind: tuple[int, bytes], master: MasterKey, actor: Actor, noted: Sequence[Noted], reason: str | None
) -> list[Entry]:
    (seq, previous), at_us = behind, epoch_us()
    entries: list[Entry] = []
    for one in noted:
        seq += 1
        entry = Entry(
            seq=seq,
            at_us=at_us,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_name=actor.name,
            via=actor.via,
            action=one.action,
            noun=one.noun,
            noun_id=one.noun_id,
            noun_name=one.name[:_MOST_NAME] if one.name else one.name,
            team_id=one.team_id,
            before=_masked(one.before),
            after=_masked(one.after),
            reason=reason[:_MOST_REASON] if reason else None,
            address=actor.address,
            agent=actor.agent,
            previous=previous,
        )
        entry = sealed(entry, master.audit_digest)
        previous = entry.hash
        entries.append(entry)
    return entries


def _masked(shown: Mapping[str, Any] | None) -> str | None:
    if shown is None:
        return None
    return msgspec.json.encode({name: _without(name, value) for name, value in shown.items()}).decode()


def _without(name: str, value: Any) -> Any:
    if name in _SECRET and value is not None:
        return MASK
    if isinstance(value, Mapping):
        return {inner: _without(str(inner), one) for inner, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without(name, one) for one in value]
    return value
