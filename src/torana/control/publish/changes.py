"""What a transaction has written, learnt from its statements: whoever changes something cannot forget to say so."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import BindParameter, BooleanClauseList, ColumnElement, Delete, Insert, Select, Update, event
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BinaryExpression

from torana.stores.sql import audit_tables, lifecycle_tables, people_tables, tables
from torana.stores.sql.engine import Connection

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
    )
)


class Changes:
    """Notes the statements of one transaction."""

    __slots__ = ("_elsewhere", "_key_ids", "audited")

    def __init__(self) -> None:
        self.audited = False
        """Whether the audit trail has a new entry."""
        self._key_ids: set[str] = set()
        self._elsewhere = False

    @property
    def key_ids(self) -> frozenset[str] | None:
        """The keys that were written, if nothing else was that a snapshot is made of; None when anything may have changed."""
        return None if self._elsewhere else frozenset(self._key_ids)

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
        found = None if table != tables.keys.name or many or params else _key_id(statement)
        if found is None:
            self._elsewhere = True
        else:
            self._key_ids.add(found)

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


def _key_id(statement: Insert | Update | Delete) -> str | None:
    """The one key that a statement writes; None when it may be another number of them."""
    if isinstance(statement, Delete):
        # Its hash goes with its row.
        return None
    if isinstance(statement, Insert):
        if statement.select is not None:
            return None
        found = statement.compile().params.get("id")
        return found if isinstance(found, str) else None
    condition = statement.whereclause
    # A key is found by its digest: with another one, what was published under the old digest would stay.
    if condition is None or "digest" in statement.compile().params:
        return None
    for part in _conjuncts(condition):
        if (
            isinstance(part, BinaryExpression)
            and part.operator is operators.eq
            and part.left is tables.keys.c.id
            and isinstance(part.right, BindParameter)
            and isinstance(part.right.value, str)
        ):
            return part.right.value
    return None


def _conjuncts(condition: ColumnElement[Any]) -> Sequence[object]:
    if isinstance(condition, BooleanClauseList):
        return list(condition.clauses) if condition.operator is operators.and_ else []
    return [condition]
