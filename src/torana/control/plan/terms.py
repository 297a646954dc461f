"""The terms of a service as things to compare: description, contract, who sees it, who approves, and its plans."""

import hashlib
import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from torana.control.approvals.service import Stage
from torana.control.declaration.shape import LimitDeclared, PlanDeclared, PolicyDeclared
from torana.control.declaration.terms import contract_text
from torana.control.plan.repository import Row
from torana.control.plan.things import FieldValue, limit_text, listed
from torana.control.plans.limits import encoded_limits, stored_limits
from torana.control.policies.service import LimitDraft
from torana.control.subscriptions.policy import Policy

_MARKS = {"visibility": "sharing", "subscription_policy": "policy"}


def mark(service_id: str, field: str) -> str:
    """The id in `declared` that says that the file gave this field of the service, which then goes with the file's word.

    Without it, what a file leaves out stays as somebody set it by hand.
    """
    return f"{_MARKS[field]}_{service_id.partition('_')[2]}"


def marks(service_id: str) -> list[str]:
    """All such ids of a service."""
    return [mark(service_id, field) for field in _MARKS]


def prose_text(text: str | None) -> str | None:
    """Text for people in one line; None where there is none. Quoted where it could be taken for another."""
    if not text:
        return None
    return text if text.isprintable() and not text.startswith('"') else json.dumps(text)


def fingerprint(stored: str | None) -> str | None:
    """A contract, or whatever else is as long as a page, as a fingerprint."""
    return None if stored is None else "sha256 " + hashlib.sha256(stored.encode()).hexdigest()[:32]


def canonical(contract: str | None) -> str | None:
    """A stored contract as this program would store it."""
    return None if contract is None else contract_text(msgspec.json.decode(contract))


def policy_text(policy: Policy | None) -> str | None:
    """`staged: 2 with subscriptions:approve; confirmed by owner every 90 days`; None for none."""
    if policy is None:
        return None
    stages = ", ".join(
        f"{one.count} with {one.permission}" + ("" if one.not_author else " (also who asked)") for one in policy.stages
    )
    parts = [f"{policy.mode}: {stages}" if stages else policy.mode]
    if policy.review_days is not None:
        parts.append(f"confirmed by {policy.confirm_by} every {policy.review_days} days")
    elif policy.confirm_by != "owner":
        parts.append(f"confirmed by {policy.confirm_by}")
    return "; ".join(parts)


def policy_declared(declared: PolicyDeclared) -> Policy | None:
    """The policy that a file gives; None for `mode: default`."""
    if declared.mode == "default":
        return None
    stages = tuple(Stage(one.permission, one.count, one.not_author) for one in declared.stages)
    return Policy(mode=declared.mode, stages=stages, review_days=declared.review_days, confirm_by=declared.confirm_by)


def plan_name(service: str, plan: str) -> str:
    """A service's plan in a plan: no name holds a space."""
    return f"{service}: {plan}"


def plan_columns(declared: PlanDeclared) -> dict[str, str | None]:
    """Columns of a plan that the file sets, as the admin API stores them."""
    price = None if declared.price is None else msgspec.json.encode(declared.price).decode()
    limits = encoded_limits(_draft(limit) for limit in declared.limits)
    return {"description": declared.description, "limits": limits, "price": price}


def plan_fields(columns: Row) -> dict[str, FieldValue]:
    """Fields of a plan from its columns."""
    price: dict[str, Any] = msgspec.json.decode(columns["price"]) if columns["price"] else {}
    amount = price.get("amount")
    return {
        "description": prose_text(columns["description"]),
        "limits": _limits_text(stored_limits(columns["limits"])),
        "price.text": prose_text(price.get("text")),
        "price.amount": None if amount is None else amount_text(str(amount)),
        "price.currency": price.get("currency"),
    }


def amount_text(amount: str) -> str:
    """An amount as a file's fields spell it: `49.00` is `49`."""
    plain = format(Decimal(amount), "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _draft(limit: LimitDeclared) -> LimitDraft:
    return LimitDraft(limit.kind, limit.amount, limit.period_seconds)


def _limits_text(limits: Iterable[LimitDraft]) -> str | None:
    ordered = sorted((one.kind, one.period_seconds, one.amount) for one in limits)
    return listed(limit_text(kind, amount, period) for kind, period, amount in ordered)
