from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.recorder.records import record
from torana.recorder import rollup
from torana.stores.sql.call_tables import ROLLUP_KEYS, ROLLUP_SUMS

WIDTH = len(ROLLUP_KEYS)
Rows = dict[tuple[Any, ...], tuple[int, ...]]

priced = st.tuples(
    st.builds(
        record,
        st.integers(0, 300),
        started_us=st.integers(0, 3 * 86_400_000_000),
        team_id=st.sampled_from(["team_a", "team_b", None]),
        vendor=st.sampled_from(["openai", None]),
        status=st.sampled_from([200, 404, 429, 499, 502]),
        error=st.sampled_from([None, "upstream_failed"]),
        first_byte_us=st.none() | st.integers(0, 200_000_000),
        total_us=st.integers(0, 200_000_000),
        input_tokens=st.none() | st.integers(0, 10**6),
        output_tokens=st.none() | st.integers(0, 10**6),
    ),
    st.none() | st.integers(0, 10**15),
)


def grouped(batch: list[Any]) -> rollup.Groups:
    groups: rollup.Groups = {}
    for made, cost in batch:
        names = (made.team_id, made.app_id, made.key_id, made.service_id, made.vendor, made.model_sent)
        key = (made.started_us // rollup.MINUTE_US * 60, names, made.status // 100)
        groups.setdefault(key, []).append((*msgspec.structs.astuple(made), cost))
    return groups


def stored(batches: list[list[Any]]) -> Rows:
    """What a database holds after these batches: rows by key, added where a key comes again."""
    found: Rows = {}
    for batch in batches:
        for row in rollup.rows(grouped(batch)):
            before = found.get(row[:WIDTH], (0,) * len(ROLLUP_SUMS))
            found[row[:WIDTH]] = tuple(a + b for a, b in zip(before, row[WIDTH:], strict=True))
    return found


@given(st.lists(priced, max_size=30), st.data())
def test_any_division_of_the_same_records_into_batches_gives_the_same_sums(
    records: list[Any], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(records)), max_size=5)))
    batches = [records[a:b] for a, b in zip([0, *cuts], [*cuts, len(records)], strict=True)]
    assert stored(batches) == stored([records])


@given(st.lists(priced, min_size=1, max_size=30))
def test_hours_and_days_hold_what_their_minutes_hold(records: list[Any]) -> None:
    rows = stored([records])
    for size in (60, 3_600, 86_400):
        mine = [values for key, values in rows.items() if key[0] == size]
        assert all(key[1] % size == 0 for key in rows if key[0] == size)
        sums = dict(zip(ROLLUP_SUMS, map(sum, zip(*mine, strict=True)), strict=True))
        assert sums["calls"] == len(records)
        assert sums["first_bytes"] == sum(made.first_byte_us is not None for made, _ in records)
        assert (
            sum(sums[name] for name in ROLLUP_SUMS if name.startswith("first_byte_") and name[-1].isdigit())
            == sums["first_bytes"]
        )
        assert sums["errors"] == sum(made.error is not None or made.status >= 400 for made, _ in records)


def test_a_call_with_usage_but_without_a_price_counts_as_unpriced() -> None:
    batch = [(record(1), None), (record(1, input_tokens=None, output_tokens=None), None), (record(1), 7)]
    rows = [dict(zip((*ROLLUP_KEYS, *ROLLUP_SUMS), row, strict=True)) for row in rollup.rows(grouped(batch))]
    minutes = [row for row in rows if row["size"] == 60]
    assert sum(row["unpriced"] for row in minutes) == 1
    assert sum(row["cost_picos"] for row in minutes) == 7
