"""The audit trail in SQL."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, false, func, insert, or_, select, type_coerce
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import NullType

from torana.control.access.scope import Scope, within
from torana.control.audit.entry import Entry
from torana.stores.sql.audit_tables import audit
from torana.stores.sql.engine import Connection, is_sqlite
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.paging import PageAsked, page

# Any number that nobody else uses: entries of all nodes come one after the other.
_LOCK = 7_061_728
_CHUNK = 5_000


class Filters(msgspec.Struct, frozen=True):
    """Which entries; None is all."""

    team_id: str | None = None
    actor: str | None = None
    """Id or name."""
    action: str | None = None
    noun: str | None = None
    noun_id: str | None = None
    since_us: int | None = None
    until_us: int | None = None
    """Exclusive."""


class Row(msgspec.Struct, frozen=True):
    """An entry as it stands in the database, whatever somebody has made of it."""

    seq: Any
    entry: Entry | None
    """None when it cannot be read."""


async def last(connection: Connection) -> tuple[int, bytes] | None:
    """Number and hash of the newest entry. Until this transaction ends nobody else can add one."""
    if not is_sqlite(connection):
        # Not as text, which would count as a change of everything that is published.
        await connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    return await newest(connection)


async def newest(connection: Connection) -> tuple[int, bytes] | None:
    """Number and hash of the newest entry."""
    rows = await connection.execute(select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1))
    row = rows.one_or_none()
    return None if row is None else (int(row[0]), bytes(row[1]))


async def hash_of(connection: Connection, seq: int) -> bytes | None:
    """The hash of one entry; None when it is not there."""
    found = await connection.scalar(select(audit.c.hash).where(audit.c.seq == seq))
    return None if found is None else bytes(found)


async def add(connection: Connection, entries: Sequence[Entry]) -> None:
    """Store entries."""
    for start in range(0, len(entries), _CHUNK):
        rows = [msgspec.structs.asdict(entry) for entry in entries[start : start + _CHUNK]]
        await connection.execute(insert(audit), rows)


async def count(connection: Connection) -> int:
    """How many entries there are."""
    return int(await connection.scalar(select(func.count()).select_from(audit)) or 0)


async def raw_after(connection: Connection, seq: Any, most: int) -> list[Row]:
    """All entries in their order, behind this number or from the first, as they stand there."""
    try:
        return await _raw(connection, seq, most)
    except (DBAPIError, TypeError, ValueError):
        # One that a database tool has made unreadable: it is looked for one by one.
        if most > 1:
            return await _raw_singly(connection, seq, most)
        raise


async def paged(
    connection: Connection, scope: Scope, filters: Filters, asked: PageAsked
) -> tuple[list[Entry], str | None]:
    """A page of the scope's entries, and the cursor of the next. Raises Refusal."""
    statement = await _filtered(connection, select(*columns_of(audit, Entry)), scope, filters)
    # Numbers are unique: what breaks ties is never asked.
    rows, following = await page(connection, statement, asked, {"seq": audit.c.seq}, audit.c.action, "-seq")
    return [Entry(*row) for row in rows], following


async def after(connection: Connection, scope: Scope, filters: Filters, seq: int, most: int) -> list[Entry]:
    """The scope's entries in their order, behind the one with this number."""
    statement = await _filtered(connection, select(*columns_of(audit, Entry)), scope, filters)
    rows = await connection.execute(statement.where(audit.c.seq > seq).order_by(audit.c.seq).limit(most))
    return [Entry(*row) for row in rows]


async def _filtered(connection: Connection, statement: Select[Any], scope: Scope, filters: Filters) -> Select[Any]:
    statement = within(statement, audit, scope)
    for name in ("team_id", "action", "noun", "noun_id"):
        if (value := getattr(filters, name)) is not None:
            statement = statement.where(audit.c[name] == value)
    if filters.actor is not None:
        statement = statement.where(await _by(connection, scope, filters.actor))
    # Numbers follow time but for clocks of nodes that differ: a bound in numbers spares going through all the others. With `+ 0`,
    # or that bound itself would be looked for along the numbers instead of the times.
    if filters.since_us is not None:
        later = audit.c.at_us >= filters.since_us
        statement = statement.where(
            later, audit.c.seq >= select(func.min(audit.c.seq + 0)).where(later).scalar_subquery()
        )
    if filters.until_us is not None:
        earlier = audit.c.at_us < filters.until_us
        statement = statement.where(
            earlier, audit.c.seq <= select(func.max(audit.c.seq + 0)).where(earlier).scalar_subquery()
        )
    return statement


async def _by(connection: Connection, scope: Scope, actor: str) -> ColumnElement[bool]:
    """The condition that somebody of this id or name did it. By one of the two columns, where that is all, entries are in order."""
    found = []
    for way in (audit.c.actor_id == actor, audit.c.actor_name == actor):
        statement = within(select(audit.c.seq).where(way).limit(1), audit, scope)
        if (await connection.execute(statement)).first():
            found.append(way)
    return or_(false(), *found)


async def _raw(connection: Connection, seq: Any, most: int) -> list[Row]:
    # Without the columns' types: a database tool may have put anything there.
    statement = _untyped().order_by(audit.c.seq).limit(most)
    if seq is not None:
        statement = statement.where(audit.c.seq > seq)
    return [Row(row[0], Entry(*row)) for row in (await connection.execute(statement)).all()]


def _untyped() -> Select[Any]:
    columns: list[ColumnElement[Any]] = [type_coerce(column, NullType()) for column in columns_of(audit, Entry)]
    return select(*columns)


async def _raw_singly(connection: Connection, seq: Any, most: int) -> list[Row]:
    statement = select(type_coerce(audit.c.seq, NullType())).order_by(audit.c.seq).limit(most)
    if seq is not None:
        statement = statement.where(audit.c.seq > seq)
    found: list[Row] = []
    for (one,) in (await connection.execute(statement)).all():
        try:
            row = (await connection.execute(_untyped().where(audit.c.seq == one))).one()
        except (DBAPIError, TypeError, ValueError):
            found.append(Row(one, None))
        else:
            found.append(Row(one, Entry(*row)))
    return found
