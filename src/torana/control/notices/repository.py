"""Notices and deliveries in SQL, and who is to be told."""

from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import insert, or_, select

from torana.stores.sql.engine import Connection
from torana.stores.sql.lifecycle_tables import deliveries, notices, webhooks
from torana.stores.sql.people_tables import memberships, roles, users


class Notice(msgspec.Struct, frozen=True):
    """What one person is told. The fields are the columns of the table `notices`."""

    id: str
    user_id: str
    team_id: str | None
    event: str
    subject: str
    body: str
    link: str | None
    created_us: int
    read_us: int | None


class Delivery(msgspec.Struct, frozen=True):
    """What is still to be told outside. The fields are the columns of the table `deliveries`."""

    id: str
    team_id: str | None
    channel: str
    target: str
    event: str
    content: str
    created_us: int
    attempts: int
    next_us: int | None
    done_us: int | None
    error: str | None


class Person(msgspec.Struct, frozen=True):
    """Somebody who can be told."""

    id: str
    email: str


async def people(connection: Connection, user_ids: Collection[str]) -> list[Person]:
    """Those of these users who are people and may sign in."""
    if not user_ids:
        return []
    rows = await connection.execute(
        select(users.c.id, users.c.email).where(
            users.c.id.in_(sorted(user_ids)), users.c.kind == "person", users.c.state == "active"
        )
    )
    return [Person(*row) for row in rows]


async def members_with(connection: Connection, team_id: str, role_names: Collection[str]) -> list[Person]:
    """People who have one of these roles in the team."""
    rows = await connection.execute(
        select(users.c.id, users.c.email)
        .join(memberships, memberships.c.user_id == users.c.id)
        .where(
            memberships.c.team_id == team_id,
            memberships.c.role.in_(sorted(role_names)),
            users.c.kind == "person",
            users.c.state == "active",
        )
        .distinct()
    )
    return [Person(*row) for row in rows]


async def on_platform_with(connection: Connection, role_names: Collection[str]) -> list[Person]:
    """People who have one of these platform roles."""
    rows = await connection.execute(
        select(users.c.id, users.c.email).where(
            users.c.platform_role.in_(sorted(role_names)), users.c.kind == "person", users.c.state == "active"
        )
    )
    return [Person(*row) for row in rows]


async def custom_roles(connection: Connection, team_id: str | None) -> list[tuple[str | None, str, str]]:
    """Team id, name and permissions as JSON of the custom roles that count in this team, the platform's first."""
    whose = or_(roles.c.team_id.is_(None), roles.c.team_id == team_id)
    rows = await connection.execute(select(roles.c.team_id, roles.c.name, roles.c.permissions).where(whose))
    return sorted(((row[0], row[1], row[2]) for row in rows), key=lambda row: row[0] is not None)


async def webhooks_of(connection: Connection, team_id: str | None) -> list[tuple[str, str | None, str]]:
    """Id, team id and events as JSON of the webhooks in use that hear of this team: its own, and the platform's."""
    whose = or_(webhooks.c.team_id.is_(None), webhooks.c.team_id == team_id)
    rows = await connection.execute(
        select(webhooks.c.id, webhooks.c.team_id, webhooks.c.events).where(whose, webhooks.c.disabled_us.is_(None))
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def add(connection: Connection, made: Sequence[Notice]) -> None:
    """Store notices."""
    if made:
        await connection.execute(insert(notices), [msgspec.structs.asdict(one) for one in made])


async def queue(connection: Connection, made: Sequence[Delivery]) -> None:
    """Store deliveries."""
    if made:
        await connection.execute(insert(deliveries), [msgspec.structs.asdict(one) for one in made])
