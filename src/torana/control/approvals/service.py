"""Approvals: what somebody asked for is decided in stages, by people with the stage's permission, and not by whoever asked.

A noun opens one with `open_` and says in `OUTCOMES` what then happens. Whoever may decide is told here; whoever asked is
told by the noun, whose outcome knows what it means for them.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from torana.control.access.actor import Actor
from torana.control.access.permissions import PERMISSIONS
from torana.control.approvals import repository
from torana.control.approvals.repository import ApprovalRow, DecisionRow, Sight
from torana.control.notices.service import tell
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id
from torana.stores.sql.engine import Connection
from torana.stores.sql.paging import PageAsked

if TYPE_CHECKING:
    from torana.control.api.change import Change

Noun = Literal["release", "subscription"]
State = Literal["open", "approved", "rejected", "withdrawn"]
Verdict = Literal["approve", "reject"]

MOST_STAGES = 5
MOST_DECISIONS = 10
"""How many people one stage may need."""
_SEES_ALL = "audit:read"
_ASKING = {"release": "services:publish", "subscription": "subscriptions:request"}
"""What it takes to ask for an approval of each noun."""


class Stage(msgspec.Struct, frozen=True):
    """One stage: so many people with this permission have to approve."""

    permission: str
    count: int = 1
    not_author: bool = True
    """Whether whoever asked is kept from deciding here."""


class Decision(msgspec.Struct, frozen=True):
    """What one person decided."""

    stage: int
    user_id: str | None
    user_name: str
    verdict: Verdict
    reason: str | None
    created_us: int


class Approval(msgspec.Struct, frozen=True):
    """Something that is to be decided, or was."""

    id: str
    team_id: str | None
    """Who decides; None is the platform."""
    noun: Noun
    noun_id: str
    state: State
    stages: tuple[Stage, ...]
    stage: int
    """Index of the stage that is being decided."""
    asked_by: str | None
    asked_by_name: str
    reason: str | None
    created_us: int
    decided_us: int | None
    decisions: tuple[Decision, ...] = ()


OUTCOMES: dict[str, Callable[["Change", Approval], Awaitable[None]]] = {}
"""By noun: what is done, in the same transaction, when an approval is approved, rejected or withdrawn by who asked."""

_stages = msgspec.json.Decoder(tuple[Stage, ...]).decode


async def open_(
    connection: Connection,
    *,
    noun: Noun,
    noun_id: str,
    team_id: str | None,
    stages: Sequence[Stage],
    asked_by: Actor,
    reason: str | None,
) -> Approval:
    """Ask for a decision of the team, or of the platform where `team_id` is None, and tell who may decide.

    An open one of the same thing is withdrawn. Raises ValueError for stages that cannot be (see `check_stages`).
    """
    check_stages(stages)
    await withdraw_all(connection, noun, noun_id)
    row = ApprovalRow(
        id=new_id("approval"),
        team_id=team_id,
        noun=noun,
        noun_id=noun_id,
        state="open",
        stages=msgspec.json.encode(list(stages)).decode(),
        stage=0,
        needs=f" {' '.join(sorted({stage.permission for stage in stages}))} ",
        asked_by=asked_by.id,
        asked_by_name=asked_by.name,
        reason=reason,
        created_us=epoch_us(),
        decided_us=None,
    )
    await repository.add(connection, row)
    approval = _approval(row, [])
    await _tell_deciders(connection, approval)
    return approval


def check_stages(stages: Sequence[Stage]) -> None:
    """Raises ValueError, saying why, for no stages, too many, an unknown permission, or a number of people that cannot be."""
    if not 1 <= len(stages) <= MOST_STAGES:
        raise ValueError(f"expected 1 to {MOST_STAGES} stages")
    for stage in stages:
        if stage.permission not in PERMISSIONS:
            raise ValueError(f"there is no permission {stage.permission[:60]}")
        if not 1 <= stage.count <= MOST_DECISIONS:
            raise ValueError(f"expected 1 to {MOST_DECISIONS} people for a stage")


async def decide(
    connection: Connection, actor: Actor, approval_id: str, verdict: Verdict, reason: str | None
) -> Approval:
    """What one person decides about the stage that is open. One rejection rejects; the last stage's last approval approves.

    Does not carry out the outcome: `settle` does. Raises Refusal `not_found`, `already_decided`, `not_allowed`, `people_decide` or
    `own_request`.
    """
    row = await repository.by_id(connection, approval_id)
    if row is None:
        raise Refusal("not_found", noun="approval", name=approval_id[:200])
    approval = await _whole(connection, row)
    if not _sees(actor, approval):
        raise Refusal("not_found", noun="approval", name=approval_id[:200])
    _check_may_decide(actor, approval)
    now_us = epoch_us()
    decision = DecisionRow(
        id=new_id("decision"),
        team_id=approval.team_id,
        approval_id=approval.id,
        stage=approval.stage,
        user_id=actor.id,
        user_name=actor.name,
        verdict=verdict,
        reason=reason,
        created_us=now_us,
    )
    await repository.add_decision(connection, decision)
    state, stage = _after(approval, verdict)
    await repository.move(connection, approval.id, state, stage, None if state == "open" else now_us)
    row = msgspec.structs.replace(row, state=state, stage=stage, decided_us=None if state == "open" else now_us)
    decided = await _whole(connection, row)
    if state == "open" and stage != approval.stage:
        await _tell_deciders(connection, decided)
    return decided


async def withdraw(connection: Connection, actor: Actor, approval_id: str) -> Approval:
    """Take back what one has asked for. Raises Refusal `not_found`, `already_decided` or `not_yours`."""
    row = await repository.by_id(connection, approval_id)
    if row is None or not _sees(actor, approval := await _whole(connection, row)):
        raise Refusal("not_found", noun="approval", name=approval_id[:200])
    if not _asked(actor, approval):
        raise Refusal("not_yours")
    if approval.state != "open":
        raise Refusal("already_decided", state=approval.state)
    return await _withdrawn(connection, row)


async def withdraw_all(connection: Connection, noun: Noun, noun_id: str) -> list[Approval]:
    """Withdraw what is open about a thing, because it is not wanted any more. No outcome is carried out: the caller knows it."""
    return [await _withdrawn(connection, row) for row in await repository.open_of(connection, noun, noun_id)]


async def settle(change: "Change", approval: Approval) -> None:
    """Carry out what follows from an approval that is not open any more."""
    if approval.state != "open":
        await OUTCOMES[approval.noun](change, approval)


async def newest(connection: Connection, noun: Noun, noun_id: str) -> Approval | None:
    """The last approval that was asked for a thing."""
    row = await repository.newest_of(connection, noun, noun_id)
    return None if row is None else await _whole(connection, row)


async def find(connection: Connection, actor: Actor, approval_id: str) -> Approval:
    """The approval of this id, where this person may see it. Raises Refusal `not_found`."""
    row = await repository.seen(connection, _sight(actor), approval_id)
    if row is None:
        raise Refusal("not_found", noun="approval", name=approval_id[:200])
    return await _whole(connection, row)


async def page(
    connection: Connection, actor: Actor, asked: PageAsked, *, state: State | None = None, noun: Noun | None = None
) -> tuple[list[Approval], str | None]:
    """A page of what this person may see, newest first, and the cursor of the next. Raises Refusal."""
    rows, following = await repository.paged(connection, _sight(actor), asked, state, noun)
    found = await repository.decisions_of(connection, [row.id for row in rows])
    return [_approval(row, [one for one in found if one.approval_id == row.id]) for row in rows], following


def may_decide(actor: Actor, approval: Approval) -> bool:
    """Whether this person could decide now."""
    try:
        _check_may_decide(actor, approval)
    except Refusal:
        return False
    return True


def _check_may_decide(actor: Actor, approval: Approval) -> None:
    if approval.state != "open":
        raise Refusal("already_decided", state=approval.state)
    stage = approval.stages[approval.stage]
    actor.demand(stage.permission, approval.team_id)
    if actor.kind not in ("person", "owner"):
        # A program's account would be a second pair of eyes that belongs to the first.
        raise Refusal("people_decide")
    if stage.not_author and _asked(actor, approval):
        raise Refusal("own_request")
    # Over all stages: what needs two people must not be done by one with two permissions.
    if any(_is(actor, decision.user_id, decision.user_name) for decision in approval.decisions):
        raise Refusal("already_decided", state="decided by you")


def _after(approval: Approval, verdict: Verdict) -> tuple[State, int]:
    if verdict == "reject":
        return "rejected", approval.stage
    before = sum(one.stage == approval.stage for one in approval.decisions)
    if before + 1 < approval.stages[approval.stage].count:
        return "open", approval.stage
    if approval.stage + 1 < len(approval.stages):
        return "open", approval.stage + 1
    return "approved", approval.stage


def _asked(actor: Actor, approval: Approval) -> bool:
    return _is(actor, approval.asked_by, approval.asked_by_name)


def _is(actor: Actor, user_id: str | None, name: str) -> bool:
    # The owner of the data folder has no id, but a name that no user can have.
    return actor.id == user_id if actor.id is not None or user_id is not None else actor.name == name


def _sees(actor: Actor, approval: Approval) -> bool:
    return (
        _SEES_ALL in actor.platform
        or _asked(actor, approval)
        or any(actor.may(stage.permission, approval.team_id) for stage in approval.stages)
    )


def _sight(actor: Actor) -> Sight:
    reach: dict[frozenset[str] | None, frozenset[str]] = {}
    for name in PERMISSIONS:
        team_ids = actor.scope(name).team_ids
        if team_ids is None or team_ids:
            key = None if team_ids is None else frozenset(team_ids)
            reach[key] = reach.get(key, frozenset()) | {name}
    # What a token may less than its owner it also sees less of: not what they asked for in other teams.
    asked_in = None if actor.whole else {noun: actor.scope(permission) for noun, permission in _ASKING.items()}
    return Sight(actor.id, reach, everything=_SEES_ALL in actor.platform, asked_in=asked_in)


async def _withdrawn(connection: Connection, row: ApprovalRow) -> Approval:
    now_us = epoch_us()
    await repository.move(connection, row.id, "withdrawn", row.stage, now_us)
    return await _whole(connection, msgspec.structs.replace(row, state="withdrawn", decided_us=now_us))


async def _whole(connection: Connection, row: ApprovalRow) -> Approval:
    return _approval(row, await repository.decisions_of(connection, [row.id]))


def _approval(row: ApprovalRow, decisions: Sequence[DecisionRow]) -> Approval:
    fields = msgspec.structs.asdict(row)
    del fields["needs"]
    fields["stages"] = _stages(row.stages)
    made = [
        Decision(
            one.stage,
            one.user_id,
            one.user_name,
            "approve" if one.verdict == "approve" else "reject",
            one.reason,
            one.created_us,
        )
        for one in decisions
    ]
    return Approval(**fields, decisions=tuple(made))


async def _tell_deciders(connection: Connection, approval: Approval) -> None:
    stage = approval.stages[approval.stage]
    why = f"\n\nThe reason given: {approval.reason}" if approval.reason else ""
    await tell(
        connection,
        event="approval.requested",
        team_id=approval.team_id,
        permission=stage.permission,
        # Whoever may not decide is not asked to.
        but_not=approval.asked_by if stage.not_author else None,
        subject=f"A {approval.noun} waits for your decision",
        body=f"{approval.asked_by_name} asks for the approval of {approval.noun} {approval.noun_id}.{why}",
        link=f"/api/v1/approvals/{approval.id}",
    )
