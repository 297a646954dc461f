"""Keys: made (shown once), listed, changed, rotated, revoked."""

import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from torana.control.access.names import check_name
from torana.control.access.scope import Scope
from torana.control.keys import repository
from torana.control.keys.repository import Key, KeysAsked, KeyState, Named
from torana.control.keys.scopes import Scopes, stored_networks, stored_scopes
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id
from torana.core.secret import Secret
from torana.stores.secrets.master import MasterKey
from torana.stores.sql.engine import Connection

__all__ = [
    "Key",
    "KeyState",
    "KeysAsked",
    "Named",
    "NewKey",
    "change",
    "create",
    "find",
    "holds",
    "listed",
    "page",
    "revoke",
    "rotate",
    "set_expiry",
    "state_of",
]

PREFIX = "tor_"
_LEAST_BROUGHT = 16
_MOST_BROUGHT = 512

_MOST_LISTED = 5

LAST_US = 253_402_300_799_000_000
"""The end of the year 9999: no key ends later, because dates of people do not go further."""
MOST_OVERLAP_SECONDS = 90 * 86_400

listed = repository.listed
page = repository.paged


class NewKey(NamedTuple):
    """A key just made, with the only sight of its secret."""

    key: Key
    secret: Secret


async def create(
    connection: Connection,
    master: MasterKey,
    *,
    team_id: str,
    app_id: str,
    name: str,
    expires_us: int | None = None,
    value: Secret | None = None,
    scopes: Scopes | None = None,
    networks: Sequence[str] | None = None,
) -> NewKey:
    """A new key of an app: 256 random bits, or a brought `value`. Raises Refusal."""
    if await repository.name_in_use(connection, app_id, check_name(name)):
        raise Refusal("already_exists", noun="key", name=name)
    secret = _random() if value is None else _checked(value)
    digest = _digest(master, secret)
    if await repository.digest_in_use(connection, digest):
        raise Refusal("invalid_field", param="value", reason="it is, or was, the value of another key")
    key = Key(
        id=new_id("key"),
        team_id=team_id,
        app_id=app_id,
        name=name,
        digest=digest,
        hint=secret.reveal()[-4:],
        created_us=epoch_us(),
        expires_us=expires_us,
        revoked_us=None,
        scopes=stored_scopes(scopes),
        networks=stored_networks(networks),
    )
    await repository.add(connection, key)
    return NewKey(key, secret)


async def find(connection: Connection, scope: Scope, reference: str) -> Named:
    """The key that a reference means: its id, `team/app/name`, or its name where only one key in use has it. Raises Refusal."""
    # PostgreSQL takes no text with a NUL, and no name holds one.
    found = await repository.referred(connection, scope, reference.replace("\0", "?"), _MOST_LISTED)
    if len(found) > 1:
        shown = ", ".join(f"{one.team}/{one.app}/{one.key.name}" for one in found)
        raise Refusal("invalid_field", param="key", reason=f"several keys have this name, such as {shown}")
    if not found:
        raise Refusal("not_found", noun="key", name=reference[:200])
    return found[0]


def holds(master: MasterKey, key: Key, value: Secret) -> bool:
    """Whether `value` is this key's secret."""
    return hmac.compare_digest(key.digest, _digest(master, value))


async def revoke(connection: Connection, scope: Scope, key_id: str) -> Key:
    """End a key; revoking twice changes nothing. Another team's key does not exist. Raises Refusal `not_found`."""
    key = await repository.by_id(connection, scope, key_id)
    if key is None:
        raise Refusal("not_found", noun="key", name=key_id)
    await repository.revoke(connection, key.id, epoch_us())
    return key


async def change(connection: Connection, key: Key, asked: Mapping[str, Any]) -> Key:
    """The key with another `name`, `expires_us`, `scopes` or `networks`, whichever are given. Raises Refusal."""
    _check_alive(key)
    values = dict(asked)
    if values.get("name", key.name) != key.name and await repository.name_in_use(
        connection, key.app_id, check_name(values["name"])
    ):
        raise Refusal("already_exists", noun="key", name=values["name"])
    if "scopes" in values:
        values["scopes"] = stored_scopes(values["scopes"])
    if "networks" in values:
        values["networks"] = stored_networks(values["networks"])
    if values:
        await repository.change(connection, key.id, values)
    return msgspec.structs.replace(key, **values)


async def rotate(connection: Connection, master: MasterKey, key: Key, overlap_seconds: int) -> NewKey:
    """The key with a new value at once; the one before counts for so long still, and what was before that no more.

    Id, limits and scopes stay. Raises Refusal `key_revoked`.
    """
    _check_alive(key)
    secret = _random()
    values: dict[str, Any] = {"digest": _digest(master, secret), "hint": secret.reveal()[-4:]}
    values["previous_digest"] = key.digest if overlap_seconds else None
    values["previous_until_us"] = epoch_us() + overlap_seconds * 1_000_000 if overlap_seconds else None
    await repository.change(connection, key.id, values)
    return NewKey(msgspec.structs.replace(key, **values), secret)


async def set_expiry(connection: Connection, key: Key, expires_us: int | None) -> None:
    """Change when a key ends, in microseconds since 1970; None is never."""
    await repository.change(connection, key.id, {"expires_us": expires_us})


def state_of(key: Key, now_us: int) -> KeyState:
    """Whether the key is in use at this time."""
    if key.revoked_us is not None:
        return "revoked"
    return "expired" if key.expires_us is not None and key.expires_us <= now_us else "in_use"


def _check_alive(key: Key) -> None:
    if key.revoked_us is not None:
        raise Refusal("key_revoked", name=key.name)


def _random() -> Secret:
    return Secret(PREFIX + secrets.token_urlsafe(32))


def _digest(master: MasterKey, secret: Secret) -> bytes:
    return master.key_digest(secret.reveal().encode())


def _checked(value: Secret) -> Secret:
    text = value.reveal()
    if not _LEAST_BROUGHT <= len(text) <= _MOST_BROUGHT or not text.isascii() or not text.isprintable() or " " in text:
        reason = f"expected {_LEAST_BROUGHT} to {_MOST_BROUGHT} visible ASCII characters without spaces"
        raise Refusal("invalid_field", param="value", reason=reason)
    return value
