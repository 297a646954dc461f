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


class SchemaTooNew(Exception):
    """The database was written by a newer program; the message says what to do."""


async def schema_state(engine: Engine) -> SchemaState:
    """How the database's schema stands to this program's."""
    async with reading(engine) as connection:
        return _state(await _revision(connection))


async def upgrade(engine: Engine) -> None:
    """Bring the schema to this program's, in one transaction. Does nothing when it is there. Raises SchemaTooNew."""
    async with reading(engine) as connection:
        if _current(await _revision(connection)):
            return
    async with writing(engine) as connection:
        if not is_sqlite(connection):
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
        if not _current(await _revision(connection)):
            await connection.run_sync(_run)


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


async def _revision(connection: Connection) -> str | None:
    def read(sync: SyncConnection) -> Any:
        if not inspect(sync).has_table("alembic_version"):
            return None
        return sync.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()

    found = await connection.run_sync(read)
    return None if found is None else str(found)


def _run(connection: SyncConnection) -> None:
    # Here, not above: a start that has nothing to migrate does not pay for the import.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
