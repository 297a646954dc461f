"""/api/v1/services: what is offered, and where its calls go; of what is released, the draft."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from torana.control.access.actor import Actor
from torana.control.api.change import changing, reply
from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import PROBLEMS, Listed, Paging
from torana.control.providers import repository as providers
from torana.control.publish.publish import Publisher
from torana.control.releases import service as releases
from torana.control.releases.design import designed
from torana.control.services import checks, drafts, repository
from torana.control.services import service as services
from torana.control.services.repository import Filters, Service
from torana.control.services.schemas import (
    CalledShown,
    ServiceAsked,
    ServiceListed,
    ServicePatched,
    ServiceShown,
    ValidateAsked,
    ValidationShown,
)
from torana.control.services.service import ServiceDraft
from torana.control.subscriptions import moves
from torana.control.teams import service as teams
from torana.core.errors import Refusal
from torana.stores.sql.engine import Connection, reading

router = APIRouter(responses=PROBLEMS)


@router.get("/services", tags=["services"], response_model=Listed[ServiceListed], **guard("services:read"))
async def list_services(
    request: Request,
    actor: Acting,
    paging: Paging,
    name: str | None = None,
    kind: str | None = None,
    lifecycle: str | None = None,
    team: Annotated[str | None, Query(description="Id or name.")] = None,
) -> Response:
    """The team's services and the platform's, with their deployments. Sorted by `name` or `created_us`."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        team_id = None if team is None else (await teams.find(connection, actor.scope("services:read"), team)).id
        filters = Filters(name=name, kind=kind, lifecycle=lifecycle, team_id=team_id)
        found, following = await repository.paged(connection, actor.scope("services:read"), paging, filters)
        items = await drafts.all_listed(connection, found)
    return reply(request, Listed[ServiceListed](items=items, next=following))


@router.post("/services", tags=["services"], status_code=201, response_model=ServiceShown, **guard("services:write"))
async def create_service(body: ServiceAsked, request: Request, actor: Acting) -> Response:
    """Make a service, as a draft."""
    async with changing(request) as change:
        team_id = await _owner(change.connection, actor, body.team)
        empty = ServiceDraft(
            body.name, [], team_id, visibility="organisation" if team_id is None else "team", kind=body.kind
        )
        draft = await drafts.changed(change.connection, empty._replace(lifecycle="released"), body)
        service = await services.create(change.connection, draft)
        after = await drafts.shown(change.connection, service)
        await change.note(
            "service.create", "service", service.id, name=service.name, team_id=service.team_id, after=after
        )
        return change.reply(after, 201, location=f"/api/v1/services/{service.id}")


@router.get("/services/{service}", tags=["services"], response_model=ServiceShown, **guard("services:read"))
async def get_service(service: str, request: Request, actor: Acting) -> Response:
    """One service, by its id, or by its name where that has no slash and only one can be meant."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await drafts.shown(connection, await drafts.find(connection, actor, service))
    return reply(request, found)


@router.patch("/services/{service}", tags=["services"], response_model=ServiceShown, **guard("services:write"))
async def change_service(service: str, body: ServicePatched, request: Request, actor: Acting) -> Response:
    """Change a draft. Name, kind and owner stay. `approval` is the team's: it takes `teams:write`.

    Subscriptions of teams that do not see the service any more are cancelled.
    """
    async with changing(request) as change:
        found = await _changeable(change.connection, actor, service)
        before = await drafts.shown(change.connection, found)
        change.match(before)
        if found.lifecycle == "direct":
            # What stands there is served: to change it is to publish.
            actor.demand("services:publish", found.team_id)
            drafts.check_unreviewed(found)
        current = await drafts.draft_of(change.connection, found)
        draft = await drafts.changed(change.connection, current, body)
        if draft.approval != current.approval:
            # Otherwise who may not publish alone would first take away what keeps them from it.
            actor.demand("teams:write", found.team_id)
        used = await releases.deployments_used(change.connection, found.id)
        changed = await services.update(change.connection, found, draft, used)
        if changed.visibility != found.visibility:
            await moves.cancel_unseen(change, changed)
        after = await drafts.shown(change.connection, changed)
        await change.note(
            "service.change", "service", found.id, name=found.name, team_id=found.team_id, before=before, after=after
        )
        return change.reply(after)


@router.delete("/services/{service}", tags=["services"], status_code=204, **guard("services:write"))
async def delete_service(service: str, request: Request, actor: Acting) -> Response:
    """Delete a service that no live release serves, with its releases and subscriptions."""
    async with changing(request) as change:
        found = await _changeable(change.connection, actor, service)
        before = await drafts.shown(change.connection, found)
        change.match(before, required=False)
        if live := await releases.lives(change.connection, found.id):
            users = "its live releases " + ", ".join(f"{one.major}.{one.minor}" for one in live)
            raise Refusal("in_use", noun="service", name=found.name, users=users)
        await services.remove(change.connection, found)
        await change.note("service.delete", "service", found.id, name=found.name, team_id=found.team_id, before=before)
        return change.reply(None)


@router.post(
    "/services/{service}/validate", tags=["services"], response_model=ValidationShown, **guard("services:write")
)
async def validate_service(service: str, body: ValidateAsked, request: Request, actor: Acting) -> Response:
    """Say whether the draft could be released, and what keeps it from that. Changes nothing."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await drafts.find(connection, actor, service)
        actor.demand("services:write", found.team_id)
        design = designed(found, await services.deployments_of(connection, found.id))
        used = await providers.by_ids(connection, {one.provider_id for one in design.deployments})
    problems = await checks.problems(design, found.team_id, used)
    called = []
    if body.call and not problems:
        called = await checks.call(design, used, publisher.master, request.app.state.prober)
    calls = [
        CalledShown(
            provider_id=one.provider_id,
            model=one.model,
            ok=probed.cause is None,
            says=probed.says,
            cause=probed.cause,
            status=probed.status,
        )
        for one, probed in called
    ]
    ok = not problems and all(one.ok for one in calls)
    return reply(request, ValidationShown(ok=ok, problems=problems, calls=calls))


async def _changeable(connection: Connection, actor: Actor, reference: str) -> Service:
    found = await drafts.find(connection, actor, reference)
    actor.demand("services:write", found.team_id)
    await drafts.check_changeable(connection, found)
    return found


async def _owner(connection: Connection, actor: Actor, team: str | None) -> str | None:
    if team is None:
        actor.demand("services:write", None)
        return None
    found = await teams.find(connection, actor.scope("services:read"), team)
    actor.demand("services:write", found.id)
    return found.id
