"""Plans as the API sees them."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from torana.control.api.shapes import Asked
from torana.control.declaration.limits import PERIODS
from torana.control.plans.limits import PERIOD_NAMES, stored_limits
from torana.control.plans.repository import Plan
from torana.control.policies.service import MOST_AMOUNT, LimitDraft
from torana.core.errors import Refusal

MOST_CONCURRENCY = 1_000_000
MOST_LIMITS = 10


class PlanLimit(Asked):
    """At most so many `requests` `per` period, or so many calls at a time (`concurrency`)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"requests": 600, "per": "minute"}, {"concurrency": 20}]})

    requests: Annotated[int | None, Field(ge=1, le=MOST_AMOUNT)] = None
    per: Literal["second", "minute", "hour", "day"] | None = None
    concurrency: Annotated[int | None, Field(ge=1, le=MOST_CONCURRENCY)] = None


class PlanPrice(Asked):
    """What it costs, for people to read: nothing is charged here."""

    text: Annotated[str, Field(min_length=1, max_length=200, examples=["49 EUR a month"])]
    amount: Annotated[Decimal | None, Field(ge=0, max_digits=18, decimal_places=6, examples=["49.00"])] = None
    currency: Annotated[str | None, Field(pattern="^[A-Z]{3}$", examples=["EUR"])] = None


Name = Annotated[str, Field(min_length=1, max_length=100, examples=["small"])]
Description = Annotated[str | None, Field(max_length=1000)]
Limits = Annotated[list[PlanLimit], Field(max_length=MOST_LIMITS)]


class PlanAsked(Asked):
    """A plan to be made."""

    name: Name
    description: Description = None
    limits: Limits = Field(default_factory=list)
    price: PlanPrice | None = None


class PlanChange(Asked):
    """What of a plan is to be different; what is left out stays."""

    name: Name | None = None
    description: Description = None
    limits: Limits | None = None
    price: PlanPrice | None = None


class PlanShown(BaseModel):
    """A plan."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "plan_2n3p…",
                    "name": "small",
                    "description": "For trying it out",
                    "limits": [{"requests": 600, "per": "minute"}],
                    "price": {"text": "free", "amount": "0", "currency": "EUR"},
                    "created_us": 1_790_000_000_000_000,
                }
            ]
        }
    )

    id: str
    name: str
    description: str | None
    limits: list[dict[str, JsonValue]]
    price: PlanPrice | None
    created_us: Annotated[int, Field(description="Microseconds since 1970.")]


def drafts(asked: Sequence[PlanLimit]) -> tuple[LimitDraft, ...]:
    """The limits that were asked for, each kind and period at most once. Raises Refusal `invalid_field`."""
    found: dict[tuple[str, int], LimitDraft] = {}
    for one in asked:
        draft = _draft(one)
        if (draft.kind, draft.period_seconds) in found:
            raise Refusal("invalid_field", param="limits", reason="two limits have the same kind and period")
        found[draft.kind, draft.period_seconds] = draft
    return tuple(found[key] for key in sorted(found))


def stored_price(price: PlanPrice | None) -> str | None:
    """A price as it is stored."""
    return None if price is None else price.model_dump_json()


def shown(plan: Plan) -> PlanShown:
    """A plan as the API shows it."""
    return PlanShown(
        id=plan.id,
        name=plan.name,
        description=plan.description,
        limits=list(_shown_limits(stored_limits(plan.limits))),
        price=None if plan.price is None else PlanPrice.model_validate(msgspec.json.decode(plan.price)),
        created_us=plan.created_us,
    )


def _draft(asked: PlanLimit) -> LimitDraft:
    if asked.requests is not None and asked.per is not None and asked.concurrency is None:
        return LimitDraft("requests", asked.requests, PERIODS[asked.per])
    if asked.concurrency is not None and asked.requests is None and asked.per is None:
        return LimitDraft("concurrency", asked.concurrency)
    raise Refusal("invalid_field", param="limits", reason="a limit has either requests and per, or concurrency")


def _shown_limits(limits: Iterable[LimitDraft]) -> Iterable[dict[str, JsonValue]]:
    for limit in limits:
        if limit.kind == "concurrency":
            yield {"concurrency": limit.amount}
        else:
            yield {"requests": limit.amount, "per": PERIOD_NAMES[limit.period_seconds]}
