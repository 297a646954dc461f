"""Tells people and systems what happened, in the transaction in which it happens: inboxes at once, webhooks and e-mail later."""

from collections.abc import Collection
from datetime import UTC, datetime

import msgspec

from torana.control.access.roles import PLATFORM_ROLES, TEAM_ROLES
from torana.control.notices import repository
from torana.control.notices.events import EVENTS
from torana.control.notices.repository import Delivery, Notice, Person
from torana.core.ids import epoch_us, new_id
from torana.stores.sql.engine import Connection

__all__ = ["EVENTS", "content_of", "mail", "tell"]

_MOST_SUBJECT = 300
_MOST_BODY = 4000
_MOST_LINK = 500
_names = msgspec.json.Decoder(frozenset[str]).decode


async def tell(
    connection: Connection,
    *,
    event: str,
    team_id: str | None,
    user_ids: Collection[str] = (),
    permission: str | None = None,
    subject: str,
    body: str,
    link: str | None = None,
    but_not: str | None = None,
    outside: bool = True,
) -> None:
    """Put it into inboxes, and queue it for webhooks and e-mail. `event` is one of EVENTS; `link` is a path of the admin API.

    Told are the users in `user_ids` and everybody in the team who has `permission` there; where nobody has, and where `team_id` is
    None, whose platform role has it. `but_not` is a user who is left out. The team's webhooks and the platform's are told if their
    events are not restricted to others; with `outside` false none is. Too long a text is cut.
    """
    if event not in EVENTS:
        raise ValueError(f"there is no event {event}")
    people = {one.id: one for one in await repository.people(connection, user_ids)}
    if permission is not None:
        people.update((one.id, one) for one in await _holders(connection, team_id, permission))
    people.pop(but_not or "", None)
    now_us = epoch_us()
    subject, body, link = subject[:_MOST_SUBJECT], body[:_MOST_BODY], link[:_MOST_LINK] if link else None
    told = [
        Notice(new_id("notice"), one.id, team_id, event, subject, body, link, now_us, None) for one in people.values()
    ]
    await repository.add(connection, told)
    content = content_of(event, team_id, subject, body, link, now_us)
    targets = [("webhook", webhook_id) for webhook_id in await _webhooks(connection, team_id, event)] if outside else []
    targets += [("email", one.email) for one in people.values() if _reachable(one)]
    await repository.queue(
        connection, [delivery(channel, target, team_id, event, content, now_us) for channel, target in targets]
    )


async def mail(
    connection: Connection, *, address: str, team_id: str | None, event: str, subject: str, body: str
) -> None:
    """Queue one e-mail to somebody who may be no user, such as who is invited. It stands in the database until it is sent."""
    now_us = epoch_us()
    content = content_of(event, team_id, subject[:_MOST_SUBJECT], body[:_MOST_BODY], None, now_us)
    await repository.queue(connection, [delivery("email", address, team_id, event, content, now_us)])


def content_of(event: str, team_id: str | None, subject: str, body: str, link: str | None, now_us: int) -> str:
    """What is sent of an event: JSON with `type`, `timestamp` and `data`, as Standard Webhooks recommends."""
    stamp = datetime.fromtimestamp(now_us / 1_000_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    data = {"team_id": team_id, "subject": subject, "body": body, "link": link}
    return msgspec.json.encode({"type": event, "timestamp": stamp, "data": data}).decode()


def delivery(channel: str, target: str, team_id: str | None, event: str, content: str, now_us: int) -> Delivery:
    """Something to be sent at once."""
    return Delivery(new_id("delivery"), team_id, channel, target, event, content, now_us, 0, now_us, None, None)


async def _webhooks(connection: Connection, team_id: str | None, event: str) -> list[str]:
    found = await repository.webhooks_of(connection, team_id)
    return [webhook_id for webhook_id, _, events in found if not (wanted := _names(events)) or event in wanted]


async def _holders(connection: Connection, team_id: str | None, permission: str) -> list[Person]:
    custom = [(whose, name, _names(given)) for whose, name, given in await repository.custom_roles(connection, team_id)]
    if team_id is not None:
        # As in access/identify.py: a built-in role comes before a custom one, a team's before the platform's.
        in_team = {name: given for _, name, given in custom} | TEAM_ROLES
        names = {name for name, given in in_team.items() if permission in given}
        if found := await repository.members_with(connection, team_id, names):
            return found
    on_platform = {name: given for whose, name, given in custom if whose is None} | PLATFORM_ROLES
    names = {name for name, given in on_platform.items() if permission in given}
    return await repository.on_platform_with(connection, names)


def _reachable(person: Person) -> bool:
    # The first administrator has no address yet.
    return not person.email.endswith("@localhost")
