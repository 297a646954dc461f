"""/api/v1/groups, what identity providers and SCIM clients know people by, and /api/v1/group-roles, what groups give."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from torana.control.api.change import changing, reply
from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import PROBLEMS, Asked, Listed, Paging
from torana.control.groups import service as groups
from torana.control.groups.service import Group, GroupRole
from torana.control.publish.publish import Publisher
from torana.control.teams import service as teams
from torana.stores.sql.engine import reading

router = APIRouter(tags=["groups"], responses=PROBLEMS)

VISIBLE = r"^[^\x00-\x1f\x7f]+$"
Source = Annotated[
    str,
    Field(
        min_length=1,
        max_length=100,
        pattern=VISIBLE,
        description="`scim`, or the name of the identity provider whose group it is.",
        examples=["scim"],
    ),
]
Filter = Annotated[str | None, Query(max_length=300, pattern=VISIBLE)]


class GroupShown(BaseModel):
    """A group that a SCIM client made, or that a token named."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"id": "group_7k2m…", "source": "scim", "name": "ml-engineers", "created_us": 1_790_000_000_000_000}
            ]
        }
    )

    id: str
    source: str
    name: str
    created_us: Annotated[int, Field(description="Microseconds since 1970.")]


class GroupRoleAsked(Asked):
    """A role to be given to whoever is in a group."""

    source: Source
    group: Annotated[str, Field(min_length=1, max_length=300, pattern=VISIBLE, examples=["ml-engineers"])]
    team: Annotated[
        str | None,
        Field(
            max_length=100, pattern=VISIBLE, description="Its id or name; null gives a platform role.", examples=["one"]
        ),
    ] = None
    role: Annotated[str, Field(min_length=1, max_length=100, examples=["developer"])]


class GroupRoleShown(BaseModel):
    """A role that whoever is in a group has."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "given_7k2m…",
                    "source": "scim",
                    "group": "ml-engineers",
                    "team_id": "team_7k2m…",
                    "role": "developer",
                    "created_us": 1_790_000_000_000_000,
                }
            ]
        }
    )

    id: str
    source: str
    group: str
    team_id: Annotated[str | None, Field(description="Null is a platform role.")]
    role: str
    created_us: Annotated[int, Field(description="Microseconds since 1970.")]


@router.get("/groups", response_model=Listed[GroupShown], **guard("identity:read", platform=True))
async def list_groups(request: Request, paging: Paging, source: Filter = None, name: Filter = None) -> Response:
    """Groups. Sorted by `name` or `created_us`."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        rows, following = await groups.groups_page(connection, paging, source, name)
    return reply(request, Listed[GroupShown](items=[_group(group) for group in rows], next=following))


@router.get("/group-roles", response_model=Listed[GroupRoleShown], **guard("identity:read", platform=True))
async def list_group_roles(
    request: Request,
    actor: Acting,
    paging: Paging,
    source: Filter = None,
    group: Filter = None,
    team_id: Filter = None,
) -> Response:
    """What groups give. Sorted by `group` or `created_us`."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        rows, following = await groups.page(connection, actor.scope("identity:read"), paging, source, group, team_id)
    return reply(request, Listed[GroupRoleShown](items=[shown(given) for given in rows], next=following))


@router.post("/group-roles", status_code=201, response_model=GroupRoleShown, **guard("identity:write", platform=True))
async def create_group_role(body: GroupRoleAsked, request: Request, actor: Acting) -> Response:
    """Give a role to whoever is in a group, now and later: no role that allows more than one may oneself."""
    async with changing(request) as change:
        team = None
        if body.team is not None:
            team = await teams.find(change.connection, actor.scope("teams:read"), body.team)
        team_id = None if team is None else team.id
        given = await groups.give(change.connection, actor, body.source, body.group, team_id, body.role)
        after = shown(given)
        await change.note(
            "group_role.create", "group_role", given.id, name=given.group_name, team_id=team_id, after=after
        )
        return change.reply(after, 201, location=f"/api/v1/group-roles/{given.id}")


@router.get("/group-roles/{group_role}", response_model=GroupRoleShown, **guard("identity:read", platform=True))
async def get_group_role(group_role: str, request: Request, actor: Acting) -> Response:
    """One of the roles that groups give."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await groups.find(connection, actor.scope("identity:read"), group_role)
    return reply(request, shown(found))


@router.delete("/group-roles/{group_role}", status_code=204, **guard("identity:write", platform=True))
async def delete_group_role(group_role: str, request: Request, actor: Acting) -> Response:
    """Take a role back from whoever has it because of this group alone."""
    async with changing(request) as change:
        found = await groups.find(change.connection, actor.scope("identity:read"), group_role)
        before = shown(found)
        change.match(before, required=False)
        await groups.take(change.connection, found)
        await change.note(
            "group_role.delete", "group_role", found.id, name=found.group_name, team_id=found.team_id, before=before
        )
        return change.reply(None)


def shown(given: GroupRole) -> GroupRoleShown:
    """What a group gives, as the API shows it."""
    return GroupRoleShown(
        id=given.id,
        source=given.source,
        group=given.group_name,
        team_id=given.team_id,
        role=given.role,
        created_us=given.created_us,
    )


def _group(group: Group) -> GroupShown:
    return GroupShown(id=group.id, source=group.source, name=group.name, created_us=group.created_us)
