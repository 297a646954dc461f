"""Sessions and failed sign-ins in SQL: a keyed hash of the cookie, never the cookie."""

import msgspec
from sqlalchemy import delete, insert, select, text, update

from torana.stores.sql.engine import Connection, is_sqlite
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.paging import PageAsked, page
from torana.stores.sql.people_tables import sessions, sign_in_failures

# Any number that nobody else uses.
_LOCK = 7_061_729


class Session(msgspec.Struct, frozen=True):
    """Somebody who signed in. The fields are the columns of the table `sessions`."""

    id: str
    user_id: str
    digest: bytes
    created_us: int
    expires_us: int
    """When it ends unless it is used."""
    ends_us: int
    """When it ends however much it is used."""
    seen_us: int
    revoked_us: int | None
    address: str | None
    agent: str | None
    method: str
    """`password`, or the name of the identity provider."""


async def add(connection: Connection, session: Session) -> None:
    """Store a new session."""
    await connection.execute(insert(sessions).values(msgspec.structs.asdict(session)))


async def by_id(connection: Connection, user_id: str, session_id: str, now_us: int) -> Session | None:
    """A user's session, if it runs at `now_us`."""
    found = await connection.execute(
        select(*columns_of(sessions, Session)).where(
            sessions.c.id == session_id,
            sessions.c.user_id == user_id,
            sessions.c.revoked_us.is_(None),
            sessions.c.expires_us > now_us,
        )
    )
    row = found.one_or_none()
    return None if row is None else Session(*row)


async def paged(
    connection: Connection, user_id: str, asked: PageAsked, now_us: int
) -> tuple[list[Session], str | None]:
    """A page of a user's running sessions, and the cursor of the next. Raises Refusal."""
    statement = select(*columns_of(sessions, Session)).where(
        sessions.c.user_id == user_id, sessions.c.revoked_us.is_(None), sessions.c.expires_us > now_us
    )
    sorts = {"created_us": sessions.c.created_us, "seen_us": sessions.c.seen_us}
    rows, following = await page(connection, statement, asked, sorts, sessions.c.id, "-created_us")
    return [Session(*row) for row in rows], following


async def revoke(connection: Connection, session_id: str, now_us: int) -> None:
    """End a session; the first time stands."""
    await connection.execute(
        update(sessions).where(sessions.c.id == session_id, sessions.c.revoked_us.is_(None)).values(revoked_us=now_us)
    )


async def revoke_digest(connection: Connection, digest: bytes, now_us: int) -> None:
    """End the session of this cookie, if there is one."""
    await connection.execute(
        update(sessions).where(sessions.c.digest == digest, sessions.c.revoked_us.is_(None)).values(revoked_us=now_us)
    )


async def revoke_all(connection: Connection, user_id: str, now_us: int, but: str | None = None) -> int:
    """End a user's sessions but one; how many ended."""
    statement = update(sessions).where(sessions.c.user_id == user_id, sessions.c.revoked_us.is_(None))
    if but is not None:
        statement = statement.where(sessions.c.id != but)
    return (await connection.execute(statement.values(revoked_us=now_us))).rowcount


async def known_address(connection: Connection, user_id: str, address: str, since_us: int) -> bool:
    """Whether the user has signed in from this address since then."""
    found = await connection.execute(
        select(sessions.c.id)
        .where(sessions.c.user_id == user_id, sessions.c.address == address, sessions.c.created_us > since_us)
        .limit(1)
    )
    return found.first() is not None


async def wait_for_turn(connection: Connection) -> None:
    """Have sign-ins of all nodes counted one after the other, until this transaction ends."""
    # On SQLite the transaction itself has the write lock from its beginning.
    if not is_sqlite(connection):
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


async def failures(connection: Connection, subject: bytes) -> tuple[int, int] | None:
    """How many failures a subject has, and when the last one was."""
    found = await connection.execute(
        select(sign_in_failures.c.count, sign_in_failures.c.last_us).where(sign_in_failures.c.subject == subject)
    )
    row = found.one_or_none()
    return None if row is None else (int(row[0]), int(row[1]))


async def set_failures(connection: Connection, subject: bytes, count: int, last_us: int) -> None:
    """Say how many failures a subject has."""
    await connection.execute(delete(sign_in_failures).where(sign_in_failures.c.subject == subject))
    if count > 0:
        await connection.execute(insert(sign_in_failures).values(subject=subject, count=count, last_us=last_us))


async def forget_failures(connection: Connection, before_us: int) -> None:
    """Forget what was before this time."""
    await connection.execute(delete(sign_in_failures).where(sign_in_failures.c.last_us < before_us))
