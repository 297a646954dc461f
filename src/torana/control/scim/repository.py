"""People and groups in SQL, as a SCIM client sees them: no service accounts, and no groups of other sources."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from torana.control.groups.given import SCIM
from torana.control.groups.repository import MOST_AT_ONCE, Group
from torana.control.scim.errors import ScimError
from torana.control.scim.read import Listing
from torana.control.users.repository import User
from torana.stores.sql.engine import Connection
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.people_tables import group_members, groups, users

_PERSON = users.c.kind == "person"


async def person(connection: Connection, user_id: str) -> User | None:
    """The person of this id."""
    row = (
        await connection.execute(select(*columns_of(users, User)).where(_PERSON, users.c.id == user_id))
    ).one_or_none()
    return None if row is None else User(*row)


async def people(connection: Connection, listing: Listing) -> tuple[int, list[User]]:
    """How many people there are in a list, and one part of them. Raises ScimError."""
    statement = select(*columns_of(users, User)).where(_PERSON)
    for name, value in listing.terms:
        statement = statement.where(_of_person(name, value))
    total, rows = await _part(connection, statement, listing, users.c.created_us, users.c.id)
    return total, [User(*row) for row in rows]


async def groups_listed(connection: Connection, listing: Listing) -> tuple[int, list[Group]]:
    """How many groups there are in a list, and one part of them. Raises ScimError."""
    statement = select(*columns_of(groups, Group)).where(groups.c.source == SCIM)
    for name, value in listing.terms:
        statement = statement.where(_of_group(name, value))
    total, rows = await _part(connection, statement, listing, groups.c.created_us, groups.c.id)
    return total, [Group(*row) for row in rows]


async def members(connection: Connection, group_ids: Collection[str]) -> list[tuple[str, str, str]]:
    """Of these groups, at most MOST_AT_ONCE: group id, user id and address of each member."""
    rows = await connection.execute(
        select(group_members.c.group_id, users.c.id, users.c.email)
        .join(users, users.c.id == group_members.c.user_id)
        .where(_PERSON, group_members.c.group_id.in_(sorted(group_ids)))
        .order_by(users.c.email)
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def groups_of(connection: Connection, user_ids: Collection[str]) -> list[tuple[str, str, str]]:
    """Of these users, at most MOST_AT_ONCE: user id, group id and name of each group."""
    rows = await connection.execute(
        select(group_members.c.user_id, groups.c.id, groups.c.name)
        .join(groups, groups.c.id == group_members.c.group_id)
        .where(groups.c.source == SCIM, group_members.c.user_id.in_(sorted(user_ids)))
        .order_by(groups.c.name)
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def people_among(connection: Connection, user_ids: Collection[str]) -> set[str]:
    """Those of these ids that are people's."""
    found: set[str] = set()
    listed = sorted(user_ids)
    for start in range(0, len(listed), MOST_AT_ONCE):
        some = listed[start : start + MOST_AT_ONCE]
        rows = await connection.execute(select(users.c.id).where(_PERSON, users.c.id.in_(some)))
        found.update(row[0] for row in rows)
    return found


async def same_external_id(connection: Connection, external_id: str, user_id: str) -> bool:
    """Whether another person has this external id."""
    statement = select(users.c.id).where(_PERSON, users.c.external_id == external_id, users.c.id != user_id)
    return (await connection.execute(statement.limit(1))).first() is not None


async def _part(
    connection: Connection, statement: Select[Any], listing: Listing, *order: ColumnElement[Any]
) -> tuple[int, Sequence[Any]]:
    total = (await connection.execute(select(func.count()).select_from(statement.subquery()))).scalar_one()
    if listing.most == 0:
        return int(total), []
    part = statement.order_by(*order).offset(listing.start - 1).limit(listing.most)
    return int(total), (await connection.execute(part)).all()


def _of_person(name: str, value: str | bool) -> ColumnElement[bool]:
    if name == "active" and isinstance(value, bool):
        return users.c.state != "suspended" if value else users.c.state == "suspended"
    if isinstance(value, str):
        if name in ("username", "emails", "emails.value"):
            return users.c.email == value.strip().lower()
        column = {"id": users.c.id, "externalid": users.c.external_id, "displayname": users.c.name}.get(name)
        if column is not None:
            return column == value
    raise ScimError(
        400, "userName, externalId, id, displayName, emails and active can be filtered by.", "invalidFilter"
    )


def _of_group(name: str, value: str | bool) -> ColumnElement[bool]:
    if isinstance(value, str):
        if name in ("members", "members.value"):
            return groups.c.id.in_(select(group_members.c.group_id).where(group_members.c.user_id == value))
        column = {"id": groups.c.id, "externalid": groups.c.external_id, "displayname": groups.c.name}.get(name)
        if column is not None:
            return column == value
    raise ScimError(400, "displayName, externalId, id and members can be filtered by.", "invalidFilter")
