"""Users: made, found, changed, suspended and deleted. Nobody may touch somebody who has more rights than they have."""

import re

import msgspec

from torana.control.access.actor import Actor
from torana.control.access.grants import check_holds, held_on_platform, permissions_on_platform
from torana.control.sessions import repository as sessions
from torana.control.users import passwords, repository
from torana.control.users.repository import Filters, User
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id
from torana.stores.sql.engine import Connection

__all__ = [
    "Filters",
    "User",
    "activate",
    "by_email",
    "by_external_id",
    "by_id",
    "change",
    "check_email",
    "check_manages",
    "count",
    "create",
    "find",
    "hash_password",
    "open_account",
    "page",
    "remove",
    "rename",
    "set_password",
    "suspend",
]

count = repository.count
page = repository.paged
by_email = repository.by_email
by_id = repository.by_id
by_external_id = repository.by_external_id
hash_password = passwords.hash_password

_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)*")
_MOST_NAME = 200


def check_email(email: str) -> str:
    """The address as it is stored. Raises Refusal `invalid_field`."""
    address = email.strip().lower()
    if len(address) > 320 or not address.isprintable() or _EMAIL.fullmatch(address) is None:
        raise Refusal("invalid_field", param="email", reason="expected an address such as name@example.org")
    return address


async def create(
    connection: Connection,
    email: str,
    password_hash: str | None,
    platform_role: str = "member",
    *,
    name: str | None = None,
    state: str = "active",
    external_id: str | None = None,
) -> User:
    """A new person; hash the password before the transaction. Raises Refusal."""
    address = check_email(email)
    if await repository.by_email(connection, address) is not None:
        raise Refusal("already_exists", noun="user", name=address)
    user = User(
        new_id("user"),
        address,
        password_hash,
        platform_role,
        epoch_us(),
        name=check_display_name(name),
        state=state,
        external_id=external_id,
    )
    await repository.add(connection, user)
    return user


async def find(connection: Connection, reference: str) -> User:
    """The user of this id or address. Raises Refusal `not_found`."""
    user = await repository.find(connection, reference[:320])
    if user is None:
        raise Refusal("not_found", noun="user", name=reference[:200])
    return user


async def check_manages(connection: Connection, actor: Actor, user: User) -> None:
    """That who acts has all that the user has on the platform. Raises Refusal `beyond_own`."""
    check_holds(actor, await held_on_platform(connection, user.platform_role), None)


async def change(
    connection: Connection, actor: Actor, user: User, *, name: str | None, platform_role: str | None
) -> User:
    """A user with another name or platform role; None leaves it. Raises Refusal."""
    await check_manages(connection, actor, user)
    changed = user
    if name is not None:
        changed = msgspec.structs.replace(changed, name=check_display_name(name))
    if platform_role is not None and platform_role != user.platform_role:
        check_holds(actor, await permissions_on_platform(connection, platform_role), None)
        if user.kind != "person":
            raise Refusal("invalid_field", param="platform_role", reason="a service account belongs to its team")
        await _keep_an_owner(connection, user)
        changed = msgspec.structs.replace(changed, platform_role=platform_role)
    await repository.change(connection, user.id, {"name": changed.name, "platform_role": changed.platform_role})
    return changed


async def suspend(connection: Connection, actor: Actor, user: User) -> User:
    """Nothing that the user holds counts any more, and their sessions end. Raises Refusal."""
    await check_manages(connection, actor, user)
    await _keep_an_owner(connection, user)
    await sessions.revoke_all(connection, user.id, epoch_us())
    await repository.change(connection, user.id, {"state": "suspended"})
    return msgspec.structs.replace(user, state="suspended")


async def activate(connection: Connection, actor: Actor, user: User) -> User:
    """The user may act again; who never accepted an invitation is invited still. Raises Refusal."""
    await check_manages(connection, actor, user)
    if user.state != "suspended":
        return user
    invited = user.kind == "person" and user.password_hash is None and user.last_sign_in_us is None
    state = "invited" if invited and user.external_id is None else "active"
    await repository.change(connection, user.id, {"state": state})
    return msgspec.structs.replace(user, state=state)


async def remove(connection: Connection, actor: Actor, user: User) -> None:
    """Delete a user with their tokens, sessions and memberships. Raises Refusal."""
    await check_manages(connection, actor, user)
    await _keep_an_owner(connection, user)
    await repository.remove(connection, user.id)


async def rename(connection: Connection, user: User, name: str) -> User:
    """The user under another name. Raises Refusal."""
    changed = msgspec.structs.replace(user, name=check_display_name(name))
    await repository.change(connection, user.id, {"name": changed.name})
    return changed


async def open_account(connection: Connection, user: User, password_hash: str, name: str | None) -> User:
    """Somebody who was invited has come and chosen a password. Raises Refusal."""
    called = check_display_name(name) or user.name
    values = {"password_hash": password_hash, "state": "active", "name": called}
    await repository.change(connection, user.id, values)
    return msgspec.structs.replace(user, password_hash=password_hash, state="active", name=called)


async def set_password(connection: Connection, user: User, password_hash: str) -> User:
    """The user with another password."""
    await repository.change(connection, user.id, {"password_hash": password_hash})
    return msgspec.structs.replace(user, password_hash=password_hash)


def check_display_name(name: str | None) -> str | None:
    """What a person is called, if anything. Raises Refusal `invalid_field`."""
    if name is None or not name.strip():
        return None
    if len(name) > _MOST_NAME or not name.isprintable():
        raise Refusal("invalid_field", param="name", reason=f"expected at most {_MOST_NAME} visible characters")
    return name.strip()


async def _keep_an_owner(connection: Connection, user: User) -> None:
    if user.platform_role != "owner" or user.state != "active":
        return
    if not await repository.other_owners(connection, user.id):
        raise Refusal("last_owner", name=user.email)
