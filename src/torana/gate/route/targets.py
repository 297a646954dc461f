"""Which service a call means, and its targets in the order to try them."""

import random
from time import time_ns
from typing import TYPE_CHECKING

from torana.core.errors import Refusal
from torana.core.secret import MASK, without_keys
from torana.gate.route.releases import retired, without_version
from torana.stores.counters.shared import CountersBusyError

if TYPE_CHECKING:
    from torana.gate.call import Call
    from torana.gate.target import Target

_MOST_NAMED = 20
_WHY = {
    "": ("it has no subscription to it", "Ask for one in the console or with POST /api/v1/subscriptions."),
    "requested": ("its subscription waits to be approved", "Call again when it is: you are told."),
    "rejected": ("its subscription was rejected", "Ask again with a better reason, by POST /api/v1/subscriptions."),
    "suspended": ("its subscription is suspended", "Ask the team of the service to resume it."),
    "expired": ("its subscription has expired", "Renew it with POST /api/v1/subscriptions/ID/renew."),
}
"""By the state of a subscription: why it gives nothing, and what to do."""


def find_offer(call: "Call") -> None:
    """Set the call's offer.

    Raises Refusal: missing_model and model_not_found, both naming what this key may call, key_scope, not_subscribed, saying how to
    ask, and service_retired, naming what to call instead.
    """
    view, principal, seen = call.view, call.principal, call.seen
    assert view is not None
    assert principal is not None
    assert seen is not None
    name = seen.model
    call.offer = principal.by_name.get(name or "")
    if call.offer is not None:
        return
    if not name:
        raise Refusal("missing_model", param="model", models=_callable(call))
    try:
        offer = view.offer(principal, name)
    except CountersBusyError:
        raise Refusal("counters_unavailable", owner=name[:200], headers=(("retry-after", "1"),)) from None
    if offer is None:
        base = without_version(name)
        if principal.bounds is not None and (name in principal.app.grants or base in principal.app.grants):
            raise principal.bounds.withheld(name)
        # A key pasted in the wrong place must not be shown or recorded, whatever its form.
        seen.model = MASK if view.principal(name.encode()) is not None else without_keys(name)
        offered = view.offered(principal, name) or view.offered(principal, base)
        if offered is not None:
            raise _not_subscribed(call, offered.service_id, offered.name)
        raise Refusal("model_not_found", param="model", model=seen.model[:200], models=_callable(call))
    if offer.ends_us and offer.ends_us <= time_ns() // 1000:
        raise _not_subscribed(call, offer.service.id, offer.service.name)
    if offer.retired is not None:
        # For the record: who still calls it.
        call.offer = offer
        raise retired(name, offer.service.name, offer.retired)
    if not offer.targets:
        raise Refusal("endpoint_not_supported", service=name[:200], endpoint="any call", reason="It has no deployment.")
    call.offer = offer


def in_order(targets: "tuple[Target, ...]") -> "list[Target]":
    """By weight at random for the first, then for each next one: a lower weight is less often first, and 0 only a stand-in."""
    left = list(targets)
    ordered = []
    while left:
        weights = [target.deployment.weight for target in left]
        chosen = random.choices(left, weights)[0] if sum(weights) else left[0]  # noqa: S311 - spreads load, guards nothing
        left.remove(chosen)
        ordered.append(chosen)
    return ordered


def _not_subscribed(call: "Call", service_id: str, name: str) -> Refusal:
    assert call.principal is not None
    app = call.principal.app
    state = app.ends[service_id][1] if service_id in app.ends else app.states.get(service_id, "")
    why, how = _WHY.get(state) or _WHY[""]
    headers = (("x-torana-subscription", state or "none"),)
    return Refusal("not_subscribed", param="model", headers=headers, app=app.name, service=name[:200], why=why, how=how)


def _callable(call: "Call") -> str:
    view, principal = call.view, call.principal
    names = [] if view is None or principal is None else view.names(principal)
    if not names:
        return "It may not call any model yet: subscribe its app to a service."
    more = f" and {len(names) - _MOST_NAMED} more (see /v1/models)" if len(names) > _MOST_NAMED else ""
    return f"It may call: {', '.join(names[:_MOST_NAMED])}{more}."
