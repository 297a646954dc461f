"""Webhooks and their deliveries in SQL."""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, delete, func, insert, or_, select, update

from torana.control.access.scope import Scope, within
from torana.control.notices.repository import Delivery
from torana.stores.sql.engine import Connection
from torana.stores.sql.lifecycle_tables import deliveries, webhooks
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.paging import PageAsked, page


class Webhook(msgspec.Struct, frozen=True):
    """Where to tell whom of what. The fields are the columns of the table `webhooks`."""

    id: str
    team_id: str | None
    name: str
    url: str
    sealed_secret: bytes
    events: str
    """A JSON array; empty is all."""
    created_us: int
    disabled_us: int | None


async def add(connection: Connection, webhook: Webhook) -> None:
    """Store a new webhook."""
    await connection.execute(insert(webhooks).values(msgspec.structs.asdict(webhook)))


async def change(connection: Connection, webhook: Webhook) -> None:
    """Bring a stored webhook to this."""
    values = msgspec.structs.asdict(webhook)
    await connection.execute(update(webhooks).where(webhooks.c.id == webhook.id).values(values))


async def remove(connection: Connection, webhook_id: str) -> None:
    """Delete a webhook and what was to be told to it."""
    await connection.execute(delete(deliveries).where(deliveries.c.target == webhook_id))
    await connection.execute(delete(webhooks).where(webhooks.c.id == webhook_id))


async def by_id(connection: Connection, webhook_id: str, *, locked: bool = False) -> Webhook | None:
    """The webhook of this id, for who delivers; `locked` keeps it from others until the transaction ends."""
    statement = select(*columns_of(webhooks, Webhook)).where(webhooks.c.id == webhook_id)
    row = (await connection.execute(statement.with_for_update() if locked else statement)).one_or_none()
    return None if row is None else Webhook(*row)


async def find(connection: Connection, scope: Scope, reference: str) -> list[Webhook]:
    """The scope's webhooks of this id or name."""
    statement = select(*columns_of(webhooks, Webhook)).where(
        or_(webhooks.c.id == reference, webhooks.c.name == reference)
    )
    return [Webhook(*row) for row in await connection.execute(within(statement, webhooks, scope).limit(3))]


async def named(connection: Connection, team_id: str | None, name: str) -> Webhook | None:
    """The webhook of this name of this team, or of the platform."""
    rows = await connection.execute(
        select(*columns_of(webhooks, Webhook)).where(webhooks.c.team_id == team_id, webhooks.c.name == name)
    )
    row = rows.one_or_none()
    return None if row is None else Webhook(*row)


async def count(connection: Connection, team_id: str | None) -> int:
    """How many webhooks this team, or the platform, has."""
    return int(await connection.scalar(select(func.count()).where(webhooks.c.team_id == team_id)) or 0)


async def paged(
    connection: Connection, scope: Scope, asked: PageAsked, team_id: str | None
) -> tuple[list[Webhook], str | None]:
    """A page of the scope's webhooks, and the cursor of the next. Raises Refusal."""
    statement = within(select(*columns_of(webhooks, Webhook)), webhooks, scope)
    if team_id is not None:
        statement = statement.where(webhooks.c.team_id == team_id)
    sorts: dict[str, Any] = {"name": webhooks.c.name, "created_us": webhooks.c.created_us}
    rows, following = await page(connection, statement, asked, sorts, webhooks.c.id, "name")
    return [Webhook(*row) for row in rows], following


async def delivered(
    connection: Connection, webhook_id: str, asked: PageAsked, state: str | None
) -> tuple[list[Delivery], str | None]:
    """A page of what was, or is to be, told to a webhook, and the cursor of the next. Raises Refusal."""
    statement = select(*columns_of(deliveries, Delivery)).where(deliveries.c.target == webhook_id)
    if state is not None:
        statement = statement.where(*_STATES[state])
    sorts: dict[str, Any] = {"created_us": deliveries.c.created_us}
    rows, following = await page(connection, statement, asked, sorts, deliveries.c.id, "-created_us")
    return [Delivery(*row) for row in rows], following


async def delivery(connection: Connection, webhook_id: str, delivery_id: str) -> Delivery | None:
    """One delivery of a webhook."""
    rows = await connection.execute(
        select(*columns_of(deliveries, Delivery)).where(
            deliveries.c.id == delivery_id, deliveries.c.target == webhook_id
        )
    )
    row = rows.one_or_none()
    return None if row is None else Delivery(*row)


async def again(connection: Connection, delivery_id: str, now_us: int) -> None:
    """Have a delivery tried again from the beginning."""
    await connection.execute(
        update(deliveries).where(deliveries.c.id == delivery_id).values(attempts=0, next_us=now_us, done_us=None)
    )


_STATES: dict[str, tuple[ColumnElement[bool], ...]] = {
    "waiting": (deliveries.c.done_us.is_(None),),
    "delivered": (deliveries.c.done_us.is_not(None), deliveries.c.error.is_(None)),
    "failed": (deliveries.c.done_us.is_not(None), deliveries.c.error.is_not(None)),
}
