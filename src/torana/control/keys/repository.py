"""Keys in SQL: their keyed hash, never their secret."""

from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Select, and_, insert, or_, select, update

from torana.control.access.scope import Scope, within
from torana.stores.sql.engine import Connection
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.tables import apps, keys, teams


class Key(msgspec.Struct, frozen=True):
    """A key of an app, without its secret."""

    id: str
    team_id: str
    app_id: str
    name: str
    digest: bytes
    hint: str
    """The last four characters of the secret, to tell keys apart."""
    created_us: int
    expires_us: int | None
    revoked_us: int | None


class Named(NamedTuple):
    """A key with the names of its owners."""

    key: Key
    team: str
    app: str


async def add(connection: Connection, key: Key) -> None:
    """Store a new key."""
    await connection.execute(insert(keys).values(msgspec.structs.asdict(key)))


async def name_in_use(connection: Connection, app_id: str, name: str) -> bool:
    """Whether the app has a key of this name that is not revoked."""
    rows = await connection.execute(
        select(keys.c.id).where(keys.c.app_id == app_id, keys.c.name == name, keys.c.revoked_us.is_(None))
    )
    return rows.first() is not None


async def digest_in_use(connection: Connection, digest: bytes) -> bool:
    """Whether any key, of any team and revoked or not, has this secret."""
    return (await connection.execute(select(keys.c.id).where(keys.c.digest == digest))).first() is not None


async def by_id(connection: Connection, scope: Scope, key_id: str) -> Key | None:
    """The key with this id, if the scope may see it."""
    rows = await connection.execute(within(select(*columns_of(keys, Key)).where(keys.c.id == key_id), keys, scope))
    row = rows.one_or_none()
    return None if row is None else Key(*row)


async def listed(connection: Connection, scope: Scope, app_id: str | None = None) -> list[Key]:
    """The scope's keys, or one app's, oldest first; revoked ones too."""
    statement = within(select(*columns_of(keys, Key)).order_by(keys.c.created_us, keys.c.id), keys, scope)
    if app_id is not None:
        statement = statement.where(keys.c.app_id == app_id)
    return [Key(*row) for row in await connection.execute(statement)]


async def named(connection: Connection, team: str | None = None, app: str | None = None) -> list[Named]:
    """All keys, or those of teams and apps of these names, oldest first; revoked ones too."""
    statement = _named()
    if team is not None:
        statement = statement.where(teams.c.name == team)
    if app is not None:
        statement = statement.where(apps.c.name == app)
    return await _all_named(connection, statement)


async def referred(connection: Connection, reference: str, most: int) -> list[Named]:
    """The key with this id; else those in use, at most so many, that are called so: `name` or `team/app/name`."""
    if found := await _all_named(connection, _named().where(keys.c.id == reference)):
        return found
    meant = keys.c.name == reference
    if reference.count("/") == 2:
        team, app, name = reference.split("/")
        meant = or_(meant, and_(teams.c.name == team, apps.c.name == app, keys.c.name == name))
    return await _all_named(connection, _named().where(meant, keys.c.revoked_us.is_(None)).limit(most))


async def _all_named(connection: Connection, statement: Select[Any]) -> list[Named]:
    return [Named(Key(*row[:-2]), row[-2], row[-1]) for row in (await connection.execute(statement)).all()]


def _named() -> Select[Any]:
    return (
        select(*columns_of(keys, Key), teams.c.name, apps.c.name)
        .join(apps, apps.c.id == keys.c.app_id)
        .join(teams, teams.c.id == keys.c.team_id)
        .order_by(keys.c.created_us, keys.c.id)
    )


async def revoke(connection: Connection, key_id: str, now_us: int) -> None:
    """Mark a key as revoked; the first time stands."""
    await connection.execute(
        update(keys).where(keys.c.id == key_id, keys.c.revoked_us.is_(None)).values(revoked_us=now_us)
    )


async def set_expiry(connection: Connection, key_id: str, expires_us: int | None) -> None:
    """Change when a key ends."""
    await connection.execute(update(keys).where(keys.c.id == key_id).values(expires_us=expires_us))
