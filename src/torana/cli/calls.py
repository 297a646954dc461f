"""`torana calls` and `torana calls show`: what was recorded, read from the database beside the running instance."""

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.exc import SQLAlchemyError

from torana.core.ids import is_call_id
from torana.core.money import format_usd
from torana.core.record import BodyRecord
from torana.recorder import query
from torana.settings import SettingError, Settings, load
from torana.stores.bodies.files import BodyDamaged
from torana.stores.sql import engine as sql
from torana.stores.sql.engine import Engine

_FOLLOW_SECONDS = 0.5
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_COLUMNS = (
    ("TIME", 24),
    ("ID", 32),
    ("STATUS", 6),
    ("SERVICE", 18),
    ("MODEL", 24),
    ("TOKENS", 13),
    ("COST $", 12),
    ("FIRST", 8),
    ("TOTAL", 8),
)

Data = Annotated[str | None, typer.Option("--data", help="Data folder of the instance.", show_default=False)]
Database = Annotated[
    str | None, typer.Option("--database", help="postgresql://… when it is not SQLite.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line instead of a table.")]
Text = Annotated[str | None, typer.Option(show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(invoke_without_command=True, help="List recorded calls, newest first; `show` one.")
    group.callback()(list_calls)
    group.command("show", help="Show one call with everything on record.")(show_call)
    app.add_typer(group, name="calls")


def list_calls(
    context: typer.Context,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with calls as they are recorded.")] = False,
    as_json: AsJson = False,
    since: Annotated[
        str | None, typer.Option(help="90s, 30m, 1h, 2d, or a time such as 2026-01-31T12:00.", show_default=False)
    ] = None,
    until: Annotated[str | None, typer.Option(help="The same.", show_default=False)] = None,
    status: Annotated[int | None, typer.Option(show_default=False)] = None,
    error: Annotated[
        str | None, typer.Option(help="Error code, such as rate_limit_exceeded.", show_default=False)
    ] = None,
    service: Text = None,
    model: Text = None,
    app: Text = None,
    key: Text = None,
    user: Text = None,
    limit: Annotated[int, typer.Option(min=1, max=query.MOST_ROWS, help="At most so many.")] = 20,
    data: Data = None,
    database: Database = None,
) -> None:
    """List calls."""
    if context.invoked_subcommand is not None:
        return
    filters = query.Filters(
        since_us=_time_us(since), until_us=_time_us(until), status=status, error=error, service=service, model=model,
        app=app, key=key, user=user,
    )  # fmt: skip
    tell = _tell_json if as_json else _tell_line
    if not as_json:
        _say("  ".join(name.ljust(width) for name, width in _COLUMNS).rstrip())
    _run(data, database, lambda engine, _: _list(engine, filters, limit, follow, tell))


def show_call(
    call_id: Annotated[str, typer.Argument(metavar="ID")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of text.")] = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Show one call."""
    _run(data, database, lambda engine, settings: _show(engine, settings, call_id, as_json))


async def _list(
    engine: Engine, filters: query.Filters, limit: int, follow: bool, tell: Callable[[query.Row], None]
) -> None:
    async with sql.reading(engine) as connection:
        after = await query.newest_seq(connection)
        found = await query.list_calls(connection, None, filters, limit=limit)
    # A follower reads downwards: the newest comes last.
    for row in reversed(found) if follow else found:
        tell(row)
    while follow:
        await asyncio.sleep(_FOLLOW_SECONDS)
        async with sql.reading(engine) as connection:
            newest = await query.newest_seq(connection)
            rows = await query.follow_calls(connection, None, filters, after=after)
        for row in rows:
            tell(row)
        # What the filters left out need not be looked at again, unless the page was full.
        after = rows[-1]["seq"] if len(rows) == query.MOST_ROWS else max(newest, after)


async def _show(engine: Engine, settings: Settings, call_id: str, as_json: bool) -> None:
    row = None
    if is_call_id(call_id):
        async with sql.reading(engine) as connection:
            row = await query.show_call(connection, None, call_id)
    if row is None:
        raise _fail(f"there is no call {_plain(call_id)}.")
    shown = _shown(row) | _bodies(query.bodies_of(Path(settings.data), row))
    if as_json:
        _say(json.dumps(shown))
        return
    width = max(map(len, shown))
    for name, value in shown.items():
        _say(f"{name.ljust(width)}  {'-' if value is None else _plain(value)}")


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Engine]:
    engine = sql.create(settings)
    try:
        yield engine
    finally:
        await engine.dispose()


def _run(
    data: str | None, database: str | None, action: Callable[[Engine, Settings], Coroutine[Any, Any, None]]
) -> None:
    async def run(settings: Settings) -> None:
        async with _opened(settings) as engine:
            await action(engine, settings)

    try:
        settings = load({"data": data, "database": database})
        file = sql.database_file(settings)
        if file is not None and not file.exists():
            raise _fail(f"there is no instance in {Path(settings.data).absolute()}. Name its folder with --data.")
        asyncio.run(run(settings))
    except (SettingError, BodyDamaged) as error:
        raise _fail(str(error)) from None
    except (SQLAlchemyError, OSError) as error:
        reason = getattr(error, "orig", None) or error
        raise _fail(f"the database does not answer: {_plain(reason)}") from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _say(text: str) -> None:
    try:
        typer.echo(text)
    except BrokenPipeError:
        # The reader, such as `head`, has had enough. What is left in the buffer would fail again at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None


def _fail(reason: str) -> typer.Exit:
    typer.echo(f"torana: {reason}", err=True)
    return typer.Exit(1)


def _time_us(text: str | None) -> int | None:
    if text is None:
        return None
    if span := re.fullmatch(r"(\d{1,9})([smhd])", text):
        return time.time_ns() // 1000 - int(span[1]) * _UNITS[span[2]] * 1_000_000
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise _fail(f"{_plain(text)} is not a time. Write 90s, 30m, 1h, 2d or 2026-01-31T12:00.") from None
    # A time without a zone is the reader's own.
    return int(when.timestamp() * 1_000_000)


def _shown(row: query.Row) -> dict[str, Any]:
    shown = {"time": _iso(row["started_us"])} | row
    del shown["seq"], shown["cost_picos"], shown["price_source"]
    return shown | {"cost_usd": format_usd(row["cost_picos"]), "price_source": row["price_source"]}


def _bodies(kept: BodyRecord | None) -> dict[str, Any]:
    if kept is None:
        return {}
    return {
        "request": kept.request.decode(errors="replace"),
        "request_cut": kept.request_cut,
        "response": kept.response.decode(errors="replace"),
        "response_cut": kept.response_cut,
    }


def _tell_json(row: query.Row) -> None:
    _say(json.dumps(_shown(row)))


def _tell_line(row: query.Row) -> None:
    used = row["input_tokens"] is not None or row["output_tokens"] is not None
    values = (
        _iso(row["started_us"]),
        row["id"],
        row["status"],
        row["service"] or row["model_asked"] or "-",
        row["model_sent"] or "-",
        f"{row['input_tokens'] or 0}+{row['output_tokens'] or 0}" if used else "-",
        format_usd(row["cost_picos"]) or "-",
        _duration(row["first_byte_us"]),
        _duration(row["total_us"]),
    )
    _say(_line(values, row["error"]))


def _line(values: Sequence[object], error: str | None) -> str:
    cells = [_plain(value)[:width].ljust(width) for value, (_, width) in zip(values, _COLUMNS, strict=True)]
    return "  ".join([*cells, error or ""]).rstrip()


def _plain(value: object) -> str:
    """Text that cannot steer a terminal, whatever a caller put into a field."""
    return "".join(letter if letter.isprintable() else "�" for letter in str(value))


def _duration(us: int | None) -> str:
    if us is None:
        return "-"
    return f"{us / 1000:.1f}ms" if us < 1_000_000 else f"{us / 1_000_000:.2f}s"


def _iso(us: int) -> str:
    return datetime.fromtimestamp(us / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
