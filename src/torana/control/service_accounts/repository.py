"""Service accounts in SQL: users of another kind, which a team owns."""

from sqlalchemy import select

from torana.control.access.scope import of_team, within
from torana.control.users.repository import User
from torana.stores.sql.engine import Connection
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.paging import PageAsked, page
from torana.stores.sql.people_tables import users


async def find(connection: Connection, team_id: str, account_id: str) -> User | None:
    """The team's account of this id."""
    statement = select(*columns_of(users, User)).where(users.c.id == account_id, users.c.kind == "service")
    row = (await connection.execute(within(statement, users, of_team(team_id)))).one_or_none()
    return None if row is None else User(*row)


async def paged(
    connection: Connection, team_id: str, asked: PageAsked, name: str | None
) -> tuple[list[User], str | None]:
    """A page of a team's accounts, and the cursor of the next. Raises Refusal."""
    statement = select(*columns_of(users, User)).where(users.c.kind == "service")
    if name is not None:
        statement = statement.where(users.c.name == name)
    sorts = {"name": users.c.email, "created_us": users.c.created_us}
    found = within(statement, users, of_team(team_id))
    rows, following = await page(connection, found, asked, sorts, users.c.id, "name")
    return [User(*row) for row in rows], following
