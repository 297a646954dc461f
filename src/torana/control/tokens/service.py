"""Tokens of the admin API: shown once, stored as a keyed hash."""

import secrets
from collections.abc import Collection

import msgspec

from torana.control.access.names import check_name
from torana.control.tokens import repository
from torana.control.tokens.repository import Token
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id
from torana.core.secret import Secret
from torana.stores.secrets.master import MasterKey
from torana.stores.sql.engine import Connection

__all__ = ["Token", "check_expiry", "create", "find", "of_user", "page", "revoke", "scopes_of"]

PREFIX = "tor_admin_"
_MOST_AHEAD_US = 10 * 366 * 86_400 * 1_000_000

of_user = repository.of_user
page = repository.paged
_permissions = msgspec.json.Decoder(list[str]).decode


async def create(
    connection: Connection,
    master: MasterKey,
    user_id: str,
    name: str,
    expires_us: int | None = None,
    *,
    scopes: Collection[str] | None = None,
    team_id: str | None = None,
) -> tuple[Token, Secret]:
    """A new token and its secret, which cannot be read again. Whether the user may have it was checked."""
    secret = Secret(PREFIX + secrets.token_urlsafe(32))
    token = Token(
        id=new_id("token"),
        user_id=user_id,
        name=check_name(name),
        digest=master.key_digest(secret.reveal().encode()),
        hint=secret.reveal()[-4:],
        created_us=epoch_us(),
        expires_us=expires_us,
        revoked_us=None,
        scopes=None if scopes is None else msgspec.json.encode(sorted(set(scopes))).decode(),
        team_id=team_id,
    )
    await repository.add(connection, token)
    return token, secret


def check_expiry(expires_us: int | None) -> int | None:
    """The time, if a token can end then. Raises Refusal `invalid_field`."""
    now_us = epoch_us()
    if expires_us is not None and not now_us < expires_us < now_us + _MOST_AHEAD_US:
        raise Refusal("invalid_field", param="expires_us", reason="expected a time within the next ten years")
    return expires_us


def scopes_of(token: Token) -> list[str] | None:
    """What the token may at most do; None is all that its user may."""
    return None if token.scopes is None else _permissions(token.scopes)


async def find(connection: Connection, user_id: str, token_id: str) -> Token:
    """A user's token. Raises Refusal `not_found`."""
    token = await repository.by_id(connection, user_id, token_id)
    if token is None:
        raise Refusal("not_found", noun="token", name=token_id[:200])
    return token


async def revoke(connection: Connection, token_id: str) -> None:
    """End a token. Raises Refusal `not_found`."""
    if not await repository.revoke(connection, token_id, epoch_us()):
        raise Refusal("not_found", noun="token", name=token_id)
