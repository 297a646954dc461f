"""Sessions: begun when somebody has proved who they are, ended by themselves, by their owner, or with their owner."""

import secrets

from torana.control.access.actor import Actor
from torana.control.sessions import repository
from torana.control.sessions.repository import Session
from torana.control.users import repository as users
from torana.control.users.repository import User
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id
from torana.core.secret import Secret
from torana.settings import Settings
from torana.stores.secrets.master import MasterKey
from torana.stores.sql.engine import Connection
from torana.stores.sql.paging import PageAsked

__all__ = ["Session", "begin", "end", "end_all", "find", "forget", "page"]

PREFIX = "tor_session_"
_MICROSECONDS = 1_000_000


async def begin(
    connection: Connection, master: MasterKey, settings: Settings, user: User, asked_by: Actor, method: str
) -> tuple[Session, Secret]:
    """A session of a user who has just proved to be them, and its cookie's value; `asked_by` says from where.

    Always a new one: a value that a browser came with never becomes a session.
    """
    secret = Secret(PREFIX + secrets.token_urlsafe(32))
    now_us = epoch_us()
    ends_us = now_us + int(settings.session_total_seconds * _MICROSECONDS)
    session = Session(
        id=new_id("session"),
        user_id=user.id,
        digest=_digest(master, secret),
        created_us=now_us,
        expires_us=min(ends_us, now_us + int(settings.session_idle_seconds * _MICROSECONDS)),
        ends_us=ends_us,
        seen_us=now_us,
        revoked_us=None,
        address=asked_by.address,
        agent=asked_by.agent,
        method=method,
    )
    await repository.add(connection, session)
    await users.change(connection, user.id, {"last_sign_in_us": now_us})
    return session, secret


async def find(connection: Connection, user_id: str, session_id: str) -> Session:
    """A user's running session. Raises Refusal `not_found`."""
    session = await repository.by_id(connection, user_id, session_id, epoch_us())
    if session is None:
        raise Refusal("not_found", noun="session", name=session_id[:200])
    return session


async def page(connection: Connection, user_id: str, asked: PageAsked) -> tuple[list[Session], str | None]:
    """A page of a user's running sessions, and the cursor of the next. Raises Refusal."""
    return await repository.paged(connection, user_id, asked, epoch_us())


async def end(connection: Connection, session_id: str) -> None:
    """End a session; ending twice changes nothing."""
    await repository.revoke(connection, session_id, epoch_us())


async def end_all(connection: Connection, user_id: str, but: str | None = None) -> int:
    """End a user's sessions, all or all but one; how many."""
    return await repository.revoke_all(connection, user_id, epoch_us(), but)


async def forget(connection: Connection, master: MasterKey, cookie: Secret) -> None:
    """End the session of a cookie that a browser gives up for another."""
    await repository.revoke_digest(connection, _digest(master, cookie), epoch_us())


def _digest(master: MasterKey, secret: Secret) -> bytes:
    return master.key_digest(secret.reveal().encode())
