"""Subscriptions as the API, the audit trail and people see them."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from torana.control.subscriptions import repository
from torana.control.subscriptions.repository import Subscription
from torana.control.subscriptions.states import State
from torana.stores.sql.engine import Connection

Time = Annotated[int | None, Field(description="Microseconds since 1970.")]


class ReferredTo(BaseModel):
    """Something that is referred to."""

    id: str
    name: str


class Wanted(msgspec.Struct, frozen=True):
    """Another plan or end that waits for its approval. Both fields are what is true then, also where they are None."""

    plan_id: str | None
    expires_us: int | None


class WantedShown(BaseModel):
    """What is true once it is approved."""

    plan: str | None
    expires_us: Time


class SubscriptionShown(BaseModel):
    """That an app may, or wants to, call a service."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "subscription_9f3k…",
                    "app": {"id": "app_7k2m…", "name": "shop"},
                    "team": {"id": "team_1b2c…", "name": "payments"},
                    "service": {"id": "service_4d5e…", "name": "gpt-4.1"},
                    "service_team_id": "team_8h9j…",
                    "plan": {"id": "plan_2n3p…", "name": "small"},
                    "state": "approved",
                    "reason": "Answers in the shop",
                    "requested_by": "user_5q6r…",
                    "created_us": 1_790_000_000_000_000,
                    "changed_us": 1_790_000_100_000_000,
                    "expires_us": None,
                    "review_us": 1_797_776_000_000_000,
                    "wanted": None,
                    "approval_id": None,
                }
            ]
        }
    )

    id: str
    app: ReferredTo
    team: Annotated[ReferredTo, Field(description="Whose app it is.")]
    service: ReferredTo
    service_team_id: Annotated[str | None, Field(description="Whose service it is; null is the platform.")]
    plan: ReferredTo | None
    state: State
    reason: str | None
    requested_by: Annotated[str | None, Field(description="Id of a user.")]
    created_us: int
    changed_us: Time
    expires_us: Annotated[int | None, Field(description="From when it gives nothing any more.")]
    review_us: Annotated[int | None, Field(description="When it is suspended unless somebody confirms it before.")]
    wanted: Annotated[WantedShown | None, Field(description="A change that was asked for and waits to be approved.")]
    approval_id: Annotated[str | None, Field(description="The approval that is open.")]


_wanted = msgspec.json.Decoder(Wanted).decode


def wanted_of(subscription: Subscription) -> Wanted | None:
    """The change that waits for an approval."""
    return None if subscription.asked is None else _wanted(subscription.asked)


async def shown_all(connection: Connection, found: Sequence[Subscription]) -> list[SubscriptionShown]:
    """Subscriptions with the names of what they refer to."""
    names = await repository.names(connection, found)
    return [_shown(one, names) for one in found]


async def shown(connection: Connection, subscription: Subscription) -> SubscriptionShown:
    """One subscription with the names of what it refers to."""
    (only,) = await shown_all(connection, [subscription])
    return only


def _shown(one: Subscription, names: repository.Names) -> SubscriptionShown:
    wanted = wanted_of(one)
    return SubscriptionShown.model_validate(
        {
            **{name: getattr(one, name) for name in _AS_STORED},
            "app": ReferredTo(id=one.app_id, name=names.apps[one.app_id]),
            "team": ReferredTo(id=one.team_id, name=names.teams[one.team_id]),
            "service": ReferredTo(id=one.service_id, name=names.services[one.service_id]),
            "plan": ReferredTo(id=one.plan_id, name=names.plans[one.plan_id]) if one.plan_id else None,
            "wanted": WantedShown(plan=wanted.plan_id, expires_us=wanted.expires_us) if wanted else None,
            "approval_id": names.approvals.get(one.id),
        }
    )


_AS_STORED = (
    *("id", "service_team_id", "state", "reason", "requested_by"),
    *("created_us", "changed_us", "expires_us", "review_us"),
)
