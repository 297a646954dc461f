"""Engines: how the setting becomes an address, and how SQLite is opened."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from torana.settings import SettingError, Settings
from torana.stores.sql.engine import Engine, create, is_sqlite, reading, url_of, writing
from torana.stores.sql.migrate import upgrade
from torana.stores.sql.tables import teams

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg"])
def test_what_operators_paste_is_read_with_our_driver(scheme: str) -> None:
    url = url_of(Settings(database=f"{scheme}://me:pass@db.example/torana?sslmode=require"))
    assert url.render_as_string(hide_password=False) == "postgresql+asyncpg://me:pass@db.example/torana?ssl=require"


@pytest.mark.parametrize("database", ["mysql://root:canary@db/torana", "canary", "://canary"])
def test_another_database_is_refused_by_the_settings_name_and_without_its_value(database: str) -> None:
    with pytest.raises(SettingError, match=r"^database cannot be used") as refused:
        url_of(Settings(database=database))
    assert "canary" not in str(refused.value)


async def test_sqlite_is_opened_with_a_log_and_foreign_keys(tmp_path: Path) -> None:
    engine = create(Settings(data=str(tmp_path)))
    async with reading(engine) as connection:
        found = [
            (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    await engine.dispose()
    assert found == ["wal", 1, 1, 10_000]


async def test_writers_wait_for_each_other_instead_of_failing(engine: Engine) -> None:
    async def write(number: int) -> None:
        async with writing(engine) as connection:
            count = len((await connection.execute(teams.select())).all())
            await connection.execute(teams.insert().values(id=f"team_{number}", name=f"t{number}", created_us=count))

    await asyncio.gather(*(write(number) for number in range(8)))
    async with reading(engine) as connection:
        assert len((await connection.execute(teams.select())).all()) == 8


async def test_a_reader_sees_one_state_while_others_write(engine: Engine) -> None:
    async with reading(engine) as reader:
        assert (await reader.execute(teams.select())).all() == []
        async with writing(engine) as writer:
            await writer.execute(teams.insert().values(id="team_1", name="one", created_us=1))
        assert (await reader.execute(teams.select())).all() == []
    async with reading(engine) as reader:
        assert len((await reader.execute(teams.select())).all()) == 1


async def test_a_failing_statement_does_not_show_its_values(engine: Engine) -> None:
    async with writing(engine) as connection:
        await connection.execute(teams.insert().values(id="team_1", name="canary", created_us=1))
    with pytest.raises(DBAPIError) as failed:
        async with writing(engine) as connection:
            await connection.execute(teams.insert().values(id="team_1", name="canary-two", created_us=1))
    assert "canary-two" not in str(failed.value)
    async with reading(engine) as connection:
        assert is_sqlite(connection) == (engine.dialect.name == "sqlite")


async def test_two_processes_may_migrate_at_once(empty_settings: Settings) -> None:
    engines = [create(empty_settings) for _ in range(3)]
    await asyncio.gather(*(upgrade(engine) for engine in engines))
    for engine in engines:
        await engine.dispose()
