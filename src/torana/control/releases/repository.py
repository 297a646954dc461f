"""Releases in SQL, and how their calls went."""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec
from sqlalchemy import and_, func, insert, or_, select, update

from torana.control.access.scope import Scope, within
from torana.control.releases.canary import NONE, Figures
from torana.stores.sql.call_tables import RELEASE_SUMS, release_rollups
from torana.stores.sql.engine import Connection
from torana.stores.sql.lifecycle_tables import releases
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.paging import PageAsked, page
from torana.stores.sql.tables import services, subscriptions

LIVE = ("published", "deprecated")
"""States in which a release takes calls."""
STANDING = ("review", "approved", *LIVE, "retired")
"""States of those that count: which the next one is compared with."""
HOLDING = ("review", "approved", *LIVE)
"""States in which a release needs its deployments."""


class Release(msgspec.Struct, frozen=True):
    """A numbered design of a service. The fields are the columns of the table `releases`."""

    id: str
    team_id: str | None
    service_id: str
    major: int
    minor: int
    state: str
    weight: int
    design: str
    difference: str | None
    breaking: bool
    note: str | None
    author_id: str | None
    author_name: str
    created_us: int
    published_us: int | None = None
    deprecated_us: int | None = None
    sunset_us: int | None = None
    retired_us: int | None = None
    canary: str | None = None
    watched_us: int | None = None
    warned_us: int | None = None
    successor: str | None = None

    @property
    def version(self) -> str:
        """`major.minor`."""
        return f"{self.major}.{self.minor}"


class Served(msgspec.Struct, frozen=True):
    """What publishing needs of a release that is live or was."""

    id: str
    service_id: str
    major: int
    minor: int
    state: str
    weight: int
    canary: str | None
    deprecated_us: int | None
    sunset_us: int | None
    successor: str | None
    design: str | None = None
    """None of a retired one."""


async def add(connection: Connection, release: Release) -> None:
    """Store a new release."""
    await connection.execute(insert(releases).values(msgspec.structs.asdict(release)))


async def change(connection: Connection, release_id: str, **columns: Any) -> None:
    """Set columns of a release."""
    await connection.execute(update(releases).where(releases.c.id == release_id).values(columns))


async def set_weights(connection: Connection, weights: Mapping[str, int]) -> None:
    """Set the weights of releases, by their ids."""
    for release_id, weight in weights.items():
        await change(connection, release_id, weight=weight)


async def find(connection: Connection, scope: Scope, release_id: str) -> Release | None:
    """The release of this id, if the scope or the platform owns it."""
    statement = select(*columns_of(releases, Release)).where(releases.c.id == release_id)
    row = (await connection.execute(within(statement, releases, scope, platform_too=True))).one_or_none()
    return None if row is None else Release(*row)


async def by_id(connection: Connection, release_id: str) -> Release | None:
    """The release of this id, whoever's it is."""
    row = (
        await connection.execute(select(*columns_of(releases, Release)).where(releases.c.id == release_id))
    ).one_or_none()
    return None if row is None else Release(*row)


async def of_service(connection: Connection, service_id: str, states: Collection[str]) -> list[Release]:
    """A service's releases in one of these states, newest first."""
    statement = select(*columns_of(releases, Release)).where(
        releases.c.service_id == service_id, releases.c.state.in_(states)
    )
    rows = await connection.execute(statement.order_by(releases.c.major.desc(), releases.c.minor.desc()))
    return [Release(*row) for row in rows]


async def numbers(connection: Connection, service_id: str, major: int) -> set[int]:
    """The minor numbers of a major version that were given, whatever became of the releases."""
    statement = select(releases.c.minor).where(releases.c.service_id == service_id, releases.c.major == major)
    return set(await connection.scalars(statement))


async def paged(
    connection: Connection, scope: Scope, service_id: str, asked: PageAsked, state: str | None
) -> tuple[list[Release], str | None]:
    """A page of a service's releases, newest first unless asked otherwise, and the cursor of the next. Raises Refusal."""
    statement = select(*columns_of(releases, Release)).where(releases.c.service_id == service_id)
    if state is not None:
        statement = statement.where(releases.c.state == state)
    statement = within(statement, releases, scope, platform_too=True)
    sorts = {"created_us": releases.c.created_us}
    rows, following = await page(connection, statement, asked, sorts, releases.c.id, "-created_us")
    return [Release(*row) for row in rows], following


async def served(connection: Connection, service_ids: Collection[str] | None = None) -> list[Served]:
    """All releases that are live or retired, or those of these services; of a service newest first."""
    names = [column for column in columns_of(releases, Served) if column.name != "design"]
    order = (releases.c.service_id, releases.c.major.desc(), releases.c.minor.desc())
    live = select(*names, releases.c.design).where(releases.c.state.in_(LIVE)).order_by(*order)
    # Of those that are over nothing but their numbers is needed, and there are the most of them.
    over = select(*names).where(releases.c.state == "retired").order_by(*order)
    if service_ids is not None:
        mine = releases.c.service_id.in_(sorted(service_ids))
        live, over = live.where(mine), over.where(mine)
    found = [Served(*row) for row in await connection.execute(live)]
    found += [Served(*row) for row in await connection.execute(over)]
    return sorted(found, key=lambda one: (one.service_id, -one.major, -one.minor))


async def due(connection: Connection, now_us: int, warn_until_us: int) -> list[Release]:
    """Live releases whose sunset has come, or comes until then and nobody was told lately."""
    table = releases.c
    statement = select(*columns_of(releases, Release)).where(
        table.state == "deprecated",
        or_(table.sunset_us <= now_us, and_(table.sunset_us <= warn_until_us, table.warned_us.is_(None))),
    )
    return [Release(*row) for row in await connection.execute(statement.order_by(table.sunset_us))]


async def watched(connection: Connection) -> list[Release]:
    """Releases that are watched as canaries."""
    statement = select(*columns_of(releases, Release)).where(releases.c.watched_us.is_not(None))
    return [Release(*row) for row in await connection.execute(statement.order_by(releases.c.watched_us))]


async def figures(connection: Connection, release_ids: Collection[str], since_us: int) -> Figures:
    """How the calls of these releases went since then, cut to the minute."""
    since = since_us // 60_000_000 * 60
    sums = [func.sum(release_rollups.c[name]) for name in RELEASE_SUMS]
    statement = select(*sums).where(
        release_rollups.c.release.in_(sorted(release_ids)), release_rollups.c.bucket >= since
    )
    row = (await connection.execute(statement)).one()
    if row[0] is None:
        return NONE
    calls, failed, *latency = (int(value) for value in row)
    return Figures(calls, failed, tuple(latency))


async def subscribed_teams(connection: Connection, service_id: str) -> list[str]:
    """Ids of the teams whose apps may call a service."""
    statement = select(subscriptions.c.team_id).where(
        subscriptions.c.service_id == service_id, subscriptions.c.state == "approved"
    )
    return sorted(set(await connection.scalars(statement)))


async def services_of(connection: Connection, release_ids: Collection[str]) -> set[str]:
    """The ids of the services whose releases these are."""
    statement = select(releases.c.service_id).where(releases.c.id.in_(sorted(release_ids)))
    return set(await connection.scalars(statement))


async def set_lifecycle(connection: Connection, service_id: str, lifecycle: str) -> None:
    """Say what gates serve of a service."""
    await connection.execute(update(services).where(services.c.id == service_id).values(lifecycle=lifecycle))
