"""Invitations: made by who could give the rights themselves, and still could when it is accepted; used once.

Whoever sees a token can make the account that it opens. So an invitation never opens an account that has somebody already, and one
for an account that waits for its owner is made by those only who have all that it has.
"""

import secrets
from typing import NamedTuple

from torana.control.access import identify
from torana.control.access.actor import Actor
from torana.control.access.grants import check_holds, held_on_platform, permissions_in_team, permissions_on_platform
from torana.control.access.scope import Scope
from torana.control.api.change import Change
from torana.control.invitations import repository
from torana.control.invitations.repository import Invitation, State
from torana.control.members import service as members
from torana.control.users import repository as user_rows
from torana.control.users import service as users
from torana.control.users.service import User
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id
from torana.core.secret import Secret
from torana.stores.secrets.master import MasterKey
from torana.stores.sql.engine import Connection
from torana.stores.sql.paging import PageAsked

__all__ = [
    "Invitation",
    "Made",
    "State",
    "accept_as",
    "accept_new",
    "find",
    "find_open",
    "invite",
    "invite_user",
    "issue",
    "page",
    "register",
    "revoke",
    "revoke_by",
]

PREFIX = "tor_invite_"
_REGISTRATION_SECONDS = 24 * 3600
_AGAIN_US = 600 * 1_000_000
"""How long an address that registers itself gets no second e-mail."""
MEMBER = "member"


class Made(NamedTuple):
    """An invitation just made, with the only sight of its token."""

    invitation: Invitation
    secret: Secret


async def invite(
    change: Change, actor: Actor, *, email: str, team_id: str, role: str, platform_role: str, seconds: int
) -> Made:
    """Into a team. Says nothing of whether the address has an account. Raises Refusal."""
    connection = change.connection
    address = users.check_email(email)
    check_holds(actor, await permissions_in_team(connection, role, team_id), team_id)
    if platform_role != MEMBER:
        actor.demand("users:write", None)
        check_holds(actor, await permissions_on_platform(connection, platform_role), None)
    for earlier in await repository.open_for(connection, address, epoch_us()):
        if earlier.team_id == team_id:
            await repository.revoke(connection, "id", earlier.id, epoch_us())
    return await issue(
        connection,
        change.master,
        email=address,
        platform_role=platform_role,
        team_id=team_id,
        role=role,
        invited_by=actor.id,
        seconds=seconds,
    )


async def invite_user(change: Change, actor: Actor, user: User, seconds: int) -> Made:
    """Into an account that waits for its owner; earlier ones end. Raises Refusal."""
    await _check_has_all_of(change.connection, actor, user)
    await repository.revoke(change.connection, "user_id", user.id, epoch_us())
    made = await issue(
        change.connection,
        change.master,
        email=user.email,
        platform_role=user.platform_role,
        user_id=user.id,
        invited_by=actor.id,
        seconds=seconds,
    )
    invitation = made.invitation
    after = {"email": user.email, "expires_us": invitation.expires_us}
    await change.note("invitation.create", "invitation", invitation.id, name=user.email, after=after)
    return made


async def register(connection: Connection, master: MasterKey, email: str) -> Made | None:
    """For an address that registers itself; None when it has an account, or has just asked. Raises Refusal `invalid_field`."""
    address = users.check_email(email)
    now_us = epoch_us()
    if await user_rows.by_email(connection, address) is not None:
        return None
    own = [one for one in await repository.open_for(connection, address, now_us) if one.team_id is None]
    if any(one.created_us > now_us - _AGAIN_US for one in own):
        return None
    for earlier in own:
        await repository.revoke(connection, "id", earlier.id, now_us)
    return await issue(connection, master, email=address, invited_by=None, seconds=_REGISTRATION_SECONDS)


async def issue(
    connection: Connection,
    master: MasterKey,
    *,
    email: str,
    platform_role: str = MEMBER,
    user_id: str | None = None,
    team_id: str | None = None,
    role: str | None = None,
    invited_by: str | None,
    seconds: int,
) -> Made:
    """A new invitation; who may make it was checked."""
    secret = Secret(PREFIX + secrets.token_urlsafe(32))
    now_us = epoch_us()
    invitation = Invitation(
        id=new_id("invitation"),
        email=email,
        platform_role=platform_role,
        user_id=user_id,
        team_id=team_id,
        role=role,
        digest=_digest(master, secret),
        invited_by=invited_by,
        created_us=now_us,
        expires_us=now_us + seconds * 1_000_000,
        accepted_us=None,
        revoked_us=None,
    )
    await repository.add(connection, invitation)
    return Made(invitation, secret)


