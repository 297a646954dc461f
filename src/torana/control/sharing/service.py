"""Who sees a service, and who approves its subscriptions."""

from collections.abc import Collection
from typing import NamedTuple

from torana.control.access.actor import Actor
from torana.control.access.scope import Scope
from torana.control.services.repository import Service
from torana.control.services.service import Visibility
from torana.control.sharing import repository
from torana.core.errors import Refusal
from torana.stores.sql.engine import Connection

__all__ = ["Sharing", "find", "reach", "share", "sharing_of"]

MOST_TEAMS = 1000


class Sharing(NamedTuple):
    """Who sees a service."""

    visibility: str
    teams: list[tuple[str, str]]
    """Ids and names, by name."""


def reach(actor: Actor, *permissions: str) -> Scope:
    """Where the actor has any of these permissions."""
    scopes = [actor.scope(permission) for permission in permissions]
    ids = [scope.team_ids for scope in scopes if scope.team_ids is not None]
    return Scope(frozenset().union(*ids) if len(ids) == len(scopes) else None)


async def find(connection: Connection, scope: Scope, reference: str, *, offered: bool = True) -> Service:
    """The service of this id or name that the scope owns or, with `offered`, sees. Raises Refusal `not_found`."""
    found = await repository.find(connection, scope, reference, offered=offered)
    if found is None:
        raise Refusal("not_found", noun="service", name=reference[:200])
    return found


async def sharing_of(connection: Connection, service: Service) -> Sharing:
    """Who sees a service."""
    return Sharing(service.visibility, await repository.shared_names(connection, service.id))


async def share(
    connection: Connection, service: Service, visibility: Visibility, references: Collection[str]
) -> Sharing:
    """Set who sees a service; `references` are ids or names of teams, where it is `teams`. Raises Refusal."""
    if service.team_id is None and visibility == "team":
        raise Refusal("invalid_field", param="visibility", reason="a service of the platform has no team to be kept in")
    if references and visibility != "teams":
        raise Refusal("invalid_field", param="teams", reason="a list of teams belongs to the visibility teams")
    known = await repository.team_ids_of(connection, references)
    unknown = next((one for one in references if one not in known), None)
    if unknown is not None:
        raise Refusal("not_found", noun="team", name=unknown[:200])
    await repository.share(connection, service, visibility, {known[one] for one in references} - {service.team_id})
    return Sharing(visibility, await repository.shared_names(connection, service.id))
