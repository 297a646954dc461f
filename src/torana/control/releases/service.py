"""Releases: handed in, approved, published, weighed against each other, deprecated, retired, and taken back.

Nothing here writes the audit trail: whoever calls does, since timers act too. Subscribers and people of the team are told here.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from torana.control.access.actor import Actor
from torana.control.approvals import service as approvals
from torana.control.approvals.service import Approval
from torana.control.releases import repository, traffic
from torana.control.releases.canary import Canary, opened, stored
from torana.control.releases.design import approval_of, read
from torana.control.releases.difference import Bump, Differing, Version, breaks, difference, next_version
from torana.control.releases.repository import HOLDING, LIVE, STANDING, Release
from torana.control.releases.telling import tell_author, tell_publishers, tell_subscribers
from torana.control.releases.traffic import Live
from torana.control.services import repository as services
from torana.control.services.repository import Service
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id
from torana.stores.sql.engine import Connection

if TYPE_CHECKING:
    from torana.control.api.change import Change

MOST_LIVE = 20
"""Releases of a service that take calls at the same time."""
LAST_US = 253_402_300_799_000_000
"""The end of the year 9999, behind which no date can be written."""


class Compared(msgspec.Struct, frozen=True):
    """What a release says of the one that it came after. Stored as JSON in `releases.difference`."""

    after: str | None
    """That one's version."""
    fields: list[Differing]
    breaking: list[str]
    """Why callers may not be able to go on."""


class HandedIn(NamedTuple):
    """A release that was made."""

    release: Release
    approval: Approval | None


async def hand_in(
    connection: Connection, actor: Actor, service: Service, design: str, *, bump: Bump | None, note: str | None
) -> HandedIn:
    """Make a release of this design. It is in review where the policy asks for approvals, otherwise approved.

    Raises Refusal `nothing_to_release`, or `invalid_field` for a breaking one that is asked to be minor.
    """
    standing = await repository.of_service(connection, service.id, STANDING)
    last = standing[0] if standing else None
    after, before = read(design), None if last is None else read(last.design)
    found = difference(before, after)
    if last is not None and not found:
        raise Refusal("nothing_to_release", service=service.name, version=last.version)
    reasons = [] if before is None else breaks(before, after)
    version = await _free(connection, service, next_version(_number(last), reasons, bump))
    stages = approval_of(service.approval).releases
    compared = Compared(None if last is None else last.version, found, reasons)
    release = Release(
        id=new_id("release"),
        team_id=service.team_id,
        service_id=service.id,
        major=version.major,
        minor=version.minor,
        state="review" if stages else "approved",
        weight=0,
        design=design,
        difference=msgspec.json.encode(compared).decode(),
        breaking=bool(reasons),
        note=note,
        author_id=actor.id,
        author_name=actor.name,
        created_us=epoch_us(),
    )
    await repository.add(connection, release)
    if not stages:
        return HandedIn(release, None)
    approval = await approvals.open_(
        connection,
        noun="release",
        noun_id=release.id,
        team_id=service.team_id,
        stages=stages,
        asked_by=actor,
        reason=note,
    )
    return HandedIn(release, approval)


async def decided(change: "Change", approval: Approval) -> None:
    """What follows when an approval of a release is decided."""
    release = await repository.by_id(change.connection, approval.noun_id)
    if release is None or release.state != "review":
        return
    await _become(change.connection, release, state=approval.state)
    await change.note(
        f"release.{approval.state}",
        "release",
        release.id,
        name=release.version,
        team_id=release.team_id,
        before={"state": release.state},
        after={"state": approval.state},
    )
    await tell_author(change.connection, release, f"release.{approval.state}", change.actor)


approvals.OUTCOMES["release"] = decided


async def withdraw(connection: Connection, release: Release) -> Release:
    """Take back what was handed in. Raises Refusal `wrong_state`."""
    _demand(release, "review", "approved")
    await approvals.withdraw_all(connection, "release", release.id)
    return await _become(connection, release, state="withdrawn")


