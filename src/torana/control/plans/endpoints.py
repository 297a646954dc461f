"""/api/v1/services/{service}/plans: the plans that subscriptions of a service choose from."""

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from torana.control.access.actor import Actor
from torana.control.api.change import Change, changing, reply
from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import PROBLEMS, Listed, Paging
from torana.control.plans import service as plans
from torana.control.plans.limits import encoded_limits
from torana.control.plans.shapes import PlanAsked, PlanChange, PlanShown, drafts, shown, stored_price
from torana.control.publish.publish import Publisher
from torana.control.services.repository import Service
from torana.control.sharing import service as sharing
from torana.stores.sql.engine import reading

router = APIRouter(prefix="/services/{service}/plans", tags=["plans"], responses=PROBLEMS)


@router.get("", response_model=Listed[PlanShown], **guard("services:read"))
async def list_plans(service: str, request: Request, actor: Acting, paging: Paging) -> Response:
    """Plans of a service that one owns or may subscribe to. Sorted by `name` or `created_us`."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await sharing.find(connection, actor.scope("services:read"), service)
        rows, following = await plans.page(connection, found.id, paging)
    return reply(request, Listed[PlanShown](items=[shown(plan) for plan in rows], next=following))


@router.post("", status_code=201, response_model=PlanShown, **guard("services:write"))
async def create_plan(service: str, body: PlanAsked, request: Request, actor: Acting) -> Response:
    """Make a plan. From then on whoever subscribes has to choose one."""
    async with changing(request) as change:
        found = await _own(change, actor, service)
        price = stored_price(body.price)
        made = await plans.create(change.connection, found, body.name, body.description, drafts(body.limits), price)
        after = shown(made)
        await change.note("plan.create", "plan", made.id, name=made.name, team_id=found.team_id, after=after)
        return change.reply(after, 201, location=f"/api/v1/services/{found.id}/plans/{made.id}")


@router.get("/{plan}", response_model=PlanShown, **guard("services:read"))
async def get_plan(service: str, plan: str, request: Request, actor: Acting) -> Response:
    """One plan, by its id or name."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await sharing.find(connection, actor.scope("services:read"), service)
        one = await plans.find(connection, found, plan)
    return reply(request, shown(one))


@router.patch("/{plan}", response_model=PlanShown, **guard("services:write"))
async def change_plan(service: str, plan: str, body: PlanChange, request: Request, actor: Acting) -> Response:
    """Change a plan, for everybody who has it."""
    async with changing(request) as change:
        found = await _own(change, actor, service)
        held = await plans.find(change.connection, found, plan)
        before = shown(held)
        change.match(before)
        columns = {name: getattr(body, name) for name in body.model_fields_set & {"description"}}
        if body.name is not None:
            columns["name"] = body.name
        if body.limits is not None:
            columns["limits"] = encoded_limits(drafts(body.limits))
        if "price" in body.model_fields_set:
            columns["price"] = stored_price(body.price)
        after = shown(await plans.change(change.connection, held, msgspec.structs.replace(held, **columns)))
        await change.note(
            "plan.change", "plan", held.id, name=after.name, team_id=found.team_id, before=before, after=after
        )
        return change.reply(after)


@router.delete("/{plan}", status_code=204, **guard("services:write"))
async def delete_plan(service: str, plan: str, request: Request, actor: Acting) -> Response:
    """Delete a plan that no subscription has."""
    async with changing(request) as change:
        found = await _own(change, actor, service)
        held = await plans.find(change.connection, found, plan)
        before = shown(held)
        change.match(before, required=False)
        await plans.remove(change.connection, held)
        await change.note("plan.delete", "plan", held.id, name=held.name, team_id=found.team_id, before=before)
        return change.reply(None)


async def _own(change: Change, actor: Actor, reference: str) -> Service:
    """The service, seen and then owned. Raises Refusal `not_found` or `not_allowed`."""
    found = await sharing.find(change.connection, sharing.reach(actor, "services:read", "services:write"), reference)
    actor.demand("services:write", found.team_id)
    return found
