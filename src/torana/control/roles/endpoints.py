"""/api/v1/roles and /api/v1/permissions: what one can be allowed to do, and the roles made of it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from torana.control.access.permissions import PERMISSIONS, PLATFORM_ONLY
from torana.control.access.roles import PLATFORM_ROLES, TEAM_ROLES
from torana.control.api.change import changing, reply
from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import PROBLEMS, Asked, Listed, Paging
from torana.control.publish.publish import Publisher
from torana.control.roles import service as roles
from torana.control.roles.service import Role
from torana.control.teams import service as teams
from torana.stores.sql.engine import reading

router = APIRouter(tags=["roles"], responses=PROBLEMS)

Permissions = Annotated[
    list[Annotated[str, Field(max_length=60)]],
    Field(max_length=100, examples=[["apps:read", "keys:read", "keys:write"]]),
]
Description = Annotated[str, Field(max_length=500)]


class RoleAsked(Asked):
    """A role to be made."""

    name: Annotated[str, Field(min_length=1, max_length=100, examples=["key_keeper"])]
    team: Annotated[str | None, Field(max_length=100, description="Id or name; null is the platform.")] = None
    description: Description | None = None
    permissions: Permissions


class RoleChange(Asked):
    """What is to be different; what is left out stays. A name stays for good."""

    description: Description | None = None
    permissions: Permissions | None = None


class RoleShown(BaseModel):
    """A role."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "role_5d…",
                    "name": "key_keeper",
                    "built_in": False,
                    "given": "in_team",
                    "team_id": "team_4b…",
                    "description": "Looks after keys.",
                    "permissions": ["apps:read", "keys:read", "keys:write"],
                    "created_us": 1_790_000_000_000_000,
                }
            ]
        }
    )

    id: Annotated[str | None, Field(description="Null for a built-in one.")]
    name: str
    built_in: bool
    given: Annotated[
        Literal["on_platform", "in_team", "anywhere"], Field(description="Where it can be given to somebody.")
    ]
    team_id: Annotated[str | None, Field(description="Whose it is; null is the platform's.")]
    description: str | None
    permissions: list[str]
    created_us: int | None


class PermissionShown(BaseModel):
    """Something that one can be allowed to do."""

    name: str
    meaning: str
    platform_only: Annotated[bool, Field(description="Whether no role of a team can give it.")]


@router.get("/permissions", response_model=Listed[PermissionShown], **guard("signed_in"))
async def list_permissions(request: Request) -> Response:
    """All permissions: what roles and scopes of tokens are made of."""
    items = [
        PermissionShown(name=name, meaning=meaning, platform_only=name in PLATFORM_ONLY)
        for name, meaning in PERMISSIONS.items()
    ]
    return reply(request, Listed[PermissionShown](items=items))


@router.get("/roles", response_model=Listed[RoleShown], **guard("roles:read"))
async def list_roles(
    request: Request,
    actor: Acting,
    paging: Paging,
    built_in: Annotated[bool, Query(description="The built-in ones instead, all on one page.")] = False,
    team: Annotated[str | None, Query(max_length=100, description="Only this team's own.")] = None,
    name: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """Roles that the platform and one's teams have made. Sorted by `name` or `created_us`."""
    if built_in:
        return reply(request, Listed[RoleShown](items=[one for one in BUILT_IN if name in (None, one.name)]))
    publisher: Publisher = request.app.state.publisher
    scope = actor.scope("roles:read")
    async with reading(publisher.engine) as connection:
        team_id = None if team is None else (await teams.find(connection, scope, team)).id
        rows, following = await roles.page(connection, scope, paging, team_id, name)
    return reply(request, Listed[RoleShown](items=[shown(role) for role in rows], next=following))


@router.post("/roles", status_code=201, response_model=RoleShown, **guard("roles:write"))
async def create_role(body: RoleAsked, request: Request, actor: Acting) -> Response:
    """Make a role of a team, or of the platform, which may then be given everywhere."""
    async with changing(request) as change:
        team_id = None
        if body.team is not None:
            team_id = (await teams.find(change.connection, actor.scope("roles:read"), body.team)).id
        actor.demand("roles:write", team_id)
        role = await roles.create(
            change.connection,
            actor,
            team_id=team_id,
            name=body.name,
            description=body.description,
            permissions=body.permissions,
        )
        after = shown(role)
        await change.note("role.create", "role", role.id, name=role.name, team_id=team_id, after=after)
        return change.reply(after, 201, location=f"/api/v1/roles/{role.id}")


@router.get("/roles/{role}", response_model=RoleShown, **guard("roles:read"))
async def get_role(role: str, request: Request, actor: Acting) -> Response:
    """One role, by its id; a built-in one by its name."""
    for one in BUILT_IN:
        if one.name == role:
            return reply(request, one)
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await roles.find(connection, actor.scope("roles:read"), role)
    return reply(request, shown(found))


@router.patch("/roles/{role}", response_model=RoleShown, **guard("roles:write"))
async def change_role(role: str, body: RoleChange, request: Request, actor: Acting) -> Response:
    """Change what a role says or gives, at once for all who have it."""
    async with changing(request) as change:
        found = await roles.find(change.connection, actor.scope("roles:read"), role)
        actor.demand("roles:write", found.team_id)
        before = shown(found)
        change.match(before)
        after = shown(
            await roles.change(
                change.connection, actor, found, description=body.description, permissions=body.permissions
            )
        )
        await change.note(
            "role.change", "role", found.id, name=found.name, team_id=found.team_id, before=before, after=after
        )
        return change.reply(after)


@router.delete("/roles/{role}", status_code=204, **guard("roles:write"))
async def delete_role(role: str, request: Request, actor: Acting) -> Response:
    """Delete a role that nobody has."""
    async with changing(request) as change:
        found = await roles.find(change.connection, actor.scope("roles:read"), role)
        actor.demand("roles:write", found.team_id)
        before = shown(found)
        change.match(before, required=False)
        await roles.remove(change.connection, actor, found)
        await change.note("role.delete", "role", found.id, name=found.name, team_id=found.team_id, before=before)
        return change.reply(None)


def shown(role: Role) -> RoleShown:
    """A custom role as the API shows it."""
    return RoleShown(
        id=role.id,
        name=role.name,
        built_in=False,
        given="anywhere" if role.team_id is None else "in_team",
        team_id=role.team_id,
        description=role.description,
        permissions=roles.permissions_of(role),
        created_us=role.created_us,
    )


def _built_in(name: str, given: Literal["on_platform", "in_team"], permissions: frozenset[str]) -> RoleShown:
    return RoleShown(
        id=None,
        name=name,
        built_in=True,
        given=given,
        team_id=None,
        description=None,
        permissions=sorted(permissions),
        created_us=None,
    )


BUILT_IN = [
    *(_built_in(name, "on_platform", permissions) for name, permissions in PLATFORM_ROLES.items()),
    *(_built_in(name, "in_team", permissions) for name, permissions in TEAM_ROLES.items()),
]
"""The built-in roles as the API shows them."""
