"""Fixtures that every folder of tests may use."""

from tests.support.databases import (
    anyio_backend,
    database,
    empty_engine,
    engine,
    master,
    postgres_server,
    publisher,
    settings,
)

__all__ = [
    "anyio_backend",
    "database",
    "empty_engine",
    "engine",
    "master",
    "postgres_server",
    "publisher",
    "settings",
]
