"""Nobody gives away more than they have: an apply makes, changes and removes no role that its actor does not have all of."""

from torana.control.access.actor import Actor
from torana.control.access.grants import check_holds
from torana.control.plan.current import Existing
from torana.control.plan.diff import Difference
from torana.control.plan.things import Thing
from torana.control.plan.wanted import Wanted


def check_reach(actor: Actor, before: Existing, after: Wanted, found: Difference) -> None:
    """Raises Refusal `beyond_own`."""
    owners = {row["id"]: row["team_id"] for row in before.stored.roles}
    for change in found.changes:
        if change.kind != "role":
            continue
        there, wanted = before.things.get(("role", change.name)), after.things.get(("role", change.name))
        role = after.apart.get(("role", change.name))
        # In a team that the same apply makes, nobody has more than on the platform.
        team = before.things.get(("team", role.team)) if role is not None and role.team else None
        team_id = owners[there.id] if there is not None else None if team is None else team.id
        check_holds(actor, _permissions(there) | _permissions(wanted), team_id)


def _permissions(role: Thing | None) -> frozenset[str]:
    listed = None if role is None else role.fields["permissions"]
    return frozenset(str(listed).split(", ")) if listed else frozenset()
