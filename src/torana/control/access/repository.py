"""Users, tokens and roles, as far as they say who acts."""

import msgspec
from sqlalchemy import or_, select, update

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
    seen_us: int | None
    """When token or session was last noted to be used."""
    ends_us: int | None
    """When a session ends however much it is used; None for a token."""


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
            tokens.c.last_used_us,
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
    return None if row is None else Known(*row, ends_us=None)


async def by_user(connection: Connection, user_id: str) -> Known | None:
    """This user, in whatever state."""
    found = await connection.execute(
        select(users.c.id, users.c.kind, users.c.email, users.c.platform_role).where(users.c.id == user_id)
    )
    row = found.one_or_none()
    return None if row is None else Known(*row, via="", scopes=None, team_id=None, seen_us=None, ends_us=None)


async def by_session(connection: Connection, digest: bytes, now_us: int) -> Known | None:
    """Whose session this is, if it still runs at `now_us`."""
    found = await connection.execute(
        select(
            users.c.id,
            users.c.kind,
            users.c.email,
            users.c.platform_role,
            sessions.c.id,
            sessions.c.seen_us,
            sessions.c.ends_us,
        )
        .join(sessions, sessions.c.user_id == users.c.id)
        .where(
            sessions.c.digest == digest,
            sessions.c.revoked_us.is_(None),
            sessions.c.expires_us > now_us,
            users.c.state == "active",
        )
    )
    row = found.one_or_none()
    return None if row is None else Known(*row[:5], None, None, *row[5:])


async def token_used(connection: Connection, token_id: str, now_us: int) -> None:
    """Note that a token is in use."""
    await connection.execute(update(tokens).where(tokens.c.id == token_id).values(last_used_us=now_us))


async def session_used(connection: Connection, session_id: str, now_us: int, expires_us: int) -> None:
    """Note that a session is in use, and let it go on until then."""
    await connection.execute(
        update(sessions)
        .where(sessions.c.id == session_id, sessions.c.revoked_us.is_(None))
        .values(seen_us=now_us, expires_us=expires_us)
    )


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
