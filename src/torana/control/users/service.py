"""Users and their passwords. argon2id takes tens of milliseconds and 64 MiB, so it runs in a thread and few at a time."""

import asyncio
import functools
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from torana.control.users import repository
from torana.control.users.repository import User
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id
from torana.core.secret import Secret
from torana.stores.sql.engine import Connection

__all__ = ["User", "count", "create", "hash_password", "sign_in"]

count = repository.count

_hasher = PasswordHasher()
_turns = threading.BoundedSemaphore(2)


async def hash_password(password: Secret) -> str:
    """The argon2id hash, with its parameters and salt."""
    return await asyncio.to_thread(_hash, password.reveal())


async def create(connection: Connection, email: str, password_hash: str | None, platform_role: str = "member") -> User:
    """A new user; hash the password before the transaction. Raises Refusal."""
    address = email.strip().lower()
    if address.count("@") != 1 or len(address) > 320 or not address.isprintable():
        raise Refusal("invalid_field", param="email", reason="expected an address such as name@example.org")
    if await repository.by_email(connection, address) is not None:
        raise Refusal("already_exists", noun="user", name=address)
    user = User(new_id("user"), address, password_hash, platform_role, epoch_us())
    await repository.add(connection, user)
    return user


async def sign_in(connection: Connection, email: str, password: Secret) -> User | None:
    """The user, if address and password are right."""
    user = await repository.by_email(connection, email.strip().lower())
    right = await asyncio.to_thread(_matches, None if user is None else user.password_hash, password.reveal())
    return user if right else None


def _hash(password: str) -> str:
    with _turns:
        return _hasher.hash(password)


@functools.cache
def _nobody() -> str:
    return _hasher.hash("nobody's password")


def _matches(stored: str | None, password: str) -> bool:
    with _turns:
        try:
            # Somebody is checked even when the address is unknown, so that both answers take the same time.
            _hasher.verify(stored or _nobody(), password)
            return stored is not None
        except (VerificationError, InvalidHashError):
            return False
