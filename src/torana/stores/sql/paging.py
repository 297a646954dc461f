"""Pages of a long list, by keyset: what was added or removed meanwhile neither repeats nor hides a row."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Column, Select, select, tuple_, union

from torana.core.errors import Refusal
from torana.stores.sql.engine import Connection

MOST = 500


class PageAsked(NamedTuple):
    """Which page. `sort` is a field's name, with `-` before it for the other direction."""

    limit: int = 50
    cursor: str | None = None
    sort: str | None = None


class Page(NamedTuple):
    """Rows, and the cursor of the next page, None at the end."""

    rows: Sequence[Any]
    next: str | None


async def page(
    connection: Connection,
    statement: Select[Any],
    asked: PageAsked,
    sorts: Mapping[str, Column[Any]],
    key: Column[Any],
    default: str,
) -> Page:
    """One page of `statement`, whose rows hold what it selects. Raises Refusal `invalid_field` (sort, cursor, limit).

    `sorts` are the columns one may sort by, none of them ever null; `key` is unique and breaks ties; `default` is a `sort`.
    """
    sort = asked.sort or default
    name, falling = sort.removeprefix("-"), sort.startswith("-")
    column = sorts.get(name)
    if column is None:
        listed = ", ".join(sorted(sorts))
        raise Refusal("invalid_field", param="sort", reason=f"expected one of {listed}, with or without - before it")
    if not 1 <= asked.limit <= MOST:
        raise Refusal("invalid_field", param="limit", reason=f"expected a number from 1 to {MOST}")
    place = tuple_(column, key)
    if asked.cursor is not None:
        behind = tuple_(*_read(asked.cursor, sort, column))
        statement = statement.where(place < behind if falling else place > behind)
    order = (column.desc(), key.desc()) if falling else (column, key)
    width = len(statement.selected_columns)
    found = (await connection.execute(statement.add_columns(column, key).order_by(*order).limit(asked.limit + 1))).all()
    rows = [row[:width] for row in found[: asked.limit]]
    more = len(found) > asked.limit
    return Page(rows, _written(sort, found[asked.limit - 1][width:]) if more else None)


async def page_of_parts(
    connection: Connection,
    rows: Select[Any],
    parts: Sequence[Select[Any]],
    asked: PageAsked,
    sort: Column[Any],
    key: Column[Any],
) -> Page:
    """One page of the rows that any of `parts` finds, each once. Raises Refusal `invalid_field`.

    For a table so large that no index has the whole answer in order: each part is read in the order of its own index and no further
    than a page, and only what they found is put together. `rows` selects what a row holds; `sort`, which may be turned, is
    the one column that pages are sorted by, and `key` its unique companion, both of the same table.
    """
    name, falling = (asked.sort or f"-{sort.name}").removeprefix("-"), (asked.sort or "-").startswith("-")
    if name != sort.name:
        raise Refusal("invalid_field", param="sort", reason=f"expected {sort.name}, with or without - before it")
    order = (sort.desc(), key.desc()) if falling else (sort, key)
    place = tuple_(sort, key)
    whole = asked._replace(sort=f"-{name}" if falling else name)
    found = []
    for part in parts:
        one = part.with_only_columns(key, sort)
        if asked.cursor is not None:
            behind = tuple_(*_read(asked.cursor, whole.sort or "", sort))
            one = one.where(place < behind if falling else place > behind)
        cut = one.order_by(*order).limit(asked.limit + 1).subquery()
        found.append(select(cut.c[key.name], cut.c[sort.name]))
    together = (union(*found) if len(found) > 1 else found[0]).subquery()
    by = (together.c[sort.name], together.c[key.name])
    # Cut once more before any whole row is read: five parts of a page are five times as many.
    cut_ids = select(by[1]).order_by(*(one.desc() if falling else one for one in by)).limit(asked.limit + 1)
    statement = rows.where(key.in_(cut_ids))
    width = len(statement.selected_columns)
    read = (await connection.execute(statement.add_columns(sort, key).order_by(*order).limit(asked.limit + 1))).all()
    more = len(read) > asked.limit
    following = _written(whole.sort or "", read[asked.limit - 1][width:]) if more else None
    return Page([row[:width] for row in read[: asked.limit]], following)


def _written(sort: str, place: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode([sort, *place])).rstrip(b"=").decode()


def _read(cursor: str, sort: str, column: Column[Any]) -> tuple[Any, str]:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        written, value, key = msgspec.json.decode(
            base64.b64decode(padded, b"-_", validate=True), type=tuple[str, Any, str]
        )
    except (binascii.Error, ValueError, RecursionError):
        raise _unusable() from None
    python_type = column.type.python_type
    fits = isinstance(value, python_type) and not (python_type is int and not -(2**63) <= value < 2**63)
    if written != sort or not fits:
        raise _unusable()
    return value, key


def _unusable() -> Refusal:
    return Refusal("invalid_field", param="cursor", reason="expected the `next` of a page with the same sort")
