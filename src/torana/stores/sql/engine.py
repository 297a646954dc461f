"""Engines and transactions: the same code on SQLite and PostgreSQL.

A transaction on SQLite takes the write lock when it begins (`BEGIN IMMEDIATE`): one that begins as a reader and then writes is
refused at once, without waiting, if another process has written meanwhile. `reading` begins as a reader.
"""

import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection as Connection
from sqlalchemy.ext.asyncio import AsyncEngine as Engine
from sqlalchemy.ext.asyncio import create_async_engine

from torana.settings import MEANINGS, SettingError, Settings

FILE_NAME = "torana.db"
BUSY_TIMEOUT_MS = 10_000
_RETRY_SECONDS = 0.005
_POSTGRES = {"postgres", "postgresql"}

__all__ = [
    "Connection",
    "DatabaseAwayError",
    "Engine",
    "create",
    "database_file",
    "is_sqlite",
    "reading",
    "url_of",
    "writing",
]


class DatabaseAwayError(ConnectionError):
    """The database cannot be reached now; it may be later. The message says why, without the address."""


def database_file(settings: Settings) -> Path | None:
    """The SQLite file of these settings; None when the database is a server."""
    return None if settings.database else Path(settings.data) / FILE_NAME


def url_of(settings: Settings) -> URL:
    """The address of the database, with the driver we use. Raises SettingError."""
    if (file := database_file(settings)) is not None:
        return URL.create("sqlite+aiosqlite", database=str(file.absolute()))
    try:
        url = make_url(settings.database)
    except (ArgumentError, ValueError):
        raise _unusable("it is not a database URL") from None
    if url.get_backend_name() not in _POSTGRES:
        raise _unusable("only postgresql:// is supported")
    # What libpq calls sslmode, asyncpg calls ssl; the values are the same.
    query = {("ssl" if name == "sslmode" else name): value for name, value in url.query.items()}
    return url.set(drivername="postgresql+asyncpg", query=query)


def create(settings: Settings) -> Engine:
    """An engine for these settings; nothing is opened yet. The data folder has to exist. Raises SettingError."""
    url = url_of(settings)
    # hide_parameters: an error must never show what was about to be stored.
    if url.get_backend_name() == "sqlite":
        engine = create_async_engine(url, hide_parameters=True)
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine
    return create_async_engine(url, hide_parameters=True, pool_pre_ping=True, pool_size=5, max_overflow=5)


def is_sqlite(connection: Connection) -> bool:
    """Whether this connection is to SQLite."""
    return connection.dialect.name == "sqlite"


@asynccontextmanager
async def writing(engine: Engine) -> AsyncIterator[Connection]:
    """A transaction that writes: commits at the end of the block, rolls back when it raises. Raises DatabaseAwayError."""
    async with _connected(engine) as connection, connection.begin():
        yield connection


@asynccontextmanager
async def reading(engine: Engine) -> AsyncIterator[Connection]:
    """A transaction that only reads, and sees one state of the database however many statements it runs.

    Raises DatabaseAwayError.
    """
    async with _connected(engine) as connected:
        connection = connected
        if is_sqlite(connection):
            connection = await connection.execution_options(torana_begin="DEFERRED")
        else:
            connection = await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        async with connection.begin():
            yield connection


@asynccontextmanager
async def _connected(engine: Engine) -> AsyncIterator[Connection]:
    async with AsyncExitStack() as opened:
        try:
            connection = await opened.enter_async_context(engine.connect())
        except (OSError, DBAPIError) as error:
            # What the driver says itself: SQLAlchemy adds a statement and a link.
            reason = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
            raise DatabaseAwayError(reason) from error
        yield connection


def _unusable(reason: str) -> SettingError:
    # The value itself is not shown: it may hold a password.
    return SettingError(f"database cannot be used: {reason}. It means: {MEANINGS['database']}.")


def _prepare_sqlite(connection: Any, _: object) -> None:
    # None: sqlite3 must not begin transactions by itself, `_begin_sqlite` does.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    _use_wal(cursor)
    cursor.close()


def _use_wal(cursor: Any) -> None:
    # Two processes that change a new file's journal at once refuse each other without waiting (sqlite.org/wal.html, "locked").
    until = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() >= until:
                raise
            time.sleep(_RETRY_SECONDS)
        else:
            return


def _begin_sqlite(connection: Any) -> None:
    mode = connection.get_execution_options().get("torana_begin", "IMMEDIATE")
    connection.exec_driver_sql(f"BEGIN {mode}")
