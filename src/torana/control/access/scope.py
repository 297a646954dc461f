"""The tenant scope, and the one place that applies it to a statement.

Whatever reads or changes a row by an id that came from outside goes through `within`: another team's row is then not found,
exactly like one that never existed.
"""

from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from sqlalchemy import Column, or_

from torana.stores.sql.metadata import Statement, Table


class Scope(NamedTuple):
    """Whose rows may be touched."""

    team_ids: AbstractSet[str] | None
    """None is everybody's, and the platform's own; an empty set is nobody's."""


PLATFORM = Scope(None)


def of_team(team_id: str) -> Scope:
    """One team's rows."""
    return Scope(frozenset((team_id,)))


def within(statement: Statement, table: Table, scope: Scope, *, platform_too: bool = False) -> Statement:
    """Restrict a statement to the scope's rows of `table`; `platform_too` adds the rows that belong to no team."""
    if scope.team_ids is None:
        return statement
    own = table.c.team_id.in_(sorted(scope.team_ids))
    return statement.where(or_(own, table.c.team_id.is_(None)) if platform_too else own)


def within_any(statement: Statement, scope: Scope, *columns: Column[Any]) -> Statement:
    """Restrict a statement to rows that belong to one of the scope's teams by any of these columns.

    For what concerns two teams: a subscription is the app's team's, and the service's.
    """
    if scope.team_ids is None:
        return statement
    return statement.where(or_(*(column.in_(sorted(scope.team_ids)) for column in columns)))
