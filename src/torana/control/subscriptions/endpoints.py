"""/api/v1/subscriptions: which apps may call which services, asked for, decided and ended. Both sides see them."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from torana.control.access.scope import Scope
from torana.control.api.change import Change, changing, reply
from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import PROBLEMS, Asked, Listed, Paging
from torana.control.apps import service as apps
from torana.control.apps.service import App
from torana.control.publish.publish import Publisher
from torana.control.sharing import repository as sharing
from torana.control.sharing.service import reach
from torana.control.subscriptions import moves, repository
from torana.control.subscriptions.repository import OF_PLATFORM, Filters, Subscription
from torana.control.subscriptions.shapes import SubscriptionShown, shown, shown_all
from torana.control.subscriptions.states import State
from torana.core.errors import Refusal
from torana.stores.sql.engine import Connection, reading

router = APIRouter(prefix="/subscriptions", tags=["subscriptions"], responses=PROBLEMS)

_MOST_US = 2**53
Reason = Annotated[str | None, Field(max_length=2000, examples=["Answers in the shop"])]
End = Annotated[int | None, Field(ge=0, le=_MOST_US, description="Microseconds since 1970; null is never.")]
Plan = Annotated[str | None, Field(max_length=100, description="Id or name of one of the service's plans.")]
Reference = Annotated[str, Field(min_length=1, max_length=300)]
Wanted = Annotated[str | None, Query(max_length=300)]
Verb = Callable[[Change, Subscription], Awaitable[SubscriptionShown]]


class SubscriptionAsked(Asked):
    """A subscription that is asked for."""

    app: Annotated[Reference, Field(description="Id of an app, or `team/app`.")]
    service: Annotated[Reference, Field(description="Id of a service, or the name that the app's team knows it by.")]
    plan: Plan = None
    reason: Reason = None
    expires_us: End = None


class WhyAsked(Asked):
    """Why, for the other side and the audit trail."""

    reason: Reason = None


class RenewAsked(Asked):
    """Another plan or end; what is left out stays as it is."""

    plan: Plan = None
    expires_us: End = None
    reason: Reason = None


@router.get("", response_model=Listed[SubscriptionShown], **guard("subscriptions:read"))
async def list_subscriptions(
    request: Request,
    actor: Acting,
    paging: Paging,
    team: Annotated[Wanted, Query(description="The app's team, by id or name.")] = None,
    app: Annotated[Wanted, Query(description="The app's id.")] = None,
    service: Annotated[Wanted, Query(description="The service, by id or name.")] = None,
    state: State | None = None,
) -> Response:
    """Subscriptions of one's teams' apps, and of one's teams' services. Sorted by `created_us`, newest first."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        scope = actor.scope("subscriptions:read")
        filters = await _filters(connection, scope, team, app, service, state)
        rows, following = await repository.paged(connection, scope, paging, filters)
        items = await shown_all(connection, rows)
    return reply(request, Listed[SubscriptionShown](items=items, next=following))


@router.post("", status_code=201, response_model=SubscriptionShown, **guard("subscriptions:request"))
async def ask_for_subscription(body: SubscriptionAsked, request: Request) -> Response:
    """Subscribe an app: `approved` at once, or `requested` with an approval, as the service's policy says."""
    async with changing(request) as change:
        app = await _app(change, body.app)
        made = await moves.ask(change, app, body.service, body.plan, body.reason, body.expires_us)
        return change.reply(made, 201, location=f"/api/v1/subscriptions/{made.id}")


@router.get("/{subscription}", response_model=SubscriptionShown, **guard("subscriptions:read"))
async def get_subscription(subscription: str, request: Request, actor: Acting) -> Response:
    """One subscription."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await repository.by_id(connection, actor.scope("subscriptions:read"), subscription)
        if found is None:
            raise Refusal("not_found", noun="subscription", name=subscription[:200])
        one = await shown(connection, found)
    return reply(request, one)


@router.post("/{subscription}/suspend", response_model=SubscriptionShown, **guard("subscriptions:approve"))
async def suspend_subscription(subscription: str, request: Request, body: WhyAsked | None = None) -> Response:
    """Stop it for now. Only the service's side can, and can resume it."""
    return await _done(request, subscription, lambda change, one: moves.suspend(change, one, _why(body)))


@router.post("/{subscription}/resume", response_model=SubscriptionShown, **guard("subscriptions:approve"))
async def resume_subscription(subscription: str, request: Request, body: WhyAsked | None = None) -> Response:
    """Let a suspended one go on."""
    return await _done(request, subscription, lambda change, one: moves.resume(change, one, _why(body)))


@router.post("/{subscription}/cancel", response_model=SubscriptionShown, **guard("subscriptions:read"))
async def cancel_subscription(subscription: str, request: Request, body: WhyAsked | None = None) -> Response:
    """End it: the app's side with `subscriptions:request`, the service's with `subscriptions:approve`."""
    return await _done(request, subscription, lambda change, one: moves.cancel(change, one, _why(body)))


@router.post("/{subscription}/renew", response_model=SubscriptionShown, **guard("subscriptions:read"))
async def renew_subscription(subscription: str, request: Request, body: RenewAsked | None = None) -> Response:
    """Give it another plan or end, from either side. Where the policy wants an approval, it goes on as it is until then."""
    given = (
        {} if body is None else {name: getattr(body, name) for name in body.model_fields_set & {"plan", "expires_us"}}
    )
    reason = None if body is None else body.reason
    return await _done(request, subscription, lambda change, one: moves.renew(change, one, reason, **given))


@router.post("/{subscription}/confirm", response_model=SubscriptionShown, **guard("subscriptions:read"))
async def confirm_subscription(subscription: str, request: Request) -> Response:
    """Say that it is still needed, before `review_us`. Whose people do so says the service's policy."""
    return await _done(request, subscription, moves.confirm)


async def _done(request: Request, subscription_id: str, verb: Verb) -> Response:
    async with changing(request) as change:
        found = await moves.find(change, subscription_id)
        change.match(await shown(change.connection, found), required=False)
        return change.reply(await verb(change, found))


def _why(body: WhyAsked | None) -> str | None:
    return None if body is None else body.reason


async def _app(change: Change, reference: str) -> App:
    """The app, if the actor sees it. Raises Refusal `not_found`."""
    scope = reach(change.actor, "apps:read", "subscriptions:request")
    team, slash, name = reference.partition("/")
    if not slash:
        return await apps.get_by_id(change.connection, scope, reference)
    team_id = (await sharing.team_ids_of(change.connection, [team])).get(team)
    if team_id is None or (scope.team_ids is not None and team_id not in scope.team_ids):
        raise Refusal("not_found", noun="app", name=reference[:200])
    return await apps.get(change.connection, team_id, name)


async def _filters(
    connection: Connection, scope: Scope, team: str | None, app: str | None, service: str | None, state: State | None
) -> Filters:
    """What was asked for, by ids; what is not known has no rows."""
    team_id = service_id = service_team_id = None
    if team is not None:
        team_id = (await sharing.team_ids_of(connection, [team])).get(team, team)
    if service is not None:
        found = await sharing.find(connection, scope, service)
        service_id = service if found is None else found.id
        if found is not None and scope.team_ids is not None:
            service_team_id = found.team_id or OF_PLATFORM
    return Filters(team_id=team_id, app_id=app, service_id=service_id, service_team_id=service_team_id, state=state)
