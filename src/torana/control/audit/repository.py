"""The audit trail in SQL."""

import msgspec
from sqlalchemy import insert, select, text

from torana.control.audit.entry import Entry
from torana.stores.sql.audit_tables import audit
from torana.stores.sql.engine import Connection, is_sqlite
from torana.stores.sql.metadata import columns_of

# Any number that nobody else uses: entries of all nodes come one after the other.
_LOCK = 7_061_728


async def last(connection: Connection) -> tuple[int, bytes] | None:
    """Number and hash of the newest entry. Until this transaction ends nobody else can add one."""
    if not is_sqlite(connection):
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    rows = await connection.execute(select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1))
    row = rows.one_or_none()
    return None if row is None else (int(row[0]), bytes(row[1]))


async def add(connection: Connection, entry: Entry) -> None:
    """Store an entry."""
    await connection.execute(insert(audit).values(msgspec.structs.asdict(entry)))


async def after(connection: Connection, seq: int, most: int) -> list[Entry]:
    """Entries in their order, behind the one with this number."""
    rows = await connection.execute(
        select(*columns_of(audit, Entry)).where(audit.c.seq > seq).order_by(audit.c.seq).limit(most)
    )
    return [Entry(*row) for row in rows]
