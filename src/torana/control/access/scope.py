"""The tenant scope, and the one place that applies it to a statement.

Whatever reads or changes a row by an id that came from outside goes through `within`: another team's row is then not found,
exactly like one that never existed.
"""

from typing import NamedTuple

from sqlalchemy import or_

from torana.stores.sql.metadata import Statement, Table


class Scope(NamedTuple):
    """Whose rows may be touched."""

    team_id: str | None
    """None is the platform, which may touch every team's."""


PLATFORM = Scope(None)


def within(statement: Statement, table: Table, scope: Scope, *, platform_too: bool = False) -> Statement:
    """Restrict a statement to the scope's rows of `table`; `platform_too` adds the rows that belong to no team."""
    if scope.team_id is None:
        return statement
    own = table.c.team_id == scope.team_id
    return statement.where(or_(own, table.c.team_id.is_(None)) if platform_too else own)
