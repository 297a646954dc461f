"""Notices and deliveries in SQL, and who is to be told."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, delete, exists, func, insert, or_, select, update

from torana.stores.sql.engine import Connection
from torana.stores.sql.lifecycle_tables import deliveries, notices, webhooks
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.paging import PageAsked, page
from torana.stores.sql.people_tables import memberships, roles, users

_MOST_ERROR = 500


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


async def is_due(connection: Connection, now_us: int) -> bool:
    """Whether anything waits to be sent now."""
    return bool(await connection.scalar(select(exists().where(*_due(now_us)))))


async def due(connection: Connection, now_us: int, of_a_team: int, most: int) -> list[tuple[str, str | None]]:
    """Ids and team ids of what waits to be sent now: of each team at most so many, and every team's first before any's second."""
    place = (
        func.row_number()
        .over(partition_by=deliveries.c.team_id, order_by=(deliveries.c.next_us, deliveries.c.id))
        .label("place")
    )
    waiting = select(deliveries.c.id, deliveries.c.team_id, deliveries.c.next_us, place).where(*_due(now_us)).subquery()
    rows = await connection.execute(
        select(waiting.c.id, waiting.c.team_id)
        .where(waiting.c.place <= of_a_team)
        .order_by(waiting.c.place, waiting.c.next_us)
        .limit(most)
    )
    return [(row[0], row[1]) for row in rows]


async def claim(connection: Connection, ids: Collection[str], now_us: int, until_us: int) -> list[Delivery]:
    """Of these, what is still due and no other node is taking; it is this one's until then, with one attempt more counted."""
    if not ids:
        return []
    found = await connection.execute(
        select(*columns_of(deliveries, Delivery))
        .where(deliveries.c.id.in_(sorted(ids)), *_due(now_us))
        .with_for_update(skip_locked=True)
    )
    taken = [Delivery(*row) for row in found.all()]
    if taken:
        await connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_([one.id for one in taken]))
            .values(attempts=deliveries.c.attempts + 1, next_us=until_us)
        )
    return [msgspec.structs.replace(one, attempts=one.attempts + 1, next_us=until_us) for one in taken]


async def finish(connection: Connection, one: Delivery, now_us: int, error: str | None) -> bool:
    """Note that a claimed delivery was taken, or with an error given up; whether it was still this claim's."""
    done = await connection.execute(
        update(deliveries).where(*_claimed(one)).values(next_us=None, done_us=now_us, error=_cut(error))
    )
    return bool(done.rowcount)


async def later(connection: Connection, one: Delivery, next_us: int, error: str) -> None:
    """Have a claimed delivery tried again then."""
    await connection.execute(update(deliveries).where(*_claimed(one)).values(next_us=next_us, error=_cut(error)))


async def forget_mail(connection: Connection) -> None:
    """Delete the e-mails that wait."""
    await connection.execute(delete(deliveries).where(deliveries.c.channel == "email", deliveries.c.done_us.is_(None)))


async def given_up_since(connection: Connection, target: str, since_us: int) -> int:
    """How much of what this target was to be told was given up since then."""
    return int(
        await connection.scalar(
            select(func.count()).where(
                deliveries.c.target == target, deliveries.c.done_us > since_us, deliveries.c.error.is_not(None)
            )
        )
        or 0
    )


async def forget(connection: Connection, done_before_us: int, told_before_us: int) -> None:
    """Delete deliveries that were done, and notices that were made, before then."""
    await connection.execute(delete(deliveries).where(deliveries.c.done_us < done_before_us))
    await connection.execute(delete(notices).where(notices.c.created_us < told_before_us))


async def inbox(
    connection: Connection, user_id: str | None, asked: PageAsked, unread: bool | None
) -> tuple[list[Notice], str | None]:
    """A page of somebody's notices, and the cursor of the next. Raises Refusal."""
    statement = select(*columns_of(notices, Notice)).where(notices.c.user_id == user_id)
    if unread is not None:
        statement = statement.where(notices.c.read_us.is_(None) if unread else notices.c.read_us.is_not(None))
    sorts: dict[str, Any] = {"created_us": notices.c.created_us}
    rows, following = await page(connection, statement, asked, sorts, notices.c.id, "-created_us")
    return [Notice(*row) for row in rows], following


async def find(connection: Connection, user_id: str | None, notice_id: str) -> Notice | None:
    """One of somebody's notices."""
    rows = await connection.execute(
        select(*columns_of(notices, Notice)).where(notices.c.id == notice_id, notices.c.user_id == user_id)
    )
    row = rows.one_or_none()
    return None if row is None else Notice(*row)


async def unread(connection: Connection, user_id: str | None) -> int:
    """How many notices somebody has not read."""
    found = select(func.count()).where(notices.c.user_id == user_id, notices.c.read_us.is_(None))
    return int(await connection.scalar(found) or 0)


async def mark_read(
    connection: Connection,
    user_id: str | None,
    now_us: int,
    *,
    notice_id: str | None = None,
    until_us: int | None = None,
) -> int:
    """Note that somebody has read one notice, or all until then; how many they had not."""
    statement = update(notices).where(notices.c.user_id == user_id, notices.c.read_us.is_(None))
    if notice_id is not None:
        statement = statement.where(notices.c.id == notice_id)
    if until_us is not None:
        statement = statement.where(notices.c.created_us <= until_us)
    return int((await connection.execute(statement.values(read_us=now_us))).rowcount)


def _due(now_us: int) -> tuple[ColumnElement[bool], ...]:
    return deliveries.c.next_us <= now_us, deliveries.c.done_us.is_(None)


def _claimed(one: Delivery) -> tuple[ColumnElement[bool], ...]:
    # Whoever claimed it later, because this claim had run out, has counted one attempt more.
    return deliveries.c.id == one.id, deliveries.c.attempts == one.attempts, deliveries.c.done_us.is_(None)


def _cut(error: str | None) -> str | None:
    return None if error is None else error[:_MOST_ERROR]
