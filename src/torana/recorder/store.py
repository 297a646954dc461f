"""The recorder's transactions: rows, sums and spool offsets of a batch, stored together or not at all.

Statements go to the driver as text with tuples: SQLAlchemy's expressions would cost more for every row than the database does.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, event, select
from sqlalchemy.exc import DataError, IntegrityError

from torana.recorder.price import Override, usd
from torana.recorder.tally import Tally
from torana.stores.sql.call_tables import (
    CALL_COLUMNS,
    PLACE_FIELDS,
    RELEASE_SUMS,
    ROLLUP_KEYS,
    ROLLUP_SUMS,
    spool_offsets,
)
from torana.stores.sql.engine import Connection, Engine, is_sqlite, reading, writing
from torana.stores.sql.tables import deployments, prices

# SQLSTATE classes of asyncpg's own errors: data exception, integrity constraint violation.
_DATA_CLASSES = ("22", "23")


class OffsetMoved(Exception):
    """Somebody else has stored from this segment since the offsets were read: read them again."""


class RecordStore:
    """Stores batches for one data folder, `node`."""

    def __init__(self, engine: Engine, node: str) -> None:
        self._engine = engine
        self._node = node
        sqlite = engine.dialect.name == "sqlite"
        if sqlite:
            event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        self._insert_calls = _insert("calls", CALL_COLUMNS, sqlite)
        self._insert_places = f"{_insert('call_places', ('id', *PLACE_FIELDS), sqlite)} ON CONFLICT DO NOTHING"
        self._add_rollups = _upsert("call_rollups", ROLLUP_KEYS, ROLLUP_SUMS, sqlite)
        self._add_release_rollups = _upsert("release_rollups", ("release", "bucket"), RELEASE_SUMS, sqlite)
        self._note_uses = (
            f"{_insert('key_uses', ('key_id', 'last_us'), sqlite)} ON CONFLICT (key_id) DO UPDATE"
            " SET last_us = excluded.last_us WHERE excluded.last_us > key_uses.last_us"
        )
        names = ("?", "?", "?") if sqlite else ("$1", "$2", "$3")
        self._move = (
            f'UPDATE spool_offsets SET "offset" = {names[0]} WHERE segment = {names[1]} AND "offset" = {names[2]}'  # noqa: S608
        )
        self._begin = _insert("spool_offsets", ("segment", "node", "offset"), sqlite)

    async def offsets(self) -> dict[str, int]:
        """How far each segment of this node is stored."""
        async with reading(self._engine) as connection:
            query = select(spool_offsets.c.segment, spool_offsets.c.offset).where(spool_offsets.c.node == self._node)
            return {str(row[0]): int(row[1]) for row in await connection.execute(query)}

    async def forget(self, segments: Sequence[str]) -> None:
        """Drop the offsets of segments whose files are removed."""
        async with writing(self._engine) as connection:
            await connection.execute(delete(spool_offsets).where(spool_offsets.c.segment.in_(segments)))

    async def commit(self, tally: Tally, moves: Mapping[str, tuple[int, int]]) -> None:
        """Store rows and places, add roll-ups, note uses of keys and move each segment's offset (from, to), in one transaction.

        Raises OffsetMoved when an offset is not where the caller believed, and whatever the database raises.
        """
        # Ordered: two nodes that store the same places or add to the same sums in PostgreSQL take the row locks in one order.
        places = [(digest, *fields) for digest, fields in sorted(tally.places.items())]
        rollups, releases = tally.rollups(), tally.release_rollups()
        uses = tally.key_uses()
        async with writing(self._engine) as connection:
            for segment, (start, end) in moves.items():
                if start == 0:
                    await connection.exec_driver_sql(self._begin, (segment, self._node, end))
                else:
                    moved = await connection.exec_driver_sql(self._move, (end, segment, start))
                    if moved.rowcount != 1:
                        raise OffsetMoved(segment)
            if places:
                await connection.exec_driver_sql(self._insert_places, places)
            if tally.rows:
                await self._insert(connection, tally.rows)
            if rollups:
                await connection.exec_driver_sql(self._add_rollups, rollups)
            if uses:
                await connection.exec_driver_sql(self._note_uses, uses)
            if releases:
                await connection.exec_driver_sql(self._add_release_rollups, releases)

    async def overrides(self) -> tuple[list[Override], dict[str, str]]:
        """The operators' prices, and the provider id of each deployment that a provider's price may touch."""
        columns = (getattr(prices.c, name) for name in Override._fields)
        async with reading(self._engine) as connection:
            found = [
                Override(*row[:6], *(usd(text) for text in row[6:]))
                for row in await connection.execute(select(*columns))
            ]
            if not any(one.provider_id for one in found):
                return found, {}
            touched = select(prices.c.provider_id).where(prices.c.provider_id.is_not(None))
            query = select(deployments.c.id, deployments.c.provider_id).where(deployments.c.provider_id.in_(touched))
            return found, {str(row[0]): str(row[1]) for row in await connection.execute(query)}

    async def _insert(self, connection: Connection, rows: list[tuple[Any, ...]]) -> None:
        if is_sqlite(connection):
            await connection.exec_driver_sql(self._insert_calls, rows)
            return
        # The offsets above have begun the transaction on the driver's connection, so the copy is part of it.
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        await raw.copy_records_to_table("calls", records=rows, columns=CALL_COLUMNS)


def _prepare_sqlite(connection: Any, _: object) -> None:
    # The same pages of the indexes are written by one transaction after another: the longer until they are copied from the
    # log to the file, the more rarely each is copied. 16 MiB of log, 16 MiB of cache.
    connection.execute("PRAGMA wal_autocheckpoint=4000").close()
    connection.execute("PRAGMA cache_size=-16384").close()


def is_about_data(error: BaseException) -> bool:
    """Whether the database refused what was to be stored, rather than being unable to store anything."""
    if isinstance(error, (IntegrityError, DataError, OverflowError, ValueError)):
        return True
    # What asyncpg refuses before it sends it comes wrapped, and only the innermost knows its class.
    orig = getattr(error, "orig", None)
    found = (getattr(one, "sqlstate", None) for one in (error, orig, getattr(orig, "__cause__", None)))
    return any(str(state or "")[:2] in _DATA_CLASSES for state in found)


def _marks(count: int, sqlite: bool) -> str:
    return ", ".join("?" if sqlite else f"${number}" for number in range(1, count + 1))


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _insert(table: str, columns: Sequence[str], sqlite: bool) -> str:
    return f"INSERT INTO {table} ({_quoted(columns)}) VALUES ({_marks(len(columns), sqlite)})"  # noqa: S608 - names of ours only


def _upsert(table: str, keys: Sequence[str], sums: Sequence[str], sqlite: bool) -> str:
    added = ", ".join(f'"{name}" = {table}."{name}" + excluded."{name}"' for name in sums)
    return f"{_insert(table, (*keys, *sums), sqlite)} ON CONFLICT ({_quoted(keys)}) DO UPDATE SET {added}"
