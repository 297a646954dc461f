"""Migrations: from nothing to this program's schema, and never from a newer one."""

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection as SyncConnection

from torana.settings import Settings
from torana.stores.sql import version
from torana.stores.sql.call_tables import calls
from torana.stores.sql.engine import Engine, database_file, reading, writing
from torana.stores.sql.metadata import metadata
from torana.stores.sql.migrate import SchemaTooNew, schema_state, upgrade
from torana.stores.sql.tables import teams

pytestmark = pytest.mark.anyio


async def _tables(engine: Engine) -> set[str]:
    async with reading(engine) as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def _set_revision(engine: Engine, revision: str) -> None:
    async with writing(engine) as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


async def test_an_empty_database_is_brought_to_the_schema_of_the_tables(empty_engine: Engine) -> None:
    def differences(sync: SyncConnection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(sync), metadata))

    assert await schema_state(empty_engine) == "absent"
    await upgrade(empty_engine)
    assert await schema_state(empty_engine) == "current"
    assert {teams.name, calls.name} <= set(await _tables(empty_engine))
    async with reading(empty_engine) as connection:
        assert await connection.run_sync(differences) == []


async def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    async with writing(engine) as connection:
        await connection.execute(teams.insert().values(id="team_1", name="one", created_us=1))
    before = await _tables(engine)
    await upgrade(engine)
    assert await _tables(engine) == before
    async with reading(engine) as connection:
        assert (await connection.execute(teams.select())).all() == [("team_1", "one", 1)]


async def test_a_newer_schema_is_refused_with_one_clear_line(engine: Engine) -> None:
    await _set_revision(engine, "9999_from_the_future")
    assert await schema_state(engine) == "newer"
    with pytest.raises(SchemaTooNew) as refused:
        await upgrade(engine)
    assert "9999_from_the_future" in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_the_quick_check_agrees_with_the_migrations(engine: Engine, settings: Settings) -> None:
    file = database_file(settings)
    if file is None:
        pytest.skip("the quick check is for SQLite")
    assert version.check(file) is None
    await _set_revision(engine, "9999_from_the_future")
    line = version.check(file)
    assert line is not None
    assert "9999_from_the_future" in line


async def test_a_failed_migration_leaves_nothing_behind(empty_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the migration failed half-way")

    # The last table is made after all others.
    monkeypatch.setattr("alembic.op.create_index", fail)
    with pytest.raises(RuntimeError):
        await upgrade(empty_engine)
    assert await _tables(empty_engine) == set()


def test_a_revision_is_named_like_its_file_and_follows_the_one_before() -> None:
    scripts = ScriptDirectory(str(version.VERSIONS.parent))
    revisions = [script.revision for script in scripts.walk_revisions()][::-1]
    assert revisions == version.known_revisions()
