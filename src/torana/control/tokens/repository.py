"""Admin API tokens in SQL."""

import msgspec
from sqlalchemy import insert, select, update

from torana.stores.sql.engine import Connection
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.paging import PageAsked, page
from torana.stores.sql.people_tables import tokens


class Token(msgspec.Struct, frozen=True):
    """A token of a user, without its secret. The fields are the columns of the table `tokens`."""

    id: str
    user_id: str
    name: str
    digest: bytes
    hint: str
    """The last four characters."""
    created_us: int
    expires_us: int | None
    revoked_us: int | None
    scopes: str | None = None
    """A JSON array of permissions; None is all that the user has."""
    team_id: str | None = None
    """Where set, it counts in this team only."""
    last_used_us: int | None = None


async def add(connection: Connection, token: Token) -> None:
    """Store a new token."""
    await connection.execute(insert(tokens).values(msgspec.structs.asdict(token)))


async def by_id(connection: Connection, user_id: str, token_id: str) -> Token | None:
    """A user's token of this id, in use or not."""
    statement = select(*columns_of(tokens, Token)).where(tokens.c.id == token_id, tokens.c.user_id == user_id)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else Token(*row)


async def revoke(connection: Connection, token_id: str, now_us: int) -> bool:
    """Mark a token as revoked; False when there is none in use with this id."""
    done = await connection.execute(
        update(tokens).where(tokens.c.id == token_id, tokens.c.revoked_us.is_(None)).values(revoked_us=now_us)
    )
    return done.rowcount == 1


async def paged(connection: Connection, user_id: str, asked: PageAsked) -> tuple[list[Token], str | None]:
    """A page of a user's tokens, revoked ones too, and the cursor of the next. Raises Refusal."""
    statement = select(*columns_of(tokens, Token)).where(tokens.c.user_id == user_id)
    sorts = {"created_us": tokens.c.created_us, "name": tokens.c.name}
    rows, following = await page(connection, statement, asked, sorts, tokens.c.id, "-created_us")
    return [Token(*row) for row in rows], following


async def of_user(connection: Connection, user_id: str) -> list[Token]:
    """A user's tokens, oldest first."""
    rows = await connection.execute(
        select(*columns_of(tokens, Token)).where(tokens.c.user_id == user_id).order_by(tokens.c.created_us)
    )
    return [Token(*row) for row in rows]