async def publish(
    connection: Connection, actor: Actor, service: Service, release: Release, canary: Canary | None, percent: int
) -> Release:
    """Have a release take every call, or as a canary `percent` of them. Raises Refusal `wrong_state`."""
    _demand(release, "approved", "published")
    live = await lives(connection, service.id)
    others = [one for one in live if one.id != release.id]
    if len(others) >= MOST_LIVE:
        state = f"served by {MOST_LIVE} releases already"
        raise Refusal("wrong_state", noun="service", name=service.name, state=state, needed="served by fewer")
    await _end_canaries(connection, service.id)
    everyone = [*others, Live(release.id, release.major, release.minor, 0)]
    now_us = epoch_us()
    watched = canary is not None and any(one.weight for one in others)
    if canary is not None and watched:
        weights = traffic.with_canary(everyone, release.id, percent)
        before = {one.id: one.weight for one in others}
        canary = msgspec.structs.replace(canary, since_us=now_us, before=before)
    else:
        weights, canary = traffic.all_to(everyone, release.id), None
    await repository.set_weights(connection, weights)
    changed = await _become(
        connection,
        release,
        state="published",
        weight=weights[release.id],
        published_us=release.published_us or now_us,
        canary=None if canary is None else stored(canary),
        watched_us=now_us if watched else None,
    )
    if service.lifecycle == "direct":
        await repository.set_lifecycle(connection, service.id, "released")
    share = f" {percent} % of" if watched else ""
    await tell_publishers(connection, service, changed, "release.published", f"takes{share} its calls", actor)
    return changed


async def weigh(connection: Connection, release: Release, changes: dict[str, Any]) -> Release:
    """Set a live release's `weight`, or how it is watched (`canary`; None ends it). Raises Refusal."""
    _demand(release, *LIVE)
    live = await lives(connection, release.service_id)
    columns: dict[str, Any] = {}
    if "weight" in changes:
        columns["weight"] = changes["weight"]
        if not changes["weight"] and not any(one.weight for one in live if one.id != release.id):
            reason = "no other release would be left to take the calls"
            raise Refusal("invalid_field", param="weight", reason=reason)
    if "canary" in changes:
        columns |= _watching(release, live, changes["canary"])
    return await _become(connection, release, **columns)


async def roll_back(
    connection: Connection, service: Service, by: str, reason: str | None, actor: Actor
) -> tuple[Release, Release]:
    """Give the calls of the newest release back to the one before it; what they were, newest first. Raises Refusal."""
    live = await repository.of_service(connection, service.id, LIVE)
    found = traffic.back([_live(one) for one in live])
    if found is None:
        raise Refusal("nothing_to_roll_back", service=service.name)
    current, target = (next(one for one in live if one.id == which.id) for which in found)
    await _mark_rolled_back(connection, current, reason)
    await _end_canaries(connection, service.id)
    await repository.set_weights(connection, traffic.all_to([_live(one) for one in live], target.id))
    await tell_publishers(connection, service, current, "release.rolled_back", f"was taken back by {by}", actor)
    return current, target


async def fail_canary(connection: Connection, service: Service, release: Release, reason: str, actor: Actor) -> None:
    """Give the calls of a canary back to where they went before it."""
    canary = opened(release.canary) or Canary()
    live = await lives(connection, service.id)
    there = {one.id for one in live if one.id != release.id and not one.rolled_back}
    before = {id_: weight for id_, weight in canary.before.items() if id_ in there}
    if any(before.values()):
        weights = {one.id: before.get(one.id, 0) for one in live}
    else:
        weights = {**traffic.without(live, release.id), release.id: 0}
    if not any(weights.values()):
        # There is nothing to go back to: a release that fails is better than none.
        weights = traffic.all_to(live, release.id)
    await _mark_rolled_back(connection, release, reason)
    await repository.set_weights(connection, weights)
    said = f"was taken back by itself: {reason}"
    await tell_publishers(connection, service, release, "release.rolled_back", said, actor)


async def deprecate(
    connection: Connection, service: Service, release: Release, sunset_us: int, successor: str | None
) -> Release:
    """Say that a release ends, when, and what comes after it. Again to change either. Raises Refusal `wrong_state`."""
    _demand(release, *LIVE)
    now_us = epoch_us()
    if not now_us < sunset_us <= LAST_US:
        raise Refusal("invalid_field", param="sunset_us", reason="expected a time to come, before the year 10000")
    live = await repository.of_service(connection, service.id, LIVE)
    changed = await _become(
        connection,
        release,
        state="deprecated",
        deprecated_us=release.deprecated_us or now_us,
        sunset_us=sunset_us,
        successor=successor or _successor(service, release, live),
        warned_us=None,
    )
    whole = all(one.id == release.id or one.state == "deprecated" for one in live)
    await tell_subscribers(connection, service, changed, "service.deprecated" if whole else "release.deprecated")
    return changed


