"""Subscriptions in SQL."""

from collections.abc import Collection, Iterator
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, delete, false, func, insert, or_, select, true, update

from torana.control.access.scope import Scope, within_any
from torana.control.subscriptions.states import STATES
from torana.stores.sql.engine import Connection
from torana.stores.sql.lifecycle_tables import approvals, plans
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.paging import PageAsked, page_of_parts
from torana.stores.sql.tables import apps, services, subscriptions, teams

_MOST_TEAMS = 20
"""Of more teams than this the parts of a page are not read one by one: SQLite joins 500 statements at most."""


OF_PLATFORM = ""
"""In a filter: the service is the platform's."""


class Subscription(msgspec.Struct, frozen=True):
    """That an app may, or wants to, call a service."""

    id: str
    team_id: str
    """The app's team."""
    app_id: str
    service_id: str
    state: str
    """`requested`, `approved`, `rejected`, `suspended`, `cancelled` or `expired`."""
    created_us: int
    plan_id: str | None = None
    reason: str | None = None
    requested_by: str | None = None
    """Id of a user, who may be gone."""
    changed_us: int | None = None
    expires_us: int | None = None
    review_us: int | None = None
    """When it is suspended unless somebody confirms it before."""
    service_team_id: str | None = None
    """The service's team; None is the platform."""
    asked: str | None = None
    """JSON: another plan or end, which waits for its approval."""
    warned_us: int | None = None


class Filters(msgspec.Struct, frozen=True):
    """Which subscriptions of those that one may see; None is any."""

    team_id: str | None = None
    """The app's team."""
    app_id: str | None = None
    service_id: str | None = None
    service_team_id: str | None = None
    state: str | None = None


class Names(msgspec.Struct, frozen=True):
    """What people call the things that subscriptions refer to, by their ids."""

    apps: dict[str, str]
    teams: dict[str, str]
    services: dict[str, str]
    plans: dict[str, str]
    approvals: dict[str, str]
    """Ids of open approvals, by the subscription's id."""


_COLUMNS = columns_of(subscriptions, Subscription)
_c = subscriptions.c


async def add(connection: Connection, subscription: Subscription) -> None:
    """Store a new subscription."""
    await connection.execute(insert(subscriptions).values(msgspec.structs.asdict(subscription)))


async def find(connection: Connection, app_id: str, service_id: str) -> Subscription | None:
    """The app's subscription of a service."""
    statement = select(*_COLUMNS).where(_c.app_id == app_id, _c.service_id == service_id)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else Subscription(*row)


async def by_id(connection: Connection, scope: Scope, subscription_id: str) -> Subscription | None:
    """The subscription with this id, if it is of an app or of a service of the scope."""
    statement = within_any(select(*_COLUMNS).where(_c.id == subscription_id), scope, _c.team_id, _c.service_team_id)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else Subscription(*row)


async def of_service(connection: Connection, service_id: str, states: Collection[str]) -> list[Subscription]:
    """All of a service in these states."""
    statement = select(*_COLUMNS).where(_c.service_id == service_id, _c.state.in_(states)).order_by(_c.id)
    return [Subscription(*row) for row in await connection.execute(statement)]


async def paged(
    connection: Connection, scope: Scope, asked: PageAsked, filters: Filters
) -> tuple[list[Subscription], str | None]:
    """A page of what concerns the scope, and the cursor of the next. Sorted by `created_us`. Raises Refusal."""
    parts = list(_parts(scope, filters))
    rows, following = await page_of_parts(connection, select(*_COLUMNS), parts, asked, _c.created_us, _c.id)
    return [Subscription(*row) for row in rows], following


async def change(connection: Connection, subscription_id: str, **columns: Any) -> None:
    """Set columns of a subscription."""
    await connection.execute(update(subscriptions).where(_c.id == subscription_id).values(columns))


async def set_review(connection: Connection, service_id: str, at_us: int | None) -> None:
    """Have all approved ones of a service confirmed by then, or never."""
    await connection.execute(
        update(subscriptions)
        .where(_c.service_id == service_id, _c.state == "approved")
        .values(review_us=at_us, warned_us=None)
    )


