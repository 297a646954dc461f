"""Sums of calls per minute, hour and day, made in memory for a batch and added to what is stored.

Adding is all that is done, so any division of the same records into batches gives the same sums.
"""

from bisect import bisect_left
from typing import Any

from torana.core.record import CallRecord
from torana.stores.sql.call_tables import DAY, HOUR, LATENCY_BOUNDS_US, MINUTE, ROLLUP_SUMS

Sums = dict[tuple[Any, ...], list[int]]

_LATENCY = ROLLUP_SUMS.index("latency_0")
_FIRST_BYTE = ROLLUP_SUMS.index("first_byte_0")
_WIDTH = len(ROLLUP_SUMS)
_MINUTE_US = MINUTE * 1_000_000


def add(sums: Sums, record: CallRecord, cost_picos: int | None) -> None:
    """Count one record in its minute. A call with usage but without a price counts as unpriced."""
    key = (
        record.started_us // _MINUTE_US * MINUTE,
        record.team_id,
        record.app_id,
        record.key_id,
        record.service_id,
        record.vendor,
        record.model_sent,
        record.status // 100,
    )
    row = sums.get(key)
    if row is None:
        row = sums[key] = [0] * _WIDTH
    row[0] += 1
    if record.error is not None or record.status >= 400:
        row[1] += 1
    if record.input_tokens is not None or record.output_tokens is not None:
        row[2] += record.input_tokens or 0
        row[3] += record.cached_input_tokens or 0
        row[4] += record.output_tokens or 0
        row[5] += record.reasoning_tokens or 0
        if cost_picos is None:
            row[7] += 1
        else:
            row[6] += cost_picos
    row[8] += record.request_bytes
    row[9] += record.response_bytes
    total = record.total_us
    row[10] += total
    row[_LATENCY + bisect_left(LATENCY_BOUNDS_US, total)] += 1
    first = record.first_byte_us
    if first is not None:
        row[11] += first
        row[12] += 1
        row[_FIRST_BYTE + bisect_left(LATENCY_BOUNDS_US, first)] += 1


def rows(sums: Sums) -> list[tuple[Any, ...]]:
    """The minutes' sums with those of their hours and days, as rows of the roll-up table (its key first, empty for none)."""
    stored: Sums = {}
    for (minute, *names, status_class), values in sums.items():
        texts = [name or "" for name in names]
        for size in (MINUTE, HOUR, DAY):
            key = (size, minute // size * size, *texts, status_class)
            found = stored.get(key)
            stored[key] = values if found is None else [a + b for a, b in zip(found, values, strict=True)]
    # Ordered: two nodes that add to the same sums in PostgreSQL take the row locks in one order, so neither waits for the other.
    return [(*key, *stored[key]) for key in sorted(stored)]
