"""/api/v1/teams: the tenants."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from torana.control.api.change import changing, reply
from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import PROBLEMS, Asked, Listed, Paging
from torana.control.publish.publish import Publisher
from torana.control.teams import service as teams
from torana.control.teams.service import Team
from torana.stores.sql.engine import reading

router = APIRouter(prefix="/teams", tags=["teams"], responses=PROBLEMS)

Name = Annotated[str, Field(min_length=1, max_length=100, examples=["payments"])]


class TeamAsked(Asked):
    """A team to be made, or what it is to be."""

    name: Name


class TeamShown(BaseModel):
    """A team."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": "team_7k2m…", "name": "payments", "created_us": 1_790_000_000_000_000}]}
    )

    id: str
    name: str
    created_us: Annotated[int, Field(description="Microseconds since 1970.")]


@router.get("", response_model=Listed[TeamShown], **guard("teams:read"))
async def list_teams(request: Request, actor: Acting, paging: Paging, name: str | None = None) -> Response:
    """Teams that one is in, or all. Sorted by `name` or `created_us`."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        rows, following = await teams.page(connection, actor.scope("teams:read"), paging, name)
    return reply(request, Listed[TeamShown](items=[shown(team) for team in rows], next=following))


@router.post("", status_code=201, response_model=TeamShown, **guard("teams:write", platform=True))
async def create_team(body: TeamAsked, request: Request) -> Response:
    """Make a team."""
    async with changing(request) as change:
        team = await teams.create(change.connection, body.name)
        after = shown(team)
        await change.note("team.create", "team", team.id, name=team.name, team_id=team.id, after=after)
        return change.reply(after, 201, location=f"/api/v1/teams/{team.id}")


@router.get("/{team}", response_model=TeamShown, **guard("teams:read"))
async def get_team(team: str, request: Request, actor: Acting) -> Response:
    """One team, by its id or name."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await teams.find(connection, actor.scope("teams:read"), team)
    return reply(request, shown(found))


@router.patch("/{team}", response_model=TeamShown, **guard("teams:write"))
async def change_team(team: str, body: TeamAsked, request: Request, actor: Acting) -> Response:
    """Give a team another name."""
    async with changing(request) as change:
        found = await teams.find(change.connection, actor.scope("teams:read"), team)
        actor.demand("teams:write", found.id)
        before = shown(found)
        change.match(before)
        after = shown(await teams.rename(change.connection, found, body.name))
        await change.note(
            "team.change", "team", found.id, name=after.name, team_id=found.id, before=before, after=after
        )
        return change.reply(after)


@router.delete("/{team}", status_code=204, **guard("teams:write", platform=True))
async def delete_team(team: str, request: Request, actor: Acting) -> Response:
    """Delete a team with its apps, keys, services, provider accounts, limits and prices."""
    async with changing(request) as change:
        found = await teams.find(change.connection, actor.scope("teams:read"), team)
        before = shown(found)
        change.match(before, required=False)
        await teams.remove(change.connection, found)
        await change.note("team.delete", "team", found.id, name=found.name, team_id=found.id, before=before)
        return change.reply(None)


def shown(team: Team) -> TeamShown:
    """A team as the API shows it."""
    return TeamShown(id=team.id, name=team.name, created_us=team.created_us)
