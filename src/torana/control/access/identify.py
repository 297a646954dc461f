"""From a token or session to an actor with the permissions that its roles give and its scopes leave."""

import msgspec

from torana.control.access import repository
from torana.control.access.actor import Actor, ActorKind
from torana.control.access.permissions import PLATFORM_ONLY
from torana.control.access.repository import Known
from torana.control.access.roles import PLATFORM_ROLES, TEAM_ROLES
from torana.core.ids import epoch_us
from torana.core.secret import Secret
from torana.stores.secrets.master import MasterKey
from torana.stores.sql.engine import Connection

_permissions = msgspec.json.Decoder(frozenset[str]).decode
_NOTHING: frozenset[str] = frozenset()


async def by_token(connection: Connection, master: MasterKey, token: Secret) -> Actor | None:
    """Who acts with this token; None when it is unknown, expired or revoked, or its user is suspended."""
    known = await known_by_token(connection, master, token)
    return None if known is None else await actor_of(connection, known)


async def by_session(connection: Connection, master: MasterKey, cookie: Secret) -> Actor | None:
    """Who acts in this session; None when it is unknown or over, or its user is suspended."""
    known = await known_by_session(connection, master, cookie)
    return None if known is None else await actor_of(connection, known)


async def by_user(connection: Connection, user_id: str) -> Actor | None:
    """What this user may do, whatever their state; None when there is none."""
    known = await repository.by_user(connection, user_id)
    return None if known is None else await actor_of(connection, known)


async def known_by_token(connection: Connection, master: MasterKey, token: Secret) -> Known | None:
    """Whom a token in use stands for."""
    # Found by a keyed hash: no comparison of the token itself that could be timed.
    return await repository.by_token(connection, master.key_digest(token.reveal().encode()), epoch_us())


async def known_by_session(connection: Connection, master: MasterKey, cookie: Secret) -> Known | None:
    """Whom a running session stands for."""
    return await repository.by_session(connection, master.key_digest(cookie.reveal().encode()), epoch_us())


async def actor_of(connection: Connection, known: Known) -> Actor:
    """Whoever is known, with the permissions that roles give and scopes leave."""
    held = await repository.roles_in_teams(connection, known.user_id)
    unknown = {role for _, role in held if role not in TEAM_ROLES}
    if known.platform_role not in PLATFORM_ROLES:
        unknown.add(known.platform_role)
    custom = {key: _permissions(text) for key, text in (await repository.custom_roles(connection, unknown)).items()}
    platform = PLATFORM_ROLES.get(known.platform_role) or custom.get((None, known.platform_role), _NOTHING)
    teams: dict[str, frozenset[str]] = {}
    for team_id, role in held:
        given = TEAM_ROLES.get(role) or custom.get((team_id, role)) or custom.get((None, role), _NOTHING)
        teams[team_id] = teams.get(team_id, _NOTHING) | (given - PLATFORM_ONLY)
    if known.scopes is not None:
        scopes = _permissions(known.scopes)
        platform &= scopes
        teams = {team_id: permissions & scopes for team_id, permissions in teams.items()}
    if known.team_id is not None:
        teams = {known.team_id: teams.get(known.team_id, _NOTHING) | (platform - PLATFORM_ONLY)}
        platform = _NOTHING
    kind: ActorKind = "service" if known.kind == "service" else "person"
    whole = known.scopes is None and known.team_id is None
    return Actor(kind, known.user_id, known.email, platform, teams, known.via or None, whole=whole)
