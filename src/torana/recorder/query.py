"""Reading what was recorded. Functions take the ids of the teams whose things may be seen; None is the platform, which sees all."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, Literal

import msgspec
import sqlalchemy
from sqlalchemy import ColumnElement, func, select

from torana.core.ids import call_id_floor
from torana.core.record import BodyRecord, CallRecord
from torana.stores.bodies import files
from torana.stores.sql.call_tables import (
    DAY,
    HOUR,
    LATENCY_BOUNDS_US,
    MINUTE,
    MORE_FIELDS,
    PLACE_FIELDS,
    ROLLUP_SUMS,
    call_places,
    call_rollups,
    calls,
    team_mark,
)
from torana.stores.sql.engine import Connection
from torana.stores.sql.tables import apps, keys

MOST_ROWS = 1_000

Teams = AbstractSet[str] | None
Row = dict[str, Any]
"""One call: the fields of CallRecord, `cost_picos`, `price_source`, and `seq` (its place in the order of storing)."""

_CALL = [column for column in calls.c if column.name not in ("place", "team")]
_CALLS = select(*_CALL, *(call_places.c[name] for name in PLACE_FIELDS)).select_from(
    # An outer join, although every call has its place, keeps SQLite from beginning with the places: it would sort all calls.
    calls.outerjoin(call_places, call_places.c.id == calls.c.place)
)
_OWN = (*(column.name for column in _CALL if column.name != "more"), *PLACE_FIELDS)
_ORDER = ("seq", *CallRecord.__struct_fields__, "cost_picos", "price_source")

Dimension = Literal["team_id", "app_id", "key_id", "service_id", "vendor", "model", "status_class", "bucket"]


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which calls; None does not filter. Times are microseconds since 1970, of a call's beginning."""

    since_us: int | None = None
    until_us: int | None = None
    status: int | None = None
    error: str | None = None
    service: str | None = None
    """Name or id."""
    model: str | None = None
    """As asked, sent or served."""
    app: str | None = None
    """Name or id."""
    key: str | None = None
    """Name or id."""
    user: str | None = None


async def list_calls(
    connection: Connection, teams: Teams, filters: Filters, *, before: str | None = None, limit: int = 50
) -> list[Row]:
    """Calls, newest first; `before` is the id of the last call of the page before."""
    query = _CALLS.where(*_conditions(teams, filters)).order_by(calls.c.id.desc()).limit(_bounded(limit))
    if before is not None:
        query = query.where(calls.c.id < before)
    return [_call(row) for row in await connection.execute(query)]


async def follow_calls(
    connection: Connection, teams: Teams, filters: Filters, *, after: int, limit: int = MOST_ROWS
) -> list[Row]:
    """Calls stored after the one whose `seq` is `after`, in the order of storing."""
    query = _CALLS.where(*_conditions(teams, filters), calls.c.seq > after).order_by(calls.c.seq).limit(_bounded(limit))
    return [_call(row) for row in await connection.execute(query)]


async def newest_seq(connection: Connection) -> int:
    """Where a follower begins who wants only what comes; 0 when nothing is stored."""
    return int((await connection.execute(select(func.coalesce(func.max(calls.c.seq), 0)))).scalar_one())


async def show_call(connection: Connection, teams: Teams, call_id: str) -> Row | None:
    """One call; None when there is none of this id or it is another team's."""
    query = _CALLS.where(calls.c.id == call_id, *_of_teams(teams))
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _call(row)


def bodies_of(data: Path, call: Row) -> BodyRecord | None:
    """The kept bodies of a call that `show_call` found. Raises BodyDamaged."""
    return files.read(data / "bodies", call["id"]) if call["bodies_kept"] else None