async def retire(connection: Connection, service: Service, release: Release, successor: str | None = None) -> Release:
    """Have a release answer 410 from now on; the others take its calls. Raises Refusal `wrong_state`."""
    _demand(release, *LIVE)
    live = await repository.of_service(connection, service.id, LIVE)
    now_us = epoch_us()
    changed = await _become(
        connection,
        release,
        state="retired",
        weight=0,
        retired_us=now_us,
        watched_us=None,
        successor=successor or release.successor or _successor(service, release, live),
    )
    await repository.set_weights(connection, traffic.without([_live(one) for one in live], release.id))
    await _tidy(connection, service.id)
    await tell_subscribers(connection, service, changed, "release.retired" if len(live) > 1 else "service.retired")
    return changed


async def lives(connection: Connection, service_id: str) -> list[Live]:
    """A service's live releases, newest first."""
    return [_live(one) for one in await repository.of_service(connection, service_id, LIVE)]


async def deployments_used(connection: Connection, service_id: str) -> set[str]:
    """Ids of the deployments that a service's releases still need."""
    found = await repository.of_service(connection, service_id, HOLDING)
    return {deployment.id for release in found for deployment in read(release.design).deployments}


def compared(release: Release) -> Compared:
    """What the release says of the one before it."""
    if release.difference is None:
        return Compared(None, [], [])
    return msgspec.json.decode(release.difference, type=Compared)


def _live(release: Release) -> Live:
    canary = opened(release.canary)
    rolled_back = canary is not None and canary.outcome == "rolled_back"
    return Live(release.id, release.major, release.minor, release.weight, rolled_back)


def _number(release: Release | None) -> Version | None:
    return None if release is None else Version(release.major, release.minor)


async def _free(connection: Connection, service: Service, wanted: Version) -> Version:
    # Numbers of rejected and withdrawn releases are not given again.
    taken = await repository.numbers(connection, service.id, wanted.major)
    while wanted.minor in taken:
        wanted = Version(wanted.major, wanted.minor + 1)
    return wanted


def _demand(release: Release, *states: str) -> None:
    if release.state not in states:
        needed = " or ".join(states)
        raise Refusal("wrong_state", noun="release", name=release.version, state=release.state, needed=needed)


async def _become(connection: Connection, release: Release, **columns: Any) -> Release:
    if columns:
        await repository.change(connection, release.id, **columns)
    if columns.get("state") in ("rejected", "withdrawn"):
        await _tidy(connection, release.service_id)
    return msgspec.structs.replace(release, **columns)


async def _tidy(connection: Connection, service_id: str) -> None:
    """Let go of the provider accounts that only releases used which are over."""
    await services.forget_kept(connection, service_id, await deployments_used(connection, service_id))


async def _end_canaries(connection: Connection, service_id: str) -> None:
    for release in await repository.of_service(connection, service_id, LIVE):
        canary = opened(release.canary)
        if canary is not None and canary.outcome is None:
            ended = msgspec.structs.replace(canary, outcome="ended", ended_us=epoch_us())
            await repository.change(connection, release.id, canary=stored(ended), watched_us=None)


async def _mark_rolled_back(connection: Connection, release: Release, reason: str | None) -> None:
    canary = opened(release.canary) or Canary()
    marked = msgspec.structs.replace(canary, outcome="rolled_back", reason=reason, ended_us=epoch_us())
    await repository.change(connection, release.id, canary=stored(marked), watched_us=None)


def _watching(release: Release, live: list[Live], canary: Canary | None) -> dict[str, Any]:
    if canary is None:
        there = opened(release.canary)
        if there is None or there.outcome is not None:
            return {"watched_us": None}
        ended = msgspec.structs.replace(there, outcome="ended", ended_us=epoch_us())
        return {"canary": stored(ended), "watched_us": None}
    before = {one.id: one.weight for one in live if one.id != release.id}
    if not any(before.values()):
        raise Refusal("invalid_field", param="canary", reason="there is no other release to compare it with")
    now_us = epoch_us()
    watched = msgspec.structs.replace(canary, since_us=now_us, before=before)
    return {"canary": stored(watched), "watched_us": now_us}


def _successor(service: Service, release: Release, live: list[Release]) -> str | None:
    """Of a release with a newer live one, that one's major version."""
    newer = [
        one for one in live if (one.major, one.minor) > (release.major, release.minor) and one.state == "published"
    ]
    return f"{service.name}@{newer[0].major}" if newer else None
