"""Subscriptions: which app may call which service."""

from typing import Literal

from torana.control.apps.service import App
from torana.control.services.service import Service
from torana.control.subscriptions import repository
from torana.control.subscriptions.repository import Subscription
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id
from torana.stores.sql.engine import Connection

__all__ = ["Subscription", "listed", "may_subscribe", "subscribe", "unsubscribe"]

State = Literal["requested", "approved", "rejected", "suspended", "cancelled", "expired"]

listed = repository.listed


def may_subscribe(team_id: str, service: Service) -> bool:
    """Whether a service is offered to this team's apps at all."""
    return service.team_id == team_id or service.visibility == "organisation"


async def subscribe(connection: Connection, app: App, service: Service, state: State = "approved") -> Subscription:
    """Make or change an app's subscription. Another team's own service does not exist. Raises Refusal `not_found`."""
    if not may_subscribe(app.team_id, service):
        raise Refusal("not_found", noun="service", name=service.name)
    held = await repository.find(connection, app.id, service.id)
    if held is not None:
        await repository.set_state(connection, held.id, state)
        return Subscription(held.id, held.team_id, held.app_id, held.service_id, state, held.created_us)
    subscription = Subscription(new_id("subscription"), app.team_id, app.id, service.id, state, epoch_us())
    await repository.add(connection, subscription)
    return subscription


async def unsubscribe(connection: Connection, app: App, service: Service) -> None:
    """End an app's subscription; does nothing when there is none."""
    await repository.remove(connection, app.id, service.id)
