"""What happens to releases by itself: subscribers are reminded, sunsets come, canaries are judged.

Several nodes may run these at once: each looks again inside the change, where only one is at a time.
"""

from torana.control.access.actor import SYSTEM
from torana.control.audit import service as audit
from torana.control.publish.publish import Publisher
from torana.control.releases import repository, service
from torana.control.releases.canary import opened, worse
from torana.control.releases.repository import LIVE, Release
from torana.control.releases.telling import tell_subscribers
from torana.control.services import repository as services
from torana.stores.sql.engine import Connection, reading

WARNED_US = 7 * 86_400 * 1_000_000
"""How long before its sunset the users of a release are reminded."""


async def end_due(publisher: Publisher, now_us: int) -> int:
    """Retire the releases whose sunset has come, and remind the users of those that end soon; how many were retired."""
    async with reading(publisher.engine) as connection:
        if not await repository.due(connection, now_us, now_us + WARNED_US):
            return 0
    retired = 0
    async with publisher.change() as connection:
        for release in await repository.due(connection, now_us, now_us + WARNED_US):
            found = await services.by_id(connection, release.service_id)
            if found is None:
                continue
            if release.sunset_us is not None and release.sunset_us <= now_us:
                changed = await service.retire(connection, found, release)
                await _note(
                    publisher, connection, "release.retire", release, found.name, changed, "its sunset has come"
                )
                retired += 1
                continue
            # Whoever was told of a sunset this near when it was set needs no reminder.
            if release.deprecated_us is not None and release.sunset_us is not None:
                if release.sunset_us - release.deprecated_us > WARNED_US:
                    await tell_subscribers(connection, found, release, "release.retiring")
                await repository.change(connection, release.id, warned_us=now_us)
    return retired


async def judge_canaries(publisher: Publisher, now_us: int) -> int:
    """Take back the canaries that are worse than what they shall follow by more than their margins; how many."""
    async with reading(publisher.engine) as connection:
        watched = await repository.watched(connection)
        verdicts = {release.id: await _verdict(connection, release, now_us) for release in watched}
    taken_back = 0
    for release_id, reason in verdicts.items():
        if reason is None:
            continue
        async with publisher.change() as connection:
            again = await repository.by_id(connection, release_id)
            if again is None or again.watched_us is None or again.state not in LIVE:
                continue
            found = await services.by_id(connection, again.service_id)
            if found is None:
                continue
            await service.fail_canary(connection, found, again, reason, SYSTEM)
            changed = await repository.by_id(connection, release_id) or again
            await _note(publisher, connection, "release.roll_back", again, found.name, changed, reason)
            taken_back += 1
    return taken_back


async def _verdict(connection: Connection, release: Release, now_us: int) -> str | None:
    canary = opened(release.canary)
    if canary is None or release.state not in LIVE:
        return None
    since_us = max(canary.since_us, now_us - canary.window_minutes * 60_000_000)
    new = await repository.figures(connection, [release.id], since_us)
    old = await repository.figures(connection, [id_ for id_, weight in canary.before.items() if weight], since_us)
    return worse(canary, new, old)


async def _note(
    publisher: Publisher,
    connection: Connection,
    action: str,
    before: Release,
    service_name: str,
    after: Release,
    reason: str,
) -> None:
    shown = [{"state": one.state, "weight": one.weight} for one in (before, after)]
    await audit.note(
        connection,
        publisher.master,
        SYSTEM,
        action,
        "release",
        after.id,
        name=f"{service_name} {after.version}",
        team_id=after.team_id,
        before=shown[0],
        after=shown[1],
        reason=reason,
    )
