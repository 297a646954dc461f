"""Delivers what was queued: webhooks and e-mail, each tried until it is taken or given up after about a day.

Several nodes may do this at once: a delivery is claimed in a transaction, for as long as an attempt can take. A node that
dies leaves its claims to run out, so something may be sent twice, under the same `webhook-id`, but never not at all. What waits
here keeps nobody else waiting: it takes no part in changes and publications, each team has only a few attempts running, and each
attempt is bounded.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from torana.control.access.actor import SYSTEM
from torana.control.audit import service as audit
from torana.control.notices import mail
from torana.control.notices import repository as queue
from torana.control.notices.mail import MailServer
from torana.control.notices.repository import Delivery
from torana.control.notices.service import tell
from torana.control.publish.publish import Publisher
from torana.control.webhooks import repository as webhooks
from torana.control.webhooks import service
from torana.control.webhooks.call import Caller, Outcome
from torana.core.ids import epoch_us
from torana.kit.log import logger
from torana.kit.tasks import spawn
from torana.stores.secrets.master import MasterKey, MasterKeyError
from torana.stores.sql.engine import Connection, reading, writing

EVERY_SECONDS = 1.0
MOST_AT_ONCE = 32
MOST_OF_A_TEAM = 4
LEASE_US = 60_000_000
"""Longer than any attempt takes."""
WAITS = (5, 60, 300, 1_800, 7_200, 14_400, 28_800, 32_400)
"""Seconds to wait after each attempt that failed: together 23.6 hours."""
TIDY_SECONDS = 3_600.0
KEPT_US = 30 * 24 * 3600 * 1_000_000
"""How long what is done can be looked up."""
READ_KEPT_US = 90 * 24 * 3600 * 1_000_000
"""How long notices stay in an inbox."""
_DAY_US = 24 * 3600 * 1_000_000


class Senders(NamedTuple):
    """How to reach people and systems."""

    caller: Caller
    mail: MailServer | None


class _Result(NamedTuple):
    outcome: Outcome
    final: bool
    """Whether it is of no use to try again."""


async def deliver(publisher: Publisher, senders: Senders) -> None:
    """Deliver for ever."""
    running: dict[asyncio.Task[None], str] = {}
    tidied, failing = 0.0, False
    clock = asyncio.get_running_loop().time
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        running = {task: team for task, team in running.items() if not task.done()}
        try:
            for one in await claim(publisher, senders, epoch_us(), Counter(running.values())):
                running[spawn(_attempt(publisher, senders, one), "delivery")] = one.team_id or ""
            if clock() - tidied > TIDY_SECONDS:
                tidied = clock()
                await tidy(publisher, epoch_us())
            failing = False
        except Exception as error:
            # Said once, not every second.
            if not failing:
                logger().warning("deliveries_wait", error=type(error).__name__)
            failing = True


async def run_once(publisher: Publisher, now_us: int, senders: Senders) -> int:
    """Try everything that is due, as far as one round takes it; how many attempts there were."""
    claimed = await claim(publisher, senders, now_us, {})
    await asyncio.gather(*(_attempt(publisher, senders, one, now_us) for one in claimed))
    return len(claimed)


async def claim(publisher: Publisher, senders: Senders, now_us: int, busy: Mapping[str, int]) -> list[Delivery]:
    """Take what is due for this node alone, but for what `busy` (attempts that run, by team) leaves no room."""
    async with reading(publisher.engine) as connection:
        if not await queue.is_due(connection, now_us):
            return []
    async with writing(publisher.engine) as connection:
        if senders.mail is None:
            # Whoever sets a mail server up later does not want the e-mails of the months before.
            await queue.forget_mail(connection)
        due = await queue.due(connection, now_us, MOST_OF_A_TEAM, MOST_AT_ONCE + MOST_OF_A_TEAM * len(busy))
        taken, chosen = Counter(busy), []
        for delivery_id, team_id in due:
            team = team_id or ""
            if taken.total() < MOST_AT_ONCE and taken[team] < MOST_OF_A_TEAM:
                taken[team] += 1
                chosen.append(delivery_id)
        return await queue.claim(connection, chosen, now_us, now_us + LEASE_US)


async def tidy(publisher: Publisher, now_us: int) -> None:
    """Forget what was done or told long ago."""
    async with writing(publisher.engine) as connection:
        await queue.forget(connection, now_us - KEPT_US, now_us - READ_KEPT_US)


async def _attempt(publisher: Publisher, senders: Senders, one: Delivery, now_us: int | None = None) -> None:
    now_us = epoch_us() if now_us is None else now_us
    if one.channel == "email":
        result = await _mailed(senders.mail, one)
    else:
        result = await _called(publisher, senders.caller, one, now_us)
    await _settle(publisher, one, result, now_us)


async def _mailed(server: MailServer | None, one: Delivery) -> _Result:
    if server is None:
        return _Result(Outcome(None, "there is no mail server"), final=True)
    return _Result(*await mail.send(server, one.target, one.event, one.content, one.id))


async def _called(publisher: Publisher, caller: Caller, one: Delivery, now_us: int) -> _Result:
    async with reading(publisher.engine) as connection:
        webhook = await webhooks.by_id(connection, one.target)
    if webhook is None or webhook.disabled_us is not None:
        return _Result(Outcome(None, "the webhook is switched off"), final=True)
    body = one.content.encode()
    try:
        headers = service.signed(publisher.master, webhook, one.id, body, now_us)
    except MasterKeyError:
        return _Result(Outcome(None, "its secret cannot be opened with this master key"), final=True)
    outcome = await caller.call(webhook.url, headers, body)
    return _Result(outcome, final=outcome.gone)


async def _settle(publisher: Publisher, one: Delivery, result: _Result, now_us: int) -> None:
    outcome, over = result.outcome, result.final or one.attempts > len(WAITS)
    async with writing(publisher.engine) as connection:
        if outcome.taken:
            await queue.finish(connection, one, now_us, None)
        elif not over:
            await queue.later(connection, one, now_us + _wait_us(one.attempts), outcome.error or "")
        elif await queue.finish(connection, one, now_us, outcome.error) and one.channel == "webhook":
            await _given_up(connection, publisher.master, one, outcome, now_us)


async def _given_up(connection: Connection, master: MasterKey, one: Delivery, outcome: Outcome, now_us: int) -> None:
    # Locked, so that of several that are given up at once the first one is told of.
    webhook = await webhooks.by_id(connection, one.target, locked=True)
    if webhook is None or webhook.disabled_us is not None:
        return
    if outcome.gone:
        # As Standard Webhooks asks of who sends.
        await webhooks.change(connection, msgspec.structs.replace(webhook, disabled_us=now_us))
        await audit.note(
            connection,
            master,
            SYSTEM,
            "webhook.change",
            "webhook",
            webhook.id,
            name=webhook.name,
            team_id=webhook.team_id,
            before={"disabled_us": None},
            after={"disabled_us": now_us},
            reason="its receiver answered 410",
        )
    elif await queue.given_up_since(connection, one.target, now_us - _DAY_US) > 1:
        return
    what = "was switched off, because its receiver wants no more" if outcome.gone else "could not be told of an event"
    await tell(
        connection,
        event="webhook.failing",
        team_id=webhook.team_id,
        permission="webhooks:write",
        subject=f"The webhook {webhook.name} {what}",
        body=f"The event {one.event} was given up after {one.attempts} attempts. At the last one, {outcome.error}.",
        link=f"/api/v1/webhooks/{webhook.id}/deliveries?state=failed",
        # Not by webhooks: telling those that fail that they fail would never end.
        outside=False,
    )


def _wait_us(attempts: int) -> int:
    # Spread, so that what failed together does not come back together.
    return int(WAITS[attempts - 1] * random.uniform(0.9, 1.1) * 1_000_000)  # noqa: S311 - guards nothing
