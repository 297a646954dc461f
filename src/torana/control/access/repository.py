"""Users, tokens and roles, as far as they say who acts."""

import msgspec
from sqlalchemy import or_, select

from torana.stores.sql.engine import Connection
from torana.stores.sql.people_tables import memberships, roles, sessions, tokens, users


class Known(msgspec.Struct, frozen=True):
    """Whom a token or session stands for."""

    user_id: str
    kind: str
    email: str
    platform_role: str
    via: str
    """Id of the token or session."""
    scopes: str | None
    """A JSON array of permissions; None is all."""
    team_id: str | None
    """Where set, it counts in this team only."""


async def by_token(connection: Connection, digest: bytes, now_us: int) -> Known | None:
    """Who holds this token, if it is in use at `now_us`."""
    found = await connection.execute(
        select(
            users.c.id,
            users.c.kind,
            users.c.email,
            users.c.platform_role,
            tokens.c.id,
            tokens.c.scopes,
            tokens.c.team_id,
        )
        .join(tokens, tokens.c.user_id == users.c.id)
        .where(
            tokens.c.digest == digest,
            tokens.c.revoked_us.is_(None),
            or_(tokens.c.expires_us.is_(None), tokens.c.expires_us > now_us),
            users.c.state == "active",
        )
    )
    row = found.one_or_none()
    return None if row is None else Known(*row)


async def by_session(connection: Connection, digest: bytes, now_us: int) -> Known | None:
    """Whose session this is, if it still runs at `now_us`."""
    found = await connection.execute(
        select(users.c.id, users.c.kind, users.c.email, users.c.platform_role, sessions.c.id)
        .join(sessions, sessions.c.user_id == users.c.id)
        .where(
            sessions.c.digest == digest,
            sessions.c.revoked_us.is_(None),
            sessions.c.expires_us > now_us,
            users.c.state == "active",
        )
    )
    row = found.one_or_none()
    return None if row is None else Known(*row, None, None)


async def roles_in_teams(connection: Connection, user_id: str) -> list[tuple[str, str]]:
    """Team ids, each with the name of a role that the user has there."""
    rows = await connection.execute(
        select(memberships.c.team_id, memberships.c.role).where(memberships.c.user_id == user_id).distinct()
    )
    return [(row[0], row[1]) for row in rows]


async def custom_roles(connection: Connection, names: set[str]) -> dict[tuple[str | None, str], str]:
    """Permissions, as JSON, of custom roles with these names, by team id (None is the platform's) and name."""
    if not names:
        return {}
    rows = await connection.execute(
        select(roles.c.team_id, roles.c.name, roles.c.permissions).where(roles.c.name.in_(sorted(names)))
    )
    return {(row[0], row[1]): row[2] for row in rows}
