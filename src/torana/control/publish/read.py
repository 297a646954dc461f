"""All that a snapshot is made of, read in one transaction with one statement a table."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import or_, select

from torana.control.access.scope import PLATFORM
from torana.control.apps import service as apps
from torana.control.issuers.service import Issuer
from torana.control.issuers.service import listed as issuers_listed
from torana.control.keys.service import Key
from torana.control.plans.limits import stored_limits
from torana.control.policies import service as policies
from torana.control.providers import service as providers
from torana.control.publish.changes import Touched
from torana.control.releases import repository as releases
from torana.control.releases.repository import Served
from torana.control.services import service as services
from torana.control.sharing import repository as sharing
from torana.control.teams import service as teams
from torana.stores.sql import tables
from torana.stores.sql.engine import Connection
from torana.stores.sql.lifecycle_tables import plans
from torana.stores.sql.metadata import columns_of

KEEP_EXPIRED_US = 30 * 86_400 * 1_000_000
"""How long an expired key stays published, so that its holder hears that it has expired, not that it never was one."""


class Subscribed(NamedTuple):
    """What gates have to know of a subscription."""

    id: str
    app_id: str
    service_id: str
    state: str
    plan_id: str | None
    expires_us: int | None
    review_us: int | None


class Truth(NamedTuple):
    """What the database holds, in a fixed order."""

    teams: list[teams.Team]
    apps: list[apps.App]
    keys: list[Key]
    """Those in use, and those that expired lately."""
    providers: list[providers.Provider]
    services: list[services.Service]
    """Those that are active."""
    deployments: list[services.Deployment]
    aliases: list[services.Alias]
    subscriptions: list[Subscribed]
    """All but those that were cancelled."""
    limits: list[policies.Limit]
    issuers: Sequence[Issuer] = ()
    plans: Mapping[str, tuple[policies.LimitDraft, ...]] = {}
    """The limits of each plan, by its id."""
    shared: Mapping[str, frozenset[str]] = {}
    """Services whose visibility is `teams`, each with the teams that see it."""
    releases: Sequence[Served] = ()
    """Those that are live or retired, of a service newest first."""


async def read(connection: Connection, now_us: int) -> Truth:
    """The truth at `now_us`. The transaction must see one state throughout."""
    return Truth(
        teams=await teams.listed(connection),
        apps=await apps.listed(connection, PLATFORM),
        keys=await read_keys(connection, now_us),
        providers=await providers.listed(connection),
        services=[s for s in await services.listed(connection, PLATFORM) if s.state == "active"],
        deployments=await services.deployments_of(connection),
        aliases=await services.aliases_of(connection),
        subscriptions=await read_subscribed(connection),
        limits=await policies.listed_limits(connection),
        issuers=await issuers_listed(connection),
        plans=await read_plans(connection),
        shared=await sharing.all_shared(connection),
        releases=await releases.served(connection),
    )


async def read_keys(connection: Connection, now_us: int, key_ids: Collection[str] | None = None) -> list[Key]:
    """Keys that are to be published, all or those of `key_ids`."""
    keys = tables.keys
    statement = select(*columns_of(keys, Key)).where(
        keys.c.revoked_us.is_(None), or_(keys.c.expires_us.is_(None), keys.c.expires_us > now_us - KEEP_EXPIRED_US)
    )
    if key_ids is not None:
        statement = statement.where(keys.c.id.in_(sorted(key_ids)))
    return [Key(*row) for row in (await connection.execute(statement)).all()]


async def read_apps(connection: Connection, ids: Collection[str]) -> list[apps.App]:
    """The apps of these ids that there are."""
    table = tables.apps
    rows = await connection.execute(select(*columns_of(table, apps.App)).where(table.c.id.in_(sorted(ids))))
    return [apps.App(*row) for row in rows]


async def apps_concerned(connection: Connection, touched: Touched, service_ids: Collection[str], most: int) -> set[str]:
    """The ids of the apps that what was written concerns, and of those that have to do with these services; `most` + 1 at most."""
    table = tables.subscriptions.c
    found: set[str] = set()
    for column, ids in (
        (table.id, touched.subscriptions),
        (table.plan_id, touched.plans),
        (table.service_id, {*touched.subscribed, *service_ids}),
    ):
        if ids:
            rows = select(table.app_id).where(column.in_(sorted(ids))).distinct()
            found.update(await connection.scalars(rows.limit(most + 1)))
    if team_ids := {*touched.teams, *touched.owners}:
        rows = select(tables.apps.c.id).where(tables.apps.c.team_id.in_(sorted(team_ids)))
        found.update(await connection.scalars(rows.limit(most + 1)))
    return found


async def services_at(connection: Connection, provider_ids: Collection[str]) -> set[str]:
    """The ids of the services that have, or a release of which has, a deployment at these provider accounts."""
    table = tables.deployments.c
    statement = select(table.service_id).where(table.provider_id.in_(sorted(provider_ids))).distinct()
    return set(await connection.scalars(statement))


async def read_subscribed(connection: Connection, app_ids: Collection[str] | None = None) -> list[Subscribed]:
    """Subscriptions that are to be published, all or those of these apps, by id."""
    table = tables.subscriptions
    columns = [table.c[name] for name in Subscribed._fields]
    statement = select(*columns).where(table.c.state != "cancelled")
    if app_ids is None:
        statement = statement.order_by(table.c.id)
        return [Subscribed(*row) for row in await connection.execute(statement)]
    # Sorted here: for the order by id SQLite would go through all that there are.
    rows = await connection.execute(statement.where(table.c.app_id.in_(sorted(app_ids))))
    return sorted(Subscribed(*row) for row in rows)


async def read_plans(
    connection: Connection, plan_ids: Collection[str | None] | None = None
) -> dict[str, tuple[policies.LimitDraft, ...]]:
    """The limits of all plans, or of these."""
    statement = select(plans.c.id, plans.c.limits)
    if plan_ids is not None:
        statement = statement.where(plans.c.id.in_([one for one in plan_ids if one is not None]))
    rows = await connection.execute(statement)
    return {id_: stored_limits(limits) for id_, limits in rows}
