"""The terms of a service in torana.yaml: its contract, who approves subscriptions, its plans, and subscriptions to it.

In the words of the admin API.
"""

import re
from decimal import Decimal
from functools import partial
from typing import Any, Literal, cast

import msgspec

from torana.control.access.permissions import PERMISSIONS
from torana.control.declaration import words
from torana.control.declaration.custom import MOST_NODES, plain_data
from torana.control.declaration.document import Node
from torana.control.declaration.fields import Fields, text_at
from torana.control.declaration.limits import limits_of
from torana.control.declaration.problems import Place, Problems, quoted
from torana.control.declaration.shape import (
    Named,
    PlanDeclared,
    PlanPriceDeclared,
    PolicyDeclared,
    StageDeclared,
    SubscriptionDeclared,
)
from torana.control.releases.contract import MOST_BYTES, contract_problems

MOST_STAGES = 5
MOST_DECISIONS = 10
MOST_REVIEW_DAYS = 3660
MOST_PLANS = 50
MOST_CONCURRENCY = 1_000_000
_MOST_PRICE = Decimal(999_999_999_999)
_CURRENCY = re.compile("[A-Z]{3}")


def contract_text(contract: dict[str, Any]) -> str:
    """A contract as it is stored."""
    whole = {side: contract.get(side) for side in words.CONTRACT}
    return msgspec.json.encode(whole, order="deterministic").decode()


def contract_of(fields: Fields, problems: Problems) -> str | None:
    """`contract` of a service, as it is stored; None with problems noted."""
    found = fields.node("contract")
    if found is None:
        return None
    node, place = found
    Fields(node, place, problems, words.CONTRACT)
    if not isinstance(node.value, dict):
        return None
    if node.size > MOST_NODES:
        problems.add(place, f"holds more than {MOST_NODES} values")
        return None
    data = plain_data(node)
    for problem in contract_problems({side: data.get(side) for side in words.CONTRACT}):
        problems.add(place, problem.removeprefix("contract."))
    text = contract_text(data)
    if len(text) > MOST_BYTES:
        problems.add(place, f"is larger than {MOST_BYTES // 1024} KiB")
    return text


def policy_of(fields: Fields, problems: Problems) -> PolicyDeclared | None:
    """`subscription_policy` of a service."""
    found = fields.node("subscription_policy")
    if found is None:
        return None
    inner = Fields(*found, problems, words.POLICY)
    if isinstance(found[0].value, dict) and "mode" not in inner:
        inner.say("mode", f"is missing; there is {', '.join(words.MODES)}")
    mode = cast(Literal["default", "automatic", "owner", "staged"], inner.choice("mode", words.MODES, "default"))
    stages = inner.each("stages", partial(_stage, problems))
    days = inner.whole("review_days", 1, MOST_REVIEW_DAYS)
    by = cast(Literal["owner", "subscriber"], inner.choice("confirm_by", ("owner", "subscriber"), "owner"))
    if len(stages) > MOST_STAGES:
        inner.say("stages", f"has at most {MOST_STAGES} entries")
    if mode == "default" and any(name in inner for name in words.POLICY[1:]):
        inner.say("mode", "default is no policy: it has no stages and no reviews")
    elif (mode == "staged") != bool(stages):
        inner.say("stages", "stages belong to the mode staged, which needs some")
    return PolicyDeclared(mode, stages, days, by)


def _stage(problems: Problems, node: Node, place: Place) -> StageDeclared:
    fields = Fields(node, place, problems, words.STAGE)
    permission = fields.text("permission", required=True, most=60) or ""
    if permission and permission not in PERMISSIONS:
        fields.say(
            "permission", f"there is no permission {quoted(permission)}{problems.suggestion(permission, PERMISSIONS)}"
        )
    return StageDeclared(permission, fields.whole("count", 1, MOST_DECISIONS) or 1, fields.truth("not_author", True))


def plans_of(fields: Fields, problems: Problems) -> tuple[PlanDeclared, ...]:
    """`plans` of a service."""
    found = fields.each("plans", partial(_plan, problems))
    if len(found) > MOST_PLANS:
        fields.say("plans", f"has at most {MOST_PLANS} entries")
    return found


def _plan(problems: Problems, node: Node, place: Place) -> PlanDeclared:
    fields = Fields(node, place, problems, words.PLAN)
    price = fields.node("price")
    return PlanDeclared(
        name=fields.name("name"),
        description=fields.prose("description", 1000),
        limits=limits_of(fields, problems, MOST_CONCURRENCY),
        price=None if price is None else _price(Fields(*price, problems, words.PLAN_PRICE)),
        place=place,
    )


def _price(fields: Fields) -> PlanPriceDeclared:
    currency = fields.text("currency", most=3)
    if currency is not None and not _CURRENCY.fullmatch(currency):
        fields.say("currency", "has to be three capital letters such as EUR")
    return PlanPriceDeclared(
        fields.text("text", required=True, most=200) or "", fields.money("amount", _MOST_PRICE), currency
    )


def subscriptions_of(fields: Fields, problems: Problems) -> tuple[SubscriptionDeclared, ...]:
    """`subscriptions` of an app: names of services, or mappings that say more; each service once."""
    found = [_subscription(node, place, problems) for node, place in fields.items("subscriptions")]
    seen: dict[str, Place] = {}
    for one in found:
        name, place = one.service.name, one.service.place
        if name and name in seen:
            problems.add(place, f"{quoted(name)} is listed twice; the first one stands in line {seen[name].line}")
        seen.setdefault(name, place)
    return tuple(found)


def _subscription(node: Node, place: Place, problems: Problems) -> SubscriptionDeclared:
    if not isinstance(node.value, dict):
        return SubscriptionDeclared(Named(text_at(node, place, problems, 200) or "", place), None, 0, None)
    fields = Fields(node, place, problems, words.SUBSCRIPTION)
    return SubscriptionDeclared(
        service=fields.named("service", required=True) or Named("", place),
        plan=fields.named("plan"),
        expires_us=fields.moment("expires"),
        reason=fields.prose("reason", 2000),
    )
