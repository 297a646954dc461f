"""What subscriptions give to each app, and what apps without one are told.

Per app there is only what its own subscriptions say. What it could ask for is in one table of names for all apps.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from torana.control.apps.service import App
from torana.control.policies.service import LimitDraft
from torana.control.publish.grants import Offer
from torana.control.publish.read import Subscribed
from torana.control.services.repository import EVERYBODY, Service
from torana.control.subscriptions.service import may_subscribe
from torana.core import snapshot as published

NOBODY: frozenset[str] = frozenset()


class Given(msgspec.Struct):
    """What an app's subscriptions come to, each by the id of the service."""

    service_ids: list[str] = []
    """What it may call."""
    plans: dict[str, tuple[published.Limit, ...]] = {}
    ends: dict[str, tuple[int, str]] = {}
    states: dict[str, str] = {}


def given(
    apps: Iterable[App],
    subscriptions: Iterable[Subscribed],
    services: Mapping[str, Service],
    shared: Mapping[str, frozenset[str]],
    plans: Mapping[str, tuple[LimitDraft, ...]],
) -> dict[str, Given]:
    """By the id of every app."""
    known = {app.id: app for app in apps}
    found = {app_id: Given() for app_id in known}
    for one in subscriptions:
        app, service = known.get(one.app_id), services.get(one.service_id)
        if app is None or service is None:
            continue
        # The subscription alone is not enough: its service may have been taken back since.
        if not may_subscribe(app.team_id, service, shared.get(service.id, NOBODY)):
            continue
        mine = found[one.app_id]
        if one.state != "approved":
            mine.states[service.id] = one.state
            continue
        mine.service_ids.append(service.id)
        if one.plan_id is not None and (limits := plans.get(one.plan_id)):
            owner = f"subscription of app {app.name} to {service.name}"
            mine.plans[service.id] = tuple(
                published.Limit(f"{one.id}:{limit.kind}:{limit.period_seconds}", *limit, owner) for limit in limits
            )
        if (end := _end(one)) is not None:
            mine.ends[service.id] = end
    return found


def offered(offers: Iterable[Offer], shared: Mapping[str, frozenset[str]]) -> dict[str, tuple[published.Offered, ...]]:
    """Services by their names and aliases, with who sees them."""
    found: defaultdict[str, list[published.Offered]] = defaultdict(list)
    for offer in offers:
        if not offer.is_served:
            continue
        service = offer.service
        own = () if service.team_id is None else (service.team_id,)
        others = shared.get(service.id, NOBODY) if service.visibility == "teams" else NOBODY
        seen = None if service.visibility in EVERYBODY else tuple(sorted({*own, *others}))
        one = published.Offered(service.id, service.name, service.team_id or "", seen)
        for name in offer.names:
            found[name].append(one)
    return {name: tuple(sorted(found[name], key=lambda one: one.service_id)) for name in sorted(found)}


def _end(one: Subscribed) -> tuple[int, str] | None:
    """When a grant stops to count, and as what: gates keep to it whether control is there or not."""
    ends = [(at_us, state) for at_us, state in ((one.expires_us, "expired"), (one.review_us, "suspended")) if at_us]
    return min(ends, default=None)
