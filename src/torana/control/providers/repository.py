"""Provider accounts in SQL; credentials only sealed."""

from collections.abc import Collection

import msgspec
from sqlalchemy import delete, insert, select, update

from torana.control.access.scope import Scope, within
from torana.stores.sql.engine import Connection
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.paging import PageAsked, page
from torana.stores.sql.tables import deployments, providers, services


class Provider(msgspec.Struct, frozen=True):
    """A provider account."""

    id: str
    team_id: str | None
    """None is the platform's."""
    name: str
    vendor: str
    base_url: str
    sealed_key: bytes | None
    """The credential under the master key, bound to this account's id."""
    ca_pem: str | None
    proxy: str | None
    connect_timeout_seconds: float | None
    first_byte_timeout_seconds: float | None
    idle_timeout_seconds: float | None
    total_timeout_seconds: float | None
    stream_usage: bool | None
    """None takes the vendor's."""
    created_us: int
    dialect: str | None = None
    """The one to prefer; None takes the vendor's."""
    bases: str | None = None
    """JSON: dialects with the base URL of each, where that is not the vendor's (providers/places)."""
    options: str | None = None
    """JSON: what the vendor's addresses and credential need besides, such as `region`."""


async def add(connection: Connection, provider: Provider) -> None:
    """Store a new provider account."""
    await connection.execute(insert(providers).values(msgspec.structs.asdict(provider)))


async def replace(connection: Connection, provider: Provider) -> None:
    """Store a provider account over the one with the same id."""
    values = msgspec.structs.asdict(provider)
    await connection.execute(update(providers).where(providers.c.id == values.pop("id")).values(values))


async def by_ids(connection: Connection, ids: Collection[str]) -> dict[str, Provider]:
    """Provider accounts by their ids."""
    statement = select(*columns_of(providers, Provider)).where(providers.c.id.in_(sorted(ids)))
    return {row[0]: Provider(*row) for row in await connection.execute(statement)}


async def by_name(connection: Connection, team_id: str | None, name: str) -> Provider | None:
    """The team's, or the platform's, provider account of this name."""
    rows = await connection.execute(
        select(*columns_of(providers, Provider)).where(
            providers.c.team_id.is_not_distinct_from(team_id), providers.c.name == name
        )
    )
    row = rows.one_or_none()
    return None if row is None else Provider(*row)


async def listed(connection: Connection) -> list[Provider]:
    """All provider accounts, by id."""
    rows = await connection.execute(select(*columns_of(providers, Provider)).order_by(providers.c.id))
    return [Provider(*row) for row in rows]


async def by_id(connection: Connection, scope: Scope, provider_id: str) -> Provider | None:
    """The account with this id, if it is in the scope or the platform's."""
    statement = select(*columns_of(providers, Provider)).where(providers.c.id == provider_id)
    row = (await connection.execute(within(statement, providers, scope, platform_too=True))).one_or_none()
    return None if row is None else Provider(*row)


async def paged(
    connection: Connection, scope: Scope, asked: PageAsked, vendor: str | None, name: str | None
) -> tuple[list[Provider], str | None]:
    """A page of the scope's accounts and the platform's, and the cursor of the next. Raises Refusal."""
    statement = within(select(*columns_of(providers, Provider)), providers, scope, platform_too=True)
    for column, value in ((providers.c.vendor, vendor), (providers.c.name, name)):
        if value is not None:
            statement = statement.where(column == value)
    sorts = {"name": providers.c.name, "created_us": providers.c.created_us}
    rows, following = await page(connection, statement, asked, sorts, providers.c.id, "name")
    return [Provider(*row) for row in rows], following


async def users_of(connection: Connection, provider_id: str) -> list[str]:
    """Names of the services with a deployment at this provider account."""
    rows = await connection.execute(
        select(services.c.name)
        .join(deployments, deployments.c.service_id == services.c.id)
        .where(deployments.c.provider_id == provider_id)
        .distinct()
        .order_by(services.c.name)
    )
    return [str(name) for name in rows.scalars()]


async def remove(connection: Connection, provider_id: str) -> None:
    """Delete a provider account."""
    await connection.execute(delete(providers).where(providers.c.id == provider_id))
