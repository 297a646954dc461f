"""Which roles somebody has because of the groups they are in: worked out anew whenever either may have changed.

Roles in teams are memberships with the group's source; those given by hand have another one and are never touched. A user has one
platform role: where groups give several, it is the one that allows most, and where one was given by hand, that one stays.
"""

from collections.abc import Collection, Mapping

from torana.control.access.grants import given_by
from torana.control.groups import repository
from torana.control.groups.repository import MOST_AT_ONCE, Held, Wanted
from torana.control.identity.repository import reaches
from torana.core.ids import epoch_us
from torana.stores.sql.engine import Connection

SCIM = "scim"
"""The source of groups that a SCIM client keeps."""
PLAIN = "member"
"""The platform role of who has no other."""

_Reaches = Mapping[str, frozenset[str] | None]
_Gives = Mapping[tuple[str | None, str], frozenset[str]]


async def recompute(connection: Connection, user_ids: Collection[str]) -> None:
    """Give these users what their groups give, and take what they no longer give."""
    # Whoever sets up an identity provider says who is in its groups: they give nothing that this person may not give.
    sources: dict[str, frozenset[str] | None] = {SCIM: None, **await reaches(connection)}
    listed = sorted(user_ids)
    for start in range(0, len(listed), MOST_AT_ONCE):
        some = listed[start : start + MOST_AT_ONCE]
        wanted = await repository.wanted(connection, some)
        gives = {
            (team_id, role): await given_by(connection, role, team_id)
            for team_id, role in {(one.team_id, one.role) for one in wanted}
        }
        allowed = [one for one in wanted if _may_give(one, gives, sources)]
        await _in_teams(connection, some, allowed, sources)
        await _on_platform(connection, some, allowed, gives)


async def forget(connection: Connection, source: str) -> None:
    """Take what a source's groups give, and delete the groups."""
    user_ids = await repository.members_by_name(connection, source)
    await repository.remove_source(connection, source)
    await repository.take_all(connection, source)
    await recompute(connection, user_ids)


def _may_give(one: Wanted, gives: _Gives, sources: _Reaches) -> bool:
    if one.source not in sources:
        return False
    reach = sources[one.source]
    return reach is None or gives[one.team_id, one.role] <= reach


async def _in_teams(
    connection: Connection, user_ids: Collection[str], wanted: Collection[Wanted], sources: _Reaches
) -> None:
    before = await repository.held(connection, user_ids, sources)
    after = {Held(one.user_id, one.team_id, one.role, one.source) for one in wanted if one.team_id is not None}
    for taken in sorted(before - after):
        await repository.take(connection, taken)
    await repository.give(connection, after - before, epoch_us())


async def _on_platform(
    connection: Connection, user_ids: Collection[str], wanted: Collection[Wanted], gives: _Gives
) -> None:
    strongest: dict[str, str] = {}
    # Without a rank of its own, a role that allows more counts as the stronger one.
    for one in sorted(wanted, key=lambda one: (len(gives[one.team_id, one.role]), one.role)):
        if one.team_id is None:
            strongest[one.user_id] = one.role
    for user_id, role, given in await repository.platform_roles(connection, user_ids):
        by_hand = role != (given or PLAIN)
        now = None if by_hand else strongest.get(user_id)
        if not by_hand and role != (now or PLAIN):
            await repository.set_platform_role(connection, user_id, now or PLAIN)
        if now != given:
            await repository.note_platform_role(connection, user_id, now)
