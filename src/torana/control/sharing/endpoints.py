"""/api/v1/services/{service}/sharing and …/subscription-policy: who sees a service, and who approves its subscriptions."""

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from torana.control.access.actor import Actor
from torana.control.api.change import Change, changing, reply
from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import PROBLEMS, Asked
from torana.control.approvals.endpoints import StageShown
from torana.control.approvals.service import MOST_DECISIONS, MOST_STAGES, Stage, check_stages
from torana.control.publish.publish import Publisher
from torana.control.services.repository import Service
from torana.control.sharing import repository
from torana.control.sharing import service as sharing
from torana.control.sharing.service import Sharing
from torana.control.subscriptions import moves
from torana.control.subscriptions import repository as subscriptions
from torana.control.subscriptions.policy import BY_OWNER, Policy, policy_of, review_us, with_policy
from torana.core.errors import Refusal
from torana.core.ids import epoch_us
from torana.stores.sql.engine import reading

router = APIRouter(prefix="/services/{service}", tags=["sharing"], responses=PROBLEMS)

Visibility = Literal["team", "teams", "organisation", "public"]
MOST_REVIEW_DAYS = 3660


class SharingAsked(Asked):
    """Who is to see a service."""

    visibility: Annotated[
        Visibility,
        Field(
            description="`team`: its own; `teams`: also those listed; `organisation`: all; `public`: all and the public catalogue."
        ),
    ]
    teams: Annotated[
        list[Annotated[str, Field(max_length=100)]],
        Field(max_length=sharing.MOST_TEAMS, description="Ids or names, where visibility is `teams`."),
    ] = Field(default_factory=list)


class TeamNamed(BaseModel):
    """A team that sees the service."""

    id: str
    name: str


class SharingShown(BaseModel):
    """Who sees a service."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"visibility": "teams", "teams": [{"id": "team_1b2c…", "name": "payments"}]}]}
    )

    visibility: Visibility
    teams: list[TeamNamed]


class StageGiven(Asked):
    """One stage of an approval: so many people with this permission in the service's team."""

    permission: Annotated[str, Field(max_length=60, examples=["subscriptions:approve"])]
    count: Annotated[int, Field(ge=1, le=MOST_DECISIONS)] = 1
    not_author: Annotated[bool, Field(description="Whether who asks is kept from deciding.")] = True


class PolicyAsked(Asked):
    """What a service asks of its subscriptions. Without a policy its own team's apps come in at once, all others by its owner."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"mode": "owner", "stages": [], "review_days": 90, "confirm_by": "owner"}]}
    )

    mode: Annotated[
        Literal["default", "automatic", "owner", "staged"],
        Field(
            description="`automatic`: at once; `owner`: by the service's team; `staged`: by `stages`; `default`: no policy."
        ),
    ]
    stages: Annotated[list[StageGiven], Field(max_length=MOST_STAGES)] = Field(default_factory=list)
    review_days: Annotated[
        int | None, Field(ge=1, le=MOST_REVIEW_DAYS, description="Suspended unless confirmed within these days.")
    ] = None
    confirm_by: Annotated[
        Literal["owner", "subscriber"], Field(description="Whose people confirm: the service's, or the app's.")
    ] = "owner"


class PolicyShown(BaseModel):
    """What a service asks of its subscriptions."""

    mode: Literal["default", "automatic", "owner", "staged"]
    stages: list[StageShown]
    review_days: int | None
    confirm_by: Literal["owner", "subscriber"]


@router.get("/sharing", response_model=SharingShown, **guard("services:read"))
async def get_sharing(service: str, request: Request, actor: Acting) -> Response:
    """Who sees a service of one's own."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await sharing.find(connection, actor.scope("services:read"), service, offered=False)
        shared = await sharing.sharing_of(connection, found)
    return reply(request, _shown(shared))


