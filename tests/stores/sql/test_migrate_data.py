"""A database with content is brought to a newer schema without losing any of it, from every revision there ever was."""

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import BigInteger, CheckConstraint, Integer, LargeBinary, Table, delete, insert, select, text, update
from sqlalchemy.engine import Connection as SyncConnection
from sqlalchemy.exc import IntegrityError

from tests.stores.sql.filled import BECAME, Rows, fill, put, reflected
from torana.stores.sql import migrate
from torana.stores.sql.engine import Engine, is_sqlite, reading, writing
from torana.stores.sql.metadata import metadata
from torana.stores.sql.version import known_revisions

pytestmark = pytest.mark.anyio

OLDER = known_revisions()[:-1]


async def _filled(engine: Engine, revision: str) -> Rows:
    async with writing(engine) as connection:
        return await connection.run_sync(fill, revision)


def _differences(connection: SyncConnection) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


@pytest.mark.parametrize("revision", OLDER)
async def test_an_upgrade_keeps_every_row_and_every_constraint(empty_engine: Engine, revision: str) -> None:
    rows = await _filled(empty_engine, revision)
    assert await migrate.schema_state(empty_engine) == "older"
    await migrate.upgrade(empty_engine)
    await _every_row_is_whole(empty_engine, rows)
    await _fill_what_is_new(empty_engine)
    await _every_check_holds(empty_engine)
    await _every_partial_index_holds(empty_engine)
    await _what_is_a_teams_goes_with_it(empty_engine)


async def _every_row_is_whole(engine: Engine, rows: Rows) -> None:
    async with reading(engine) as connection:
        for name, given in rows.items():
            table = metadata.tables[name]
            expected = [
                {column: BECAME.get((name, column, value), value) for column, value in row.items()} for row in given
            ]
            found = await connection.execute(select(*(table.c[column] for column in given[0])))
            assert sorted(map(repr, (dict(row._mapping) for row in found))) == sorted(map(repr, expected)), name
        assert await connection.run_sync(_differences) == []
        if is_sqlite(connection):
            assert (await connection.execute(text("PRAGMA foreign_key_check"))).all() == []
            assert (await connection.execute(text("PRAGMA integrity_check"))).scalar_one() == "ok"


async def _fill_what_is_new(engine: Engine) -> None:
    """Rows in the tables that came after the revision: an UPDATE without rows breaks no check."""

    def fill_empty(connection: SyncConnection) -> None:
        for table in reflected(connection).sorted_tables:
            if table.name in metadata.tables and connection.execute(select(table).limit(1)).first() is None:
                put(connection, table, known_revisions()[-1])

    async with writing(engine) as connection:
        await connection.run_sync(fill_empty)


async def _every_check_holds(engine: Engine) -> None:
    checks = [
        (table, constraint)
        for table in metadata.sorted_tables
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    ]
    assert len(checks) > 15
    for table, constraint in checks:
        with pytest.raises(IntegrityError):
            async with writing(engine) as connection:
                await connection.execute(update(table).values(_against(table, constraint)))


def _against(table: Table, constraint: CheckConstraint) -> dict[str, Any]:
    """Values that a check has to refuse."""
    name = str(constraint.name).removeprefix(f"ck_{table.name}_")
    if (table.name, name) == ("prices", "owner"):
        return {"vendor": None, "provider_id": None}
    return {name: -1 if isinstance(table.c[name].type, BigInteger | Integer) else "nonsense"}


async def _every_partial_index_holds(engine: Engine) -> None:
    """A second row that is alike where one column is null is refused, and one that differs is not."""
    partial = [
        (table, index)
        for table in metadata.sorted_tables
        for index in table.indexes
        if index.unique and index.dialect_options["sqlite"]["where"] is not None
    ]
    assert len(partial) >= 5
    for table, index in partial:
        async with reading(engine) as connection:
            found = await connection.execute(select(table).where(table.c.id == f"{table.name}_2"))
            row = dict(found.one()._mapping) | {"id": "another"}
        row |= {
            column.name: b"another".ljust(16)
            for column in table.columns
            if isinstance(column.type, LargeBinary) and row[column.name] is not None
        }
        with pytest.raises(IntegrityError):
            async with writing(engine) as connection:
                await connection.execute(insert(table).values(row))
        last = list(index.columns)[-1].name
        other = {last: row[last] + 1 if isinstance(row[last], int) else "another"}
        async with writing(engine) as connection:
            await connection.execute(insert(table).values(row | other))


async def _what_is_a_teams_goes_with_it(engine: Engine) -> None:
    owned = [table for table in metadata.sorted_tables if "team_id" in table.c and table.c.team_id.foreign_keys]
    async with writing(engine) as connection:
        # These hold on to accounts and plans, which go with the team only after them.
        for name in ("deployments", "subscriptions"):
            await connection.execute(delete(metadata.tables[name]))
        await connection.execute(delete(metadata.tables["teams"]))
        for table in owned:
            left = await connection.execute(select(table).where(table.c.team_id.is_not(None)))
            assert left.all() == [], table.name


async def test_a_migration_that_fails_half_way_leaves_0002_with_all_its_rows(
    empty_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = await _filled(empty_engine, "0002_calls")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the migration failed half-way")

    monkeypatch.setattr("alembic.op.create_index", fail)
    monkeypatch.setattr("alembic.op.create_check_constraint", fail)
    with pytest.raises(RuntimeError):
        await migrate.upgrade(empty_engine)
    assert await migrate.schema_state(empty_engine) == "older"
    async with reading(empty_engine) as connection:
        for table, given in rows.items():
            assert len((await connection.execute(text(f"SELECT * FROM {table}"))).all()) == len(given)
