"""What people do with subscriptions: ask, decide, suspend, resume, cancel, renew, confirm.

Each is one function that says who may, moves the state along states.py, notes it in the audit trail and tells both sides.
"""

from typing import Any

import msgspec

from torana.control.access.scope import PLATFORM, of_team
from torana.control.api.change import Change
from torana.control.approvals import service as approvals
from torana.control.approvals.service import Approval
from torana.control.apps.service import App
from torana.control.plans import service as plans
from torana.control.services.repository import Service
from torana.control.sharing import repository as sharing
from torana.control.subscriptions import repository
from torana.control.subscriptions.news import DECIDER, SUBSCRIBER, tell_both
from torana.control.subscriptions.policy import Policy, policy_of, review_us, stages_for
from torana.control.subscriptions.repository import Subscription
from torana.control.subscriptions.service import may_subscribe
from torana.control.subscriptions.shapes import SubscriptionShown, Wanted, shown, wanted_of
from torana.control.subscriptions.states import Move, moved
from torana.control.subscriptions.unseen import end_unseen
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id

_KEEP: Any = object()


async def find(change: Change, subscription_id: str) -> Subscription:
    """The subscription, if the actor sees it. Raises Refusal `not_found`."""
    scope = change.actor.scope("subscriptions:read")
    found = await repository.by_id(change.connection, scope, subscription_id)
    if found is None:
        raise Refusal("not_found", noun="subscription", name=subscription_id[:200])
    return found


async def ask(
    change: Change, app: App, reference: str, plan: str | None, reason: str | None, expires_us: int | None
) -> SubscriptionShown:
    """Subscribe an app to the service that its team knows by this id or name. Raises Refusal."""
    change.actor.demand(SUBSCRIBER, app.team_id)
    service = await sharing.find(change.connection, of_team(app.team_id), reference)
    if service is None:
        raise Refusal("not_found", noun="service", name=reference[:200])
    plan_id = await plans.chosen(change.connection, service.id, plan)
    held = await repository.find(change.connection, app.id, service.id)
    fresh = {
        "plan_id": plan_id,
        "reason": reason,
        "expires_us": _future(expires_us),
        "requested_by": change.actor.id,
    }
    return await _enter(change, app, service, held, fresh)


async def suspend(change: Change, subscription: Subscription, why: str | None) -> SubscriptionShown:
    """Stop it for now; only the service's side can. Raises Refusal."""
    change.actor.demand(DECIDER, subscription.service_team_id)
    return await _move(change, subscription, "suspend", "suspended", why)


async def resume(change: Change, subscription: Subscription, why: str | None) -> SubscriptionShown:
    """Let it go on, to be confirmed anew after the service's time. Raises Refusal."""
    change.actor.demand(DECIDER, subscription.service_team_id)
    at_us = review_us(await _policy(change, subscription), epoch_us())
    return await _move(change, subscription, "resume", "resumed", why, review_us=at_us, warned_us=None)


async def cancel(change: Change, subscription: Subscription, why: str | None) -> SubscriptionShown:
    """End it, from either side; a suspended one only from the service's. Raises Refusal."""
    actor = change.actor
    move: Move = "cancel_suspended" if subscription.state == "suspended" else "cancel"
    if not actor.may(DECIDER, subscription.service_team_id):
        actor.demand(SUBSCRIBER, subscription.team_id)
        if move == "cancel_suspended":
            raise Refusal("not_allowed", permission=DECIDER)
    await approvals.withdraw_all(change.connection, "subscription", subscription.id)
    return await _move(change, subscription, move, "cancelled", why, asked=None)


async def cancel_unseen(change: Change, service: Service) -> int:
    """End the subscriptions of those who no longer see a service; how many there were."""
    return await end_unseen(change.connection, change.master, change.actor, service, change.reason)