async def find(connection: Connection, scope: Scope, invitation_id: str) -> Invitation:
    """The invitation of this id, within the scope. Raises Refusal `not_found`."""
    found = await repository.by_id(connection, scope, invitation_id)
    if found is None:
        raise Refusal("not_found", noun="invitation", name=invitation_id[:200])
    return found


async def page(
    connection: Connection,
    scope: Scope,
    asked: PageAsked,
    *,
    team_id: str | None = None,
    email: str | None = None,
    state: State | None = None,
) -> tuple[list[Invitation], str | None]:
    """A page of the scope's invitations, and the cursor of the next. Raises Refusal."""
    return await repository.paged(connection, scope, asked, epoch_us(), team_id=team_id, email=email, state=state)


async def find_open(connection: Connection, master: MasterKey, token: Secret) -> Invitation:
    """The invitation with this token. Raises Refusal `invitation_unusable`."""
    found = await repository.by_digest(connection, _digest(master, token), epoch_us())
    if found is None:
        raise Refusal("invitation_unusable")
    return found


async def revoke(connection: Connection, invitation: Invitation) -> None:
    """End an invitation; ending twice changes nothing."""
    await repository.revoke(connection, "id", invitation.id, epoch_us())


async def revoke_by(connection: Connection, user_id: str) -> None:
    """End what somebody has made who goes: they have seen the tokens."""
    await repository.revoke(connection, "invited_by", user_id, epoch_us())


async def accept_new(connection: Connection, invitation: Invitation, password_hash: str, name: str | None) -> User:
    """Make the account, or open the one that waits. Raises Refusal `account_exists` or `invitation_unusable`."""
    await _check_inviter(connection, invitation)
    there = await user_rows.by_email(connection, invitation.email)
    if there is None:
        # An account that was waiting and is no more is not made again with what it had.
        if invitation.user_id is not None:
            raise Refusal("invitation_unusable")
        user = await users.create(connection, invitation.email, password_hash, invitation.platform_role, name=name)
    elif there.id == invitation.user_id and there.state == "invited":
        user = await users.open_account(connection, there, password_hash, name)
    else:
        raise Refusal("account_exists")
    await _join(connection, invitation, user)
    return user


async def accept_as(connection: Connection, invitation: Invitation, user: User) -> User:
    """Somebody who has an account accepts what their address was invited to. Raises Refusal `invitation_unusable`."""
    if invitation.email != user.email or invitation.user_id not in (None, user.id):
        raise Refusal("invitation_unusable")
    await _check_inviter(connection, invitation)
    await _join(connection, invitation, user)
    if invitation.platform_role != MEMBER and user.platform_role == MEMBER:
        await user_rows.change(connection, user.id, {"platform_role": invitation.platform_role})
    return user


async def _join(connection: Connection, invitation: Invitation, user: User) -> None:
    await repository.accept(connection, invitation.id, epoch_us())
    if invitation.team_id is not None and invitation.role is not None:
        await members.join(connection, invitation.team_id, user.id, invitation.role)


async def _check_has_all_of(connection: Connection, actor: Actor, user: User) -> None:
    other = await identify.by_user(connection, user.id)
    if other is None:
        raise Refusal("not_found", noun="user", name=user.id)
    check_holds(actor, other.platform, None)
    for team_id, permissions in other.teams.items():
        check_holds(actor, permissions, team_id)


async def _check_inviter(connection: Connection, invitation: Invitation) -> None:
    """That who invited could do so still."""
    if invitation.invited_by is None:
        return
    inviter = await user_rows.by_id(connection, invitation.invited_by)
    actor = None if inviter is None else await identify.by_user(connection, inviter.id)
    if inviter is None or inviter.state != "active" or actor is None:
        raise Refusal("invitation_unusable")
    try:
        await _check_gives(connection, actor, invitation)
    except Refusal:
        raise Refusal("invitation_unusable") from None


async def _check_gives(connection: Connection, actor: Actor, invitation: Invitation) -> None:
    if invitation.team_id is not None and invitation.role is not None:
        actor.demand("members:write", invitation.team_id)
        check_holds(
            actor, await permissions_in_team(connection, invitation.role, invitation.team_id), invitation.team_id
        )
    if invitation.platform_role != MEMBER:
        check_holds(actor, await held_on_platform(connection, invitation.platform_role), None)
    if invitation.user_id is not None:
        user = await user_rows.by_id(connection, invitation.user_id)
        if user is not None:
            await _check_has_all_of(connection, actor, user)


def _digest(master: MasterKey, secret: Secret) -> bytes:
    return master.key_digest(secret.reveal().encode())
