"""What a transaction has written, learnt from its statements: whoever changes something cannot forget to say so."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from msgspec import json
from sqlalchemy import (
    BindParameter,
    BooleanClauseList,
    Column,
    ColumnElement,
    Delete,
    Insert,
    Select,
    Update,
    event,
)
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BinaryExpression

from torana.stores.sql import audit_tables, issuer_tables, lifecycle_tables, people_tables, tables
from torana.stores.sql.engine import Connection
from torana.stores.sql.lifecycle_tables import plans, releases, service_teams
from torana.stores.sql.tables import aliases, apps, deployments, keys, limits, providers, services, subscriptions, teams

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


class Touched(NamedTuple):
    """All that was written that a snapshot is made of: the ids of what a statement named, by what they are ids of."""

    keys: frozenset[str] = frozenset()
    subscriptions: frozenset[str] = frozenset()
    apps: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    """Of services of which anything was written: their rows, deployments, aliases, releases, or whom they are shared with."""
    subscribed: frozenset[str] = frozenset()
    """Of services of which subscriptions were written, not one by one."""
    releases: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()
    plans: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()
    """Of keys, apps, teams and services whose limits were written."""

    @property
    def size(self) -> int:
        """How many things."""
        return sum(len(ids) for ids in self)

    def and_(self, other: "Touched") -> "Touched":
        """What either has."""
        return Touched(*(mine | theirs for mine, theirs in zip(self, other, strict=True)))


NOTHING = Touched()


def stored(touched: Touched | None) -> str | None:
    """As JSON, for other nodes; None is anything."""
    if touched is None:
        return None
    return json.encode({noun: sorted(ids) for noun, ids in touched._asdict().items() if ids}).decode()


def restored(text: str | None) -> Touched | None:
    """What `stored` wrote; None, which is anything, also for what another version of the program knew of."""
    if text is None:
        return None
    found = json.decode(text, type=dict[str, frozenset[str]])
    return Touched(**found) if found.keys() <= set(Touched._fields) else None


class _Named(NamedTuple):
    """A column by which statements name what they write."""

    column: Column[Any]
    noun: str
    deletes: bool = True
    """Whether a row that is deleted by it can be followed: not where what else it belonged to goes with the row."""


# The first that a statement gives values of counts. An update that sets one (a subscription that moves to another app) is not
# followed: what it belonged to before would keep it.
_FOLLOWED: dict[str, tuple[_Named, ...]] = {
    keys.name: (_Named(keys.c.id, "keys"),),
    subscriptions.name: (
        _Named(subscriptions.c.id, "subscriptions", deletes=False),
        _Named(subscriptions.c.app_id, "apps"),
        _Named(subscriptions.c.service_id, "subscribed", deletes=False),
    ),
    apps.name: (_Named(apps.c.id, "apps"),),
    services.name: (_Named(services.c.id, "services"),),
    deployments.name: (_Named(deployments.c.service_id, "services"),),
    aliases.name: (_Named(aliases.c.service_id, "services"),),
    service_teams.name: (_Named(service_teams.c.service_id, "services"),),
    releases.name: (_Named(releases.c.service_id, "services"), _Named(releases.c.id, "releases", deletes=False)),
    teams.name: (_Named(teams.c.id, "teams", deletes=False),),
    providers.name: (_Named(providers.c.id, "providers"),),
    plans.name: (_Named(plans.c.id, "plans"),),
    limits.name: (_Named(limits.c.owner_id, "owners"),),
}


class Changes:
    """Notes the statements of one transaction."""

    __slots__ = ("_elsewhere", "_ids", "audited")

    def __init__(self) -> None:
        self.audited = False
        """Whether the audit trail has a new entry."""
        self._ids: dict[str, set[str]] = {noun: set() for noun in Touched._fields}
        self._elsewhere = False

    @property
    def touched(self) -> Touched | None:
        """What was written; None when it may be anything."""
        if self._elsewhere:
            return None
        return Touched(**{noun: frozenset(ids) for noun, ids in self._ids.items()})

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
        rows = [params] if params else many
        named = _named(statement, _FOLLOWED.get(table, ()), rows)
        if named is None:
            self._elsewhere = True
        else:
            noun, ids = named
            self._ids[noun].update(ids)

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


def _named(
    statement: Insert | Update | Delete, followed: Sequence[_Named], rows: Sequence[Mapping[str, Any]]
) -> tuple[str, set[str]] | None:
    """What a statement writes, and the ids by which it says so; None when it may be other rows too.

    `rows` are the values that were handed over beside it.
    """
    if isinstance(statement, Insert):
        return None if statement.select is not None else _inserted(statement, followed, rows)
    condition = statement.whereclause
    if rows or condition is None:
        return None
    if isinstance(statement, Update) and any(one.column.name in statement.compile().params for one in followed):
        return None
    for one in followed:
        if isinstance(statement, Delete) and not one.deletes:
            continue
        for part in _conjuncts(condition):
            if (ids := _values(part, one.column)) is not None:
                return one.noun, ids
    return None


def _inserted(
    statement: Insert, followed: Sequence[_Named], rows: Sequence[Mapping[str, Any]]
) -> tuple[str, set[str]] | None:
    given = rows or [statement.compile().params]
    for one in followed:
        ids = {row.get(one.column.name) for row in given}
        if all(isinstance(id_, str) for id_ in ids):
            return one.noun, {str(id_) for id_ in ids}
    return None


def _values(part: object, column: Column[Any]) -> set[str] | None:
    """The values that a condition allows in this column; None when it does not say."""
    if (
        not isinstance(part, BinaryExpression)
        or part.left is not column
        or not isinstance(part.right, BindParameter)
        or part.operator not in (operators.eq, operators.in_op)
    ):
        return None
    value = part.right.value
    values = [value] if part.operator is operators.eq else list(value or ())
    return {str(one) for one in values} if all(isinstance(one, str) for one in values) else None


def _conjuncts(condition: ColumnElement[Any]) -> Sequence[object]:
    if isinstance(condition, BooleanClauseList):
        return list(condition.clauses) if condition.operator is operators.and_ else []
    return [condition]
