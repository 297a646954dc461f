"""A database filled at any revision: every table that it then has gets a full row and a bare one."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, LargeBinary, MetaData, String, Table, Text
from sqlalchemy.engine import Connection as SyncConnection

from torana.stores.sql import migrate

for _file in Path(migrate.__file__).parent.glob("*tables.py"):
    # So that the one MetaData knows every table, whichever file a later change puts it in.
    import_module(f"torana.stores.sql.{_file.stem}")

VERSION_TABLE = "alembic_version"
FULL, BARE = 1, 2
Rows = dict[str, list[dict[str, Any]]]

# What a column's type does not tell: the full row's value, then the bare one's. A value of an older revision comes first.
_SAID: dict[str, dict[str, tuple[Any, Any]]] = {
    "users": {"kind": ("service", "person"), "state": ("suspended", "active")},
    "services": {
        "kind": ("model", "model"),
        "visibility": ("team", "organisation"),
        "state": ("active", "disabled"),
        "lifecycle": ("direct", "direct"),
    },
    "subscriptions": {"state": ("approved", "requested")},
    "limits": {"owner_kind": ("team", "service"), "kind": ("requests", "concurrency")},
    "prices": {"vendor": (None, "openai")},
    "releases": {"state": ("published", "review")},
    "approvals": {"noun": ("release", "subscription"), "state": ("approved", "open")},
    "decisions": {"verdict": ("approve", "reject")},
    "deliveries": {"channel": ("webhook", "email")},
}
_SAID_BEFORE: dict[str, dict[str, dict[str, tuple[Any, Any]]]] = {
    "0004_people": {"users": {"platform_role": ("admin", "member")}},
    "0005_lifecycle": {"subscriptions": {"state": ("refused", "approved")}},
}
"""By the migration that made them something else."""

BECAME: dict[tuple[str, str, Any], Any] = {
    ("users", "platform_role", "admin"): "owner",
    ("subscriptions", "state", "refused"): "rejected",
}
"""What migrations make of a value, by table, column and value."""


def to(connection: SyncConnection, revision: str) -> None:
    """Bring an empty database to a revision."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def reflected(connection: SyncConnection) -> MetaData:
    """The tables as they are in the database."""
    found = MetaData()
    found.reflect(connection)
    return found


def fill(connection: SyncConnection, revision: str) -> Rows:
    """Migrate to a revision and fill every table; what was put in."""
    to(connection, revision)
    tables = [table for table in reflected(connection).sorted_tables if table.name != VERSION_TABLE]
    return {table.name: put(connection, table, revision) for table in tables}


def put(connection: SyncConnection, table: Table, revision: str) -> list[dict[str, Any]]:
    """Fill one table of a database that stands at a revision; what was put in."""
    said = dict(_SAID.get(table.name, {}))
    for until, tables in _SAID_BEFORE.items():
        if revision < until:
            said |= tables.get(table.name, {})
    rows = [_row(table, number, said) for number in (FULL, BARE)]
    for row in rows:
        connection.execute(table.insert(), row)
    return rows


def _row(table: Table, number: int, said: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    return {column.name: _value(column, number, said) for column in table.columns}


def _value(column: Column[Any], number: int, said: Mapping[str, tuple[Any, Any]]) -> Any:
    if column.name in said:
        return said[column.name][number - 1]
    if column.nullable and number == BARE:
        return None
    if reference := next(iter(column.foreign_keys), None):
        # Rows that refer to each other have the same number.
        return f"{reference.column.table.name}_{number}"[:40]
    return _of_type(column, number)


def _of_type(column: Column[Any], number: int) -> Any:
    kind = column.type
    if isinstance(kind, Boolean):
        return number == FULL
    if isinstance(kind, BigInteger | Integer):
        # Larger than 32 bits where that fits: what a migration cuts is seen.
        return number + (2**40 if isinstance(kind, BigInteger) else 0)
    if isinstance(kind, Float):
        return number + 0.5
    if isinstance(kind, LargeBinary):
        return bytes([number, 0, 255]) * 4 + column.name.encode()[:4].ljust(4)
    assert isinstance(kind, String | Text), (column, kind)
    if column.name == "id":
        return f"{column.table.name}_{number}"[:40]
    return f"{column.name} {number} äß'\""[: getattr(kind, "length", None) or 40]
