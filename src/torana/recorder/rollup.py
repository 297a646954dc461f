"""Sums of calls per minute, hour and day, made in memory for a batch and added to what is stored.

Adding is all that is done, so any division of the same records into batches gives the same sums.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from itertools import repeat
from typing import Any

from torana.core.record import CallRecord
from torana.stores.sql.call_tables import DAY, HOUR, LATENCY_BOUNDS_US, MINUTE

Names = tuple[str | None, ...]
"""Team, app, key, service, vendor and model."""
Key = tuple[int, Names, int]
"""Minute (seconds since 1970), names, class of the status."""
Groups = dict[Key, list[tuple[Any, ...]]]
"""The calls of each key: the first of CallRecord's fields and, last, the cost."""

MINUTE_US = MINUTE * 1_000_000
_BUCKETS = range(len(LATENCY_BOUNDS_US) + 1)
_FIELDS = CallRecord.__struct_fields__
_TOTAL, _FIRST, _ERROR = (_FIELDS.index(name) for name in ("total_us", "first_byte_us", "error"))
_INPUT, _OUTPUT, _REQUEST = (_FIELDS.index(name) for name in ("input_tokens", "output_tokens", "request_bytes"))
SUMMED = _REQUEST + 2
"""How many of CallRecord's fields, from the first on, hold all that is summed."""


def sums(status_class: int, members: Sequence[tuple[Any, ...]]) -> list[int]:
    """Sums of the calls of one key, as ROLLUP_SUMS names them. A call with usage but without a price counts as unpriced.

    Column by column: a loop over the calls would cost several times as much.
    """
    columns = list(zip(*members, strict=True))
    count = len(members)
    total, costs = columns[_TOTAL], columns[-1]
    first = [value for value in columns[_FIRST] if value is not None]
    unpriced = 0
    if None in costs:
        used = zip(columns[_INPUT], columns[_OUTPUT], costs, strict=True)
        unpriced = sum(cost is None and (read is not None or wrote is not None) for read, wrote, cost in used)
    return [
        count,
        count if status_class >= 4 else count - columns[_ERROR].count(None),
        *(sum(filter(None, column)) for column in columns[_INPUT : _OUTPUT + 2]),
        sum(filter(None, costs)),
        unpriced,
        sum(columns[_REQUEST]),
        sum(columns[_REQUEST + 1]),
        sum(total),
        sum(first),
        len(first),
        *_histogram(total),
        *_histogram(first),
    ]


def _histogram(values: Sequence[int]) -> list[int]:
    found = Counter(map(bisect_left, repeat(LATENCY_BOUNDS_US), values))
    return [found[bucket] for bucket in _BUCKETS]


def rows(groups: Groups) -> list[tuple[Any, ...]]:
    """The minutes' sums with those of their hours and days, as rows of the roll-up table (its key first, empty for none)."""
    stored: dict[tuple[Any, ...], list[int]] = {}
    for (minute, names, status_class), members in groups.items():
        values = sums(status_class, members)
        texts = [name or "" for name in names]
        for size in (MINUTE, HOUR, DAY):
            key = (size, minute // size * size, *texts, status_class)
            found = stored.get(key)
            stored[key] = values if found is None else [a + b for a, b in zip(found, values, strict=True)]
    # Ordered: two nodes that add to the same sums in PostgreSQL take the row locks in one order, so neither waits for the other.
    return [(*key, *stored[key]) for key in sorted(stored)]
