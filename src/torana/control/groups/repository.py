"""Groups, their members, and the roles that they give, in SQL."""

from collections.abc import Collection
from typing import NamedTuple

import msgspec
from sqlalchemy import and_, delete, insert, select, update

from torana.control.access.scope import Scope, within
from torana.core.ids import new_id
from torana.stores.sql.engine import Connection
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.paging import PageAsked, page
from torana.stores.sql.people_tables import (
    group_members,
    group_platform_roles,
    group_roles,
    groups,
    memberships,
    users,
)

MOST_AT_ONCE = 500
"""Ids in one statement: SQLite takes 32,766 parameters, and a plan for few is a good one."""


class Group(msgspec.Struct, frozen=True):
    """A group, as its source calls it."""

    id: str
    source: str
    name: str
    external_id: str | None
    created_us: int


class GroupRole(msgspec.Struct, frozen=True):
    """That the members of a group have a role."""

    id: str
    source: str
    group_name: str
    team_id: str | None
    """None gives a platform role."""
    role: str
    created_us: int


async def add(connection: Connection, group: Group) -> None:
    """Store a new group."""
    await connection.execute(insert(groups).values(msgspec.structs.asdict(group)))


async def by_id(connection: Connection, source: str, group_id: str) -> Group | None:
    """The group of this id, if it is of this source."""
    statement = select(*columns_of(groups, Group)).where(groups.c.source == source, groups.c.id == group_id)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else Group(*row)


async def by_name(connection: Connection, source: str, name: str) -> Group | None:
    """The group that this source calls so."""
    statement = select(*columns_of(groups, Group)).where(groups.c.source == source, groups.c.name == name)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else Group(*row)


async def change(connection: Connection, group_id: str, name: str, external_id: str | None) -> None:
    """Give a group another name and external id."""
    await connection.execute(update(groups).where(groups.c.id == group_id).values(name=name, external_id=external_id))


async def remove(connection: Connection, group_id: str) -> None:
    """Delete a group; its members stay."""
    await connection.execute(delete(groups).where(groups.c.id == group_id))


async def paged(
    connection: Connection, asked: PageAsked, source: str | None, name: str | None
) -> tuple[list[Group], str | None]:
    """A page of groups, and the cursor of the next. Raises Refusal."""
    statement = select(*columns_of(groups, Group))
    if source is not None:
        statement = statement.where(groups.c.source == source)
    if name is not None:
        statement = statement.where(groups.c.name == name)
    sorts = {"name": groups.c.name, "created_us": groups.c.created_us}
    rows, following = await page(connection, statement, asked, sorts, groups.c.id, "name")
    return [Group(*row) for row in rows], following


async def remove_source(connection: Connection, source: str) -> None:
    """Delete all groups of a source, and the roles that they give."""
    await connection.execute(delete(groups).where(groups.c.source == source))
    await connection.execute(delete(group_roles).where(group_roles.c.source == source))


async def groups_of(connection: Connection, source: str, user_id: str) -> list[Group]:
    """The groups of this source that a user is in, by name."""
    rows = await connection.execute(
        select(*columns_of(groups, Group))
        .join(group_members, group_members.c.group_id == groups.c.id)
        .where(groups.c.source == source, group_members.c.user_id == user_id)
        .order_by(groups.c.name)
    )
    return [Group(*row) for row in rows]


async def members_of(connection: Connection, group_id: str) -> set[str]:
    """Ids of a group's members."""
    rows = await connection.execute(select(group_members.c.user_id).where(group_members.c.group_id == group_id))
    return {row[0] for row in rows}


async def members_by_name(connection: Connection, source: str, name: str | None = None) -> set[str]:
    """Ids of who is in the group that a source calls so, or with None in any of the source's."""
    statement = (
        select(group_members.c.user_id)
        .join(groups, groups.c.id == group_members.c.group_id)
        .where(groups.c.source == source)
    )
    if name is not None:
        statement = statement.where(groups.c.name == name)
    return {row[0] for row in await connection.execute(statement.distinct())}


async def add_members(connection: Connection, group_id: str, user_ids: Collection[str]) -> None:
    """Put users, none of whom is in it, into a group."""
    rows = [{"id": new_id("member"), "group_id": group_id, "user_id": user_id} for user_id in sorted(user_ids)]
    if rows:
        await connection.execute(insert(group_members), rows)


async def remove_members(connection: Connection, group_id: str, user_ids: Collection[str]) -> None:
    """Take users out of a group."""
    listed = sorted(user_ids)
    for start in range(0, len(listed), MOST_AT_ONCE):
        some = listed[start : start + MOST_AT_ONCE]
        await connection.execute(
            delete(group_members).where(group_members.c.group_id == group_id, group_members.c.user_id.in_(some))
        )


async def add_role(connection: Connection, given: GroupRole) -> None:
    """Store that a group gives a role."""
    await connection.execute(insert(group_roles).values(msgspec.structs.asdict(given)))


