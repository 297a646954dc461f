"""What control does by itself, every so often."""

import asyncio
from collections.abc import Awaitable, Callable

from torana.control.audit.keep import EVERY_SECONDS
from torana.control.issuers import refresh as issuers
from torana.control.notices.deliver import Senders, deliver
from torana.control.publish.publish import Publisher
from torana.control.releases.jobs import end_due, judge_canaries
from torana.control.subscriptions import due as subscriptions
from torana.core.ids import epoch_us
from torana.kit.log import logger
from torana.kit.tasks import spawn

RECONCILE_SECONDS = 1.0
CANARY_SECONDS = 5.0


def begin(publisher: Publisher, senders: Senders) -> list[asyncio.Task[None]]:
    """Start all of it; whoever started it cancels it."""
    return [
        spawn(_reconcile(publisher), "reconcile"),
        spawn(_keep_anchor(publisher), "audit_anchor"),
        spawn(deliver(publisher, senders), "deliver"),
        _repeating("refresh_issuers", issuers.run_once, publisher, issuers.LOOK_SECONDS),
        _repeating("end_subscriptions", subscriptions.run_once, publisher, subscriptions.SECONDS),
        _repeating("end_releases", end_due, publisher, RECONCILE_SECONDS),
        _repeating("judge_canaries", judge_canaries, publisher, CANARY_SECONDS),
    ]


async def _reconcile(publisher: Publisher) -> None:
    """Write the snapshot file whenever the database has a newer version: another node's, or one whose writer died."""
    failing = False
    while True:
        await asyncio.sleep(RECONCILE_SECONDS)
        try:
            await publisher.catch_up()
            failing = False
        except Exception as error:
            # Gates go on with the last good snapshot; said once, not every second.
            if not failing:
                logger().warning("reconcile_failed", error=type(error).__name__)
            failing = True


async def _keep_anchor(publisher: Publisher) -> None:
    """Have this node remember how far the audit trail went, also where other nodes write it."""
    said: str | None = None
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        try:
            reason = await publisher.keep_anchor()
        except Exception as error:
            reason = type(error).__name__
        if reason is not None and reason != said:
            logger().error("audit_anchor_not_moved", reason=reason)
        said = reason


def _repeating(
    name: str, job: Callable[[Publisher, int], Awaitable[object]], publisher: Publisher, seconds: float
) -> asyncio.Task[None]:
    """Do a job every so often. What fails is tried again the next time, and said once."""

    async def repeat() -> None:
        failing = False
        while True:
            await asyncio.sleep(seconds)
            try:
                await job(publisher, epoch_us())
                failing = False
            except Exception as error:
                if not failing:
                    logger().warning("job_failed", job=name, error=type(error).__name__)
                failing = True

    return spawn(repeat(), name)
