"""Fixtures that every folder of tests may use."""

from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

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

# Shared machines are slow at times: how long an example took says nothing about the program.
hypothesis_settings.register_profile(
    "torana", deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("torana")
