"""Kept replies in SQL."""

import msgspec
from sqlalchemy import delete, insert, select

from torana.stores.sql.audit_tables import replies
from torana.stores.sql.engine import Connection
from torana.stores.sql.metadata import columns_of


class Kept(msgspec.Struct, frozen=True):
    """A reply, kept for a request that is sent again. The fields are the columns of the table `replies`."""

    digest: bytes
    request: bytes
    status: int
    sealed: bytes
    etag: str | None
    location: str | None
    at_us: int


async def kept(connection: Connection, digest: bytes, since_us: int) -> Kept | None:
    """The reply kept under this key since then; older ones, whosever they are, are forgotten."""
    await connection.execute(delete(replies).where(replies.c.at_us < since_us))
    row = (await connection.execute(select(*columns_of(replies, Kept)).where(replies.c.digest == digest))).one_or_none()
    return None if row is None else Kept(*row)


async def keep(connection: Connection, reply: Kept) -> None:
    """Store a reply."""
    await connection.execute(insert(replies).values(msgspec.structs.asdict(reply)))
