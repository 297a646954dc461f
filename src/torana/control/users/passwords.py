"""Passwords: what they may be, and their argon2id hashes (RFC 9106, with the parameters of argon2-cffi).

A hash takes tens of milliseconds and 64 MiB. They are made in two threads of their own: however many people sign in at once, what
publishes snapshots is not kept waiting.
"""

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import PlainValidator, WithJsonSchema

from torana.core.errors import Refusal
from torana.core.secret import Secret

LEAST = 12
MOST = 256
_MOST_WAITING = 64
_MOST_SENT = 1024

_hasher = PasswordHasher()
_threads = ThreadPoolExecutor(2, "passwords")
_waiting = 0

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def check_password(password: Secret, email: str, param: str = "password") -> None:
    """Raises Refusal `invalid_field` when it cannot be the password of who has this address."""
    text = password.reveal()
    if not LEAST <= len(text) <= MOST:
        raise Refusal("invalid_field", param=param, reason=f"expected {LEAST} to {MOST} characters")
    if text.strip().lower() in (email.lower(), email.lower().partition("@")[0]):
        raise Refusal("invalid_field", param=param, reason="it may not be the e-mail address")
    if len(set(text)) < 4:
        raise Refusal("invalid_field", param=param, reason="expected more than a few characters repeated")


async def hash_password(password: Secret) -> str:
    """The argon2id hash, with its parameters and salt."""
    return await _in_turn(_hasher.hash, password.reveal())


async def matches(stored: str | None, password: Secret) -> bool:
    """Whether this is the password; as slow when there is none to compare with."""
    return await _in_turn(_matches, stored, password.reveal())


async def _in_turn(work: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
    global _waiting
    if _waiting >= _MOST_WAITING:
        raise Refusal("sign_in_throttled", seconds=1, headers=(("retry-after", "1"),))
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, functools.partial(work, *args, **kwargs))
    finally:
        _waiting -= 1


@functools.cache
def _nobody() -> str:
    return _hasher.hash("nobody's password")


def _matches(stored: str | None, password: str) -> bool:
    try:
        # Somebody is checked even when the address is unknown, so that both answers take the same time.
        _hasher.verify(stored or _nobody(), password)
        return stored is not None
    except (VerificationError, InvalidHashError):
        return False


def _secret(value: object) -> Secret:
    if not isinstance(value, str) or not 1 <= len(value) <= _MOST_SENT:
        raise ValueError(f"expected text of 1 to {_MOST_SENT} characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("expected text in UTF-8") from None
    return Secret(value)


SecretAsked = Annotated[
    Secret,
    PlainValidator(_secret),
    WithJsonSchema(
        {"type": "string", "format": "password", "minLength": 1, "maxLength": _MOST_SENT, "writeOnly": True}
    ),
]
"""A password or token in a body: wrapped at once, never stripped, in no error."""
