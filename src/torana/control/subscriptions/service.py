"""Subscriptions: which app may call which service."""

from collections.abc import Collection
from typing import Literal

from torana.control.apps.service import App
from torana.control.services.repository import EVERYBODY
from torana.control.services.service import Service
from torana.control.sharing import repository as sharing
from torana.control.subscriptions import repository
from torana.control.subscriptions.repository import Subscription
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id
from torana.stores.sql.engine import Connection

__all__ = ["Subscription", "may_subscribe", "subscribe", "unsubscribe"]

State = Literal["requested", "approved", "rejected", "suspended", "cancelled", "expired"]


def may_subscribe(team_id: str, service: Service, shared_with: Collection[str]) -> bool:
    """Whether a service is offered to this team's apps at all. In SQL the same is `seen_by`."""
    if service.team_id == team_id or service.visibility in EVERYBODY:
        return True
    return service.visibility == "teams" and team_id in shared_with


async def subscribe(connection: Connection, app: App, service: Service, state: State = "approved") -> Subscription:
    """Make or change an app's subscription. Another team's own service does not exist. Raises Refusal `not_found`."""
    if not may_subscribe(app.team_id, service, await sharing.shared_with(connection, service.id)):
        raise Refusal("not_found", noun="service", name=service.name)
    held = await repository.find(connection, app.id, service.id)
    if held is not None:
        await repository.change(connection, held.id, state=state)
        return held
    subscription = Subscription(
        id=new_id("subscription"),
        team_id=app.team_id,
        app_id=app.id,
        service_id=service.id,
        state=state,
        created_us=epoch_us(),
        service_team_id=service.team_id,
    )
    await repository.add(connection, subscription)
    return subscription


async def unsubscribe(connection: Connection, app: App, service: Service) -> None:
    """End an app's subscription; does nothing when there is none."""
    await repository.remove(connection, app.id, service.id)
