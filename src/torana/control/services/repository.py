"""Services, their deployments and their aliases in SQL."""

import msgspec
from sqlalchemy import delete, insert, select, update

from torana.control.access.scope import Scope, within
from torana.stores.sql.engine import Connection
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.tables import aliases, deployments, services


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


async def named_for(connection: Connection, team_id: str, name: str) -> list[Service]:
    """Every service of this name that the team's apps may subscribe to."""
    visible = (services.c.team_id == team_id) | (services.c.visibility == "organisation")
    rows = await connection.execute(
        select(*columns_of(services, Service)).where(services.c.name == name, visible).order_by(services.c.id)
    )
    return [Service(*row) for row in rows]


async def listed(connection: Connection, scope: Scope) -> list[Service]:
    """The scope's services and the platform's, by name."""
    statement = select(*columns_of(services, Service)).order_by(services.c.name, services.c.id)
    rows = await connection.execute(within(statement, services, scope, platform_too=True))
    return [Service(*row) for row in rows]


async def remove(connection: Connection, service_id: str) -> None:
    """Delete a service with its deployments, aliases and subscriptions."""
    await connection.execute(delete(services).where(services.c.id == service_id))


async def deployments_of(connection: Connection, service_id: str | None = None) -> list[Deployment]:
    """One service's deployments, or all, in their order."""
    statement = select(*columns_of(deployments, Deployment)).order_by(
        deployments.c.service_id, deployments.c.position, deployments.c.id
    )
    if service_id is not None:
        statement = statement.where(deployments.c.service_id == service_id)
    return [Deployment(*row) for row in await connection.execute(statement)]


async def set_deployments(connection: Connection, service_id: str, wanted: list[Deployment]) -> None:
    """Make these a service's deployments; ones with a known id are changed in place."""
    held = {deployment.id for deployment in await deployments_of(connection, service_id)}
    kept = {deployment.id for deployment in wanted}
    if gone := held - kept:
        await connection.execute(delete(deployments).where(deployments.c.id.in_(gone)))
    for deployment in wanted:
        values = msgspec.structs.asdict(deployment)
        if deployment.id in held:
            await connection.execute(update(deployments).where(deployments.c.id == values.pop("id")).values(values))
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
