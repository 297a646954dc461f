from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.recorder.records import record
from torana.core.record import BodyRecord, CallRecord
from torana.recorder import query
from torana.recorder.price import Prices
from torana.recorder.query import Filters
from torana.recorder.store import RecordStore
from torana.recorder.tally import Places, Tally
from torana.settings import Settings
from torana.stores.bodies import files
from torana.stores.sql.engine import Engine, reading
from torana.stores.sql.tables import apps, teams

pytestmark = pytest.mark.anyio

START_US = 1_763_900_000_000_000
HOUR_US = 3_600_000_000


async def store(engine: Engine, *records: CallRecord) -> None:
    tally = Tally(Prices(), Places())
    for made in records:
        tally.add(made)
    await RecordStore(engine, "node").commit(tally, {f"{records[0].id}.seg": (0, 100)})


async def listed(engine: Engine, teams: query.Teams, filters: Filters | None = None, **more: Any) -> list[str]:
    async with reading(engine) as connection:
        return [row["id"] for row in await query.list_calls(connection, teams, filters or Filters(), **more)]


async def test_calls_are_listed_newest_first_page_by_page(engine: Engine) -> None:
    made = [record(number, started_us=START_US + number * 1_000_000) for number in range(7)]
    await store(engine, *made)
    newest_first = [one.id for one in reversed(made)]
    first = await listed(engine, None, limit=4)
    assert first + await listed(engine, None, limit=4, before=first[-1]) == newest_first


async def test_every_filter_finds_its_call_and_no_other(engine: Engine) -> None:
    odd = record(
        0, started_us=START_US, status=429, error="rate_limit_exceeded", service="odd", service_id="service_odd", model_asked="m?",
        model_sent="m!", model_served="m.", app_id="app_odd", key_id="key_odd", user="odd",
    )  # fmt: skip
    await store(engine, record(0, started_us=START_US + HOUR_US), odd)
    async with engine.begin() as connection:
        await connection.execute(teams.insert().values(id="team_a", name="a", created_us=0))
        await connection.execute(apps.insert().values(id="app_odd", team_id="team_a", name="the odd one", created_us=0))
    tried = [
        Filters(status=429),
        Filters(error="rate_limit_exceeded"),
        Filters(service="odd"),
        Filters(service="service_odd"),
        *(Filters(model=name) for name in ("m?", "m!", "m.")),
        Filters(app="app_odd"),
        Filters(app="the odd one"),
        Filters(key="key_odd"),
        Filters(user="odd"),
        Filters(until_us=START_US + HOUR_US),
        Filters(since_us=START_US, until_us=START_US + 1_000),
    ]
    for filters in tried:
        assert await listed(engine, None, filters) == [odd.id], filters
    assert await listed(engine, None, Filters(user="' OR 1=1 --")) == []


async def test_another_teams_calls_are_not_found_in_any_way(engine: Engine) -> None:
    mine = record(1, started_us=START_US)
    theirs = record(2, started_us=START_US, team_id="team_b")
    nobodys = record(3, started_us=START_US, team_id=None)
    await store(engine, mine, theirs, nobodys)
    assert await listed(engine, {"team_a"}) == [mine.id]
    async with reading(engine) as connection:
        assert await query.show_call(connection, {"team_a"}, theirs.id) is None
        assert await query.show_call(connection, {"team_a"}, nobodys.id) is None
        assert (await query.show_call(connection, {"team_a"}, mine.id) or {})["id"] == mine.id
        assert (await query.show_call(connection, None, theirs.id) or {})["id"] == theirs.id
        followed = await query.follow_calls(connection, {"team_a"}, Filters(), after=0)
        assert [row["id"] for row in followed] == [mine.id]
        sums = await query.usage(connection, {"team_a"}, START_US - HOUR_US, START_US + HOUR_US)
        assert [row["calls"] for row in sums] == [1]


async def test_a_follower_sees_a_call_that_began_early_and_ended_late(engine: Engine) -> None:
    await store(engine, record(1, started_us=START_US + HOUR_US))
    async with reading(engine) as connection:
        after = await query.newest_seq(connection)
    late = record(2, started_us=START_US)
    await store(engine, late)
    async with reading(engine) as connection:
        assert [row["id"] for row in await query.follow_calls(connection, None, Filters(), after=after)] == [late.id]


async def test_usage_covers_its_time_exactly_across_minutes_hours_and_days(engine: Engine) -> None:
    made = [record(1, started_us=START_US + number * 7 * 60_000_000) for number in range(600)]
    await store(engine, *made)
    since, until = made[3].started_us // 60_000_000 * 60_000_000, made[590].started_us // 60_000_000 * 60_000_000
    async with reading(engine) as connection:
        (row,) = await query.usage(connection, None, since, until)
        by_model = await query.usage(connection, None, since, until, by=("model",))
    assert row["calls"] == 587
    assert sum(one["calls"] for one in by_model) == 587
    assert query.percentile_us(row, 0.5) == 5_000


async def test_kept_bodies_are_found_with_their_call(engine: Engine, settings: Settings) -> None:
    made = record(1, bodies_kept=True)
    kept = BodyRecord(made.id, b"ask", b"answer", False, False)
    files.write(Path(settings.data) / "bodies", msgspec.msgpack.encode(kept))
    await store(engine, made)
    async with reading(engine) as connection:
        row = await query.show_call(connection, {"team_a"}, made.id)
    assert row is not None
    assert query.bodies_of(Path(settings.data), row) == kept
