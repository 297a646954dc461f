"""/api/v1/users: everybody who has an account on this platform."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from torana.control.access.actor import Actor
from torana.control.access.grants import check_holds, permissions_on_platform
from torana.control.api.change import Change, changing, reply
from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import PROBLEMS, Listed, Paging
from torana.control.invitations import service as invitations
from torana.control.invitations.post import Post, post_of, send
from torana.control.publish.publish import Publisher
from torana.control.users import service as users
from torana.control.users.schemas import (
    InvitationMade,
    Kind,
    State,
    UserAsked,
    UserChange,
    UserMade,
    UserShown,
    shown,
)
from torana.control.users.service import Filters, User
from torana.core.errors import Refusal
from torana.stores.sql.engine import reading

router = APIRouter(prefix="/users", tags=["users"], responses=PROBLEMS)


@router.get("", response_model=Listed[UserShown], **guard("users:read", platform=True))
async def list_users(
    request: Request,
    paging: Paging,
    email: Annotated[str | None, Query(max_length=320)] = None,
    state: State | None = None,
    kind: Kind | None = None,
    platform_role: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """Users of the whole platform. Sorted by `email` or `created_us`."""
    publisher: Publisher = request.app.state.publisher
    filters = Filters(None if email is None else email.strip().lower(), state, kind, platform_role)
    async with reading(publisher.engine) as connection:
        rows, following = await users.page(connection, paging, filters)
    return reply(request, Listed[UserShown](items=[shown(user) for user in rows], next=following))


@router.post("", status_code=201, response_model=UserMade, **guard("users:write", platform=True))
async def create_user(body: UserAsked, request: Request, actor: Acting) -> Response:
    """Make an account and an invitation into it, with which whoever has the address sets a password."""
    post = post_of(request)
    async with changing(request) as change:
        check_holds(actor, await permissions_on_platform(change.connection, body.platform_role), None)
        user = await users.create(
            change.connection, body.email, None, body.platform_role, name=body.name, state="invited"
        )
        after = shown(user)
        await change.note("user.create", "user", user.id, name=user.email, after=after)
        made = await invitations.invite_user(change, actor, user, body.expires_seconds)
        content = UserMade(user=after, invitation=_made(made, post))
        response = change.reply(content, 201, location=f"/api/v1/users/{user.id}")
    if post is not None:
        send(post, made)
    return response


@router.get("/{user}", response_model=UserShown, **guard("users:read", platform=True))
async def get_user(user: str, request: Request) -> Response:
    """One user, by id or e-mail address."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await users.find(connection, user)
    return reply(request, shown(found))


@router.patch("/{user}", response_model=UserShown, **guard("users:write", platform=True))
async def change_user(user: str, body: UserChange, request: Request, actor: Acting) -> Response:
    """Rename a user, give them another platform role, suspend or activate them."""
    async with changing(request) as change:
        found = await users.find(change.connection, user)
        before = shown(found)
        change.match(before)
        if body.name is not None or body.platform_role is not None:
            found = await users.change(
                change.connection, actor, found, name=body.name, platform_role=body.platform_role
            )
        if body.state is not None:
            found = await _with_state(change, actor, found, body.state)
        after = shown(found)
        await change.note("user.change", "user", found.id, name=found.email, before=before, after=after)
        return change.reply(after)


@router.delete("/{user}", status_code=204, **guard("users:write", platform=True))
async def delete_user(user: str, request: Request, actor: Acting) -> Response:
    """Delete a user with their tokens, sessions and memberships. What they did stays in the audit trail."""
    async with changing(request) as change:
        found = await users.find(change.connection, user)
        before = shown(found)
        change.match(before, required=False)
        await invitations.revoke_by(change.connection, found.id)
        await users.remove(change.connection, actor, found)
        await change.note("user.delete", "user", found.id, name=found.email, before=before)
        return change.reply(None)


@router.post(
    "/{user}/invitation", status_code=201, response_model=InvitationMade, **guard("users:write", platform=True)
)
async def invite_user_again(user: str, request: Request, actor: Acting) -> Response:
    """A new invitation for somebody who has not accepted theirs; the ones before end."""
    post = post_of(request)
    async with changing(request) as change:
        found = await users.find(change.connection, user)
        if found.state != "invited":
            raise Refusal("account_exists")
        made = await invitations.invite_user(change, actor, found, 604_800)
        response = change.reply(_made(made, post), 201)
    if post is not None:
        send(post, made)
    return response


async def _with_state(change: Change, actor: Actor, user: User, state: str) -> User:
    if state == "active":
        return await users.activate(change.connection, actor, user)
    await invitations.revoke_by(change.connection, user.id)
    return await users.suspend(change.connection, actor, user)


def _made(made: invitations.Made, post: Post | None) -> InvitationMade:
    return InvitationMade(
        id=made.invitation.id,
        expires_us=made.invitation.expires_us,
        emailed=post is not None,
        token=made.secret.reveal() if post is None else None,
    )
