"""Keys: made (shown once), listed, revoked."""

import hmac
import secrets
from typing import NamedTuple

from torana.control.access.names import check_name
from torana.control.access.scope import Scope
from torana.control.keys import repository
from torana.control.keys.repository import Key, Named
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id
from torana.core.secret import Secret
from torana.stores.secrets.master import MasterKey
from torana.stores.sql.engine import Connection

__all__ = ["Key", "Named", "NewKey", "create", "find", "holds", "listed", "named", "revoke", "set_expiry"]

PREFIX = "tor_"
_LEAST_BROUGHT = 16
_MOST_BROUGHT = 512

_MOST_LISTED = 5

listed = repository.listed
named = repository.named


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
) -> NewKey:
    """A new key of an app: 256 random bits, or a brought `value`. Raises Refusal."""
    if await repository.name_in_use(connection, app_id, check_name(name)):
        raise Refusal("already_exists", noun="key", name=name)
    secret = Secret(PREFIX + secrets.token_urlsafe(32)) if value is None else _checked(value)
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
    )
    await repository.add(connection, key)
    return NewKey(key, secret)


async def find(connection: Connection, reference: str) -> Named:
    """The key that a reference means: its id, `team/app/name`, or its name where only one key in use has it. Raises Refusal."""
    found = await repository.referred(connection, reference, _MOST_LISTED)
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


async def set_expiry(connection: Connection, key: Key, expires_us: int | None) -> None:
    """Change when a key ends, in microseconds since 1970; None is never."""
    await repository.set_expiry(connection, key.id, expires_us)


def _digest(master: MasterKey, secret: Secret) -> bytes:
    return master.key_digest(secret.reveal().encode())


def _checked(value: Secret) -> Secret:
    text = value.reveal()
    if not _LEAST_BROUGHT <= len(text) <= _MOST_BROUGHT or not text.isascii() or not text.isprintable() or " " in text:
        reason = f"expected {_LEAST_BROUGHT} to {_MOST_BROUGHT} visible ASCII characters without spaces"
        raise Refusal("invalid_field", param="value", reason=reason)
    return value
