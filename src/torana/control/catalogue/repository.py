"""The catalogue in SQL: services that a team may subscribe to."""

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import Select, func, or_, select

from torana.control.services.repository import Service, seen_by, served
from torana.stores.sql.engine import Connection
from torana.stores.sql.lifecycle_tables import releases
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.paging import PageAsked, page
from torana.stores.sql.tables import services, subscriptions, teams

_ESCAPE = "\\"


class Offering(msgspec.Struct, frozen=True):
    """Which services of the catalogue are asked for."""

    team_id: str | None
    """For whom; None is for everybody who only looks: the public ones."""
    search: str | None = None
    """Part of the name or description."""
    kind: str | None = None
    name: str | None = None


async def paged(connection: Connection, asked: PageAsked, offering: Offering) -> tuple[list[Service], str | None]:
    """A page of services, and the cursor of the next. Sorted by `name` or `created_us`. Raises Refusal."""
    statement = _offered(offering)
    sorts = {"name": services.c.name, "created_us": services.c.created_us}
    rows, following = await page(connection, statement, asked, sorts, services.c.id, "name")
    return [Service(*row) for row in rows], following


async def find(connection: Connection, offering: Offering, reference: str) -> list[Service]:
    """Those of this id or name."""
    statement = _offered(offering).where(or_(services.c.id == reference, services.c.name == reference))
    return [Service(*row) for row in await connection.execute(statement)]


async def team_names(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """Names of teams."""
    rows = await connection.execute(select(teams.c.id, teams.c.name).where(teams.c.id.in_(sorted(ids))))
    return {row[0]: row[1] for row in rows}


async def states(connection: Connection, team_id: str, service_ids: Collection[str]) -> dict[str, dict[str, int]]:
    """How many subscriptions the team's apps have of each service, by state."""
    c = subscriptions.c
    statement = (
        select(c.service_id, c.state, func.count())
        .where(c.team_id == team_id, c.service_id.in_(sorted(service_ids)))
        .group_by(c.service_id, c.state)
    )
    found: dict[str, dict[str, int]] = {}
    for service_id, state, count in await connection.execute(statement):
        found.setdefault(service_id, {})[state] = count
    return found


async def of_app(connection: Connection, app_id: str, service_ids: Collection[str]) -> dict[str, tuple[str, str]]:
    """Id and state of the app's subscription of each service."""
    c = subscriptions.c
    statement = select(c.service_id, c.id, c.state).where(c.app_id == app_id, c.service_id.in_(sorted(service_ids)))
    return {row[0]: (row[1], row[2]) for row in await connection.execute(statement)}


async def designs(connection: Connection, service_ids: Collection[str]) -> dict[str, str]:
    """The design of the newest live release of each of these services."""
    c = releases.c
    statement = (
        select(c.service_id, c.design)
        .where(c.service_id.in_(sorted(service_ids)), c.state.in_(("published", "deprecated")))
        .order_by(c.major, c.minor)
    )
    # The last one of a service stays.
    return {row[0]: row[1] for row in await connection.execute(statement)}


def _offered(offering: Offering) -> Select[Any]:
    statement = select(*columns_of(services, Service)).where(served())
    if offering.team_id is None:
        statement = statement.where(services.c.visibility == "public")
    else:
        statement = statement.where(seen_by((offering.team_id,)))
    if offering.kind is not None:
        statement = statement.where(services.c.kind == offering.kind)
    if offering.name is not None:
        statement = statement.where(services.c.name == offering.name)
    if offering.search is not None:
        part = f"%{_plain(offering.search.lower())}%"
        fields = (services.c.name, func.coalesce(services.c.description, ""))
        statement = statement.where(or_(*(func.lower(field).like(part, escape=_ESCAPE) for field in fields)))
    return statement


def _plain(text: str) -> str:
    for mark in (_ESCAPE, "%", "_"):
        text = text.replace(mark, _ESCAPE + mark)
    return text
