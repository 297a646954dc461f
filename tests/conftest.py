"""Fixtures that every folder of tests may use."""

from tests.support.databases import (
    anyio_backend,
    empty_engine,
    empty_settings,
    engine,
    master,
    migrated_postgres,
    migrated_sqlite,
    postgres_server,
    publisher,
    settings,
)

__all__ = [
    "anyio_backend",
    "empty_engine",
    "empty_settings",
    "engine",
    "master",
    "migrated_postgres",
    "migrated_sqlite",
    "postgres_server",
    "publisher",
    "settings",
]
