"""Limits and prices in SQL."""

from collections.abc import Collection

import msgspec
from sqlalchemy import delete, insert, select

from torana.stores.sql.engine import Connection
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.tables import limits, prices


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
