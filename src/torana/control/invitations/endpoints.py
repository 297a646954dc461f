"""/api/v1/invitations: into a team, accepted with a password, or by who has an account; and /api/v1/registrations."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from torana.control.access.personal import person
from torana.control.api.change import Change, changing, reply
from torana.control.api.guard import Acting, acting, check_page, guard
from torana.control.api.shapes import PROBLEMS, Asked, Listed, Paging
from torana.control.audit import service as audit
from torana.control.invitations import service as invitations
from torana.control.invitations.post import post_of, send
from torana.control.invitations.repository import Invitation, State
from torana.control.notices.service import tell
from torana.control.publish.publish import Publisher
from torana.control.sessions import throttle
from torana.control.teams import service as teams
from torana.control.users import passwords
from torana.control.users import service as users
from torana.control.users.passwords import SecretAsked
from torana.control.users.schemas import DisplayName, Email, RoleName, Seconds, UserShown
from torana.control.users.schemas import shown as user_shown
from torana.core.errors import Refusal
from torana.core.ids import epoch_us
from torana.settings import Settings
from torana.stores.sql.engine import reading, writing

router = APIRouter(tags=["invitations"], responses=PROBLEMS)


class InvitationAsked(Asked):
    """Somebody who is to come into a team."""

    email: Email
    team: Annotated[str, Field(min_length=1, max_length=100, description="Id or name.")]
    role: Annotated[RoleName, Field(description="In the team.", examples=["developer"])]
    platform_role: Annotated[RoleName, Field(description="Another one needs users:write.")] = "member"
    expires_seconds: Seconds = 604_800


class AcceptAsked(Asked):
    """Somebody who was invited and has no account."""

    token: SecretAsked
    password: SecretAsked
    name: DisplayName | None = None


class RegistrationAsked(Asked):
    """Somebody who wants an account."""

    email: Email


class RegistrationShown(BaseModel):
    """That an e-mail was sent there, if it can have an account and has none."""

    email: str


class InvitationTokenAsked(Asked):
    """The token of an invitation."""

    token: SecretAsked


class InvitationShown(BaseModel):
    """An invitation, without its token."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "invitation_3f…",
                    "email": "ann@example.org",
                    "state": "open",
                    "team_id": "team_4b…",
                    "role": "developer",
                    "platform_role": "member",
                    "user_id": None,
                    "invited_by": "user_7k2m…",
                    "created_us": 1_790_000_000_000_000,
                    "expires_us": 1_790_604_800_000_000,
                }
            ]
        }
    )

    id: str
    email: str
    state: State
    team_id: str | None
    role: Annotated[str | None, Field(description="In the team.")]
    platform_role: str
    user_id: Annotated[str | None, Field(description="Whose account it opens, if there is one already.")]
    invited_by: Annotated[str | None, Field(description="Id of a user.")]
    created_us: int
    expires_us: int


class InvitationWithToken(InvitationShown):
    """An invitation just made."""

    emailed: Annotated[bool, Field(description="Whether it was sent by e-mail.")]
    token: Annotated[str | None, Field(description="Only here, and only where it was not sent: hand it on.")]


@router.get("/invitations", response_model=Listed[InvitationShown], **guard("members:read"))
async def list_invitations(
    request: Request,
    actor: Acting,
    paging: Paging,
    team: Annotated[str | None, Query(max_length=100)] = None,
    email: Annotated[str | None, Query(max_length=320)] = None,
    state: State | None = None,
) -> Response:
    """Invitations of one's teams, or all. Sorted by `created_us` (the newest first) or `email`."""
    publisher: Publisher = request.app.state.publisher
    scope = actor.scope("members:read")
    async with reading(publisher.engine) as connection:
        team_id = None if team is None else (await teams.find(connection, scope, team)).id
        address = None if email is None else email.strip().lower()
        rows, following = await invitations.page(connection, scope, paging, team_id=team_id, email=address, state=state)
    return reply(request, Listed[InvitationShown](items=[shown(row) for row in rows], next=following))


@router.post("/invitations", status_code=201, response_model=InvitationWithToken, **guard("members:write"))
async def create_invitation(body: InvitationAsked, request: Request, actor: Acting) -> Response:
    """Invite somebody into a team, whether they have an account or not. An earlier invitation of theirs into it ends."""
    post = post_of(request)
    async with changing(request) as change:
        team = await teams.find(change.connection, actor.scope("members:read"), body.team)
        actor.demand("members:write", team.id)
        made = await invitations.invite(
            change,
            actor,
            email=body.email,
            team_id=team.id,
            role=body.role,
            platform_role=body.platform_role,
            seconds=body.expires_seconds,
        )
        after = shown(made.invitation)
        await change.note("invitation.create", "invitation", after.id, name=after.email, team_id=team.id, after=after)
        token = made.secret.reveal() if post is None else None
        content = InvitationWithToken(**after.model_dump(), emailed=post is not None, token=token)
        response = change.reply(content, 201, location=f"/api/v1/invitations/{after.id}")
    if post is not None:
        send(post, made)
    return response