async def usage(
    connection: Connection, teams: Teams, since_us: int, until_us: int, by: Sequence[Dimension] = ()
) -> list[Row]:
    """Sums of the calls that began from `since_us` until before `until_us`, both cut to a whole minute, per combination of `by`.

    Each row has the fields of `by` and every sum of the roll-up table. The largest buckets that fit are read: days, hours, minutes.
    """
    wanted = [call_rollups.c[name] for name in by]
    totals: dict[tuple[Any, ...], list[int]] = {}
    for size, start, end in _spans(since_us // 1_000_000, until_us // 1_000_000, by):
        query = select(*wanted, *(func.sum(call_rollups.c[name]) for name in ROLLUP_SUMS)).where(
            call_rollups.c.size == size, call_rollups.c.bucket >= start, call_rollups.c.bucket < end
        )
        if teams is not None:
            query = query.where(call_rollups.c.team_id.in_(sorted(teams)))
        for row in await connection.execute(query.group_by(*wanted) if wanted else query):
            key, sums = tuple(row[: len(by)]), [int(value or 0) for value in row[len(by) :]]
            found = totals.get(key)
            totals[key] = sums if found is None else [a + b for a, b in zip(found, sums, strict=True)]
    return [dict(zip((*by, *ROLLUP_SUMS), (*key, *totals[key]), strict=True)) for key in sorted(totals)]


def percentile_us(sums: Row, part: float, kind: Literal["latency", "first_byte"] = "latency") -> int | None:
    """Upper bound of the bucket that the `part` (0 to 1) of calls ended within; None for no calls or beyond all bounds."""
    counts = [sums[f"{kind}_{number}"] for number in range(len(LATENCY_BOUNDS_US) + 1)]
    need, seen = part * sum(counts), 0
    for count, bound in zip(counts, LATENCY_BOUNDS_US, strict=False):
        seen += count
        if seen and seen >= need:
            return bound
    return None


def _bounded(limit: int) -> int:
    return max(1, min(limit, MOST_ROWS))


def _call(row: sqlalchemy.Row[Any]) -> Row:
    values = row._mapping
    call = {name: values[name] for name in _OWN} | dict(
        zip(MORE_FIELDS, msgspec.json.decode(values["more"]), strict=False)
    )
    return {name: call.get(name) for name in _ORDER}


def _of_teams(teams: Teams) -> list[ColumnElement[bool]]:
    if teams is None:
        return []
    # The mark finds the rows quickly, the place decides.
    marks = {team_mark(team_id) for team_id in teams}
    return [calls.c.team.in_(marks), call_places.c.team_id.in_(sorted(teams))]


def _conditions(teams: Teams, filters: Filters) -> list[ColumnElement[bool]]:
    found = _of_teams(teams)
    if filters.since_us is not None:
        found.append(calls.c.id >= call_id_floor(filters.since_us))
    if filters.until_us is not None:
        found.append(calls.c.id < call_id_floor(filters.until_us))
    place = call_places.c
    if filters.service is not None:
        found.append((place.service == filters.service) | (place.service_id == filters.service))
    for table, column, given in ((apps, place.app_id, filters.app), (keys, place.key_id, filters.key)):
        if given is not None:
            found.append((column == given) | column.in_(select(table.c.id).where(table.c.name == given)))
    if filters.model is not None:
        found.append(
            (place.model_asked == filters.model)
            | (place.model_sent == filters.model)
            | (place.model_served == filters.model)
        )
    equal = ((name, getattr(filters, name)) for name in ("status", "error", "user"))
    return found + [calls.c[name] == value for name, value in equal if value is not None]


def _spans(since: int, until: int, by: Sequence[Dimension]) -> list[tuple[int, int, int]]:
    """Bucket size, first bucket and end of the spans that cover the time without overlap."""
    if "bucket" in by:
        # One size, so that buckets are alike: minutes up to three hours, hours up to four days, else days.
        length = until - since
        size = MINUTE if length <= 3 * HOUR else HOUR if length <= 4 * DAY else DAY
        return [(size, since // size * size, until)]
    since, until = since // MINUTE * MINUTE, until // MINUTE * MINUTE
    return _cover(since, until, (DAY, HOUR, MINUTE))


def _cover(since: int, until: int, sizes: tuple[int, ...]) -> list[tuple[int, int, int]]:
    if since >= until:
        return []
    size, *smaller = sizes
    first, last = -(-since // size) * size, until // size * size
    if not smaller:
        return [(size, since, until)]
    if first >= last:
        return _cover(since, until, tuple(smaller))
    return [*_cover(since, first, tuple(smaller)), (size, first, last), *_cover(last, until, tuple(smaller))]
