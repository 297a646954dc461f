"""Subscriptions of services that are not offered to their teams any more: they end, and both sides are told."""

from typing import Any

import msgspec

from torana.control.access.actor import Actor
from torana.control.approvals import service as approvals
from torana.control.audit import service as audit
from torana.control.services.repository import Service
from torana.control.sharing import repository as sharing
from torana.control.subscriptions import repository
from torana.control.subscriptions.news import tell_both
from torana.control.subscriptions.service import may_subscribe
from torana.control.subscriptions.shapes import shown
from torana.control.subscriptions.states import Move, moved
from torana.core.ids import epoch_us
from torana.stores.secrets.master import MasterKey
from torana.stores.sql.engine import Connection

WHY = "The service is not offered to this team any more."


async def end_unseen(
    connection: Connection, master: MasterKey, actor: Actor, service: Service, reason: str | None
) -> int:
    """End the subscriptions of those who no longer see a service; how many there were. `reason` is the actor's."""
    shared = await sharing.shared_with(connection, service.id)
    live = await repository.of_service(connection, service.id, ("requested", "approved", "suspended"))
    gone = [one for one in live if not may_subscribe(one.team_id, service, shared)]
    for one in gone:
        before = await shown(connection, one)
        await approvals.withdraw_all(connection, "subscription", one.id)
        state: Any = one.state
        move: Move = "cancel_suspended" if state == "suspended" else "cancel"
        columns: dict[str, Any] = {"state": moved(move, state, one.id), "changed_us": epoch_us(), "asked": None}
        await repository.change(connection, one.id, **columns)
        after = await shown(connection, msgspec.structs.replace(one, **columns))
        await audit.note(
            connection,
            master,
            actor,
            "subscription.cancel",
            "subscription",
            one.id,
            name=f"{after.app.name} → {after.service.name}",
            team_id=one.team_id,
            before=before.model_dump(mode="json"),
            after={**after.model_dump(mode="json"), "why": WHY},
            reason=reason,
        )
        await tell_both(connection, "cancelled", after, by=actor.id, why=WHY)
    return len(gone)
