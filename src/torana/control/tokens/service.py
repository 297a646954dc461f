"""Tokens of the admin API: shown once, stored as a keyed hash."""

import secrets

from torana.control.access.names import check_name
from torana.control.tokens import repository
from torana.control.tokens.repository import Token
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id
from torana.core.secret import Secret
from torana.stores.secrets.master import MasterKey
from torana.stores.sql.engine import Connection

__all__ = ["Token", "create", "of_user", "revoke"]

PREFIX = "tor_admin_"

of_user = repository.of_user


async def create(
    connection: Connection, master: MasterKey, user_id: str, name: str, expires_us: int | None = None
) -> tuple[Token, Secret]:
    """A new token and its secret, which cannot be read again."""
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
    )
    await repository.add(connection, token)
    return token, secret


async def revoke(connection: Connection, token_id: str) -> None:
    """End a token. Raises Refusal `not_found`."""
    if not await repository.revoke(connection, token_id, epoch_us()):
        raise Refusal("not_found", noun="token", name=token_id)
