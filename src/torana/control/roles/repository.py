"""Custom roles in SQL."""

import msgspec
from sqlalchemy import delete, insert, select, update

from torana.control.access.scope import Scope, within
from torana.stores.sql.engine import Connection
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.paging import PageAsked, page
from torana.stores.sql.people_tables import group_roles, invitations, memberships, roles, users


class Role(msgspec.Struct, frozen=True):
    """A custom role. The fields are the columns of the table `roles`."""

    id: str
    team_id: str | None
    """None is the platform's: it may be given there and in every team."""
    name: str
    description: str | None
    permissions: str
    """A JSON array."""
    created_us: int


async def add(connection: Connection, role: Role) -> None:
    """Store a new role."""
    await connection.execute(insert(roles).values(msgspec.structs.asdict(role)))


async def find(connection: Connection, scope: Scope, role_id: str) -> Role | None:
    """The role of this id, if it is the platform's or in the scope."""
    statement = select(*columns_of(roles, Role)).where(roles.c.id == role_id)
    row = (await connection.execute(within(statement, roles, scope, platform_too=True))).one_or_none()
    return None if row is None else Role(*row)


async def named(connection: Connection, name: str) -> list[Role]:
    """The roles of this name, whosever they are."""
    rows = await connection.execute(select(*columns_of(roles, Role)).where(roles.c.name == name))
    return [Role(*row) for row in rows]


async def paged(
    connection: Connection, scope: Scope, asked: PageAsked, team_id: str | None, name: str | None
) -> tuple[list[Role], str | None]:
    """A page of roles: the scope's and the platform's, or one team's. Raises Refusal."""
    statement = within(select(*columns_of(roles, Role)), roles, scope, platform_too=True)
    if team_id is not None:
        statement = statement.where(roles.c.team_id == team_id)
    if name is not None:
        statement = statement.where(roles.c.name == name)
    sorts = {"name": roles.c.name, "created_us": roles.c.created_us}
    rows, following = await page(connection, statement, asked, sorts, roles.c.id, "name")
    return [Role(*row) for row in rows], following


async def change(connection: Connection, role: Role) -> None:
    """Store what a role says and gives now."""
    await connection.execute(
        update(roles).where(roles.c.id == role.id).values(description=role.description, permissions=role.permissions)
    )


async def remove(connection: Connection, role_id: str) -> None:
    """Delete a role."""
    await connection.execute(delete(roles).where(roles.c.id == role_id))


async def used_by(connection: Connection, role: Role) -> list[str]:
    """What has this role: kinds of things, in words."""
    found = []
    uses = (
        ("members", memberships, memberships.c.role),
        ("groups", group_roles, group_roles.c.role),
        ("open invitations", invitations, invitations.c.role),
    )
    for words, table, column in uses:
        statement = select(table.c.id).where(column == role.name).limit(1)
        if role.team_id is not None:
            statement = statement.where(table.c.team_id == role.team_id)
        if table is invitations:
            statement = statement.where(table.c.accepted_us.is_(None), table.c.revoked_us.is_(None))
        if (await connection.execute(statement)).first() is not None:
            found.append(words)
    if role.team_id is None:
        pending = invitations.c.accepted_us.is_(None) & invitations.c.revoked_us.is_(None)
        for words, statement in (
            ("users", select(users.c.id).where(users.c.platform_role == role.name)),
            ("open invitations", select(invitations.c.id).where(invitations.c.platform_role == role.name, pending)),
        ):
            if words not in found and (await connection.execute(statement.limit(1))).first() is not None:
                found.append(words)
    return found
