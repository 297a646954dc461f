"""Limits and prices in SQL."""

from collections.abc import Collection

import msgspec
from sqlalchemy import delete, insert, select

from torana.control.access.scope import Scope, within
from torana.stores.sql import tables
from torana.stores.sql.engine import Connection
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.paging import PageAsked, page
from torana.stores.sql.tables import limits, prices

_OWNERS = {"app": tables.apps, "key": tables.keys, "service": tables.services}


class Limit(msgspec.Struct, frozen=True):
    """A limit of one thing."""

    id: str
    team_id: str | None
    owner_kind: str
    """`team`, `app`, `key` or `service`."""
    owner_id: str
    kind: str
    """`requests` or `concurrency`."""
    amount: int
    period_seconds: int
    """0 for concurrency."""


class Price(msgspec.Struct, frozen=True):
    """What an operator says a model costs, in dollars per million tokens as decimal text; None is unknown."""

    id: str
    team_id: str | None
    vendor: str | None
    """Either a vendor …"""
    provider_id: str | None
    """… or one provider account."""
    model: str
    valid_from_us: int
    input_usd: str | None
    cached_input_usd: str | None
    output_usd: str | None
    reasoning_usd: str | None
    created_us: int


async def add_limits(connection: Connection, added: list[Limit]) -> None:
    """Store new limits."""
    if added:
        await connection.execute(insert(limits), [msgspec.structs.asdict(limit) for limit in added])


async def remove_limits(connection: Connection, owner_ids: Collection[str]) -> None:
    """Delete the limits of these owners."""
    await connection.execute(delete(limits).where(limits.c.owner_id.in_(owner_ids)))


async def listed_limits(connection: Connection, owner_ids: Collection[str] | None = None) -> list[Limit]:
    """The limits of these owners, or all, in a fixed order."""
    statement = select(*columns_of(limits, Limit)).order_by(
        limits.c.owner_id, limits.c.kind.desc(), limits.c.period_seconds
    )
    if owner_ids is not None:
        statement = statement.where(limits.c.owner_id.in_(owner_ids))
    return [Limit(*row) for row in await connection.execute(statement)]


async def add_price(connection: Connection, price: Price) -> None:
    """Store a new price."""
    await connection.execute(insert(prices).values(msgspec.structs.asdict(price)))


async def remove_price(connection: Connection, price_id: str) -> None:
    """Delete a price."""
    await connection.execute(delete(prices).where(prices.c.id == price_id))


async def listed_prices(connection: Connection) -> list[Price]:
    """All prices that operators have set, newest validity last."""
    rows = await connection.execute(
        select(*columns_of(prices, Price)).order_by(
            prices.c.vendor, prices.c.provider_id, prices.c.model, prices.c.valid_from_us
        )
    )
    return [Price(*row) for row in rows]


async def owner_team(connection: Connection, scope: Scope, kind: str, owner_id: str) -> tuple[str | None] | None:
    """The team, None for the platform, of a team, app, key or service; None alone when there is none in the scope."""
    if kind == "team":
        known = scope.team_ids is None or owner_id in scope.team_ids
        found = select(tables.teams.c.id).where(tables.teams.c.id == owner_id)
        row = (await connection.execute(found)).one_or_none() if known else None
    else:
        table = _OWNERS[kind]
        statement = select(table.c.team_id).where(table.c.id == owner_id)
        row = (await connection.execute(within(statement, table, scope))).one_or_none()
    return None if row is None else (row[0],)


async def price_by_id(connection: Connection, scope: Scope, price_id: str) -> Price | None:
    """The price with this id, if it is in the scope or the platform's."""
    statement = select(*columns_of(prices, Price)).where(prices.c.id == price_id)
    row = (await connection.execute(within(statement, prices, scope, platform_too=True))).one_or_none()
    return None if row is None else Price(*row)


async def prices_page(
    connection: Connection, scope: Scope, asked: PageAsked, model: str | None
) -> tuple[list[Price], str | None]:
    """A page of the scope's prices and the platform's, and the cursor of the next. Raises Refusal."""
    statement = within(select(*columns_of(prices, Price)), prices, scope, platform_too=True)
    if model is not None:
        statement = statement.where(prices.c.model == model)
    sorts = {"model": prices.c.model, "created_us": prices.c.created_us}
    rows, following = await page(connection, statement, asked, sorts, prices.c.id, "model")
    return [Price(*row) for row in rows], following
