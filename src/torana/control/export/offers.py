"""The terms of a service as entries of a torana.yaml: its contract, its plans, and who approves its subscriptions."""

from collections.abc import Iterable
from typing import Any

import msgspec

from torana.control.export.text import Number
from torana.control.plan.current import expiry_text
from torana.control.plan.repository import Row
from torana.control.plan.terms import amount_text
from torana.control.subscriptions.policy import Policy, policy_of

Entry = dict[str, Any]


def terms(service: Row, plans: Iterable[Row]) -> Entry:
    """What of a service says on what terms it is offered."""
    entry: Entry = {}
    if service["contract"] is not None:
        entry["contract"] = contract(service["contract"])
    if listed := [plan(row) for row in plans]:
        entry["plans"] = listed
    if (found := policy_of(service["approval"])) is not None:
        entry["subscription_policy"] = policy(found)
    return entry


def contract(stored: str) -> Entry:
    """The schemas that there are."""
    return {side: schema for side, schema in msgspec.json.decode(stored, type=Entry).items() if schema is not None}


def plan(row: Row) -> Entry:
    """A plan."""
    entry: Entry = {"name": row["name"]}
    if row["description"]:
        entry["description"] = row["description"]
    if limits := msgspec.json.decode(row["limits"]):
        entry["limits"] = limits
    if row["price"]:
        given: Entry = msgspec.json.decode(row["price"])
        price = {name: value for name, value in given.items() if value is not None}
        if "amount" in price:
            price["amount"] = Number(amount_text(str(price["amount"])))
        entry["price"] = price
    return entry


def subscription(row: Row, service: str, plan: str | None) -> str | Entry:
    """The service's name, or where there is more to say a mapping."""
    entry: Entry = {"service": service}
    if plan is not None:
        entry["plan"] = plan
    if row["expires_us"]:
        entry["expires"] = expiry_text(row["expires_us"])
    if row["reason"]:
        entry["reason"] = row["reason"]
    return entry if len(entry) > 1 else service


def policy(found: Policy) -> Entry:
    """A policy; what is usual is left out."""
    entry: Entry = {"mode": found.mode}
    if found.stages:
        entry["stages"] = [_stage(one.permission, one.count, one.not_author) for one in found.stages]
    if found.review_days is not None:
        entry["review_days"] = found.review_days
    if found.confirm_by != "owner":
        entry["confirm_by"] = found.confirm_by
    return entry


def _stage(permission: str, count: int, not_author: bool) -> Entry:
    entry: Entry = {"permission": permission}
    if count != 1:
        entry["count"] = count
    if not not_author:
        entry["not_author"] = False
    return entry
