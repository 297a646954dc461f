"""Nobody gives away more than they have: what a role, or a list of permissions, would give is compared with what the giver holds.

The same rule says who may manage whom: only who has all that the other has.
"""

from collections.abc import Collection
from collections.abc import Set as AbstractSet

import msgspec

from torana.control.access import repository
from torana.control.access.actor import Actor
from torana.control.access.permissions import PERMISSIONS, PLATFORM_ONLY
from torana.control.access.roles import PLATFORM_ROLES, TEAM_ROLES
from torana.core.errors import Refusal
from torana.stores.sql.engine import Connection

_NOTHING: frozenset[str] = frozenset()
_SHOWN = 5


async def permissions_on_platform(connection: Connection, role: str) -> frozenset[str]:
    """What a platform role gives. Raises Refusal `invalid_field` when there is none of this name."""
    return await _permissions(connection, role, None, "platform_role")


async def permissions_in_team(connection: Connection, role: str, team_id: str) -> frozenset[str]:
    """What a role gives in a team. Raises Refusal `invalid_field` when there is none of this name."""
    return await _permissions(connection, role, team_id, "role") - PLATFORM_ONLY


async def held_on_platform(connection: Connection, role: str) -> frozenset[str]:
    """What a platform role gives; one that is no more gives nothing."""
    return await _known(connection, role, None) or _NOTHING


async def given_by(connection: Connection, role: str, team_id: str | None) -> frozenset[str]:
    """What a role gives in a team, or with None on the platform; one that is no more gives nothing."""
    found = await _known(connection, role, team_id) or _NOTHING
    return found if team_id is None else found - PLATFORM_ONLY


async def held_in_team(connection: Connection, user_id: str, team_id: str) -> frozenset[str]:
    """What a user's roles in a team give them there; a role that is no more gives nothing."""
    held = {role for team, role in await repository.roles_in_teams(connection, user_id) if team == team_id}
    given = _NOTHING
    for role in held:
        given |= await _known(connection, role, team_id) or _NOTHING
    return given - PLATFORM_ONLY


def check_holds(actor: Actor, permissions: AbstractSet[str], team_id: str | None) -> None:
    """Raises Refusal `beyond_own` when the actor does not have all of these in the team; None is the platform."""
    lacking = sorted(one for one in permissions if not actor.may(one, team_id))
    if lacking:
        raise Refusal("beyond_own", permissions=_listed(lacking))


def check_known(permissions: Collection[str], param: str = "permissions") -> frozenset[str]:
    """The permissions, if all are on the published list. Raises Refusal `invalid_field`."""
    unknown = [one for one in permissions if one not in PERMISSIONS]
    if unknown:
        # Not their names: anything could be in the place of one.
        raise Refusal("invalid_field", param=param, reason="GET /api/v1/permissions lists what can be named there")
    return frozenset(permissions)


async def _permissions(connection: Connection, role: str, team_id: str | None, param: str) -> frozenset[str]:
    found = await _known(connection, role, team_id)
    if found is None:
        raise Refusal("invalid_field", param=param, reason="there is no such role; GET /api/v1/roles lists them")
    return found


async def _known(connection: Connection, role: str, team_id: str | None) -> frozenset[str] | None:
    built_in = PLATFORM_ROLES if team_id is None else TEAM_ROLES
    if role in built_in:
        return built_in[role]
    custom = await repository.custom_roles(connection, {role})
    text = custom.get((team_id, role), custom.get((None, role)))
    return None if text is None else msgspec.json.decode(text, type=frozenset[str])


def _listed(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
