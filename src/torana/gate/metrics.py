"""What a gate counts, in plain numbers; other gates' numbers are read from files when somebody asks for /metrics.

Counting costs a dictionary look-up per call. Each process writes its numbers to a file of its own about once a second, and the gate
that is asked adds them up. A gate that has ended keeps what it had written, and its successor in the slot goes on from there; as
nothing is shown to anybody that was not written before, no counter ever falls while the instance runs.
"""

import time
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from torana.gate.call import Call
    from torana.gate.worker import Gate

_BUCKETS = 30
BOUNDS_SECONDS = tuple((1 << power) / 1_000_000 for power in range(8, _BUCKETS))
"""Powers of two from 256 µs to 537 s: the bucket of a duration is its number of bits, found without a search."""
_PUBLISH_NS, _RARELY_NS = 1_000_000_000, 3_000_000_000
"""How long a gate keeps its numbers for itself, and how long where they are of so many services that writing them takes time."""
_PAUSES = 200
"""At least so many times as long as it took to write them."""


_CALLS, _LATENCY_US, _FIRST_BYTE_US, _LATENCY = range(4)
_FIRST_BYTE = _LATENCY + _BUCKETS + 1
Tally = list[int]
"""Of calls of one service and outcome: how many, the sums of their durations and of the times to their first bytes, and of both how
many calls each bucket has. One flat list, because with thousands of services each piece that a call touches is a cache miss."""


class Histogram:
    """Durations of several tallies, added up."""

    def __init__(self) -> None:
        self._counts = [0] * (_BUCKETS + 1)
        self.sum_us = 0

    def cumulative(self) -> list[float]:
        """Counts up to each of BOUNDS_SECONDS, and of all."""
        totals = list(accumulate(self._counts))
        return [float(total) for total in totals[-len(BOUNDS_SECONDS) - 1 :]]

    def add_latency(self, tally: Tally) -> None:
        """Take in how long the calls took."""
        self._add(tally[_LATENCY_US], tally[_LATENCY:_FIRST_BYTE])

    def add_first_byte(self, tally: Tally) -> None:
        """Take in how long their first bytes took."""
        self._add(tally[_FIRST_BYTE_US], tally[_FIRST_BYTE:])

    def _add(self, sum_us: int, counts: list[int]) -> None:
        self._counts = [mine + theirs for mine, theirs in zip(self._counts, counts, strict=True)]
        self.sum_us += sum_us


class Numbers(msgspec.Struct):
    """One gate's numbers, as they lie in its file."""

    tallies: dict[str, dict[str, Tally]] = msgspec.field(default_factory=dict)
    """By service (empty: none was reached), then by `status error`."""
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
        self._publish_ns = 0
        self._tallies: dict[tuple[str, int, str | None], Tally] = {}

    def count(self, call: "Call") -> None:
        """Count one ended call."""
        offer = call.offer
        name = "" if offer is None else offer.service.name
        tally = self._tallies.get((name, call.status, call.error))
        if tally is None:
            tally = self._tally(name, call.status, call.error)
        tally[_CALLS] += 1
        microseconds = call.total_us
        tally[_LATENCY_US] += microseconds
        tally[_LATENCY + min(microseconds.bit_length(), _BUCKETS)] += 1
        if call.first_byte_ns:
            microseconds = (call.first_byte_ns - call.request.started_ns) // 1000
            tally[_FIRST_BYTE_US] += microseconds
            tally[_FIRST_BYTE + min(microseconds.bit_length(), _BUCKETS)] += 1

    def _tally(self, name: str, status: int, error: str | None) -> Tally:
        outcomes = self.numbers.tallies.setdefault(name, {})
        empty = [0] * (_FIRST_BYTE + _BUCKETS + 1)
        tally = self._tallies[name, status, error] = outcomes.setdefault(f"{status} {error or ''}", empty)
        return tally

    def publish(self, gate: "Gate", *, at_once: bool = False) -> None:
        """Write the file, at most once a second unless it is wanted at once; with thousands of services less often."""
        now_ns = time.monotonic_ns()
        if not at_once and now_ns < self._publish_ns:
            return
        self.read_gauges(gate)
        temporary = self._file.with_suffix(".tmp")
        try:
            temporary.write_bytes(msgspec.json.encode(self.numbers))
            temporary.rename(self._file)
        except OSError:
            # A full disk: the numbers stay in memory and are written when it has room.
            temporary.unlink(missing_ok=True)
        pause_ns = min(max((time.monotonic_ns() - now_ns) * _PAUSES, _PUBLISH_NS), _RARELY_NS)
        self._publish_ns = now_ns + pause_ns

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
