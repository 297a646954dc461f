"""Members of a team: added, given other roles, removed; by nobody who has less there than they get or have."""

from collections.abc import Sequence
from typing import NamedTuple

from torana.control.access.actor import Actor
from torana.control.access.grants import check_holds, held_in_team, permissions_in_team
from torana.control.members import repository
from torana.control.members.repository import MANUAL, Membership
from torana.control.users import repository as users
from torana.control.users.repository import User
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id
from torana.stores.sql.engine import Connection
from torana.stores.sql.paging import PageAsked

__all__ = ["Member", "Membership", "add", "find", "give", "join", "page", "remove", "set_roles"]


class Member(NamedTuple):
    """Somebody in a team."""

    user: User
    held: list[Membership]


async def page(
    connection: Connection, team_id: str, asked: PageAsked, *, role: str | None = None, email: str | None = None
) -> tuple[list[Member], str | None]:
    """A page of the people in a team, and the cursor of the next. Raises Refusal."""
    found, following = await repository.paged(connection, team_id, asked, role, email)
    held: dict[str, list[Membership]] = {user.id: [] for user in found}
    for one in await repository.of_users(connection, team_id, held):
        held[one.user_id].append(one)
    return [Member(user, held[user.id]) for user in found], following


async def find(connection: Connection, team_id: str, reference: str) -> Member:
    """Somebody in the team, by the id or address of the user. Raises Refusal `not_found`."""
    user = await users.find(connection, reference[:320])
    held = [] if user is None else await repository.of_users(connection, team_id, [user.id])
    if user is None or user.kind != "person" or not held:
        raise Refusal("not_found", noun="member", name=reference[:200])
    return Member(user, held)


async def add(connection: Connection, actor: Actor, team_id: str, reference: str, roles: Sequence[str]) -> Member:
    """Somebody who has an account becomes a member. Raises Refusal."""
    user = await users.find(connection, reference[:320])
    if user is None or user.kind != "person":
        raise Refusal("not_found", noun="user", name=reference[:200])
    if user.state == "invited":
        # Whoever made their invitation might hold it still.
        raise Refusal("invalid_field", param="user", reason="has not accepted their own invitation yet; invite them")
    held = await repository.of_users(connection, team_id, [user.id])
    if any(one.source == MANUAL for one in held):
        raise Refusal("already_exists", noun="member", name=user.email)
    await _check_gives(connection, actor, team_id, roles)
    made = await give(connection, team_id, user.id, roles)
    return Member(user, [*held, *made])


async def give(connection: Connection, team_id: str, user_id: str, roles: Sequence[str]) -> list[Membership]:
    """Have a user's roles in a team, as far as they are given by hand, be these; who may do that was checked."""
    now_us = epoch_us()
    rows = [Membership(new_id("membership"), team_id, user_id, role, MANUAL, now_us) for role in dict.fromkeys(roles)]
    await repository.set_manual(connection, team_id, user_id, rows)
    return rows


async def join(connection: Connection, team_id: str, user_id: str, role: str) -> None:
    """One role more in a team, given by hand; who may give it was checked."""
    held = await repository.of_users(connection, team_id, [user_id])
    roles = [one.role for one in held if one.source == MANUAL]
    await give(connection, team_id, user_id, [*roles, role])


async def set_roles(connection: Connection, actor: Actor, team_id: str, member: Member, roles: Sequence[str]) -> Member:
    """Other roles instead of those that were given by hand; what groups give stays. Raises Refusal."""
    check_holds(actor, await held_in_team(connection, member.user.id, team_id), team_id)
    await _check_gives(connection, actor, team_id, roles)
    made = await give(connection, team_id, member.user.id, roles)
    return Member(member.user, [*(one for one in member.held if one.source != MANUAL), *made])


async def remove(connection: Connection, actor: Actor, team_id: str, member: Member) -> None:
    """Take somebody out of the team. Raises Refusal `managed_elsewhere` when groups keep them in."""
    elsewhere = sorted({one.source for one in member.held if one.source != MANUAL})
    if elsewhere:
        raise Refusal("managed_elsewhere", name=member.user.email, source=", ".join(elsewhere))
    if actor.id != member.user.id:
        check_holds(actor, await held_in_team(connection, member.user.id, team_id), team_id)
    await repository.set_manual(connection, team_id, member.user.id, [])


async def _check_gives(connection: Connection, actor: Actor, team_id: str, roles: Sequence[str]) -> None:
    for role in roles:
        check_holds(actor, await permissions_in_team(connection, role, team_id), team_id)
