"""Services that are served by releases, as services of a file: what it writes is the design of the release in force."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec

from torana.control.plan.repository import Row, Stored
from torana.control.releases.design import Design, read
from torana.control.releases.repository import Served


def in_force(stored: Stored, served: Iterable[Served]) -> Stored:
    """The same, but each service that has a live release as that release has it.

    It is the one that takes the most calls, of equals the newest. The service's row then has the lifecycle `direct`, the version as
    `release`, and the versions of the other live ones as `others`.
    """
    live: defaultdict[str, list[Served]] = defaultdict(list)
    for release in served:
        if release.design is not None:
            live[release.service_id].append(release)
    services: list[Row] = []
    deployments: defaultdict[str, list[Row]] = defaultdict(list)
    for row in stored.deployments:
        deployments[row["service_id"]].append(row)
    for row in stored.services:
        releases = sorted(live[row["id"]], key=_calls, reverse=True)
        design = _readable(releases[0]) if releases else None
        if row["lifecycle"] != "released" or design is None:
            services.append(row)
            continue
        versions = [_version(one) for one in releases]
        services.append({**row, **_columns(design), "release": versions[0], "others": versions[1:]})
        deployments[row["id"]] = [
            {"service_id": row["id"], "position": position, **msgspec.structs.asdict(one)}
            for position, one in enumerate(design.deployments)
        ]
    together = [row for rows in deployments.values() for row in rows]
    return msgspec.structs.replace(stored, services=services, deployments=together)


def _columns(design: Design) -> dict[str, Any]:
    custom = bytes(design.custom).decode() if design.kind == "custom" else None
    contract = bytes(design.contract).decode()
    return {
        "lifecycle": "direct",
        "kind": design.kind,
        "custom": custom,
        "drop_unsupported": design.drop_unsupported,
        "try_unsupported": design.try_unsupported,
        "description": design.description,
        "contract": None if contract == "null" else contract,
    }


def _readable(release: Served) -> Design | None:
    """None of one that gates do not serve either."""
    try:
        return read(release.design or "")
    except msgspec.MsgspecError:
        return None


def _calls(release: Served) -> tuple[int, int, int]:
    return release.weight, release.major, release.minor


def _version(release: Served) -> str:
    return f"{release.major}.{release.minor}"
