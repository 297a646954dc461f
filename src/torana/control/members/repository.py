"""Memberships in SQL: one row for each role that somebody has in a team, and where it came from."""

from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import delete, insert, select

from torana.control.users.repository import User
from torana.stores.sql.engine import Connection
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.paging import PageAsked, page
from torana.stores.sql.people_tables import memberships, users

MANUAL = "manual"


class Membership(msgspec.Struct, frozen=True):
    """A role of a user in a team. The fields are the columns of the table `memberships`."""

    id: str
    team_id: str
    user_id: str
    role: str
    source: str
    """`manual`, or where the groups are kept that gave it."""
    created_us: int


async def add(connection: Connection, rows: Sequence[Membership]) -> None:
    """Store memberships."""
    if rows:
        await connection.execute(insert(memberships), [msgspec.structs.asdict(row) for row in rows])


async def of_users(connection: Connection, team_id: str, user_ids: Collection[str]) -> list[Membership]:
    """What these users are in a team, oldest first."""
    rows = await connection.execute(
        select(*columns_of(memberships, Membership))
        .where(memberships.c.team_id == team_id, memberships.c.user_id.in_(sorted(user_ids)))
        .order_by(memberships.c.created_us, memberships.c.id)
    )
    return [Membership(*row) for row in rows]


async def paged(
    connection: Connection, team_id: str, asked: PageAsked, role: str | None, email: str | None
) -> tuple[list[User], str | None]:
    """A page of the people in a team, and the cursor of the next. Raises Refusal."""
    inside = select(memberships.c.user_id).where(memberships.c.team_id == team_id)
    if role is not None:
        inside = inside.where(memberships.c.role == role)
    statement = select(*columns_of(users, User)).where(users.c.id.in_(inside), users.c.kind == "person")
    if email is not None:
        statement = statement.where(users.c.email == email)
    sorts = {"email": users.c.email}
    rows, following = await page(connection, statement, asked, sorts, users.c.id, "email")
    return [User(*row) for row in rows], following


async def set_manual(connection: Connection, team_id: str, user_id: str, rows: Sequence[Membership]) -> None:
    """Have these be the roles that were given by hand."""
    await connection.execute(
        delete(memberships).where(
            memberships.c.team_id == team_id, memberships.c.user_id == user_id, memberships.c.source == MANUAL
        )
    )
    await add(connection, rows)


async def holds(connection: Connection, team_id: str | None, role: str) -> bool:
    """Whether somebody has a role, in a team, or with None in any."""
    statement = select(memberships.c.id).where(memberships.c.role == role).limit(1)
    if team_id is not None:
        statement = statement.where(memberships.c.team_id == team_id)
    return (await connection.execute(statement)).first() is not None
