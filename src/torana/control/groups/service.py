"""What groups give: made and taken back, each time with the roles of who is in the group."""

from torana.control.access.actor import Actor
from torana.control.access.grants import check_holds, permissions_in_team, permissions_on_platform
from torana.control.access.scope import Scope
from torana.control.groups import repository
from torana.control.groups.given import SCIM, recompute
from torana.control.groups.repository import Group, GroupRole
from torana.control.identity import repository as providers
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id
from torana.stores.sql.engine import Connection

__all__ = ["Group", "GroupRole", "find", "give", "groups_page", "page", "put_into", "take"]

MOST_GROUPS = 500
"""Groups of one token that are kept; those that give a role come first."""
MOST_NAME = 300

page = repository.roles_paged
groups_page = repository.paged


async def give(
    connection: Connection, actor: Actor, source: str, group_name: str, team_id: str | None, role: str
) -> GroupRole:
    """Have the members of a group have a role. Raises Refusal, also where the role allows more than the actor may."""
    if source != SCIM and await providers.by_name(connection, source) is None:
        raise Refusal("invalid_field", param="source", reason=f"expected {SCIM} or the name of an identity provider")
    if team_id is None:
        permissions = await permissions_on_platform(connection, role)
    else:
        permissions = await permissions_in_team(connection, role, team_id)
    check_holds(actor, permissions, team_id)
    given = GroupRole(new_id("given"), source, group_name, team_id, role, epoch_us())
    if await repository.same_role(connection, given):
        raise Refusal("already_exists", noun="role of the group", name=group_name)
    await repository.add_role(connection, given)
    await recompute(connection, await repository.members_by_name(connection, source, group_name))
    return given


async def find(connection: Connection, scope: Scope, given_id: str) -> GroupRole:
    """What is stored under this id. Raises Refusal `not_found`."""
    found = await repository.role_by_id(connection, scope, given_id) if given_id.isprintable() else None
    if found is None:
        raise Refusal("not_found", noun="role of a group", name=given_id[:200])
    return found


async def take(connection: Connection, given: GroupRole) -> None:
    """Have a group no longer give a role."""
    await repository.remove_role(connection, given.id)
    await recompute(connection, await repository.members_by_name(connection, given.source, given.group_name))


async def put_into(connection: Connection, user_id: str, source: str, names: set[str]) -> None:
    """Put a user into exactly these groups of a source, which are made where they are missing."""
    mapped = await repository.mapped_names(connection, source)
    fitting = {name for name in names if 0 < len(name) <= MOST_NAME and name.isprintable()}
    kept = set(sorted(fitting, key=lambda name: (name not in mapped, name))[:MOST_GROUPS])
    before = {group.name: group for group in await repository.groups_of(connection, source, user_id)}
    for name in sorted(before.keys() - kept):
        await repository.remove_members(connection, before[name].id, (user_id,))
    for name in sorted(kept - before.keys()):
        group = await repository.by_name(connection, source, name)
        if group is None:
            group = Group(new_id("group"), source, name, None, epoch_us())
            await repository.add(connection, group)
        await repository.add_members(connection, group.id, (user_id,))
    await recompute(connection, (user_id,))
