"""Keys in SQL: their keyed hash, never their secret."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import Select, and_, insert, or_, select, update

from torana.control.access.scope import Scope, within
from torana.control.teams.repository import ids_of
from torana.stores.sql.engine import Connection
from torana.stores.sql.issuer_tables import key_uses
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.paging import PageAsked, page
from torana.stores.sql.tables import apps, keys, teams

KeyState = Literal["in_use", "expired", "revoked"]


class Key(msgspec.Struct, frozen=True):
    """A key of an app, without its secret. The fields are columns of the table `keys`."""

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
    scopes: str | None = None
    networks: str | None = None
    previous_digest: bytes | None = None
    """Of the secret before the last rotation."""
    previous_until_us: int | None = None
    """Until when that still counts."""


class Named(NamedTuple):
    """A key with the names of its owners."""

    key: Key
    team: str
    app: str
    last_used_us: int | None = None


class KeysAsked(NamedTuple):
    """Which keys are to be listed: of a team, of an app (ids or names), in a state."""

    team: str | None = None
    app: str | None = None
    state: KeyState | None = None


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
    """Whether any key, of any team and revoked or not, has this secret, or had it before its last rotation."""
    either = or_(keys.c.digest == digest, keys.c.previous_digest == digest)
    return (await connection.execute(select(keys.c.id).where(either))).first() is not None


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


async def paged(
    connection: Connection, scope: Scope, asked: PageAsked, which: KeysAsked, now_us: int
) -> tuple[list[Named], str | None]:
    """A page of the scope's keys, revoked ones too, and the cursor of the next. Raises Refusal."""
    statement = within(_named(), keys, scope)
    if which.team is not None:
        statement = statement.where(keys.c.team_id.in_(await ids_of(connection, which.team)))
    if which.app is not None:
        statement = statement.where(or_(apps.c.id == which.app, apps.c.name == which.app))
    if which.state is not None:
        statement = statement.where(*_in_state(which.state, now_us))
    sorts = {"name": keys.c.name, "created_us": keys.c.created_us}
    rows, following = await page(connection, statement, asked, sorts, keys.c.id, "created_us")
    return [_made(row) for row in rows], following


async def referred(connection: Connection, scope: Scope, reference: str, most: int) -> list[Named]:
    """The key with this id; else those in use, at most so many, that are called so: `name` or `team/app/name`."""
    if found := await _all_named(connection, within(_named().where(keys.c.id == reference), keys, scope)):
        return found
    meant = keys.c.name == reference
    if reference.count("/") == 2:
        team, app, name = reference.split("/")
        meant = and_(teams.c.name == team, apps.c.name == app, keys.c.name == name)
    in_use = _named().where(meant, keys.c.revoked_us.is_(None)).order_by(keys.c.created_us, keys.c.id)
    return await _all_named(connection, within(in_use, keys, scope).limit(most))


async def _all_named(connection: Connection, statement: Select[Any]) -> list[Named]:
    return [_made(row) for row in (await connection.execute(statement)).all()]


def _made(row: Any) -> Named:
    return Named(Key(*row[:-3]), *row[-3:])


def _named() -> Select[Any]:
    return (
        select(*columns_of(keys, Key), teams.c.name, apps.c.name, key_uses.c.last_us)
        .join(apps, apps.c.id == keys.c.app_id)
        .join(teams, teams.c.id == keys.c.team_id)
        .outerjoin(key_uses, key_uses.c.key_id == keys.c.id)
    )


def _in_state(state: KeyState, now_us: int) -> tuple[Any, ...]:
    if state == "revoked":
        return (keys.c.revoked_us.is_not(None),)
    over = keys.c.expires_us <= now_us
    return keys.c.revoked_us.is_(None), over if state == "expired" else or_(keys.c.expires_us.is_(None), ~over)


async def revoke(connection: Connection, key_id: str, now_us: int) -> None:
    """Mark a key as revoked; the first time stands."""
    await connection.execute(
        update(keys).where(keys.c.id == key_id, keys.c.revoked_us.is_(None)).values(revoked_us=now_us)
    )


async def change(connection: Connection, key_id: str, values: Mapping[str, Any]) -> None:
    """Set columns of one key."""
    await connection.execute(update(keys).where(keys.c.id == key_id).values(**values))
