import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from tests.recorder.records import encoded
from torana.kit.tasks import spawn
from torana.recorder.run import node_of, run_recorder
from torana.recorder.store import RecordStore
from torana.settings import Settings
from torana.stores.spool.writer import SpoolWriter
from torana.stores.sql.call_tables import calls
from torana.stores.sql.engine import Engine, reading

pytestmark = pytest.mark.anyio

DEADLINE_SECONDS = 30


@pytest.fixture(params=["sqlite"])
def database() -> str:
    return ""


async def until(published: list[dict[str, float]], **figures: float) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not any(all(one[name] == value for name, value in figures.items()) for one in published):
            await asyncio.sleep(0.02)


async def test_a_database_that_is_away_is_waited_for_and_nothing_is_lost(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = True
    commit = RecordStore.commit

    async def failing(self: RecordStore, *arguments: Any) -> None:
        if away:
            raise OperationalError("BEGIN", None, Exception("database is locked"))
        await commit(self, *arguments)

    monkeypatch.setattr(RecordStore, "commit", failing)
    writer = SpoolWriter(Path(settings.data) / "spool", 65_536, 1_048_576)
    for number in range(5):
        writer.append(encoded(number))
    published: list[dict[str, float]] = []
    stop = asyncio.Event()
    running = spawn(run_recorder(settings, stop, published.append), "recorder")
    await until(published, database_up=0)
    assert published[-1]["spool_lag_bytes"] > 0
    away = False
    await until(published, database_up=1, records_stored=5, spool_lag_bytes=0)
    stop.set()
    await running


async def test_what_is_in_the_spool_when_told_to_stop_is_stored_first(engine: Engine, settings: Settings) -> None:
    writer = SpoolWriter(Path(settings.data) / "spool", 65_536, 1_048_576)
    for number in range(200):
        writer.append(encoded(number))
    stop = asyncio.Event()
    stop.set()
    await run_recorder(settings, stop, lambda _: None)
    async with reading(engine) as connection:
        assert len((await connection.execute(select(calls.c.id))).all()) == 200


def test_a_data_folder_keeps_its_name_among_nodes(tmp_path: Path) -> None:
    assert node_of(tmp_path) == node_of(tmp_path)
    assert len(node_of(tmp_path)) == 32
    assert [path.name for path in tmp_path.iterdir()] == ["node"]
