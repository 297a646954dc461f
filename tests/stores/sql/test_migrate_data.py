"""A database with content is brought to a newer schema without losing any of it."""

from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import select, text
from sqlalchemy.engine import Connection as SyncConnection
from sqlalchemy.exc import IntegrityError

from torana.stores.sql import migrate, tables
from torana.stores.sql.engine import Engine, is_sqlite, reading, writing
from torana.stores.sql.metadata import metadata

pytestmark = pytest.mark.anyio

ROWS: dict[str, dict[str, Any]] = {
    "teams": {"id": "team_1", "name": "red", "created_us": 1},
    "apps": {"id": "app_1", "team_id": "team_1", "name": "bench", "keep_bodies": True, "created_us": 2},
    "providers": {
        "id": "provider_1",
        "name": "local",
        "vendor": "openai-compatible",
        "base_url": "http://127.0.0.1:9001/v1",
        "sealed_key": b"sealed",
        "created_us": 3,
    },
    "services": {
        "id": "service_1",
        "team_id": "team_1",
        "name": "chat",
        "kind": "model",
        "visibility": "team",
        "state": "active",
        "keep_bodies": True,
        "created_us": 4,
    },
    "deployments": {
        "id": "deployment_1",
        "service_id": "service_1",
        "provider_id": "provider_1",
        "position": 0,
        "model": "m",
        "weight": 3,
    },
    "aliases": {"id": "alias_1", "service_id": "service_1", "name": "best"},
    "subscriptions": {
        "id": "subscription_1",
        "team_id": "team_1",
        "app_id": "app_1",
        "service_id": "service_1",
        "state": "approved",
        "created_us": 5,
    },
}


def _to(connection: SyncConnection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _differences(connection: SyncConnection) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


async def _filled_at_0002(engine: Engine) -> None:
    async with writing(engine) as connection:
        await connection.run_sync(_to, "0002_calls")
        for table, row in ROWS.items():
            names = ", ".join(row)
            marks = ", ".join(f":{name}" for name in row)
            await connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), row)


async def test_what_0002_holds_is_whole_in_0003(empty_engine: Engine) -> None:
    await _filled_at_0002(empty_engine)
    await migrate.upgrade(empty_engine)
    async with reading(empty_engine) as connection:
        for table, row in ROWS.items():
            columns = [metadata.tables[table].c[name] for name in row]
            assert [tuple(found) for found in await connection.execute(select(*columns))] == [tuple(row.values())]
        service = (await connection.execute(select(tables.services))).one()._mapping
        assert (service["drop_unsupported"], service["try_unsupported"], service["custom"]) == (False, False, None)
        assert await connection.run_sync(_differences) == []
        if is_sqlite(connection):
            assert (await connection.execute(text("PRAGMA foreign_key_check"))).all() == []


async def test_the_changed_table_still_minds_its_constraints(empty_engine: Engine) -> None:
    await _filled_at_0002(empty_engine)
    await migrate.upgrade(empty_engine)
    row = ROWS["services"] | {"id": "service_2", "name": "other", "kind": "custom", "custom": "{}"}
    async with writing(empty_engine) as connection:
        await connection.execute(tables.services.insert().values(**row))
    refused = (
        {"id": "service_3", "name": "chat"},
        {"id": "service_3", "name": "new", "kind": "magic"},
        {"id": "service_3", "name": "new", "state": "odd"},
        {"id": "service_3", "name": "new", "team_id": "team_9"},
    )
    for wrong in refused:
        with pytest.raises(IntegrityError):
            async with writing(empty_engine) as connection:
                await connection.execute(tables.services.insert().values(**(row | wrong)))
    # And what belongs to a service still goes with it.
    async with writing(empty_engine) as connection:
        await connection.execute(tables.services.delete().where(tables.services.c.id == "service_1"))
        for table in (tables.deployments, tables.aliases, tables.subscriptions):
            assert (await connection.execute(select(table))).all() == []


async def test_a_migration_that_fails_half_way_leaves_0002_with_all_its_rows(
    empty_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _filled_at_0002(empty_engine)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the migration failed half-way")

    monkeypatch.setattr("alembic.op.create_index", fail)
    monkeypatch.setattr("alembic.op.create_check_constraint", fail)
    with pytest.raises(RuntimeError):
        await migrate.upgrade(empty_engine)
    assert await migrate.schema_state(empty_engine) == "older"
    async with reading(empty_engine) as connection:
        for table in ROWS:
            assert len((await connection.execute(text(f"SELECT id FROM {table}"))).all()) == 1
