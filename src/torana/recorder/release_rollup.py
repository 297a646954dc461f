"""Sums of the calls of each release by the minute: what canaries are judged by."""

from bisect import bisect_left
from typing import Any

from torana.core.record import CallRecord
from torana.recorder.rollup import MINUTE_US
from torana.stores.sql.call_tables import LATENCY_BOUNDS_US, MINUTE, RELEASE_SUMS

Groups = dict[tuple[str, int], list[int]]
"""Sums as RELEASE_SUMS names them, by release and minute."""

_LATENCY = RELEASE_SUMS.index("latency_0")
NOT_ITS_DOING = frozenset(
    {
        "caller_left",
        "concurrency_limit_exceeded",
        "counters_unavailable",
        "overloaded",
        "rate_limit_exceeded",
        "record_space_exhausted",
        "service_retired",
        "worker_stopped",
    }
)
"""How calls end that say nothing of the release that they were meant for."""


def add(groups: Groups, record: CallRecord) -> None:
    """Take in a record with a release."""
    if record.release is None or record.error in NOT_ITS_DOING:
        return
    key = (record.release, record.started_us // MINUTE_US * MINUTE)
    sums = groups.get(key)
    if sums is None:
        sums = groups[key] = [0] * len(RELEASE_SUMS)
    sums[0] += 1
    sums[1] += record.status >= 400 or record.error is not None
    sums[_LATENCY + bisect_left(LATENCY_BOUNDS_US, record.total_us)] += 1


def rows(groups: Groups) -> list[tuple[Any, ...]]:
    """Rows of the roll-up table. Ordered, so that two nodes take the row locks in one order."""
    return [(*key, *groups[key]) for key in sorted(groups)]
