"""Who acts, and what they may do: in every team, and in each."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from torana.control.access.permissions import PERMISSIONS
from torana.control.access.scope import PLATFORM, Scope
from torana.core.errors import Refusal

ActorKind = Literal["person", "service", "owner", "system", "nobody"]
_NOTHING: frozenset[str] = frozenset()


class Actor(NamedTuple):
    """Whoever a request, or a timer, acts for."""

    kind: ActorKind
    id: str | None
    """Of the user; None for the owner of the data folder, for timers and for who is not signed in."""
    name: str
    """An e-mail address, or a word such as `owner`."""
    platform: frozenset[str] = _NOTHING
    """Permissions that count everywhere."""
    teams: Mapping[str, frozenset[str]] = {}
    """Permissions by the id of the team in which they count."""
    via: str | None = None
    """Id of the token or session."""
    address: str | None = None
    agent: str | None = None
    whole: bool = True
    """Whether it may do all that its user may: no token with scopes, or for one team."""

    def may(self, permission: str, team_id: str | None) -> bool:
        """Whether this is allowed with what belongs to this team; None is the platform."""
        return permission in self.platform or permission in self.teams.get(team_id or "", _NOTHING)

    def demand(self, permission: str, team_id: str | None) -> None:
        """Raises Refusal `not_allowed`. Of what the actor cannot even see, say `not_found` before: see `scope`."""
        if not self.may(permission, team_id):
            raise Refusal("not_allowed", permission=permission)

    def scope(self, permission: str) -> Scope:
        """Whose rows this permission reaches, for `within`; where it is held nowhere, nobody's."""
        if permission in self.platform:
            return PLATFORM
        return Scope(frozenset(team_id for team_id, held in self.teams.items() if permission in held))

    def demand_anywhere(self, permission: str) -> None:
        """Raises Refusal `not_allowed` when it is allowed nowhere at all."""
        if permission not in self.platform and not any(permission in held for held in self.teams.values()):
            raise Refusal("not_allowed", permission=permission)


OWNER = Actor("owner", None, "owner", frozenset(PERMISSIONS))
"""Whoever can open control's own socket, which lies in a folder that only they can enter."""

SYSTEM = Actor("system", None, "system", frozenset(PERMISSIONS))
"""Timers: what expires, retires or rolls back by itself."""
