"""Approvals and decisions in SQL."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, false, insert, or_, select, update

from torana.control.access.scope import Scope, within
from torana.stores.sql.engine import Connection
from torana.stores.sql.lifecycle_tables import approvals, decisions, releases
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.paging import PageAsked, page
from torana.stores.sql.tables import subscriptions


class ApprovalRow(msgspec.Struct, frozen=True):
    """The fields are the columns of the table `approvals`."""

    id: str
    team_id: str | None
    noun: str
    noun_id: str
    state: str
    stages: str
    stage: int
    needs: str
    asked_by: str | None
    asked_by_name: str
    reason: str | None
    created_us: int
    decided_us: int | None


class DecisionRow(msgspec.Struct, frozen=True):
    """The fields are the columns of the table `decisions`."""

    id: str
    team_id: str | None
    approval_id: str
    stage: int
    user_id: str | None
    user_name: str
    verdict: str
    reason: str | None
    created_us: int


class Sight(msgspec.Struct, frozen=True):
    """Which approvals somebody sees: those they asked for, and those where they may decide a stage."""

    user_id: str | None
    reach: Mapping[frozenset[str] | None, frozenset[str]]
    """Permissions by the teams in which they count; None is everywhere."""
    everything: bool = False
    asked_in: Mapping[str, Scope] | None = None
    """Of what they asked for only this is seen, by noun, with whose releases and whose apps' subscriptions; None is all."""


async def add(connection: Connection, row: ApprovalRow) -> None:
    """Store a new approval."""
    await connection.execute(insert(approvals).values(msgspec.structs.asdict(row)))


async def by_id(connection: Connection, approval_id: str) -> ApprovalRow | None:
    """The approval of this id, locked until the transaction ends."""
    statement = select(*columns_of(approvals, ApprovalRow)).where(approvals.c.id == approval_id).with_for_update()
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else ApprovalRow(*row)


async def seen(connection: Connection, sight: Sight, approval_id: str) -> ApprovalRow | None:
    """The approval of this id, if it is one of those that are seen."""
    statement = _seen(select(*columns_of(approvals, ApprovalRow)), sight).where(approvals.c.id == approval_id)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else ApprovalRow(*row)


async def open_of(connection: Connection, noun: str, noun_id: str) -> list[ApprovalRow]:
    """Approvals of one thing that nobody has finished."""
    rows = await connection.execute(
        select(*columns_of(approvals, ApprovalRow))
        .where(approvals.c.noun_id == noun_id, approvals.c.noun == noun, approvals.c.state == "open")
        .with_for_update()
    )
    return [ApprovalRow(*row) for row in rows]


async def newest_of(connection: Connection, noun: str, noun_id: str) -> ApprovalRow | None:
    """The last approval that was asked for one thing."""
    rows = await connection.execute(
        select(*columns_of(approvals, ApprovalRow))
        .where(approvals.c.noun_id == noun_id, approvals.c.noun == noun)
        .order_by(approvals.c.created_us.desc(), approvals.c.id.desc())
        .limit(1)
    )
    row = rows.one_or_none()
    return None if row is None else ApprovalRow(*row)


async def paged(
    connection: Connection, sight: Sight, asked: PageAsked, state: str | None, noun: str | None
) -> tuple[list[ApprovalRow], str | None]:
    """A page of the approvals that are seen, and the cursor of the next. Raises Refusal."""
    statement = _seen(select(*columns_of(approvals, ApprovalRow)), sight)
    if state is not None:
        statement = statement.where(approvals.c.state == state)
    if noun is not None:
        statement = statement.where(approvals.c.noun == noun)
    sorts: dict[str, Any] = {"created_us": approvals.c.created_us}
    rows, following = await page(connection, statement, asked, sorts, approvals.c.id, "-created_us")
    return [ApprovalRow(*row) for row in rows], following


async def move(connection: Connection, approval_id: str, state: str, stage: int, decided_us: int | None) -> None:
    """Bring an approval to a state and stage."""
    await connection.execute(
        update(approvals).where(approvals.c.id == approval_id).values(state=state, stage=stage, decided_us=decided_us)
    )


async def add_decision(connection: Connection, row: DecisionRow) -> None:
    """Store what somebody decided."""
    await connection.execute(insert(decisions).values(msgspec.structs.asdict(row)))


async def decisions_of(connection: Connection, approval_ids: list[str]) -> list[DecisionRow]:
    """What was decided about these, oldest first."""
    if not approval_ids:
        return []
    rows = await connection.execute(
        select(*columns_of(decisions, DecisionRow))
        .where(decisions.c.approval_id.in_(approval_ids))
        .order_by(decisions.c.created_us, decisions.c.id)
    )
    return [DecisionRow(*row) for row in rows]


def _seen(statement: Select[Any], sight: Sight) -> Select[Any]:
    if sight.everything:
        return statement
    ways = [_asked(sight)] if sight.user_id is not None else []
    for team_ids, permissions in sight.reach.items():
        needed = or_(*(approvals.c.needs.contains(f" {name} ", autoescape=True) for name in sorted(permissions)))
        ways.append(approvals.c.id.in_(within(select(approvals.c.id).where(needed), approvals, Scope(team_ids))))
    return statement.where(or_(*ways) if ways else false())


def _asked(sight: Sight) -> ColumnElement[bool]:
    mine = approvals.c.asked_by == sight.user_id
    if sight.asked_in is None:
        return mine
    # An approval of a subscription is the service's team's; whoever asked did so for an app of theirs.
    tables = {"release": releases, "subscription": subscriptions}
    things = [within(select(tables[noun].c.id), tables[noun], scope) for noun, scope in sight.asked_in.items()]
    return and_(mine, or_(*(approvals.c.noun_id.in_(found) for found in things)))