@router.get("/invitations/{invitation}", response_model=InvitationShown, **guard("members:read"))
async def get_invitation(invitation: str, request: Request, actor: Acting) -> Response:
    """One invitation."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await invitations.find(connection, actor.scope("members:read"), invitation)
    return reply(request, shown(found))


@router.delete("/invitations/{invitation}", status_code=204, **guard("members:write"))
async def delete_invitation(invitation: str, request: Request, actor: Acting) -> Response:
    """Revoke an invitation."""
    async with changing(request) as change:
        found = await invitations.find(change.connection, actor.scope("members:read"), invitation)
        actor.demand("members:write", found.team_id)
        before = shown(found)
        change.match(before, required=False)
        await invitations.revoke(change.connection, found)
        await change.note(
            "invitation.delete", "invitation", found.id, name=found.email, team_id=found.team_id, before=before
        )
        return change.reply(None)


@router.post("/invitations/accept", status_code=201, response_model=UserShown, **guard("public"))
async def accept_invitation(body: AcceptAsked, request: Request) -> Response:
    """Come in with the token of an invitation and a password of one's own; then sign in."""
    check_page(request)
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await invitations.find_open(connection, publisher.master, body.token)
    passwords.check_password(body.password, found.email)
    password_hash = await passwords.hash_password(body.password)
    async with changing(request) as change:
        found = await invitations.find_open(change.connection, publisher.master, body.token)
        user = await invitations.accept_new(change.connection, found, password_hash, body.name)
        change.actor = change.actor._replace(kind="person", id=user.id, name=user.email)
        after = user_shown(user)
        await change.note("invitation.accept", "invitation", found.id, name=found.email, team_id=found.team_id)
        await change.note("user.create", "user", user.id, name=user.email, after=after)
        await _tell(change, found)
        return change.reply(after, 201)


@router.post("/me/invitations", status_code=204, **guard("signed_in"))
async def accept_my_invitation(body: InvitationTokenAsked, request: Request, actor: Acting) -> Response:
    """Accept an invitation of one's own address, with the account that one has."""
    user_id = person(actor)
    async with changing(request) as change:
        found = await invitations.find_open(change.connection, change.master, body.token)
        user = await users.by_id(change.connection, user_id)
        if user is None:
            raise Refusal("invitation_unusable")
        await invitations.accept_as(change.connection, found, user)
        await change.note(
            "invitation.accept",
            "invitation",
            found.id,
            name=found.email,
            team_id=found.team_id,
            after={"role": found.role, "platform_role": found.platform_role},
        )
        await _tell(change, found)
        return change.reply(None)


@router.post("/registrations", status_code=202, response_model=RegistrationShown, **guard("public"))
async def register(body: RegistrationAsked, request: Request) -> Response:
    """Ask for an account of one's own, where the setting `registration` has the domain. The address gets an invitation by e-mail.

    The answer is the same whether there is an account already or not.
    """
    check_page(request)
    publisher: Publisher = request.app.state.publisher
    settings: Settings = request.app.state.settings
    actor, post = acting(request), post_of(request)
    domains = {one.strip().lower() for one in settings.registration.split(",")}
    address = users.check_email(body.email)
    if post is None or "off" in domains or address.partition("@")[2] not in domains:
        raise Refusal("registration_off")
    async with writing(publisher.engine) as connection:
        await throttle.count_address(connection, publisher.master, "registration", actor.address)
    async with writing(publisher.engine) as connection:
        made = await invitations.register(connection, publisher.master, address)
        if made is not None:
            invitation = made.invitation
            after = {"email": address, "expires_us": invitation.expires_us}
            await audit.note(
                connection,
                publisher.master,
                actor,
                "invitation.create",
                "invitation",
                invitation.id,
                name=address,
                after=after,
            )
    if made is not None:
        send(post, made)
    content = RegistrationShown(email=address)
    return Response(content.model_dump_json(), 202, {"cache-control": "no-store"}, "application/json")


async def _tell(change: Change, invitation: Invitation) -> None:
    if invitation.invited_by is None:
        return
    await tell(
        change.connection,
        event="invitation.accepted",
        team_id=invitation.team_id,
        user_ids=[invitation.invited_by],
        subject=f"{invitation.email} accepted your invitation",
        body="They can sign in, and do what their roles allow.",
        link=f"/api/v1/invitations/{invitation.id}",
    )


def shown(invitation: Invitation) -> InvitationShown:
    """An invitation as the API shows it."""
    return InvitationShown(
        id=invitation.id,
        email=invitation.email,
        state=invitation.state(epoch_us()),
        team_id=invitation.team_id,
        role=invitation.role,
        platform_role=invitation.platform_role,
        user_id=invitation.user_id,
        invited_by=invitation.invited_by,
        created_us=invitation.created_us,
        expires_us=invitation.expires_us,
    )