@router.put("/sharing", response_model=SharingShown, **guard("services:write"))
async def set_sharing(service: str, body: SharingAsked, request: Request, actor: Acting) -> Response:
    """Set who sees a service. Subscriptions of teams that then do not see it any more are cancelled."""
    async with changing(request) as change:
        found = await _own(change, actor, service)
        before = _shown(await sharing.sharing_of(change.connection, found))
        change.match(before)
        after = _shown(await sharing.share(change.connection, found, body.visibility, body.teams))
        changed = msgspec.structs.replace(found, visibility=body.visibility)
        ended = await moves.cancel_unseen(change, changed)
        noted = {**after.model_dump(mode="json"), "cancelled_subscriptions": ended}
        await change.note(
            "service.share", "service", found.id, name=found.name, team_id=found.team_id, before=before, after=noted
        )
        return change.reply(after)


@router.get("/subscription-policy", response_model=PolicyShown, **guard("services:read"))
async def get_subscription_policy(service: str, request: Request, actor: Acting) -> Response:
    """Who approves subscriptions of a service, and how often they are confirmed."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await sharing.find(connection, actor.scope("services:read"), service)
    return reply(request, _policy_shown(policy_of(found.approval)))


@router.put("/subscription-policy", response_model=PolicyShown, **guard("teams:write"))
async def set_subscription_policy(service: str, body: PolicyAsked, request: Request, actor: Acting) -> Response:
    """Set who approves subscriptions, and how often they are confirmed.

    Approved ones stay so, and have to be confirmed within the new time, counted from now. It is the team's to say who approves:
    whoever designs a service could else do without the others.
    """
    async with changing(request) as change:
        found = await _own(change, actor, service, "teams:write")
        before = _policy_shown(policy_of(found.approval))
        change.match(before)
        policy = _policy(body)
        await repository.set_approval(change.connection, found.id, with_policy(found.approval, policy))
        await subscriptions.set_review(change.connection, found.id, review_us(policy, epoch_us()))
        after = _policy_shown(policy)
        await change.note(
            "service.set_subscription_policy",
            "service",
            found.id,
            name=found.name,
            team_id=found.team_id,
            before=before,
            after=after,
        )
        return change.reply(after)


async def _own(change: Change, actor: Actor, reference: str, permission: str = "services:write") -> Service:
    """The service, which the actor sees and may change. Raises Refusal `not_found` or `not_allowed`."""
    scope = sharing.reach(actor, "services:read", permission)
    found = await sharing.find(change.connection, scope, reference)
    actor.demand(permission, found.team_id)
    return found


def _shown(shared: Sharing) -> SharingShown:
    return SharingShown.model_validate(
        {"visibility": shared.visibility, "teams": [{"id": id_, "name": name} for id_, name in shared.teams]}
    )


def _policy(asked: PolicyAsked) -> Policy | None:
    if asked.mode == "default":
        if asked.stages or asked.review_days is not None:
            raise Refusal("invalid_field", param="mode", reason="without a policy there are no stages and no reviews")
        return None
    stages = tuple(Stage(one.permission, one.count, one.not_author) for one in asked.stages)
    if (asked.mode == "staged") != bool(stages):
        raise Refusal("invalid_field", param="stages", reason="stages belong to the mode staged, which needs some")
    try:
        check_stages(stages or BY_OWNER)
    except ValueError as error:
        raise Refusal("invalid_field", param="stages", reason=str(error)) from None
    return Policy(mode=asked.mode, stages=stages, review_days=asked.review_days, confirm_by=asked.confirm_by)


def _policy_shown(policy: Policy | None) -> PolicyShown:
    if policy is None:
        return PolicyShown(mode="default", stages=[], review_days=None, confirm_by="owner")
    return PolicyShown(
        mode=policy.mode,
        stages=[
            StageShown(permission=one.permission, count=one.count, not_author=one.not_author) for one in policy.stages
        ],
        review_days=policy.review_days,
        confirm_by=policy.confirm_by,
    )
