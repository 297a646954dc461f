"""Reads everything that a file can declare in a few statements, and writes changes in bulk, inside the caller's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, insert, select, update

from torana.stores.sql import issuer_tables, lifecycle_tables, people_tables, tables
from torana.stores.sql.engine import Connection
from torana.stores.sql.metadata import Table

Row = Mapping[str, Any]

_CHUNK = 5_000

_TABLES: dict[str, Table] = {
    "provider": tables.providers,
    "team": tables.teams,
    "service": tables.services,
    "deployment": tables.deployments,
    "alias": tables.aliases,
    "sharing": lifecycle_tables.service_teams,
    "plan": lifecycle_tables.plans,
    "app": tables.apps,
    "subscription": tables.subscriptions,
    "key": tables.keys,
    "limit": tables.limits,
    "price": tables.prices,
    "role": people_tables.roles,
    "webhook": lifecycle_tables.webhooks,
    "issuer": issuer_tables.issuers,
    "delivery": lifecycle_tables.deliveries,
    "declared": tables.declared,
}


class Stored(msgspec.Struct, frozen=True):
    """All rows that a plan looks at. Prices of teams are not among them: a file cannot declare those."""

    providers: Sequence[Row]
    teams: Sequence[Row]
    services: Sequence[Row]
    deployments: Sequence[Row]
    aliases: Sequence[Row]
    shared: Sequence[Row]
    plans: Sequence[Row]
    apps: Sequence[Row]
    subscriptions: Sequence[Row]
    keys: Sequence[Row]
    limits: Sequence[Row]
    prices: Sequence[Row]
    roles: Sequence[Row]
    webhooks: Sequence[Row]
    issuers: Sequence[Row]
    identity_providers: Sequence[Row]
    group_roles: Sequence[Row]
    declared: frozenset[str]


async def load(connection: Connection) -> Stored:
    """Everything, as it is in this transaction."""

    async def rows(table: Table, *conditions: Any) -> Sequence[Row]:
        found = await connection.execute(select(table).where(*conditions))
        names = table.c.keys()
        return [dict(zip(names, row, strict=True)) for row in found.all()]

    return Stored(
        providers=await rows(tables.providers),
        teams=await rows(tables.teams),
        services=await rows(tables.services),
        deployments=sorted(await rows(tables.deployments), key=lambda row: (row["service_id"], row["position"])),
        aliases=await rows(tables.aliases),
        shared=await rows(lifecycle_tables.service_teams),
        plans=await rows(lifecycle_tables.plans),
        apps=await rows(tables.apps),
        subscriptions=await rows(tables.subscriptions),
        keys=await rows(tables.keys),
        limits=await rows(tables.limits),
        prices=await rows(tables.prices, tables.prices.c.team_id.is_(None), tables.prices.c.valid_from_us == 0),
        roles=await rows(people_tables.roles),
        webhooks=await rows(lifecycle_tables.webhooks),
        issuers=await rows(issuer_tables.issuers),
        identity_providers=await rows(people_tables.identity_providers),
        group_roles=await rows(people_tables.group_roles),
        declared=frozenset(await connection.scalars(select(tables.declared.c.id))),
    )


async def add(connection: Connection, kind: str, rows: Sequence[Row]) -> None:
    """Insert rows, which all have the same columns."""
    for start in range(0, len(rows), _CHUNK):
        await connection.execute(insert(_TABLES[kind]), [dict(row) for row in rows[start : start + _CHUNK]])


async def change(connection: Connection, kind: str, rows: Sequence[Row]) -> None:
    """Update rows by their `id`; all have the same columns."""
    if not rows:
        return
    table = _TABLES[kind]
    names = [name for name in rows[0] if name != "id"]
    statement = (
        update(table)
        .where(table.c.id == bindparam("row_id"))
        .values({name: bindparam(f"new_{name}") for name in names})
    )
    values = [{"row_id": row["id"], **{f"new_{name}": row[name] for name in names}} for row in rows]
    for start in range(0, len(values), _CHUNK):
        await connection.execute(statement, values[start : start + _CHUNK])


async def remove(connection: Connection, kind: str, ids: Iterable[str], column: str = "id") -> None:
    """Delete rows by `id`, or by another column."""
    table = _TABLES[kind]
    values = [{"gone": one} for one in ids]
    for start in range(0, len(values), _CHUNK):
        await connection.execute(
            delete(table).where(table.c[column] == bindparam("gone")), values[start : start + _CHUNK]
        )


async def clear(connection: Connection, kind: str, column: str, values: Iterable[str]) -> None:
    """Take these values out of a column that may be empty."""
    table = _TABLES[kind]
    statement = update(table).where(table.c[column] == bindparam("gone")).values({column: None})
    if gone := [{"gone": one} for one in values]:
        await connection.execute(statement, gone)
