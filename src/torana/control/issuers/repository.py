"""Issuers in SQL."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Select, delete, func, insert, or_, select, update

from torana.control.access.scope import Scope, within
from torana.stores.sql.engine import Connection
from torana.stores.sql.issuer_tables import issuers, key_uses
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.paging import PageAsked, page
from torana.stores.sql.tables import teams


class Issuer(msgspec.Struct, frozen=True):
    """Somebody whose tokens stand for apps. The fields are the columns of the table `issuers`."""

    id: str
    team_id: str | None
    name: str
    issuer: str
    audiences: str
    claim: str
    apps: str
    jwks_uri: str | None
    jwks: str | None
    created_us: int
    fetched_us: int | None = None
    tried_us: int | None = None
    problem: str | None = None


class Named(NamedTuple):
    """An issuer with its team's name."""

    issuer: Issuer
    team: str | None
    last_used_us: int | None = None


async def add(connection: Connection, issuer: Issuer) -> None:
    """Store a new issuer."""
    await connection.execute(insert(issuers).values(msgspec.structs.asdict(issuer)))


async def listed(connection: Connection) -> list[Issuer]:
    """All issuers, in a fixed order."""
    rows = await connection.execute(select(*columns_of(issuers, Issuer)).order_by(issuers.c.id))
    return [Issuer(*row) for row in rows]


async def by_name(connection: Connection, team_id: str | None, name: str) -> Issuer | None:
    """The issuer of this name, of a team or of the platform."""
    owner = issuers.c.team_id.is_(None) if team_id is None else issuers.c.team_id == team_id
    rows = await connection.execute(select(*columns_of(issuers, Issuer)).where(owner, issuers.c.name == name))
    row = rows.one_or_none()
    return None if row is None else Issuer(*row)


async def count(connection: Connection, issuer: str) -> int:
    """How many there are with this `iss`, of whomever."""
    statement = select(func.count()).select_from(issuers).where(issuers.c.issuer == issuer)
    return int((await connection.execute(statement)).scalar_one())


async def find(connection: Connection, scope: Scope, issuer_id: str) -> Named | None:
    """The issuer with this id, if the scope may see it."""
    rows = await connection.execute(within(_named().where(issuers.c.id == issuer_id), issuers, scope))
    row = rows.one_or_none()
    return None if row is None else _made(row)


async def paged(
    connection: Connection, scope: Scope, asked: PageAsked, team: str | None
) -> tuple[list[Named], str | None]:
    """A page of the scope's issuers, perhaps of one team (id or name) only. Raises Refusal."""
    statement = within(_named(), issuers, scope)
    if team is not None:
        statement = statement.where(or_(teams.c.id == team, teams.c.name == team))
    sorts = {"name": issuers.c.name, "created_us": issuers.c.created_us}
    rows, following = await page(connection, statement, asked, sorts, issuers.c.id, "name")
    return [_made(row) for row in rows], following


async def change(connection: Connection, issuer_id: str, values: Mapping[str, Any]) -> None:
    """Set columns of one issuer."""
    await connection.execute(update(issuers).where(issuers.c.id == issuer_id).values(**values))


async def remove(connection: Connection, issuer_id: str) -> None:
    """Delete an issuer."""
    await connection.execute(delete(issuers).where(issuers.c.id == issuer_id))


def _named() -> Select[Any]:
    return (
        select(*columns_of(issuers, Issuer), teams.c.name, key_uses.c.last_us)
        .outerjoin(teams, teams.c.id == issuers.c.team_id)
        .outerjoin(key_uses, key_uses.c.key_id == issuers.c.id)
    )


def _made(row: Any) -> Named:
    return Named(Issuer(*row[:-2]), *row[-2:])