async def renew(
    change: Change,
    subscription: Subscription,
    reason: str | None,
    plan: str | None = _KEEP,
    expires_us: int | None = _KEEP,
) -> SubscriptionShown:
    """Give it another plan or end, where the service's policy says so after an approval; it goes on as it is until then.

    One that is over is asked for anew. Raises Refusal.
    """
    actor = change.actor
    if not actor.may(SUBSCRIBER, subscription.team_id):
        actor.demand(DECIDER, subscription.service_team_id)
    service = await _service(change, subscription)
    plan_id = subscription.plan_id if plan is _KEEP else await plans.chosen(change.connection, service.id, plan)
    until_us = subscription.expires_us if expires_us is _KEEP else _future(expires_us)
    wanted = Wanted(plan_id, until_us)
    if subscription.state == "expired":
        app = App(subscription.app_id, subscription.team_id, "", False, 0)
        fresh = {"plan_id": plan_id, "reason": reason, "expires_us": _future(until_us), "requested_by": actor.id}
        return await _enter(change, app, service, subscription, fresh)
    if subscription.state != "approved":
        raise _wrong(subscription, "approved or expired")
    stages = stages_for(policy_of(service.approval), service, subscription.team_id)
    if not stages or _gives_no_more(wanted, subscription):
        await approvals.withdraw_all(change.connection, "subscription", subscription.id)
        return await _set(change, subscription, "renew", "changed", reason, **_applied(wanted))
    await approvals.open_(
        change.connection,
        noun="subscription",
        noun_id=subscription.id,
        team_id=service.team_id,
        stages=stages,
        asked_by=actor,
        reason=reason,
    )
    asked = msgspec.json.encode(wanted).decode()
    return await _set(change, subscription, "ask_to_renew", "renewal_requested", reason, asked=asked)


async def confirm(change: Change, subscription: Subscription) -> SubscriptionShown:
    """Say that it is still needed, before it is suspended because nobody did. Raises Refusal."""
    policy = await _policy(change, subscription)
    if policy is not None and policy.confirm_by == "subscriber":
        change.actor.demand(SUBSCRIBER, subscription.team_id)
    else:
        change.actor.demand(DECIDER, subscription.service_team_id)
    if subscription.state != "approved":
        raise _wrong(subscription, "approved")
    at_us = review_us(policy, epoch_us())
    return await _set(change, subscription, "confirm", "reviewed", None, review_us=at_us, warned_us=None)


async def decided(change: Change, approval: Approval) -> None:
    """What follows when an approval of a subscription is not open any more."""
    found = await repository.by_id(change.connection, PLATFORM, approval.noun_id)
    if found is None or (found.state != "requested" and found.asked is None):
        return
    why = approval.decisions[-1].reason if approval.decisions else None
    if found.state == "requested":
        await _settle_request(change, found, approval, why)
        return
    wanted = wanted_of(found)
    if approval.state != "approved" or wanted is None:
        event = "renewal_rejected" if approval.state == "rejected" else None
        await _set(change, found, "reject_renewal" if event else "cancel_renewal", event, why, asked=None)
        return
    if wanted.plan_id is not None and not await plans.exists(change.connection, found.service_id, wanted.plan_id):
        wanted = Wanted(found.plan_id, wanted.expires_us)
    await _set(change, found, "renew", "changed", why, **_applied(wanted))


async def _settle_request(change: Change, found: Subscription, approval: Approval, why: str | None) -> None:
    service = await _service(change, found)
    shared = await sharing.shared_with(change.connection, service.id)
    if approval.state == "rejected":
        await _move(change, found, "reject", "rejected", why)
    elif approval.state == "withdrawn" or not may_subscribe(found.team_id, service, shared):
        await _move(change, found, "cancel", "cancelled", why)
    else:
        at_us = review_us(policy_of(service.approval), epoch_us())
        await _move(change, found, "approve", "approved", why, review_us=at_us, warned_us=None)


