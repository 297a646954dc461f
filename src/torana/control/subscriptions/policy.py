"""What a service asks of its subscriptions: who approves them, and how often they are confirmed.

It is the part `subscriptions` of the JSON in `services.approval`. A service without one lets its own team's apps in at once, and
has everybody else approved by its owner.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from torana.control.approvals.service import Stage
from torana.control.services.repository import Service

Mode = Literal["automatic", "owner", "staged"]
BY_OWNER = (Stage("subscriptions:approve"),)


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How subscriptions of a service are approved and kept."""

    mode: Mode
    """`automatic`: at once; `owner`: by somebody of the service's team; `staged`: by `stages`."""
    stages: tuple[Stage, ...] = ()
    review_days: int | None = None
    """After how many days a subscription is suspended that nobody has confirmed; None is never."""
    confirm_by: Literal["owner", "subscriber"] = "owner"
    """Whose people confirm: those of the service's team, or those of the app's."""


def policy_of(stored: str | None) -> Policy | None:
    """The policy in a service's `approval`; None where there is none. What cannot be read needs the owner's approval."""
    if stored is None:
        return None
    try:
        part = msgspec.json.decode(stored, type=dict[str, Any]).get("subscriptions")
        if not part:
            return None
        if isinstance(part, list):
            part = {"mode": "staged", "stages": part}
        return msgspec.convert(part, Policy)
    except msgspec.MsgspecError:
        return Policy(mode="owner")


def with_policy(stored: str | None, policy: Policy | None) -> str | None:
    """A service's `approval` with this policy in the place of the one in it."""
    try:
        whole = {} if stored is None else msgspec.json.decode(stored, type=dict[str, Any])
    except msgspec.MsgspecError:
        whole = {}
    whole["subscriptions"] = policy
    if policy is None:
        del whole["subscriptions"]
    return msgspec.json.encode(whole).decode() if whole else None


def stages_for(policy: Policy | None, service: Service, team_id: str) -> Sequence[Stage]:
    """The stages in which a subscription of this team's app is approved; none is at once."""
    if policy is None:
        return () if service.team_id == team_id else BY_OWNER
    if policy.mode == "automatic":
        return ()
    return policy.stages or BY_OWNER if policy.mode == "staged" else BY_OWNER


def review_us(policy: Policy | None, now_us: int) -> int | None:
    """When a subscription that is approved, resumed or confirmed now has to be confirmed again."""
    days = None if policy is None else policy.review_days
    return None if days is None else now_us + days * 86_400_000_000
