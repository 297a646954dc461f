"""Adds to the audit trail, in the transaction that makes the change: there is no change without its entry."""

from collections.abc import Mapping
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
    newest = await repository.last(connection)
    seq, previous = (0, FIRST) if newest is None else newest
    entry = Entry(
        seq=seq + 1,
        at_us=epoch_us(),
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        via=actor.via,
        action=action,
        noun=noun,
        noun_id=noun_id,
        noun_name=name,
        team_id=team_id,
        before=_masked(before),
        after=_masked(after),
        reason=reason[:_MOST_REASON] if reason else None,
        address=actor.address,
        agent=actor.agent,
        previous=previous,
    )
    entry = sealed(entry, master.audit_digest)
    await repository.add(connection, entry)
    return entry


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
