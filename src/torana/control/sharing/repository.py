"""Visibility in SQL: which services a team sees, and the lists of teams that services are shared with."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import and_, delete, insert, or_, select, update

from torana.control.access.scope import Scope
from torana.control.services.repository import Service, seen_by, served
from torana.core.ids import new_id
from torana.stores.sql.engine import Connection
from torana.stores.sql.lifecycle_tables import service_teams
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.tables import services, teams


async def find(connection: Connection, scope: Scope, reference: str, *, offered: bool = True) -> Service | None:
    """The service of this id or name that the scope owns or, with `offered`, sees.

    An id comes before a name, an own one before the platform's, and that before others, if there is only one.
    """
    statement = select(*columns_of(services, Service)).where(
        or_(services.c.id == reference, services.c.name == reference)
    )
    if scope.team_ids is not None:
        own = services.c.team_id.in_(sorted(scope.team_ids))
        statement = statement.where(or_(own, and_(seen_by(scope.team_ids), served())) if offered else own)
    found = [Service(*row) for row in await connection.execute(statement)]
    return _meant(found, scope, reference)


async def by_id(connection: Connection, service_id: str) -> Service | None:
    """A service that something of ours refers to."""
    row = (
        await connection.execute(select(*columns_of(services, Service)).where(services.c.id == service_id))
    ).one_or_none()
    return None if row is None else Service(*row)


def _meant(found: list[Service], scope: Scope, reference: str) -> Service | None:
    own = scope.team_ids or frozenset()
    for candidates in (
        [service for service in found if service.id == reference],
        [service for service in found if service.team_id in own],
        [service for service in found if service.team_id is None],
        found,
    ):
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            return None
    return None


async def shared_with(connection: Connection, service_id: str) -> frozenset[str]:
    """Ids of the teams on a service's list."""
    statement = select(service_teams.c.shared_with).where(service_teams.c.service_id == service_id)
    return frozenset(await connection.scalars(statement))


async def shared_names(connection: Connection, service_id: str) -> list[tuple[str, str]]:
    """Ids and names of the teams on a service's list, by name."""
    statement = (
        select(teams.c.id, teams.c.name)
        .join(service_teams, service_teams.c.shared_with == teams.c.id)
        .where(service_teams.c.service_id == service_id)
        .order_by(teams.c.name)
    )
    return [(row[0], row[1]) for row in await connection.execute(statement)]


async def all_shared(connection: Connection, service_ids: Collection[str] | None = None) -> dict[str, frozenset[str]]:
    """The lists of all services, or of these, whose visibility is `teams`."""
    statement = (
        select(service_teams.c.service_id, service_teams.c.shared_with)
        .join(services, services.c.id == service_teams.c.service_id)
        .where(services.c.visibility == "teams")
    )
    if service_ids is not None:
        statement = statement.where(services.c.id.in_(sorted(service_ids)))
    found: defaultdict[str, set[str]] = defaultdict(set)
    for service_id, team_id in await connection.execute(statement):
        found[service_id].add(team_id)
    return {service_id: frozenset(ids) for service_id, ids in found.items()}


async def share(connection: Connection, service: Service, visibility: str, team_ids: Iterable[str]) -> None:
    """Set who sees a service."""
    await connection.execute(update(services).where(services.c.id == service.id).values(visibility=visibility))
    await connection.execute(delete(service_teams).where(service_teams.c.service_id == service.id))
    rows: list[dict[str, Any]] = [
        {"id": new_id("sharing"), "team_id": service.team_id, "service_id": service.id, "shared_with": team_id}
        for team_id in sorted(team_ids)
    ]
    if rows:
        await connection.execute(insert(service_teams), rows)


async def set_approval(connection: Connection, service_id: str, approval: str | None) -> None:
    """Set who approves."""
    await connection.execute(update(services).where(services.c.id == service_id).values(approval=approval))


async def team_ids_of(connection: Connection, references: Collection[str]) -> dict[str, str]:
    """Ids of teams by the ids or names that were given."""
    statement = select(teams.c.id, teams.c.name).where(or_(teams.c.id.in_(references), teams.c.name.in_(references)))
    rows = (await connection.execute(statement)).all()
    return {name: team_id for team_id, name in rows} | {team_id: team_id for team_id, _ in rows}
