"""/api/v1/apps: consumers, which hold keys and subscribe."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from torana.control.api.change import changing, reply
from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import NO_NUL, PROBLEMS, Asked, Filter, Listed, Paging
from torana.control.apps import service as apps
from torana.control.publish.publish import Publisher
from torana.control.teams import service as teams
from torana.core.errors import Refusal
from torana.stores.sql.engine import reading

router = APIRouter(prefix="/apps", tags=["apps"], responses=PROBLEMS)

Name = Annotated[str, Field(min_length=1, max_length=100, examples=["checkout"])]
KeepBodies = Annotated[bool, Field(description="Whether the bodies of its calls are kept.")]


class AppAsked(Asked):
    """An app to be made."""

    team: Annotated[
        str, Field(min_length=1, max_length=100, pattern=NO_NUL, description="Id or name.", examples=["payments"])
    ]
    name: Name
    keep_bodies: KeepBodies = False


class AppChanges(Asked):
    """What is to be different; what is left out stays."""

    name: Name | None = None
    keep_bodies: KeepBodies | None = None


class AppShown(BaseModel):
    """An app."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "app_3n8d…",
                    "name": "checkout",
                    "team": "payments",
                    "team_id": "team_7k2m…",
                    "keep_bodies": False,
                    "created_us": 1_790_000_000_000_000,
                }
            ]
        }
    )

    id: str
    name: str
    team: str
    team_id: str
    keep_bodies: KeepBodies
    created_us: Annotated[int, Field(description="Microseconds since 1970.")]


@router.get("", response_model=Listed[AppShown], **guard("apps:read"))
async def list_apps(
    request: Request, actor: Acting, paging: Paging, team: Filter = None, name: Filter = None
) -> Response:
    """Apps, or those of one team (id or name). Sorted by `name` or `created_us`."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        rows, following = await apps.page(connection, actor.scope("apps:read"), paging, team, name)
    return reply(request, Listed[AppShown](items=[shown(found) for found in rows], next=following))


@router.post("", status_code=201, response_model=AppShown, **guard("apps:write"))
async def create_app(body: AppAsked, request: Request, actor: Acting) -> Response:
    """Make an app of a team."""
    async with changing(request) as change:
        team = await teams.find(change.connection, actor.scope("apps:read"), body.team)
        actor.demand("apps:write", team.id)
        app = await apps.create(change.connection, team.id, body.name, keep_bodies=body.keep_bodies)
        after = shown(apps.Named(app, team.name))
        await change.note("app.create", "app", app.id, name=app.name, team_id=team.id, after=after)
        return change.reply(after, 201, location=f"/api/v1/apps/{app.id}")


@router.get("/{app:path}", response_model=AppShown, **guard("apps:read"))
async def get_app(app: str, request: Request, actor: Acting) -> Response:
    """One app, by its id, `team/name`, or its name where only one app has it."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await apps.find(connection, actor.scope("apps:read"), app)
    return reply(request, shown(found))


@router.patch("/{app:path}", response_model=AppShown, **guard("apps:write"))
async def change_app(app: str, body: AppChanges, request: Request, actor: Acting) -> Response:
    """Give an app another name, or keep the bodies of its calls or no longer."""
    if None in (getattr(body, name) for name in body.model_fields_set):
        raise Refusal("invalid_field", param=min(body.model_fields_set), reason="it cannot be null")
    async with changing(request) as change:
        found = await apps.find(change.connection, actor.scope("apps:read"), app)
        actor.demand("apps:write", found.app.team_id)
        before = shown(found)
        change.match(before)
        if body.name is not None:
            await apps.rename(change.connection, found.app, body.name)
        if body.keep_bodies is not None:
            await apps.set_keep_bodies(change.connection, found.app, body.keep_bodies)
        after = before.model_copy(update=body.model_dump(exclude_unset=True))
        await change.note(
            "app.change", "app", before.id, name=after.name, team_id=before.team_id, before=before, after=after
        )
        return change.reply(after)


@router.delete("/{app:path}", status_code=204, **guard("apps:write"))
async def delete_app(app: str, request: Request, actor: Acting) -> Response:
    """Delete an app with its keys, subscriptions and limits. Records of its calls stay."""
    async with changing(request) as change:
        found = await apps.find(change.connection, actor.scope("apps:read"), app)
        actor.demand("apps:write", found.app.team_id)
        before = shown(found)
        change.match(before, required=False)
        await apps.remove(change.connection, found.app)
        await change.note("app.delete", "app", before.id, name=before.name, team_id=before.team_id, before=before)
        return change.reply(None)


def shown(found: apps.Named) -> AppShown:
    """An app as the API shows it."""
    app = found.app
    return AppShown(
        id=app.id,
        name=app.name,
        team=found.team,
        team_id=app.team_id,
        keep_bodies=app.keep_bodies,
        created_us=app.created_us,
    )
