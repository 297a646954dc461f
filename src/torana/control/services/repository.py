"""Services, their deployments and their aliases in SQL."""

from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import ColumnElement, and_, delete, exists, insert, or_, select, update

from torana.control.access.scope import Scope, within
from torana.stores.sql.engine import Connection
from torana.stores.sql.lifecycle_tables import releases, service_teams
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.paging import PageAsked, page
from torana.stores.sql.tables import aliases, declared, deployments, providers, services

_KEPT = -1
"""The position of a deployment that a release still has, and the draft not: its row keeps the provider account in place."""

EVERYBODY = ("organisation", "public")
"""Visibilities that every team's apps may subscribe under."""
_LIVE = ("published", "deprecated")


def seen_by(team_ids: Collection[str]) -> ColumnElement[bool]:
    """The condition on `services` that one of these teams sees it. What it means for one team says `may_subscribe`."""
    ids = sorted(team_ids)
    shared = exists().where(service_teams.c.service_id == services.c.id, service_teams.c.shared_with.in_(ids))
    return or_(
        services.c.visibility.in_(EVERYBODY),
        services.c.team_id.in_(ids),
        and_(services.c.visibility == "teams", shared),
    )


def served() -> ColumnElement[bool]:
    """The condition on `services` that there is something to subscribe to: not switched off, nor only a draft."""
    live = exists().where(releases.c.service_id == services.c.id, releases.c.state.in_(_LIVE))
    return and_(services.c.state == "active", or_(services.c.lifecycle == "direct", live))


class Service(msgspec.Struct, frozen=True):
    """What is offered and governed."""

    id: str
    team_id: str | None
    """None is the platform's."""
    name: str
    kind: str
    visibility: str
    """Whose apps may subscribe: `team` (its own), `teams` (those it is shared with), `organisation`, `public`."""
    state: str
    """`active` or `disabled`."""
    keep_bodies: bool
    created_us: int
    drop_unsupported: bool = False
    try_unsupported: bool = False
    custom: str | None = None
    """Of kind `custom`: the description of the model, as JSON."""
    lifecycle: str = "direct"
    """`direct`: what stands here is served. `released`: it is a draft, and releases of it are served."""
    description: str | None = None
    contract: str | None = None
    """JSON with the schemas of input and output."""
    approval: str | None = None
    """JSON: control/releases/design.py says of what form."""


class Deployment(msgspec.Struct, frozen=True):
    """A model at a provider account, behind a service."""

    id: str
    team_id: str | None
    service_id: str
    provider_id: str
    position: int
    """In the draft; below 0 it is a release's only."""
    model: str
    weight: int


class Alias(msgspec.Struct, frozen=True):
    """Another name of a service."""

    id: str
    team_id: str | None
    service_id: str
    name: str


async def add(connection: Connection, service: Service) -> None:
    """Store a new service."""
    await connection.execute(insert(services).values(msgspec.structs.asdict(service)))


async def replace(connection: Connection, service: Service) -> None:
    """Store a service over the one with the same id."""
    values = msgspec.structs.asdict(service)
    await connection.execute(update(services).where(services.c.id == values.pop("id")).values(values))


async def by_name(connection: Connection, team_id: str | None, name: str) -> Service | None:
    """The team's, or the platform's, service of this name."""
    rows = await connection.execute(
        select(*columns_of(services, Service)).where(
            services.c.team_id.is_not_distinct_from(team_id), services.c.name == name
        )
    )
    row = rows.one_or_none()
    return None if row is None else Service(*row)


async def by_id(connection: Connection, service_id: str) -> Service | None:
    """The service of this id, whoever's it is."""
    rows = await connection.execute(select(*columns_of(services, Service)).where(services.c.id == service_id))
    row = rows.one_or_none()
    return None if row is None else Service(*row)


async def named_for(connection: Connection, team_id: str, name: str) -> list[Service]:
    """Every service of this name that the team's apps may subscribe to."""
    visible = seen_by((team_id,))
    rows = await connection.execute(
        select(*columns_of(services, Service)).where(services.c.name == name, visible).order_by(services.c.id)
    )
    return [Service(*row) for row in rows]


async def listed(connection: Connection, scope: Scope) -> list[Service]:
    """The scope's services and the platform's, by name."""
    statement = select(*columns_of(services, Service)).order_by(services.c.name, services.c.id)
    rows = await connection.execute(within(statement, services, scope, platform_too=True))
    return [Service(*row) for row in rows]


