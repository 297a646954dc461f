"""/api/v1/approvals: what waits for a decision, and deciding it."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from torana.control.access.actor import Actor
from torana.control.api.change import Change, changing, reply
from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import PROBLEMS, Asked, Listed, Paging
from torana.control.approvals import service as approvals
from torana.control.approvals.service import Approval, Noun, State, Verdict
from torana.control.publish.publish import Publisher
from torana.stores.sql.engine import reading

router = APIRouter(prefix="/approvals", tags=["approvals"], responses=PROBLEMS)

TimeUs = Annotated[int, Field(description="Microseconds since 1970.")]


class DecisionAsked(Asked):
    """What you decide."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"verdict": "approve", "reason": "Reviewed, fits."}]})

    verdict: Verdict
    reason: Annotated[str | None, Field(max_length=2000)] = None


class StageShown(BaseModel):
    """One stage."""

    permission: Annotated[str, Field(description="What one needs, in the team or everywhere, to decide.")]
    count: Annotated[int, Field(description="How many people have to approve.")]
    not_author: Annotated[bool, Field(description="Whether whoever asked is kept from deciding.")]


class DecisionShown(BaseModel):
    """What one person decided."""

    stage: int
    user_id: str | None
    user_name: str
    verdict: Verdict
    reason: str | None
    created_us: TimeUs


class ApprovalShown(BaseModel):
    """Something that is to be decided, or was."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "approval_7k2m…",
                    "team_id": "team_7k2m…",
                    "noun": "subscription",
                    "noun_id": "subscription_7k2m…",
                    "state": "open",
                    "stages": [{"permission": "subscriptions:approve", "count": 1, "not_author": True}],
                    "stage": 0,
                    "asked_by": "user_7k2m…",
                    "asked_by_name": "dev@example.org",
                    "reason": "For the support chat.",
                    "created_us": 1_790_000_000_000_000,
                    "decided_us": None,
                    "decisions": [],
                    "may_decide": True,
                }
            ]
        }
    )

    id: str
    team_id: Annotated[str | None, Field(description="Who decides; null is the platform.")]
    noun: Noun
    noun_id: str
    state: State
    stages: list[StageShown]
    stage: Annotated[int, Field(description="Index of the stage that is being decided.")]
    asked_by: str | None
    asked_by_name: str
    reason: str | None
    created_us: TimeUs
    decided_us: int | None
    decisions: list[DecisionShown]
    may_decide: Annotated[bool, Field(description="Whether you could decide now.")]


@router.get("", response_model=Listed[ApprovalShown], **guard("signed_in"))
async def list_approvals(
    request: Request, actor: Acting, paging: Paging, state: State | None = None, noun: Noun | None = None
) -> Response:
    """What you asked for, and what you may decide in any stage. Sorted by `created_us`, newest first."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found, following = await approvals.page(connection, actor, paging, state=state, noun=noun)
    return reply(request, Listed[ApprovalShown](items=[shown(one, actor) for one in found], next=following))


@router.get("/{approval}", response_model=ApprovalShown, **guard("signed_in"))
async def get_approval(approval: str, request: Request, actor: Acting) -> Response:
    """One approval."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await approvals.find(connection, actor, approval)
    return reply(request, shown(found, actor))


@router.post("/{approval}/decisions", status_code=201, response_model=ApprovalShown, **guard("signed_in"))
async def decide(approval: str, body: DecisionAsked, request: Request, actor: Acting) -> Response:
    """Approve or reject. Each person decides once, whatever stages they could decide."""
    async with changing(request) as change:
        before = shown(await approvals.find(change.connection, actor, approval), actor)
        decided = await approvals.decide(change.connection, actor, approval, body.verdict, body.reason)
        return await _done(change, body.verdict, before, decided)


@router.post("/{approval}/withdrawal", status_code=201, response_model=ApprovalShown, **guard("signed_in"))
async def withdraw(approval: str, request: Request, actor: Acting) -> Response:
    """Take back what you asked for."""
    async with changing(request) as change:
        before = shown(await approvals.find(change.connection, actor, approval), actor)
        withdrawn = await approvals.withdraw(change.connection, actor, approval)
        return await _done(change, "withdraw", before, withdrawn)


def shown(approval: Approval, actor: Actor) -> ApprovalShown:
    """An approval as the API shows it to this person."""
    return ApprovalShown(
        id=approval.id,
        team_id=approval.team_id,
        noun=approval.noun,
        noun_id=approval.noun_id,
        state=approval.state,
        stages=[
            StageShown(permission=one.permission, count=one.count, not_author=one.not_author) for one in approval.stages
        ],
        stage=approval.stage,
        asked_by=approval.asked_by,
        asked_by_name=approval.asked_by_name,
        reason=approval.reason,
        created_us=approval.created_us,
        decided_us=approval.decided_us,
        decisions=[
            DecisionShown(
                stage=one.stage,
                user_id=one.user_id,
                user_name=one.user_name,
                verdict=one.verdict,
                reason=one.reason,
                created_us=one.created_us,
            )
            for one in approval.decisions
        ],
        may_decide=approvals.may_decide(actor, approval),
    )


async def _done(change: Change, verb: str, before: ApprovalShown, after: Approval) -> Response:
    result = shown(after, change.actor)
    await change.note(
        f"approval.{verb}",
        "approval",
        after.id,
        name=f"{after.noun} {after.noun_id}",
        team_id=after.team_id,
        before=before,
        after=result,
    )
    await approvals.settle(change, after)
    return change.reply(result, 201)