async def role_by_id(connection: Connection, scope: Scope, given_id: str) -> GroupRole | None:
    """What is stored under this id, within the scope."""
    statement = select(*columns_of(group_roles, GroupRole)).where(group_roles.c.id == given_id)
    row = (await connection.execute(within(statement, group_roles, scope))).one_or_none()
    return None if row is None else GroupRole(*row)


async def same_role(connection: Connection, given: GroupRole) -> bool:
    """Whether this group gives this role in this team already."""
    team = group_roles.c.team_id.is_(None) if given.team_id is None else group_roles.c.team_id == given.team_id
    found = await connection.execute(
        select(group_roles.c.id).where(
            group_roles.c.source == given.source,
            group_roles.c.group_name == given.group_name,
            group_roles.c.role == given.role,
            team,
        )
    )
    return found.one_or_none() is not None


async def roles_paged(
    connection: Connection, scope: Scope, asked: PageAsked, source: str | None, group: str | None, team_id: str | None
) -> tuple[list[GroupRole], str | None]:
    """A page of what groups give, and the cursor of the next. Raises Refusal."""
    statement = within(select(*columns_of(group_roles, GroupRole)), group_roles, scope)
    wanted = {"source": source, "group_name": group, "team_id": team_id}
    for name, value in wanted.items():
        if value is not None:
            statement = statement.where(group_roles.c[name] == value)
    sorts = {"group": group_roles.c.group_name, "created_us": group_roles.c.created_us}
    rows, following = await page(connection, statement, asked, sorts, group_roles.c.id, "group")
    return [GroupRole(*row) for row in rows], following


async def mapped_names(connection: Connection, source: str) -> set[str]:
    """Names of the source's groups that give any role."""
    rows = await connection.execute(select(group_roles.c.group_name).where(group_roles.c.source == source).distinct())
    return {row[0] for row in rows}


async def remove_role(connection: Connection, given_id: str) -> None:
    """Delete what is stored under this id."""
    await connection.execute(delete(group_roles).where(group_roles.c.id == given_id))


class Held(NamedTuple):
    """A role in a team that groups give somebody."""

    user_id: str
    team_id: str
    role: str
    source: str


class Wanted(NamedTuple):
    """A role that a group gives one of its members; without team_id, on the platform."""

    user_id: str
    team_id: str | None
    role: str
    source: str


async def wanted(connection: Connection, user_ids: Collection[str]) -> list[Wanted]:
    """What their groups give these users, at most MOST_AT_ONCE."""
    rows = await connection.execute(
        select(group_members.c.user_id, group_roles.c.team_id, group_roles.c.role, group_roles.c.source)
        .join(groups, groups.c.id == group_members.c.group_id)
        .join(group_roles, and_(group_roles.c.source == groups.c.source, group_roles.c.group_name == groups.c.name))
        .where(group_members.c.user_id.in_(sorted(user_ids)))
        .distinct()
    )
    return [Wanted(*row) for row in rows]


async def held(connection: Connection, user_ids: Collection[str], sources: Collection[str]) -> set[Held]:
    """What these users, at most MOST_AT_ONCE, have in teams from these sources."""
    rows = await connection.execute(
        select(memberships.c.user_id, memberships.c.team_id, memberships.c.role, memberships.c.source).where(
            memberships.c.user_id.in_(sorted(user_ids)), memberships.c.source.in_(sorted(sources))
        )
    )
    return {Held(*row) for row in rows}


async def give(connection: Connection, given: Collection[Held], now_us: int) -> None:
    """Make these memberships."""
    rows = [{"id": new_id("membership"), **one._asdict(), "created_us": now_us} for one in sorted(given)]
    if rows:
        await connection.execute(insert(memberships), rows)


async def take(connection: Connection, taken: Held) -> None:
    """End this membership."""
    await connection.execute(
        delete(memberships).where(
            memberships.c.user_id == taken.user_id,
            memberships.c.team_id == taken.team_id,
            memberships.c.role == taken.role,
            memberships.c.source == taken.source,
        )
    )


async def take_all(connection: Connection, source: str) -> None:
    """End all memberships of a source."""
    await connection.execute(delete(memberships).where(memberships.c.source == source))


async def platform_roles(connection: Connection, user_ids: Collection[str]) -> list[tuple[str, str, str | None]]:
    """Of these users, at most MOST_AT_ONCE: id, platform role, and the platform role that groups gave."""
    rows = await connection.execute(
        select(users.c.id, users.c.platform_role, group_platform_roles.c.role)
        .join(group_platform_roles, group_platform_roles.c.user_id == users.c.id, isouter=True)
        .where(users.c.id.in_(sorted(user_ids)))
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def set_platform_role(connection: Connection, user_id: str, role: str) -> None:
    """Give a user another platform role."""
    await connection.execute(update(users).where(users.c.id == user_id).values(platform_role=role))


async def note_platform_role(connection: Connection, user_id: str, role: str | None) -> None:
    """Keep which platform role groups gave a user; None is none."""
    await connection.execute(delete(group_platform_roles).where(group_platform_roles.c.user_id == user_id))
    if role is not None:
        row = {"id": new_id("given"), "user_id": user_id, "role": role}
        await connection.execute(insert(group_platform_roles).values(row))
