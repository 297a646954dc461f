"""Which service a call means, and its targets in the order to try them."""

import random
from typing import TYPE_CHECKING

from torana.core.errors import Refusal
from torana.core.secret import MASK, without_keys
from torana.gate.route.releases import retired
from torana.stores.counters.shared import CountersBusyError

if TYPE_CHECKING:
    from torana.gate.call import Call
    from torana.gate.target import Target

_MOST_NAMED = 20


def find_offer(call: "Call") -> None:
    """Set the call's offer.

    Raises Refusal: missing_model and model_not_found, both naming what this key may call, key_scope, and service_retired.
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
        if principal.bounds is not None and name in principal.app.grants:
            raise principal.bounds.withheld(name)
        # A key pasted in the wrong place must not be shown or recorded, whatever its form.
        seen.model = MASK if view.principal(name.encode()) is not None else without_keys(name)
        raise Refusal("model_not_found", param="model", model=seen.model[:200], models=_callable(call))
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


def _callable(call: "Call") -> str:
    view, principal = call.view, call.principal
    names = [] if view is None or principal is None else view.names(principal)
    if not names:
        return "It may not call any model yet: subscribe its app to a service."
    more = f" and {len(names) - _MOST_NAMED} more (see /v1/models)" if len(names) > _MOST_NAMED else ""
    return f"It may call: {', '.join(names[:_MOST_NAMED])}{more}."
