"""Apps in SQL."""

from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Select, and_, delete, insert, select, update

from torana.control.access.scope import Scope, within
from torana.control.teams.repository import ids_of
from torana.stores.sql.engine import Connection
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.paging import PageAsked, page
from torana.stores.sql.tables import apps, teams


class App(msgspec.Struct, frozen=True):
    """A consumer."""

    id: str
    team_id: str
    name: str
    keep_bodies: bool
    created_us: int


class Named(NamedTuple):
    """An app with its team's name."""

    app: App
    team: str


async def add(connection: Connection, app: App) -> None:
    """Store a new app."""
    await connection.execute(insert(apps).values(msgspec.structs.asdict(app)))


async def by_name(connection: Connection, team_id: str, name: str) -> App | None:
    """The team's app of this name."""
    rows = await connection.execute(
        select(*columns_of(apps, App)).where(apps.c.team_id == team_id, apps.c.name == name)
    )
    row = rows.one_or_none()
    return None if row is None else App(*row)


async def by_id(connection: Connection, scope: Scope, app_id: str) -> App | None:
    """The app with this id, if the scope may see it."""
    rows = await connection.execute(within(select(*columns_of(apps, App)).where(apps.c.id == app_id), apps, scope))
    row = rows.one_or_none()
    return None if row is None else App(*row)


async def listed(connection: Connection, scope: Scope) -> list[App]:
    """The scope's apps, by team and name."""
    rows = await connection.execute(
        within(select(*columns_of(apps, App)).order_by(apps.c.team_id, apps.c.name), apps, scope)
    )
    return [App(*row) for row in rows]


async def paged(
    connection: Connection, scope: Scope, asked: PageAsked, team: str | None, name: str | None
) -> tuple[list[Named], str | None]:
    """A page of the scope's apps, perhaps of one team (id or name) only, and the cursor of the next. Raises Refusal."""
    statement = within(_named(), apps, scope)
    if team is not None:
        statement = statement.where(apps.c.team_id.in_(await ids_of(connection, team)))
    if name is not None:
        statement = statement.where(apps.c.name == name)
    sorts = {"name": apps.c.name, "created_us": apps.c.created_us}
    rows, following = await page(connection, statement, asked, sorts, apps.c.id, "name")
    return [_made(row) for row in rows], following


async def referred(connection: Connection, scope: Scope, reference: str, most: int) -> list[Named]:
    """The scope's app with this id; else those, at most so many, that are called so: `name` or `team/name`."""
    if found := await _all_named(connection, within(_named().where(apps.c.id == reference), apps, scope)):
        return found
    team, slash, name = reference.rpartition("/")
    meant = and_(teams.c.name == team, apps.c.name == name) if slash else apps.c.name == reference
    statement = within(_named().where(meant).order_by(apps.c.created_us, apps.c.id), apps, scope)
    return await _all_named(connection, statement.limit(most))


async def _all_named(connection: Connection, statement: Select[Any]) -> list[Named]:
    return [_made(row) for row in (await connection.execute(statement)).all()]


def _made(row: Any) -> Named:
    return Named(App(*row[:-1]), row[-1])


def _named() -> Select[Any]:
    return select(*columns_of(apps, App), teams.c.name).join(teams, teams.c.id == apps.c.team_id)


async def rename(connection: Connection, app_id: str, name: str) -> None:
    """Give an app another name."""
    await connection.execute(update(apps).where(apps.c.id == app_id).values(name=name))


async def set_keep_bodies(connection: Connection, app_id: str, keep_bodies: bool) -> None:
    """Turn the keeping of bodies on or off."""
    await connection.execute(update(apps).where(apps.c.id == app_id).values(keep_bodies=keep_bodies))


async def remove(connection: Connection, app_id: str) -> None:
    """Delete an app with its keys and subscriptions."""
    await connection.execute(delete(apps).where(apps.c.id == app_id))
