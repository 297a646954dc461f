"""Subscriptions in SQL."""

import msgspec
from sqlalchemy import delete, insert, select, update

from torana.control.access.scope import Scope, within
from torana.stores.sql.engine import Connection
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.tables import subscriptions


class Subscription(msgspec.Struct, frozen=True):
    """That an app may, or wants to, call a service."""

    id: str
    team_id: str
    """The app's team."""
    app_id: str
    service_id: str
    state: str
    """`requested`, `approved`, `rejected`, `suspended`, `cancelled` or `expired`."""
    created_us: int


async def add(connection: Connection, subscription: Subscription) -> None:
    """Store a new subscription."""
    await connection.execute(insert(subscriptions).values(msgspec.structs.asdict(subscription)))


async def find(connection: Connection, app_id: str, service_id: str) -> Subscription | None:
    """The app's subscription of a service."""
    rows = await connection.execute(
        select(*columns_of(subscriptions, Subscription)).where(
            subscriptions.c.app_id == app_id, subscriptions.c.service_id == service_id
        )
    )
    row = rows.one_or_none()
    return None if row is None else Subscription(*row)


async def listed(connection: Connection, scope: Scope, app_id: str | None = None) -> list[Subscription]:
    """The scope's subscriptions, or one app's, oldest first."""
    statement = select(*columns_of(subscriptions, Subscription)).order_by(
        subscriptions.c.created_us, subscriptions.c.id
    )
    if app_id is not None:
        statement = statement.where(subscriptions.c.app_id == app_id)
    rows = await connection.execute(within(statement, subscriptions, scope))
    return [Subscription(*row) for row in rows]


async def set_state(connection: Connection, subscription_id: str, state: str) -> None:
    """Change a subscription's state."""
    await connection.execute(update(subscriptions).where(subscriptions.c.id == subscription_id).values(state=state))


async def remove(connection: Connection, app_id: str, service_id: str) -> None:
    """Delete the app's subscription of a service."""
    await connection.execute(
        delete(subscriptions).where(subscriptions.c.app_id == app_id, subscriptions.c.service_id == service_id)
    )