async def remove(connection: Connection, app_id: str, service_id: str) -> None:
    """Delete the app's subscription of a service."""
    await connection.execute(delete(subscriptions).where(_c.app_id == app_id, _c.service_id == service_id))


async def due(connection: Connection, column: str, until_us: int, most: int, *, unwarned: bool) -> list[Subscription]:
    """Approved ones, or with `expires_us` also requested ones, whose `column` lies before then, the first ones first."""
    states = ("approved", "requested") if column == "expires_us" else ("approved",)
    statement = select(*_COLUMNS).where(_c.state.in_(states), _c[column].is_not(None), _c[column] <= until_us)
    if unwarned:
        statement = statement.where(_c.warned_us.is_(None))
    rows = await connection.execute(statement.order_by(_c[column], _c.id).limit(most))
    return [Subscription(*row) for row in rows]


async def names(connection: Connection, found: Collection[Subscription]) -> Names:
    """What these refer to."""

    async def of(table: Any, ids: set[str]) -> dict[str, str]:
        rows = await connection.execute(select(table.c.id, table.c.name).where(table.c.id.in_(sorted(ids))))
        return {row[0]: row[1] for row in rows} if ids else {}

    opened = await connection.execute(
        select(approvals.c.noun_id, approvals.c.id).where(
            approvals.c.noun_id.in_(sorted(one.id for one in found)), approvals.c.state == "open"
        )
    )
    return Names(
        apps=await of(apps, {one.app_id for one in found}),
        teams=await of(teams, {one.team_id for one in found}),
        services=await of(services, {one.service_id for one in found}),
        plans=await of(plans, {one.plan_id for one in found if one.plan_id is not None}),
        approvals={row[0]: row[1] for row in opened},
    )


def _parts(scope: Scope, filters: Filters) -> Iterator[Select[Any]]:
    """Statements that together find what is asked for, each along an index that has its rows in order, or that leads to few."""
    given = {name: value for name, value in msgspec.structs.asdict(filters).items() if value is not None}
    conditions = [_c[name].is_(None) if value == OF_PLATFORM else _c[name] == value for name, value in given.items()]
    ids = scope.team_ids
    if (narrow := _narrow(scope, filters)) is not None:
        # Not by the index of the state: it would be read to its end for the few rows that are wanted.
        states = [] if filters.state is None else [func.coalesce(_c.state, "") == filters.state]
        fixed = [_c[name] == given[name] for name in ("app_id", "team_id", "service_id") if name in given]
        yield select(_c.id).where(*narrow, *fixed, *states)
        return
    if ids is not None and filters.team_id not in ids and filters.service_team_id not in ids:
        for side in (_c[name] for name in ("team_id", "service_team_id") if name not in given):
            for condition in _each(side, sorted(ids)):
                yield select(_c.id).where(*conditions, condition)
    elif filters.state is not None or filters.team_id is not None:
        yield select(_c.id).where(*conditions)
    else:
        # Neither services nor the whole have an index by time alone.
        for state in STATES:
            yield select(_c.id).where(*conditions, _c.state == state)


def _narrow(scope: Scope, filters: Filters) -> list[ColumnElement[bool]] | None:
    """What has to be true besides the filters where an index leads to few rows, which then may be sorted; None elsewhere."""
    ids = scope.team_ids
    mine = true() if ids is None else or_(_c.team_id.in_(sorted(ids)), _c.service_team_id.in_(sorted(ids)))
    if filters.app_id is not None or (filters.team_id is not None and filters.service_id is not None):
        return [mine]
    if ids is None:
        return None
    if not ids:
        return [false()]
    if filters.service_id is not None and filters.service_team_id not in {None, *ids}:
        # Another's service: only what one's own apps have of it.
        return [_c.team_id.in_(sorted(ids))]
    if filters.team_id is not None and filters.team_id not in ids:
        # Another's apps: only what they have of one's own services.
        own = select(services.c.id).where(services.c.team_id.in_(sorted(ids)))
        return [_c.service_id.in_(own)]
    return None


def _each(column: Any, ids: list[str]) -> list[ColumnElement[bool]]:
    return [column.in_(ids)] if len(ids) > _MOST_TEAMS else [column == team_id for team_id in ids]
