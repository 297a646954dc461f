"""Brings a database to this program's schema, whole or not at all."""

from pathlib import Path
from typing import Any, Literal

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection as SyncConnection

from torana.stores.sql.engine import Connection, Engine, is_sqlite, reading, writing
from torana.stores.sql.version import known_revisions, too_new

SchemaState = Literal["absent", "older", "current", "newer"]

# Any number that nobody else uses: it makes nodes that start together migrate one after the other.
_MIGRATION_LOCK = 7_061_726
VERSION_TABLE = "alembic_version"


class SchemaTooNew(Exception):
    """The database was written by a newer program; the message says what to do."""


async def schema_state(engine: Engine) -> SchemaState:
    """How the database's schema stands to this program's."""
    async with reading(engine) as connection:
        return _state(await revision_of(connection))


async def upgrade(engine: Engine) -> None:
    """Bring the schema to this program's, in one transaction. Does nothing when it is there. Raises SchemaTooNew."""
    async with reading(engine) as connection:
        if _current(await revision_of(connection)):
            return
    async with writing(engine) as connection:
        await wait_for_others(connection)
        if not _current(await revision_of(connection)):
            await bring_to(connection, "head")


async def wait_for_others(connection: Connection) -> None:
    """Let no other node migrate until this transaction ends."""
    # On SQLite the transaction itself has the write lock from its beginning.
    if not is_sqlite(connection):
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})


async def bring_to(connection: Connection, revision: str) -> None:
    """Bring the schema forward to a known revision, inside the caller's transaction. Does nothing when it is there."""
    await connection.run_sync(_run, revision)


def _state(revision: str | None) -> SchemaState:
    known = known_revisions()
    if revision is None:
        return "absent"
    if revision not in known:
        return "newer"
    return "current" if revision == known[-1] else "older"


def _current(revision: str | None) -> bool:
    state = _state(revision)
    if state == "newer" and revision is not None:
        raise SchemaTooNew(too_new(revision))
    return state == "current"


async def revision_of(connection: Connection) -> str | None:
    """The revision that the schema has; None before the first."""

    def read(sync: SyncConnection) -> Any:
        if not inspect(sync).has_table(VERSION_TABLE):
            return None
        return sync.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()

    found = await connection.run_sync(read)
    return None if found is None else str(found)


def _run(connection: SyncConnection, revision: str) -> None:
    # Here, not above: a start that has nothing to migrate does not pay for the import.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
