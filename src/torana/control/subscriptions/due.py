"""What time does to subscriptions: they expire, they are suspended when nobody confirms them, and people are told a week before.

Gates keep to an end by themselves (core/snapshot.py `App.ends`), so that what is given ends in time; this brings the records after.
"""

from typing import Any

import msgspec

from torana.control.access.actor import SYSTEM
from torana.control.approvals import service as approvals
from torana.control.audit import service as audit
from torana.control.publish.publish import Publisher
from torana.control.subscriptions import repository
from torana.control.subscriptions.news import tell_both
from torana.control.subscriptions.repository import Subscription
from torana.control.subscriptions.shapes import shown
from torana.control.subscriptions.states import Move, moved
from torana.stores.sql.engine import Connection, reading

WARN_US = 7 * 86_400_000_000
"""How long before an end people are told."""
MOST_AT_ONCE = 200
"""In one transaction, so that nobody else waits long for theirs."""
SECONDS = 5.0

_ENDS: tuple[tuple[str, Move, str, str, str], ...] = (
    ("expires_us", "expire", "expired", "expiring", "It has reached its end."),
    ("review_us", "suspend", "suspended", "review_due", "Nobody has confirmed that it is still needed."),
)
"""Of each column: the move when its time has come, what people are then told, what they are told before, and why."""


async def run_once(publisher: Publisher, now_us: int) -> int:
    """Do all that is due at `now_us`; how much that was. Several nodes may do so at once: each thing is done once."""
    done = 0
    while True:
        async with reading(publisher.engine) as connection:
            if not await _anything(connection, now_us):
                return done
        async with publisher.change() as connection:
            done += await _some(publisher, connection, now_us)


async def _anything(connection: Connection, now_us: int) -> bool:
    for column, *_ in _ENDS:
        if await repository.due(connection, column, now_us, 1, unwarned=False):
            return True
        if await repository.due(connection, column, now_us + WARN_US, 1, unwarned=True):
            return True
    return False


async def _some(publisher: Publisher, connection: Connection, now_us: int) -> int:
    done = 0
    for column, move, event, warning, why in _ENDS:
        for one in await repository.due(connection, column, now_us, MOST_AT_ONCE, unwarned=False):
            await _end(publisher, connection, one, move, event, why, now_us)
            done += 1
        for one in await repository.due(connection, column, now_us + WARN_US, MOST_AT_ONCE, unwarned=True):
            await repository.change(connection, one.id, warned_us=now_us)
            await tell_both(connection, warning, await shown(connection, one), at_us=getattr(one, column))
            done += 1
    return done


async def _end(
    publisher: Publisher, connection: Connection, one: Subscription, move: Move, event: str, why: str, now_us: int
) -> None:
    before = await shown(connection, one)
    state: Any = one.state
    columns: dict[str, Any] = {"state": moved(move, state, one.id), "changed_us": now_us, "asked": None}
    await approvals.withdraw_all(connection, "subscription", one.id)
    await repository.change(connection, one.id, **columns)
    after = await shown(connection, msgspec.structs.replace(one, **columns))
    await audit.note(
        connection,
        publisher.master,
        SYSTEM,
        f"subscription.{move}",
        "subscription",
        one.id,
        name=f"{after.app.name} → {after.service.name}",
        team_id=one.team_id,
        before=before.model_dump(mode="json"),
        after={**after.model_dump(mode="json"), "why": why},
    )
    await tell_both(connection, event, after, why=why)
