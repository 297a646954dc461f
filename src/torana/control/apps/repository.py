"""Apps in SQL."""

import msgspec
from sqlalchemy import delete, insert, select, update

from torana.control.access.scope import Scope, within
from torana.stores.sql.engine import Connection
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.tables import apps


class App(msgspec.Struct, frozen=True):
    """A consumer."""

    id: str
    team_id: str
    name: str
    keep_bodies: bool
    created_us: int


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


async def set_keep_bodies(connection: Connection, app_id: str, keep_bodies: bool) -> None:
    """Turn the keeping of bodies on or off."""
    await connection.execute(update(apps).where(apps.c.id == app_id).values(keep_bodies=keep_bodies))


async def remove(connection: Connection, app_id: str) -> None:
    """Delete an app with its keys and subscriptions."""
    await connection.execute(delete(apps).where(apps.c.id == app_id))
