"""Columns and constraints that many tables have, spelled once."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, String, Text, column, false


def identity() -> Column[str]:
    """The primary key: text made by `core.ids.new_id`."""
    return Column("id", String(40), primary_key=True)


def belongs(name: str, to: str, *, nullable: bool = False, ondelete: str = "CASCADE") -> Column[Any]:
    """A reference to a row of `to`."""
    return Column(name, String(40), ForeignKey(f"{to}.id", ondelete=ondelete), nullable=nullable)


def text(name: str, length: int | None = None, *, nullable: bool = False) -> Column[str]:
    """Text of at most `length` characters, or of any length."""
    return Column(name, Text() if length is None else String(length), nullable=nullable)


def time(name: str, *, nullable: bool = False) -> Column[int]:
    """Microseconds since 1970."""
    return Column(name, BigInteger, nullable=nullable)


def created() -> Column[int]:
    """When the row was made."""
    return time("created_us")


def flag(name: str) -> Column[bool]:
    """Off unless said otherwise."""
    return Column(name, Boolean, nullable=False, server_default=false())


def one_of(name: str, *values: str) -> CheckConstraint:
    """That a column has one of these values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{name} IN ({listed})", name=name)


def index_where_set(name: str, set_column: str, *columns: str) -> Index:
    """An index of the rows that have `set_column`, where few do."""
    condition = column(set_column).is_not(None)
    return Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


def unique_where_null(name: str, null_column: str, *columns: str) -> Index:
    """Uniqueness among rows without `null_column`: two nulls are never equal, so a plain constraint does not see them."""
    condition = column(null_column).is_(None)
    return Index(name, *columns, unique=True, sqlite_where=condition, postgresql_where=condition)
