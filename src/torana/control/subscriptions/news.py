"""Who is told what about a subscription: the side that did not do it, and the webhooks of both."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from torana.control.notices.service import tell
from torana.control.subscriptions.shapes import SubscriptionShown
from torana.stores.sql.engine import Connection

SUBSCRIBER = "subscriptions:request"
DECIDER = "subscriptions:approve"


class _News(NamedTuple):
    sentence: str
    subscriber: bool
    """Whether the people of the app's team are told."""
    decider: bool
    """Whether those of the service's team are."""
    event: str | None = None
    """Where it is not that of the same name."""


_NEWS = {
    "requested": _News("App {app} asks for service {service}.", False, False),
    "approved": _News("App {app} may call service {service}.", True, False),
    "rejected": _News("App {app} may not call service {service}: the request was rejected.", True, False),
    "renewal_requested": _News(
        "App {app} asks for another plan or end of its subscription to service {service}.", False, False, "requested"
    ),
    "renewal_rejected": _News(
        "The subscription of app {app} to service {service} stays as it is: the change was rejected.",
        True,
        False,
        "rejected",
    ),
    "suspended": _News("App {app} may not call service {service} for now: its subscription is suspended.", True, False),
    "resumed": _News("App {app} may call service {service} again.", True, False),
    "cancelled": _News("The subscription of app {app} to service {service} was ended.", True, True),
    "changed": _News("Plan or end of the subscription of app {app} to service {service} changed.", True, False),
    "expiring": _News("The subscription of app {app} to service {service} ends on {day}.", True, False),
    "expired": _News("The subscription of app {app} to service {service} has ended.", True, False),
    "review_due": _News(
        "The subscription of app {app} to service {service} is suspended on {day} unless it is confirmed.", True, True
    ),
    "reviewed": _News("The subscription of app {app} to service {service} was confirmed.", True, False),
}


async def tell_both(
    connection: Connection,
    event: str,
    one: SubscriptionShown,
    *,
    by: str | None = None,
    why: str | None = None,
    at_us: int = 0,
) -> None:
    """Tell both sides what happened. `by` is the user who did it, and knows; `at_us` is the day that it names."""
    news = _NEWS[event]
    day = datetime.fromtimestamp(at_us / 1_000_000, UTC).date().isoformat()
    subject = news.sentence.format(app=one.app.name, service=one.service.name, day=day)
    body = f"{subject}\n\nApp {one.app.name} of team {one.team.name}, subscription {one.id}."
    if why:
        body += f"\n\nThe reason given: {why}"
    link = f"/api/v1/subscriptions/{one.id}"
    asker = [one.requested_by] if one.requested_by and news.subscriber else []

    async def say(team_id: str | None, user_ids: Sequence[str], permission: str | None) -> None:
        await tell(
            connection,
            event=f"subscription.{news.event or event}",
            team_id=team_id,
            user_ids=user_ids,
            permission=permission,
            subject=subject,
            body=body,
            link=link,
            but_not=by,
        )

    await say(one.team.id, asker, SUBSCRIBER if news.subscriber else None)
    if news.decider or one.service_team_id != one.team.id:
        await say(one.service_team_id, (), DECIDER if news.decider else None)
