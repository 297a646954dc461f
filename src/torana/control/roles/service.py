"""Custom roles: made from the published permissions, and from none that their maker lacks.

A name means one role: no team may call one like a built-in one or like one of the platform, which its members may have.
"""

from collections.abc import Collection

import msgspec

from torana.control.access.actor import Actor
from torana.control.access.grants import check_holds, check_known
from torana.control.access.names import check_name
from torana.control.access.permissions import PLATFORM_ONLY
from torana.control.access.roles import PLATFORM_ROLES, TEAM_ROLES
from torana.control.access.scope import Scope
from torana.control.roles import repository
from torana.control.roles.repository import Role
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id
from torana.stores.sql.engine import Connection

__all__ = ["Role", "change", "create", "find", "page", "permissions_of", "remove"]

page = repository.paged
_permissions = msgspec.json.Decoder(list[str]).decode


def permissions_of(role: Role) -> list[str]:
    """What the role gives, by name."""
    return _permissions(role.permissions)


async def create(
    connection: Connection,
    actor: Actor,
    *,
    team_id: str | None,
    name: str,
    description: str | None,
    permissions: Collection[str],
) -> Role:
    """A new role of a team, or with None of the platform. Raises Refusal."""
    check_name(name)
    if name in PLATFORM_ROLES or name in TEAM_ROLES:
        raise Refusal("already_exists", noun="role", name=name)
    for other in await repository.named(connection, name):
        if team_id is None or other.team_id in (None, team_id):
            raise Refusal("already_exists", noun="role", name=name)
    given = _checked(actor, team_id, permissions)
    role = Role(new_id("role"), team_id, name, description or None, _encoded(given), epoch_us())
    await repository.add(connection, role)
    return role


async def find(connection: Connection, scope: Scope, role_id: str) -> Role:
    """The platform's role, or one of the scope, of this id. Raises Refusal `not_found`."""
    role = await repository.find(connection, scope, role_id)
    if role is None:
        raise Refusal("not_found", noun="role", name=role_id[:200])
    return role


async def change(
    connection: Connection,
    actor: Actor,
    role: Role,
    *,
    description: str | None,
    permissions: Collection[str] | None,
) -> Role:
    """A role that says or gives something else, at once to all who have it; None leaves it. Raises Refusal."""
    check_holds(actor, frozenset(permissions_of(role)), role.team_id)
    if description is not None:
        role = msgspec.structs.replace(role, description=description or None)
    if permissions is not None:
        given = _checked(actor, role.team_id, permissions)
        role = msgspec.structs.replace(role, permissions=_encoded(given))
    await repository.change(connection, role)
    return role


async def remove(connection: Connection, actor: Actor, role: Role) -> None:
    """Delete a role that nobody has. Raises Refusal `in_use` or `beyond_own`."""
    check_holds(actor, frozenset(permissions_of(role)), role.team_id)
    if used := await repository.used_by(connection, role):
        raise Refusal("in_use", noun="role", name=role.name, users=", ".join(used))
    await repository.remove(connection, role.id)


def _checked(actor: Actor, team_id: str | None, permissions: Collection[str]) -> frozenset[str]:
    given = check_known(permissions)
    if team_id is not None and given & PLATFORM_ONLY:
        listed = ", ".join(sorted(given & PLATFORM_ONLY))
        raise Refusal("invalid_field", param="permissions", reason=f"no role of a team can give {listed}")
    check_holds(actor, given, team_id)
    return given


def _encoded(permissions: Collection[str]) -> str:
    return msgspec.json.encode(sorted(permissions)).decode()
