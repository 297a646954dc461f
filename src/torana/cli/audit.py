"""`torana audit`: export the trail, and verify it."""

import json
import re
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from torana.cli.app import fail
from torana.cli.instance import AsJson, Data, Target, Token, Url, ask, ask_lines

audit = typer.Typer(name="audit", help="The audit trail: what was changed, by whom.", no_args_is_help=True)

NOT_WHAT_WAS_WRITTEN = 3
"""Exit status of a verification that finds something."""
_AT_ONCE = 5_000
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_EVERYWHERE = "the trail is what was written"

Text = Annotated[str | None, typer.Option(show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(audit)


@audit.command("verify", help="Say which entries were changed, removed, moved, put in, or cut off at the end.")
def verify(
    anchor: Annotated[
        list[str] | None, typer.Option(help="SEQ:HASH of an entry that was noted elsewhere.", show_default=False)
    ] = None,
    data: Data = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Verify the whole trail. Exits with 3 when something was done to it."""
    found = ask(Target(data, url, token), "GET", "/audit/verification", query={"anchor": anchor or []})
    if as_json:
        typer.echo(json.dumps(found))
    else:
        for line in _told(found):
            typer.echo(line)
    if not found["holds"]:
        raise typer.Exit(NOT_WHAT_WAS_WRITTEN)


@audit.command("export", help="Write entries as JSON lines, oldest first.")
def export(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file; else standard output.", show_default=False)
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="30m, 1h, 2d, or a time such as 2026-01-31T12:00.", show_default=False)
    ] = None,
    until: Annotated[str | None, typer.Option(help="The same.", show_default=False)] = None,
    team: Annotated[str | None, typer.Option(help="Id of a team.", show_default=False)] = None,
    actor: Annotated[str | None, typer.Option(help="Id or name.", show_default=False)] = None,
    action: Annotated[str | None, typer.Option(help="Such as key.create.", show_default=False)] = None,
    noun: Text = None,
    noun_id: Text = None,
    after: Annotated[int, typer.Option(min=0, help="Behind the entry with this number.")] = 0,
    data: Data = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """Export the trail, or a part of it."""
    query = {
        "team": team,
        "actor": actor,
        "action": action,
        "noun": noun,
        "noun_id": noun_id,
        "since_us": _time_us(since, "--since"),
        "until_us": _time_us(until, "--until"),
    }
    target = Target(data, url, token)
    if output is None:
        _export(target, query, after, typer.echo)
        return
    try:
        with output.open("w", encoding="utf-8") as file:
            _export(target, query, after, _to(file))
    except OSError as error:
        raise fail(f"{output} cannot be written: {error.strerror}") from None


def _export(target: Target, query: dict[str, Any], after: int, write: Callable[[str], Any]) -> None:
    # In parts: a folder without an instance is asked in this process, which holds each part whole.
    while True:
        lines = ask_lines(target, "/audit/export", {**query, "after": after, "most": _AT_ONCE})
        for line in lines:
            write(line)
        if len(lines) < _AT_ONCE:
            return
        after = json.loads(lines[-1])["seq"]


def _to(file: TextIO) -> Callable[[str], Any]:
    return lambda line: file.write(line + "\n")


def _told(found: dict[str, Any]) -> list[str]:
    newest, findings = found["newest"], found["findings"]
    lines = [f"{found['entries']} entries: {_EVERYWHERE if found['holds'] else f'{_count(found)} wrong'}"]
    lines += [one["sentence"] for one in findings]
    if found["found"] > len(findings):
        lines.append(f"and {found['found'] - len(findings)} more")
    lines += [f"note: {note}" for note in found["notes"]]
    lines.append(f"anchor to keep elsewhere: {newest['seq']}:{newest['hash']}")
    return lines


def _count(found: dict[str, Any]) -> str:
    return "1 thing is" if found["found"] == 1 else f"{found['found']} things are"


def _time_us(text: str | None, option: str) -> int | None:
    if text is None:
        return None
    if span := re.fullmatch(r"(\d{1,9})([smhd])", text):
        return time.time_ns() // 1000 - int(span[1]) * _UNITS[span[2]] * 1_000_000
    try:
        # A time without a zone is the reader's own.
        return int(datetime.fromisoformat(text).timestamp() * 1_000_000)
    except (ValueError, OverflowError, OSError):
        raise typer.BadParameter("expected 30m, 1h, 2d or 2026-01-31T12:00", param_hint=option) from None
