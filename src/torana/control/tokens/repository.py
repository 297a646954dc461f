"""Admin API tokens in SQL."""

import msgspec
from sqlalchemy import insert, select, update

from torana.stores.sql.engine import Connection
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.people_tables import tokens


class Token(msgspec.Struct, frozen=True):
    """A token of a user, without its secret."""

    id: str
    user_id: str
    name: str
    digest: bytes
    hint: str
    """The last four characters."""
    created_us: int
    expires_us: int | None
    revoked_us: int | None


async def add(connection: Connection, token: Token) -> None:
    """Store a new token."""
    await connection.execute(insert(tokens).values(msgspec.structs.asdict(token)))


async def revoke(connection: Connection, token_id: str, now_us: int) -> bool:
    """Mark a token as revoked; False when there is none in use with this id."""
    done = await connection.execute(
        update(tokens).where(tokens.c.id == token_id, tokens.c.revoked_us.is_(None)).values(revoked_us=now_us)
    )
    return done.rowcount == 1


async def of_user(connection: Connection, user_id: str) -> list[Token]:
    """A user's tokens, oldest first."""
    rows = await connection.execute(
        select(*columns_of(tokens, Token)).where(tokens.c.user_id == user_id).order_by(tokens.c.created_us)
    )
    return [Token(*row) for row in rows]
