"""Signing in by e-mail and password: counted, compared, noted in the audit trail. A wrong address looks like a wrong password."""

from typing import NamedTuple

from torana.control.access.actor import Actor
from torana.control.audit import service as audit
from torana.control.publish.publish import Publisher
from torana.control.sessions import service as sessions
from torana.control.sessions import throttle
from torana.control.sessions.service import Session
from torana.control.users import passwords
from torana.control.users import repository as users
from torana.control.users.repository import User
from torana.core.errors import Refusal
from torana.core.secret import Secret
from torana.settings import Settings
from torana.stores.sql.engine import Connection, writing

METHOD = "password"


class SignedIn(NamedTuple):
    """Who signed in, and what their browser gets."""

    user: User
    session: Session
    cookie: Secret


async def sign_in(
    publisher: Publisher, settings: Settings, asked_by: Actor, email: str, password: Secret, given_up: Secret | None
) -> SignedIn:
    """A new session; the one of the cookie `given_up` ends. Raises Refusal `sign_in_failed` or `sign_in_throttled`.

    No change that is published: sign-ins do not stand in line with those.
    """
    address = email.strip().lower()
    async with writing(publisher.engine) as connection:
        user = await users.by_email(connection, address)
        counted = await throttle.attempt(
            connection, publisher.master, address, asked_by.address, None if user is None else user.id
        )
    right = await passwords.matches(None if user is None or not _may_sign_in(user) else user.password_hash, password)
    async with writing(publisher.engine) as connection:
        # Asked again: whoever was suspended meanwhile, or has another password, does not come in.
        now = await users.by_email(connection, address)
        if right and user is not None and now is not None and _may_sign_in(now) and _same(user, now):
            if given_up is not None:
                await sessions.forget(connection, publisher.master, given_up)
            await throttle.succeeded(connection, counted)
            return await _begun(connection, publisher, settings, asked_by, now)
        await _note_failure(connection, publisher, asked_by, address, now)
    raise Refusal("sign_in_failed")


async def check_own_password(publisher: Publisher, actor: Actor, user: User, password: Secret) -> None:
    """That who acts knows their password. Counted as a sign-in is. Raises Refusal `sign_in_failed` or `sign_in_throttled`."""
    async with writing(publisher.engine) as connection:
        counted = await throttle.attempt(connection, publisher.master, user.email, actor.address, user.id)
    right = await passwords.matches(user.password_hash, password)
    async with writing(publisher.engine) as connection:
        if right:
            await throttle.succeeded(connection, counted)
            return
        await _note_failure(connection, publisher, actor, user.email, user)
    raise Refusal("sign_in_failed")


async def _begun(
    connection: Connection, publisher: Publisher, settings: Settings, asked_by: Actor, user: User
) -> SignedIn:
    session, cookie = await sessions.begin(connection, publisher.master, settings, user, asked_by, METHOD)
    who = asked_by._replace(kind="person", id=user.id, name=user.email, via=session.id)
    await audit.note(
        connection,
        publisher.master,
        who,
        "session.create",
        "session",
        session.id,
        name=user.email,
        after={"method": METHOD, "expires_us": session.expires_us},
    )
    return SignedIn(user, session, cookie)


async def _note_failure(
    connection: Connection, publisher: Publisher, asked_by: Actor, address: str, user: User | None
) -> None:
    # What nobody has as an address may be a password that was typed into the wrong field.
    name = None if user is None else address
    user_id = None if user is None else user.id
    after = {"method": METHOD, "state": None if user is None else user.state}
    await audit.note(connection, publisher.master, asked_by, "session.failed", "user", user_id, name=name, after=after)


def _may_sign_in(user: User) -> bool:
    return user.kind == "person" and user.state == "active" and user.password_hash is not None


def _same(user: User, now: User) -> bool:
    return user.id == now.id and user.password_hash == now.password_hash
