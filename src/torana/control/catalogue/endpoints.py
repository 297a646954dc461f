"""/api/v1/catalogue: what a team may subscribe to, with its plans and what the team has of it; and what everybody may see of it."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.responses import Response

from torana.control.access.actor import Actor
from torana.control.api.change import reply
from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import PROBLEMS, Listed, Paging
from torana.control.apps import service as apps
from torana.control.catalogue import repository
from torana.control.catalogue.repository import Offering
from torana.control.plans import repository as plans
from torana.control.plans.shapes import PlanShown
from torana.control.plans.shapes import shown as plan_shown
from torana.control.publish.publish import Publisher
from torana.control.services.repository import Service
from torana.control.subscriptions.policy import policy_of, stages_for
from torana.control.subscriptions.states import State
from torana.control.teams import service as teams
from torana.core.errors import Refusal
from torana.stores.sql.engine import Connection, reading

router = APIRouter(prefix="/catalogue", tags=["catalogue"], responses=PROBLEMS)

Asked = Annotated[str | None, Query(max_length=200)]
Search = Annotated[str | None, Query(min_length=1, max_length=100, description="Part of the name or description.")]


class OwnSubscription(BaseModel):
    """The app's subscription."""

    id: str
    state: State


class PublicShown(BaseModel):
    """A service as everybody may see it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "service_4d5e…",
                    "name": "gpt-4.1",
                    "kind": "model",
                    "description": "For text and images",
                    "contract": None,
                    "plans": [],
                }
            ]
        }
    )

    id: str
    name: str
    kind: str
    description: str | None
    contract: Annotated[JsonValue, Field(description="JSON Schemas of input and output, where the service has them.")]
    plans: list[PlanShown]


class OfferedShown(PublicShown):
    """A service that a team may subscribe to."""

    team: Annotated[str | None, Field(description="Whose it is, by name; null is the platform.")]
    visibility: str
    approval: Annotated[bool, Field(description="Whether a subscription has to be approved.")]
    subscriptions: Annotated[dict[State, int], Field(description="How many the team's apps have, by state.")]
    subscription: Annotated[OwnSubscription | None, Field(description="That of the app that was asked for.")]


@router.get("", response_model=Listed[OfferedShown], **guard("services:read"))
async def list_catalogue(
    request: Request,
    actor: Acting,
    paging: Paging,
    team: Annotated[Asked, Query(description="For which team, by id or name; needed where one is in several.")] = None,
    app: Annotated[Asked, Query(description="For which of the team's apps, by id.")] = None,
    search: Search = None,
    kind: Asked = None,
    name: Asked = None,
) -> Response:
    """Services that a team may subscribe to. Sorted by `name` or `created_us`."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        team_id = await _team(connection, actor, team)
        offering = Offering(team_id, search, kind, name)
        rows, following = await repository.paged(connection, paging, offering)
        items = await _offered(connection, actor, team_id, app, rows)
    return reply(request, Listed[OfferedShown](items=items, next=following))


@router.get("/public", response_model=Listed[PublicShown], **guard("public"))
async def list_public_catalogue(
    request: Request, paging: Paging, search: Search = None, kind: Asked = None
) -> Response:
    """Public services, without signing in. Only there while the setting `public_catalogue` is on."""
    if not request.app.state.settings.public_catalogue:
        raise Refusal("unknown_path", path=request.url.path)
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        rows, following = await repository.paged(connection, paging, Offering(None, search, kind))
        items = [PublicShown.model_validate(one) for one in await _described(connection, rows)]
    return reply(request, Listed[PublicShown](items=items, next=following))


@router.get("/{service}", response_model=OfferedShown, **guard("services:read"))
async def get_offered(
    service: str,
    request: Request,
    actor: Acting,
    team: Annotated[Asked, Query(description="For which team, by id or name; needed where one is in several.")] = None,
    app: Annotated[Asked, Query(description="For which of the team's apps, by id.")] = None,
) -> Response:
    """One service of the catalogue, by its id, or by its name where only one has it."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        team_id = await _team(connection, actor, team)
        found = await repository.find(connection, Offering(team_id), service)
        exact = [one for one in found if one.id == service] or found
        if len(exact) != 1:
            raise Refusal("not_found", noun="service", name=service[:200])
        (one,) = await _offered(connection, actor, team_id, app, exact)
    return reply(request, one)


async def _team(connection: Connection, actor: Actor, reference: str | None) -> str:
    """The team that looks. Raises Refusal."""
    scope = actor.scope("services:read")
    if reference is not None:
        return (await teams.find(connection, scope, reference)).id
    if scope.team_ids is None or len(scope.team_ids) != 1:
        raise Refusal("invalid_field", param="team", reason="say for which team, because you may look for several")
    (only,) = scope.team_ids
    return only


async def _offered(
    connection: Connection, actor: Actor, team_id: str, app: str | None, rows: Sequence[Service]
) -> list[OfferedShown]:
    ids = [one.id for one in rows]
    mine: dict[str, tuple[str, str]] = {}
    if app is not None:
        found = await apps.get_by_id(connection, actor.scope("services:read"), app)
        if found.team_id != team_id:
            raise Refusal("not_found", noun="app", name=app)
        mine = await repository.of_app(connection, found.id, ids)
    states = await repository.states(connection, team_id, ids)
    names = await repository.team_names(connection, {one.team_id for one in rows if one.team_id is not None})
    shown = []
    for one, described in zip(rows, await _described(connection, rows), strict=True):
        held = mine.get(one.id)
        shown.append(
            OfferedShown.model_validate(
                {
                    **described,
                    "team": names.get(one.team_id or ""),
                    "visibility": one.visibility,
                    "approval": bool(stages_for(policy_of(one.approval), one, team_id)),
                    "subscriptions": states.get(one.id, {}),
                    "subscription": None
                    if held is None
                    else OwnSubscription.model_validate({"id": held[0], "state": held[1]}),
                }
            )
        )
    return shown


async def _described(connection: Connection, rows: Sequence[Service]) -> list[dict[str, object]]:
    """What is the same for everybody."""
    offered: defaultdict[str, list[PlanShown]] = defaultdict(list)
    for plan in await plans.of_services(connection, [one.id for one in rows]):
        offered[plan.service_id].append(plan_shown(plan))
    released = [one.id for one in rows if one.lifecycle == "released"]
    designs = await repository.designs(connection, released) if released else {}
    described: list[dict[str, object]] = []
    for one in rows:
        description, contract = one.description, None if one.contract is None else msgspec.json.decode(one.contract)
        if one.id in designs:
            # What stands in the service itself is the draft of the next release.
            design = msgspec.json.decode(designs[one.id])
            description, contract = design.get("description"), design.get("contract")
        described.append(
            {
                **{name: getattr(one, name) for name in ("id", "name", "kind")},
                "description": description,
                "contract": contract,
                "plans": offered[one.id],
            }
        )
    return described
