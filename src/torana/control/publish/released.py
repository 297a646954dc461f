"""The releases of services as publishing needs them: read, weighed, and checked."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from torana.control.releases import traffic
from torana.control.releases.canary import opened
from torana.control.releases.design import Design, DesignedDeployment, read
from torana.control.releases.repository import Served
from torana.control.releases.traffic import Live

MOST_RETIRED = 50
"""Retired releases of a service whose callers still hear what to call instead."""


class Designed(NamedTuple):
    """A release with its design."""

    release: Served
    design: Design | None
    """None where it is retired."""
    major_weight: int = 0
    unreadable: bool = False


def by_service(releases: Sequence[Served]) -> dict[str, list[Designed]]:
    """The releases of each service, newest first."""
    groups: defaultdict[str, list[Served]] = defaultdict(list)
    for release in releases:
        groups[release.service_id].append(release)
    return {service_id: _designed(members) for service_id, members in groups.items()}


def places_of(releases: Sequence[Designed]) -> list[DesignedDeployment]:
    """The deployments of all that are live, each once."""
    found: dict[str, DesignedDeployment] = {}
    for one in releases:
        for deployment in () if one.design is None else one.design.deployments:
            found.setdefault(deployment.id, deployment)
    return list(found.values())


def custom_of(design: Design | None) -> str | None:
    """The description of a custom model, as JSON."""
    if design is None or design.kind != "custom":
        return None
    return bytes(design.custom).decode()


def release_problems(service: str, releases: Sequence[Designed]) -> list[str]:
    """Why these could not be served, one sentence part each."""
    live = [one for one in releases if one.design is not None]
    found = [
        f"release {one.release.major}.{one.release.minor} of the service {service} cannot be read"
        for one in releases
        if one.unreadable
    ]
    if live and not any(one.release.weight for one in live):
        found.append(f"none of the live releases of the service {service} has a weight above 0")
    found.extend(
        f"release {one.release.major}.{one.release.minor} of the service {service} has no deployment with a weight above 0"
        for one in live
        if one.design is not None and not any(deployment.weight for deployment in one.design.deployments)
    )
    return found


def _designed(members: list[Served]) -> list[Designed]:
    live = [one for one in members if one.design is not None]
    weights = traffic.major_weights([_live(one) for one in live])
    retired = [one for one in members if one.design is None][:MOST_RETIRED]
    kept = {one.id for one in (*live, *retired)}
    return [_read(one, weights.get(one.id, 0)) for one in members if one.id in kept]


def _read(release: Served, major_weight: int) -> Designed:
    try:
        design = None if release.design is None else read(release.design)
    except (msgspec.MsgspecError, RecursionError):
        return Designed(release, None, major_weight, unreadable=True)
    return Designed(release, design, major_weight)


def _live(release: Served) -> Live:
    canary = opened(release.canary)
    rolled_back = canary is not None and canary.outcome == "rolled_back"
    return Live(release.id, release.major, release.minor, release.weight, rolled_back)
