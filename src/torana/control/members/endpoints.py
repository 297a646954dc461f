"""/api/v1/teams/{team}/members: who is in a team, with which roles."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from torana.control.access.actor import Actor
from torana.control.api.change import Change, changing, reply
from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import PROBLEMS, Asked, Listed, Paging
from torana.control.members import service as members
from torana.control.members.service import Member
from torana.control.notices.service import tell
from torana.control.publish.publish import Publisher
from torana.control.teams import service as teams
from torana.control.teams.service import Team
from torana.stores.sql.engine import Connection, reading

router = APIRouter(prefix="/teams/{team}/members", tags=["members"], responses=PROBLEMS)

Role = Annotated[str, Field(min_length=1, max_length=100)]
Roles = Annotated[
    list[Role], Field(min_length=1, max_length=10, examples=[["developer"]], description="Built-in or custom ones.")
]


class MemberAsked(Asked):
    """Somebody who is to be in the team."""

    user: Annotated[str, Field(min_length=1, max_length=320, description="Id or e-mail address.")]
    roles: Roles


class RolesAsked(Asked):
    """The roles that somebody is to have."""

    roles: Roles


class HeldShown(BaseModel):
    """A role that somebody has."""

    role: str
    source: Annotated[str, Field(description="`manual`, or where the groups are kept that give it.")]
    created_us: int


class MemberShown(BaseModel):
    """Somebody in a team."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "user_id": "user_7k2m…",
                    "email": "ann@example.org",
                    "name": "Ann Onymous",
                    "state": "active",
                    "roles": [{"role": "developer", "source": "manual", "created_us": 1_790_000_000_000_000}],
                }
            ]
        }
    )

    user_id: str
    email: str
    name: str | None
    state: str
    roles: list[HeldShown]


@router.get("", response_model=Listed[MemberShown], **guard("members:read"))
async def list_members(
    team: str,
    request: Request,
    actor: Acting,
    paging: Paging,
    role: Annotated[str | None, Query(max_length=100)] = None,
    email: Annotated[str | None, Query(max_length=320)] = None,
) -> Response:
    """The people in a team. Sorted by `email`."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await _team(connection, actor, team)
        address = None if email is None else email.strip().lower()
        rows, following = await members.page(connection, found.id, paging, role=role, email=address)
    return reply(request, Listed[MemberShown](items=[shown(member) for member in rows], next=following))


@router.post("", status_code=201, response_model=MemberShown, **guard("members:write"))
async def add_member(team: str, body: MemberAsked, request: Request, actor: Acting) -> Response:
    """Take somebody in who has an account. Whoever has none is invited: POST /api/v1/invitations."""
    async with changing(request) as change:
        found = await _team(change.connection, actor, team)
        actor.demand("members:write", found.id)
        member = await members.add(change.connection, actor, found.id, body.user, body.roles)
        after = shown(member)
        await change.note(
            "member.create", "member", member.user.id, name=member.user.email, team_id=found.id, after=after
        )
        await _tell(change, found, member, "member.added", f"You are in the team {found.name}")
        return change.reply(after, 201, location=f"/api/v1/teams/{found.id}/members/{member.user.id}")


@router.get("/{user}", response_model=MemberShown, **guard("members:read"))
async def get_member(team: str, user: str, request: Request, actor: Acting) -> Response:
    """One of the people in a team, by the id or e-mail address of the user."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await _team(connection, actor, team)
        member = await members.find(connection, found.id, user)
    return reply(request, shown(member))


@router.patch("/{user}", response_model=MemberShown, **guard("members:write"))
async def change_member(team: str, user: str, body: RolesAsked, request: Request, actor: Acting) -> Response:
    """Give somebody other roles instead of those that were given by hand."""
    async with changing(request) as change:
        found = await _team(change.connection, actor, team)
        member = await members.find(change.connection, found.id, user)
        actor.demand("members:write", found.id)
        before = shown(member)
        change.match(before)
        after = shown(await members.set_roles(change.connection, actor, found.id, member, body.roles))
        await change.note(
            "member.change",
            "member",
            member.user.id,
            name=member.user.email,
            team_id=found.id,
            before=before,
            after=after,
        )
        await _tell(change, found, member, "member.role_changed", f"Your roles in the team {found.name} changed")
        return change.reply(after)


@router.delete("/{user}", status_code=204, **guard("members:read"))
async def remove_member(team: str, user: str, request: Request, actor: Acting) -> Response:
    """Take somebody out of the team. One may leave a team oneself."""
    async with changing(request) as change:
        found = await _team(change.connection, actor, team)
        member = await members.find(change.connection, found.id, user)
        if member.user.id != actor.id or not actor.whole:
            actor.demand("members:write", found.id)
        before = shown(member)
        change.match(before, required=False)
        await members.remove(change.connection, actor, found.id, member)
        await change.note(
            "member.delete", "member", member.user.id, name=member.user.email, team_id=found.id, before=before
        )
        await _tell(change, found, member, "member.removed", f"You are not in the team {found.name} any more")
        return change.reply(None)


def shown(member: Member) -> MemberShown:
    """A member as the API shows them."""
    held = [HeldShown(role=one.role, source=one.source, created_us=one.created_us) for one in member.held]
    user = member.user
    return MemberShown(user_id=user.id, email=user.email, name=user.name, state=user.state, roles=held)


async def _tell(change: Change, team: Team, member: Member, event: str, subject: str) -> None:
    await tell(
        change.connection,
        event=event,
        team_id=team.id,
        user_ids=[member.user.id],
        subject=subject,
        body=f"{member.user.email}: done by {change.actor.name}.",
        link=f"/api/v1/teams/{team.id}/members/{member.user.id}",
    )


async def _team(connection: Connection, actor: Actor, reference: str) -> Team:
    return await teams.find(connection, actor.scope("members:read"), reference)
