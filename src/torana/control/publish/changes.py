"""What a transaction has written, learnt from its statements: whoever changes something cannot forget to say so."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, BooleanClauseList, ColumnElement, Delete, Insert, Select, Update, event
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BinaryExpression

from torana.stores.sql import audit_tables, issuer_tables, lifecycle_tables, people_tables, tables
from torana.stores.sql.engine import Connection
from torana.stores.sql.metadata import Table

# Tables that no snapshot is made of.
_UNPUBLISHED = frozenset(
    table.name
    for table in (
        tables.prices,
        people_tables.users,
        people_tables.tokens,
        people_tables.sessions,
        people_tables.sign_in_failures,
        people_tables.invitations,
        people_tables.memberships,
        people_tables.roles,
        people_tables.identity_providers,
        people_tables.identities,
        people_tables.groups,
        people_tables.group_members,
        people_tables.group_roles,
        people_tables.group_platform_roles,
        lifecycle_tables.approvals,
        lifecycle_tables.decisions,
        lifecycle_tables.notices,
        lifecycle_tables.webhooks,
        lifecycle_tables.deliveries,
        audit_tables.audit,
        audit_tables.replies,
        issuer_tables.key_uses,
    )
)


# Tables of which single rows are followed, each with the columns that do not change then: a subscription that moved to another app
# would stay with the one before.
_SINGLE: dict[str, tuple[Table, tuple[str, ...]]] = {
    tables.keys.name: (tables.keys, ()),
    tables.subscriptions.name: (tables.subscriptions, ("app_id",)),
}


class Touched(NamedTuple):
    """All that was written that a snapshot is made of."""

    key_ids: frozenset[str] = frozenset()
    subscription_ids: frozenset[str] = frozenset()

    @property
    def size(self) -> int:
        """How many things."""
        return len(self.key_ids) + len(self.subscription_ids)


class Changes:
    """Notes the statements of one transaction."""

    __slots__ = ("_elsewhere", "_ids", "audited")

    def __init__(self) -> None:
        self.audited = False
        """Whether the audit trail has a new entry."""
        self._ids: dict[str, set[str]] = {name: set() for name in _SINGLE}
        self._elsewhere = False

    @property
    def touched(self) -> Touched | None:
        """The keys and subscriptions that were written, if nothing else was; None when anything may have changed."""
        if self._elsewhere:
            return None
        return Touched(frozenset(self._ids[tables.keys.name]), frozenset(self._ids[tables.subscriptions.name]))

    def before_execute(
        self, _conn: object, statement: object, many: Sequence[Mapping[str, Any]], params: Mapping[str, Any], _: object
    ) -> None:
        """Note one statement; one that is not understood counts as a change of everything."""
        if isinstance(statement, Select):
            return
        if not isinstance(statement, Insert | Update | Delete):
            self._elsewhere = True
            return
        table = getattr(statement.table, "name", "")
        if table in _UNPUBLISHED:
            self.audited = self.audited or table == audit_tables.audit.name
            return
        found = None if table not in _SINGLE or many or params else _id_of(statement, *_SINGLE[table])
        if found is None:
            self._elsewhere = True
        else:
            self._ids[table].add(found)

    def before_cursor_execute(
        self, _conn: object, _cursor: object, _statement: str, _parameters: object, context: Any, _many: bool
    ) -> None:
        """Note SQL that was handed over as text, past `before_execute`."""
        if context is None or context.compiled is None:
            self._elsewhere = True


@contextmanager
def watching(connection: Connection) -> Iterator[Changes]:
    """Note what is written through this connection until the end of the block."""
    watched, changes = connection.sync_connection, Changes()
    assert watched is not None
    listeners = {name: getattr(changes, name) for name in ("before_execute", "before_cursor_execute")}
    for name, listener in listeners.items():
        event.listen(watched, name, listener)
    try:
        yield changes
    finally:
        for name, listener in listeners.items():
            event.remove(watched, name, listener)


def _id_of(statement: Insert | Update | Delete, table: Table, fixed: Sequence[str]) -> str | None:
    """The one row that a statement writes; None when it may be another number of them, or one of the `fixed` columns."""
    if isinstance(statement, Delete):
        # What it was published under goes with its row.
        return None
    if isinstance(statement, Insert):
        if statement.select is not None:
            return None
        found = statement.compile().params.get("id")
        return found if isinstance(found, str) else None
    condition = statement.whereclause
    if condition is None or not statement.compile().params.keys().isdisjoint(fixed):
        return None
    for part in _conjuncts(condition):
        if (
            isinstance(part, BinaryExpression)
            and part.operator is operators.eq
            and part.left is table.c.id
            and isinstance(part.right, BindParameter)
            and isinstance(part.right.value, str)
        ):
            return part.right.value
    return None


def _conjuncts(condition: ColumnElement[Any]) -> Sequence[object]:
    if isinstance(condition, BooleanClauseList):
        return list(condition.clauses) if condition.operator is operators.and_ else []
    return [condition]
