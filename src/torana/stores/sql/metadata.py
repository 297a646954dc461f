"""The one MetaData of every table, and the words of SQLAlchemy that other folders may need to name."""

from typing import Any, TypeVar

import msgspec
from sqlalchemy import Column, Delete, MetaData, Select, Table, Update

Statement = TypeVar("Statement", Select[Any], Update, Delete)

# Fixed names let a migration change a constraint that either engine made.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

__all__ = ["Statement", "Table", "columns_of", "metadata"]


def columns_of(table: Table, kind: type[msgspec.Struct]) -> list[Column[Any]]:
    """The columns that a struct's fields are named after, in the fields' order: `kind(*row)` makes one from a row."""
    return [table.c[name] for name in kind.__struct_fields__]
