"""Invitations in SQL: a keyed hash of the token, never the token."""

from typing import Literal

import msgspec
from sqlalchemy import ColumnElement, and_, insert, select, update

from torana.control.access.scope import Scope, within
from torana.stores.sql.engine import Connection
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.paging import PageAsked, page
from torana.stores.sql.people_tables import invitations

State = Literal["open", "accepted", "revoked", "expired"]


class Invitation(msgspec.Struct, frozen=True):
    """Somebody may come in. The fields are the columns of the table `invitations`."""

    id: str
    email: str
    platform_role: str
    user_id: str | None
    """Whose account it opens, where there is one already that waits for its owner."""
    team_id: str | None
    role: str | None
    """In the team."""
    digest: bytes
    invited_by: str | None
    """Id of a user; None for the owner of the data folder, and for who registers themselves."""
    created_us: int
    expires_us: int
    accepted_us: int | None
    revoked_us: int | None

    def state(self, now_us: int) -> State:
        """What has become of it."""
        if self.accepted_us is not None:
            return "accepted"
        if self.revoked_us is not None:
            return "revoked"
        return "open" if self.expires_us > now_us else "expired"


async def add(connection: Connection, invitation: Invitation) -> None:
    """Store a new invitation."""
    await connection.execute(insert(invitations).values(msgspec.structs.asdict(invitation)))


async def by_digest(connection: Connection, digest: bytes, now_us: int) -> Invitation | None:
    """The invitation with this token, if it can be accepted."""
    statement = select(*columns_of(invitations, Invitation)).where(invitations.c.digest == digest, _open(now_us))
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else Invitation(*row)


async def by_id(connection: Connection, scope: Scope, invitation_id: str) -> Invitation | None:
    """The invitation of this id, if it is in the scope."""
    statement = select(*columns_of(invitations, Invitation)).where(invitations.c.id == invitation_id)
    row = (await connection.execute(within(statement, invitations, scope))).one_or_none()
    return None if row is None else Invitation(*row)


async def open_for(connection: Connection, email: str, now_us: int) -> list[Invitation]:
    """Invitations of an address that can be accepted."""
    statement = select(*columns_of(invitations, Invitation)).where(invitations.c.email == email, _open(now_us))
    return [Invitation(*row) for row in await connection.execute(statement)]


async def paged(
    connection: Connection,
    scope: Scope,
    asked: PageAsked,
    now_us: int,
    *,
    team_id: str | None,
    email: str | None,
    state: State | None,
) -> tuple[list[Invitation], str | None]:
    """A page of the scope's invitations, and the cursor of the next. Raises Refusal."""
    statement = within(select(*columns_of(invitations, Invitation)), invitations, scope)
    if team_id is not None:
        statement = statement.where(invitations.c.team_id == team_id)
    if email is not None:
        statement = statement.where(invitations.c.email == email)
    if state is not None:
        statement = statement.where(_in_state(state, now_us))
    sorts = {"created_us": invitations.c.created_us, "email": invitations.c.email}
    rows, following = await page(connection, statement, asked, sorts, invitations.c.id, "-created_us")
    return [Invitation(*row) for row in rows], following


async def accept(connection: Connection, invitation_id: str, now_us: int) -> None:
    """Say that an invitation was accepted."""
    await connection.execute(update(invitations).where(invitations.c.id == invitation_id).values(accepted_us=now_us))


async def revoke(connection: Connection, condition_on: str, value: str, now_us: int) -> None:
    """End open invitations: `id`, `user_id` or `invited_by` has this value."""
    await connection.execute(
        update(invitations)
        .where(
            invitations.c[condition_on] == value,
            invitations.c.accepted_us.is_(None),
            invitations.c.revoked_us.is_(None),
        )
        .values(revoked_us=now_us)
    )


def _open(now_us: int) -> ColumnElement[bool]:
    return and_(
        invitations.c.accepted_us.is_(None), invitations.c.revoked_us.is_(None), invitations.c.expires_us > now_us
    )


def _in_state(state: State, now_us: int) -> ColumnElement[bool]:
    if state == "open":
        return _open(now_us)
    if state == "accepted":
        return invitations.c.accepted_us.is_not(None)
    if state == "revoked":
        return and_(invitations.c.revoked_us.is_not(None), invitations.c.accepted_us.is_(None))
    return and_(
        invitations.c.accepted_us.is_(None), invitations.c.revoked_us.is_(None), invitations.c.expires_us <= now_us
    )
