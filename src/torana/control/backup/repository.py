"""Whole tables in and out, as the database itself describes them: what a backup holds does not hang on this program's tables."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import MetaData, Table, func, inspect, literal, select, text
from sqlalchemy.engine import Connection as SyncConnection
from sqlalchemy.exc import DBAPIError, StatementError

from torana.control.backup.archive import BackupError, Header, Row, Value
from torana.stores.sql.engine import Connection, is_sqlite
from torana.stores.sql.migrate import VERSION_TABLE

RECORDS = frozenset({"calls", "call_places", "call_rollups", "release_rollups", "spool_offsets"})
"""What the recorder wrote, and how far."""
PASSING = frozenset({"sessions", "replies", "sign_in_failures"})
"""What nobody misses: people sign in again, and requests that are sent again are done again."""
_CHUNK = 1_000

Tables = Mapping[str, Table]


async def reflected(connection: Connection, *, records: bool) -> Tables:
    """The tables that belong in a backup, each after those that it refers to."""

    def read(sync: SyncConnection) -> dict[str, Table]:
        found = MetaData()
        found.reflect(sync)
        left_out = PASSING | {VERSION_TABLE} | (frozenset() if records else RECORDS)
        return {str(table.name): table for table in found.sorted_tables if table.name not in left_out}

    return await connection.run_sync(read)


def columns_of(tables: Tables) -> dict[str, list[str]]:
    """The names of the columns of each."""
    return {name: [str(column.name) for column in table.columns] for name, table in tables.items()}


async def counts(connection: Connection, tables: Tables) -> dict[str, int]:
    """How many rows each has."""
    return {
        name: int(await connection.scalar(select(func.count()).select_from(table)) or 0)
        for name, table in tables.items()
    }


async def rows(connection: Connection, table: Table) -> AsyncIterator[Sequence[Any]]:
    """Every row, by its primary key, without holding more than a few in memory."""
    result = await connection.stream(select(table).order_by(*table.primary_key.columns))
    async for some in result.partitions(_CHUNK):
        for row in some:
            yield row


async def is_without_tables(connection: Connection) -> bool:
    """Whether nothing was ever made in this database."""
    return not await connection.run_sync(lambda sync: inspect(sync).get_table_names())


async def filled(connection: Connection) -> Collection[str]:
    """The names of all tables that have rows."""

    def read(sync: SyncConnection) -> list[str]:
        found = MetaData()
        found.reflect(sync)
        some = select(literal(1)).limit(1)
        return [
            str(table.name)
            for table in found.sorted_tables
            if table.name != VERSION_TABLE and sync.execute(some.select_from(table)).first() is not None
        ]

    return await connection.run_sync(read)


def fitting(tables: Tables, header: Header) -> None:
    """Raises BackupError when the header names tables or columns that there are not at its revision."""
    for name, columns in header.columns.items():
        if name not in tables:
            raise BackupError(f"there is no table {name[:60]!r} at schema {header.schema}")
        if unknown := sorted(set(columns) ^ set(tables[name].c.keys())):
            raise BackupError(f"the columns of {name} do not fit schema {header.schema}: {unknown[0][:60]!r}")


class Inserter:
    """Inserts rows in the order they come, many at a time."""

    def __init__(self, connection: Connection, tables: Tables, header: Header) -> None:
        self._connection = connection
        self._tables = tables
        self._columns = header.columns
        self._table = ""
        self._waiting: list[dict[str, Value]] = []

    async def add(self, row: Row) -> None:
        """One row. Raises BackupError."""
        if row.table != self._table or len(self._waiting) >= _CHUNK:
            await self.flush()
            self._table = row.table
        self._waiting.append(dict(zip(self._columns[row.table], row.values, strict=True)))

    async def flush(self) -> None:
        """What still waits. Raises BackupError."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        try:
            await self._connection.execute(self._tables[self._table].insert(), waiting)
        except (DBAPIError, StatementError) as error:
            # The driver's own words may repeat a value.
            reason = type(getattr(error, "orig", None) or error).__name__
            raise BackupError(f"the database does not take the rows of {self._table}: {reason}") from None


async def go_on_counting(connection: Connection, tables: Tables) -> None:
    """On PostgreSQL, let numbers that the database gives out begin behind those that were restored."""
    if is_sqlite(connection):
        return
    for table in tables.values():
        for column in table.primary_key.columns:
            found = await connection.scalar(
                text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": table.name, "column": column.name}
            )
            if found is not None:
                most = await connection.scalar(select(func.max(column)))
                if most is not None:
                    statement = text("SELECT setval(CAST(:sequence AS regclass), :most)")
                    await connection.execute(statement, {"sequence": found, "most": most})
