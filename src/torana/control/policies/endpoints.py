"""/api/v1/limits and /api/v1/prices: what may be called how often, and what it costs."""

from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from torana.control.api.change import changing, reply
from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import PROBLEMS, Asked, Listed, Paging
from torana.control.policies import service as policies
from torana.control.policies.service import Limit, LimitDraft, Owner, Price, PriceDraft
from torana.control.providers import service as providers
from torana.control.publish.publish import Publisher
from torana.core.errors import Refusal
from torana.stores.sql.engine import Connection, reading

router = APIRouter(responses=PROBLEMS)

OwnerKind = Literal["team", "app", "key", "service"]
Dollars = Annotated[Decimal, Field(ge=0, lt=10**9, decimal_places=6, description="Per million tokens.")]


class LimitForm(Asked):
    """At most `amount` requests in `period_seconds`, or at most `amount` calls at a time."""

    kind: Literal["requests", "concurrency"]
    amount: Annotated[int, Field(ge=0, le=policies.MOST_AMOUNT, examples=[600])]
    period_seconds: Annotated[
        int, Field(ge=0, le=policies.MOST_PERIOD_SECONDS, description="0 for concurrency.", examples=[60])
    ] = 0


class LimitsAsked(Asked):
    """All limits that a thing is to have."""

    limits: Annotated[list[LimitForm], Field(max_length=20)]


class LimitsShown(BaseModel):
    """All limits of a thing. Its team's and its app's count as well: every limit on the way holds."""

    owner_kind: OwnerKind
    owner_id: str
    limits: list[LimitForm]


class PriceAsked(Asked):
    """What a model costs from a time on: at every account of a vendor, or at one account."""

    model: Annotated[str, Field(min_length=1, max_length=200, examples=["gpt-4.1"])]
    vendor: Annotated[str | None, Field(max_length=60)] = None
    provider_id: Annotated[str | None, Field(max_length=40)] = None
    valid_from_us: Annotated[int, Field(ge=0, lt=2**53)] = 0
    input_usd: Dollars | None = None
    cached_input_usd: Dollars | None = None
    output_usd: Dollars | None = None
    reasoning_usd: Dollars | None = None


class PriceShown(BaseModel):
    """What a model costs, in dollars per million tokens as decimal text; null is unknown."""

    id: str
    team_id: str | None
    vendor: str | None
    provider_id: str | None
    model: str
    valid_from_us: int
    input_usd: str | None
    cached_input_usd: str | None
    output_usd: str | None
    reasoning_usd: str | None
    created_us: int


@router.get("/limits/{owner_kind}/{owner_id}", tags=["limits"], response_model=LimitsShown, **guard("policies:read"))
async def get_limits(owner_kind: OwnerKind, owner_id: str, request: Request, actor: Acting) -> Response:
    """The limits of a team, app, key or service."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        owner = await policies.owner(connection, actor.scope("policies:read"), owner_kind, owner_id)
        return reply(request, await _limits(connection, owner))


@router.put("/limits/{owner_kind}/{owner_id}", tags=["limits"], response_model=LimitsShown, **guard("policies:write"))
async def set_limits(
    owner_kind: OwnerKind, owner_id: str, body: LimitsAsked, request: Request, actor: Acting
) -> Response:
    """Put these limits in the place of those there are. The limits of a team are the platform's to set."""
    async with changing(request) as change:
        owner = await policies.owner(change.connection, actor.scope("policies:read"), owner_kind, owner_id)
        # Whoever could raise the limits of their own team would have none.
        actor.demand("policies:write", None if owner.kind == "team" else owner.team_id)
        before = await _limits(change.connection, owner)
        change.match(before)
        drafts = [LimitDraft(one.kind, one.amount, one.period_seconds) for one in body.limits]
        await policies.set_limits(change.connection, owner, drafts)
        after = await _limits(change.connection, owner)
        await change.note("limits.change", owner.kind, owner.id, team_id=owner.team_id, before=before, after=after)
        return change.reply(after)


@router.get("/prices", tags=["prices"], response_model=Listed[PriceShown], **guard("policies:read"))
async def list_prices(request: Request, actor: Acting, paging: Paging, model: str | None = None) -> Response:
    """Prices that operators have set. Sorted by `model` or `created_us`."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        rows, following = await policies.prices_page(connection, actor.scope("policies:read"), paging, model)
    return reply(request, Listed[PriceShown](items=[_price(one) for one in rows], next=following))


@router.post("/prices", tags=["prices"], status_code=201, response_model=PriceShown, **guard("policies:write"))
async def create_price(body: PriceAsked, request: Request, actor: Acting) -> Response:
    """Set what a model costs; it takes the place of a price with the same beginning."""
    async with changing(request) as change:
        team_id = None
        if body.provider_id is not None:
            found = await providers.find(change.connection, actor.scope("providers:read"), body.provider_id)
            team_id = found.team_id
        actor.demand("policies:write", team_id)
        made = await policies.set_price(change.connection, PriceDraft(**body.model_dump(), team_id=team_id))
        after = _price(made)
        await change.note("price.create", "price", made.id, name=made.model, team_id=team_id, after=after)
        return change.reply(after, 201)


@router.delete("/prices/{price}", tags=["prices"], status_code=204, **guard("policies:write"))
async def delete_price(price: str, request: Request, actor: Acting) -> Response:
    """Forget a price: what is recorded from now on is priced by the catalogue again."""
    async with changing(request) as change:
        found = await policies.price_by_id(change.connection, actor.scope("policies:read"), price)
        if found is None:
            raise Refusal("not_found", noun="price", name=price[:64])
        actor.demand("policies:write", found.team_id)
        await policies.remove_price(change.connection, found.id)
        await change.note(
            "price.delete", "price", found.id, name=found.model, team_id=found.team_id, before=_price(found)
        )
        return change.reply(None)


async def _limits(connection: Connection, owner: Owner) -> LimitsShown:
    found = await policies.listed_limits(connection, [owner.id])
    return LimitsShown(owner_kind=owner.kind, owner_id=owner.id, limits=[_limit(one) for one in found])


def _limit(limit: Limit) -> LimitForm:
    kind: Literal["requests", "concurrency"] = "requests" if limit.kind == "requests" else "concurrency"
    return LimitForm(kind=kind, amount=limit.amount, period_seconds=limit.period_seconds)


def _price(price: Price) -> PriceShown:
    return PriceShown(**{name: getattr(price, name) for name in PriceShown.model_fields})
