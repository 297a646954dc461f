"""What a gate counts, in plain numbers; other gates' numbers are read from files when somebody asks for /metrics.

Counting costs a dictionary look-up per call. Each process writes its numbers to a file of its own about once a second, and the gate
that is asked adds them up. A gate that has ended keeps what it had written, and its successor in the slot goes on from there; as
nothing is shown to anybody that was not written before, no counter ever falls while the instance runs.
"""

import time
from bisect import bisect_left
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from torana.gate.call import Call
    from torana.gate.worker import Gate

BOUNDS_SECONDS = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
    120.0,
    300.0,
)
_BOUNDS_US = tuple(int(bound * 1_000_000) for bound in BOUNDS_SECONDS)
_PUBLISH_NS = 1_000_000_000


class Histogram(msgspec.Struct, array_like=True):
    """Counts by upper bound (BOUNDS_SECONDS, then the rest), and the sum of what was observed."""

    counts: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BOUNDS_SECONDS) + 1))
    sum_us: int = 0

    def observe(self, microseconds: int) -> None:
        """Count one duration."""
        self.counts[bisect_left(_BOUNDS_US, microseconds)] += 1
        self.sum_us += microseconds

    def add(self, other: "Histogram") -> None:
        """Take in another's counts."""
        self.counts = [mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)]
        self.sum_us += other.sum_us


class Numbers(msgspec.Struct):
    """One gate's numbers, as they lie in its file."""

    calls: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    """By service (empty: none was reached), then by `status error`."""
    latency: dict[str, Histogram] = msgspec.field(default_factory=dict)
    """By service."""
    first_byte: dict[str, Histogram] = msgspec.field(default_factory=dict)
    in_flight: int = 0
    connections: int = 0
    unrecorded: int = 0
    """Calls refused because there was no room for their record."""
    snapshot_version: int = 0
    snapshot_compiled_us: int = 0
    spool_full: bool = False
    written_us: int = 0


class Metrics:
    """This gate's numbers."""

    def __init__(self, folder: Path, slot: int) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self._file = folder / f"gate-{slot}.json"
        self.numbers = read_numbers(self._file) or Numbers()
        self.unrecorded = self.numbers.unrecorded
        self._published_ns = 0

    def count(self, call: "Call") -> None:
        """Count one ended call."""
        numbers = self.numbers
        service = "" if call.offer is None else call.offer.service.name
        outcome = "%d %s" % (call.status, call.error or "")
        counts = numbers.calls.get(service)
        if counts is None:
            counts = numbers.calls[service] = {}
            numbers.latency[service] = Histogram()
            numbers.first_byte[service] = Histogram()
        counts[outcome] = counts.get(outcome, 0) + 1
        started_ns = call.request.started_ns
        numbers.latency[service].observe((time.monotonic_ns() - started_ns) // 1000)
        if call.first_byte_ns:
            numbers.first_byte[service].observe((call.first_byte_ns - started_ns) // 1000)

    def publish(self, gate: "Gate", *, at_once: bool = False) -> None:
        """Write the file, at most once a second unless it is wanted at once."""
        now_ns = time.monotonic_ns()
        self.read_gauges(gate)
        if not at_once and now_ns - self._published_ns < _PUBLISH_NS:
            return
        self._published_ns = now_ns
        temporary = self._file.with_suffix(".tmp")
        try:
            temporary.write_bytes(msgspec.json.encode(self.numbers))
            temporary.rename(self._file)
        except OSError:
            # A full disk: the numbers stay in memory and are written when it has room.
            temporary.unlink(missing_ok=True)

    def read_gauges(self, gate: "Gate") -> None:
        """Bring the numbers that are states, not counts, up to date."""
        numbers = self.numbers
        numbers.in_flight = gate.listener.active
        numbers.connections = gate.listener.open_connections
        numbers.unrecorded = self.unrecorded
        numbers.spool_full = gate.spool.full
        numbers.written_us = time.time_ns() // 1000
        if gate.view is not None:
            numbers.snapshot_version = gate.view.snapshot.version
            numbers.snapshot_compiled_us = gate.view.snapshot.compiled_us


def read_numbers(file: Path) -> Numbers | None:
    """Another gate's numbers; None when there are none or they are from another version."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Numbers)
    except (OSError, msgspec.MsgspecError):
        return None


def read_facts(file: Path) -> dict[str, Any]:
    """What the supervisor or the recorder says of itself; empty when it has not said anything yet."""
    try:
        facts = msgspec.json.decode(file.read_bytes())
    except (OSError, msgspec.MsgspecError):
        return {}
    return facts if isinstance(facts, dict) else {}