async def find(connection: Connection, scope: Scope, reference: str) -> list[Service]:
    """Services of this id or name that the scope or the platform owns; the one of the id alone where there is one."""
    statement = select(*columns_of(services, Service)).where(
        or_(services.c.id == reference, services.c.name == reference)
    )
    rows = await connection.execute(within(statement, services, scope, platform_too=True))
    found = [Service(*row) for row in rows]
    return [service for service in found if service.id == reference] or found


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which services; None does not filter."""

    name: str | None = None
    kind: str | None = None
    lifecycle: str | None = None
    team_id: str | None = None


async def paged(
    connection: Connection, scope: Scope, asked: PageAsked, filters: Filters
) -> tuple[list[Service], str | None]:
    """A page of the scope's services and the platform's, and the cursor of the next. Raises Refusal."""
    statement = within(select(*columns_of(services, Service)), services, scope, platform_too=True)
    wanted = {name: value for name, value in msgspec.structs.asdict(filters).items() if value is not None}
    statement = statement.where(*(services.c[name] == value for name, value in wanted.items()))
    sorts = {"name": services.c.name, "created_us": services.c.created_us}
    rows, following = await page(connection, statement, asked, sorts, services.c.id, "name")
    return [Service(*row) for row in rows], following


async def declared_among(connection: Connection, ids: Collection[str]) -> frozenset[str]:
    """Which of these torana.yaml declares."""
    return frozenset(await connection.scalars(select(declared.c.id).where(declared.c.id.in_(sorted(ids)))))


class Place(msgspec.Struct, frozen=True):
    """A provider account as deployments refer to it."""

    id: str
    team_id: str | None
    name: str
    vendor: str


async def places_of(connection: Connection, ids: Collection[str]) -> dict[str, Place]:
    """Provider accounts by their ids."""
    rows = await connection.execute(select(*columns_of(providers, Place)).where(providers.c.id.in_(sorted(ids))))
    return {row[0]: Place(*row) for row in rows}


async def usable_places(connection: Connection, team_id: str | None, reference: str) -> list[Place]:
    """Provider accounts of this id or name that the team, or everybody, may use: the team's own first."""
    statement = select(*columns_of(providers, Place)).where(
        or_(providers.c.id == reference, providers.c.name == reference),
        or_(providers.c.team_id.is_(None), providers.c.team_id == (team_id or "")),
    )
    found = [Place(*row) for row in await connection.execute(statement)]
    return sorted(found, key=lambda place: (place.id != reference, place.team_id is None))


async def remove(connection: Connection, service_id: str) -> None:
    """Delete a service with its deployments, aliases and subscriptions."""
    await connection.execute(delete(services).where(services.c.id == service_id))


async def by_ids(connection: Connection, ids: Collection[str]) -> list[Service]:
    """Those of these ids that there are."""
    rows = await connection.execute(select(*columns_of(services, Service)).where(services.c.id.in_(sorted(ids))))
    return [Service(*row) for row in rows]


async def deployments_of(
    connection: Connection, service_id: str | None = None, *, kept_too: bool = False
) -> list[Deployment]:
    """One service's deployments, or all, in their order; with `kept_too` also those that only releases have."""
    statement = select(*columns_of(deployments, Deployment)).order_by(
        deployments.c.service_id, deployments.c.position, deployments.c.id
    )
    if not kept_too:
        statement = statement.where(deployments.c.position >= 0)
    if service_id is not None:
        statement = statement.where(deployments.c.service_id == service_id)
    return [Deployment(*row) for row in await connection.execute(statement)]


async def parts_of(
    connection: Connection, service_ids: Collection[str]
) -> tuple[Sequence[Deployment], Sequence[Alias]]:
    """The deployments and the aliases of these services, in their order."""
    ids = sorted(service_ids)
    places = select(*columns_of(deployments, Deployment)).where(
        deployments.c.service_id.in_(ids), deployments.c.position >= 0
    )
    names = select(*columns_of(aliases, Alias)).where(aliases.c.service_id.in_(ids)).order_by(aliases.c.name)
    found = await connection.execute(places.order_by(deployments.c.position, deployments.c.id))
    return [Deployment(*row) for row in found], [Alias(*row) for row in await connection.execute(names)]


async def forget_kept(connection: Connection, service_id: str, used: Collection[str]) -> None:
    """Delete the deployments that neither the draft has any more nor, by `used`, a release."""
    gone = delete(deployments).where(deployments.c.service_id == service_id, deployments.c.position < 0)
    await connection.execute(gone.where(deployments.c.id.not_in(sorted(used))))


async def set_deployments(
    connection: Connection, service_id: str, wanted: list[Deployment], used: Collection[str] = ()
) -> None:
    """Make these a service's deployments; ones with a known id are changed in place, and rows of `used` ids stay for releases."""
    held = {deployment.id for deployment in await deployments_of(connection, service_id, kept_too=True)}
    left = held - {deployment.id for deployment in wanted}
    # Statements name the service, so that publishing knows which one to compile (publish/changes.py).
    mine = deployments.c.service_id == service_id
    if gone := left - set(used):
        await connection.execute(delete(deployments).where(mine, deployments.c.id.in_(sorted(gone))))
    if kept := left & set(used):
        kept_rows = update(deployments).where(mine, deployments.c.id.in_(sorted(kept)))
        await connection.execute(kept_rows.values(position=_KEPT))
    for deployment in wanted:
        values = msgspec.structs.asdict(deployment)
        if deployment.id in held:
            same = mine & (deployments.c.id == values.pop("id"))
            del values["service_id"]
            await connection.execute(update(deployments).where(same).values(values))
        else:
            await connection.execute(insert(deployments).values(values))


async def aliases_of(connection: Connection, service_id: str | None = None) -> list[Alias]:
    """One service's aliases, or all, by name."""
    statement = select(*columns_of(aliases, Alias)).order_by(aliases.c.name, aliases.c.id)
    if service_id is not None:
        statement = statement.where(aliases.c.service_id == service_id)
    return [Alias(*row) for row in await connection.execute(statement)]


async def alias_by_name(connection: Connection, team_id: str | None, name: str) -> Alias | None:
    """The team's, or the platform's, alias of this name."""
    rows = await connection.execute(
        select(*columns_of(aliases, Alias)).where(
            aliases.c.team_id.is_not_distinct_from(team_id), aliases.c.name == name
        )
    )
    row = rows.one_or_none()
    return None if row is None else Alias(*row)


async def set_aliases(connection: Connection, service_id: str, wanted: list[Alias]) -> None:
    """Replace a service's aliases."""
    await connection.execute(delete(aliases).where(aliases.c.service_id == service_id))
    if wanted:
        await connection.execute(insert(aliases), [msgspec.structs.asdict(alias) for alias in wanted])
