"""The supervisor's own figures, and how figures are written for whichever gate answers `/metrics`."""

import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from torana.supervisor.child import Child, Seat


NAME = "supervisor.json"


class ChildFigures(msgspec.Struct):
    """One living process."""

    title: str
    role: str
    slot: int
    pid: int
    ready: bool


class SupervisorFigures(msgspec.Struct):
    """What `<data>/run/metrics/supervisor.json` holds."""

    pid: int
    started_us: int
    """Microseconds since 1970."""
    written_us: int
    wanted: dict[str, int]
    """Processes that should be up, by role."""
    up: dict[str, int]
    """Processes that are ready, by role."""
    restarts: dict[str, int]
    """Processes that ended unasked since the start, by role."""
    children: list[ChildFigures]


def figures(started_us: int, seats: "Sequence[Seat]", leaving: "Iterable[Child]") -> SupervisorFigures:
    """The state of all children now. `leaving` are gates that finish their calls after a replacement."""
    found = SupervisorFigures(os.getpid(), started_us, time.time_ns() // 1000, {}, {}, {}, [])
    for seat in seats:
        child = seat.child
        found.wanted[seat.role] = found.wanted.get(seat.role, 0) + seat.wanted
        found.up[seat.role] = found.up.get(seat.role, 0) + (child is not None and child.ready)
        found.restarts[seat.role] = found.restarts.get(seat.role, 0) + seat.restarts
        if child is not None:
            found.children.append(_child(child, seat.role))
    found.children.extend(_child(child, "gate") for child in leaving)
    return found


def clear(folder: Path) -> None:
    """Empty the metrics folder of what an earlier instance left, and make sure that it exists."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink(missing_ok=True)


def write(file: Path, found: object) -> None:
    """Replace the JSON file whole, so that a reader never sees half of it. Raises OSError."""
    fresh = file.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(found))
    fresh.replace(file)


def _child(child: "Child", role: str) -> ChildFigures:
    return ChildFigures(child.title, role, child.slot, child.process.pid, child.ready)