async def _enter(
    change: Change, app: App, service: Service, held: Subscription | None, fresh: dict[str, Any]
) -> SubscriptionShown:
    """A new subscription, or one that was over, approved at once or asked for, as the service's policy says."""
    now_us = epoch_us()
    policy = policy_of(service.approval)
    stages = stages_for(policy, service, app.team_id)
    new = held or Subscription(
        new_id("subscription"), app.team_id, app.id, service.id, "", now_us, service_team_id=service.team_id
    )
    state = moved("ask" if stages else "grant", _state(held), new.id)
    at_us = None if stages else review_us(policy, now_us)
    after = msgspec.structs.replace(
        new, state=state, changed_us=now_us, review_us=at_us, asked=None, warned_us=None, **fresh
    )
    before = None if held is None else await shown(change.connection, held)
    if held is None:
        await repository.add(change.connection, after)
    else:
        columns = ("state", "changed_us", "review_us", "asked", "warned_us", *fresh)
        await repository.change(change.connection, after.id, **{name: getattr(after, name) for name in columns})
    if stages:
        await approvals.open_(
            change.connection,
            noun="subscription",
            noun_id=after.id,
            team_id=service.team_id,
            stages=stages,
            asked_by=change.actor,
            reason=after.reason,
        )
    return await _noted(change, after, "ask" if stages else "grant", state, after.reason, before)


async def _move(
    change: Change, before: Subscription, move: Move, event: str, why: str | None, **columns: Any
) -> SubscriptionShown:
    state = moved(move, _state(before), before.id)
    return await _set(change, before, move.removesuffix("_suspended"), event, why, state=state, **columns)


async def _set(
    change: Change, before: Subscription, verb: str, event: str | None, why: str | None, **columns: Any
) -> SubscriptionShown:
    was = await shown(change.connection, before)
    columns["changed_us"] = epoch_us()
    await repository.change(change.connection, before.id, **columns)
    return await _noted(change, msgspec.structs.replace(before, **columns), verb, event, why, was)


async def _noted(
    change: Change, after: Subscription, verb: str, event: str | None, why: str | None, before: SubscriptionShown | None
) -> SubscriptionShown:
    result = await shown(change.connection, after)
    await change.note(
        f"subscription.{verb}",
        "subscription",
        after.id,
        name=f"{result.app.name} → {result.service.name}",
        team_id=after.team_id,
        before=before,
        after={**result.model_dump(mode="json"), "why": why},
    )
    if event is not None:
        await tell_both(change.connection, event, result, by=change.actor.id, why=why)
    return result


async def _service(change: Change, subscription: Subscription) -> Service:
    found = await sharing.by_id(change.connection, subscription.service_id)
    assert found is not None, "a subscription goes with its service"
    return found


async def _policy(change: Change, subscription: Subscription) -> Policy | None:
    return policy_of((await _service(change, subscription)).approval)


def _applied(wanted: Wanted) -> dict[str, Any]:
    return {"plan_id": wanted.plan_id, "expires_us": wanted.expires_us, "asked": None, "warned_us": None}


def _gives_no_more(wanted: Wanted, held: Subscription) -> bool:
    """Whether it is the same but for an earlier end: nobody has to agree to that."""
    if wanted.plan_id != held.plan_id:
        return False
    return wanted.expires_us == held.expires_us or (
        wanted.expires_us is not None and (held.expires_us is None or wanted.expires_us < held.expires_us)
    )


def _state(subscription: Subscription | None) -> Any:
    return None if subscription is None else subscription.state


def _wrong(subscription: Subscription, needed: str) -> Refusal:
    return Refusal("wrong_state", noun="subscription", name=subscription.id, state=subscription.state, needed=needed)


def _future(at_us: int | None) -> int | None:
    if at_us is not None and at_us <= epoch_us():
        raise Refusal("invalid_field", param="expires_us", reason="expected a time that is yet to come")
    return at_us


approvals.OUTCOMES["subscription"] = decided
