"""`torana keys`: create, list, revoke."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

import typer

from torana.cli.instance import AsJson, Data, Target, Token, Url, ask

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
keys = typer.Typer(name="keys", help="Keys of apps.", no_args_is_help=True)

App = Annotated[str, typer.Option("--app", help="The app that gets the key.")]
OfApp = Annotated[str | None, typer.Option("--app", help="Only of this app.", show_default=False)]
Team = Annotated[str | None, typer.Option("--team", help="The app's team.", show_default=False)]
Name = Annotated[str, typer.Option("--name", help="What to call the key.")]
Expires = Annotated[
    str | None, typer.Option("--expires", help="Such as 12h, 30d or 52w; without it never.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(keys)


@keys.command("create", help="Make a key. It is shown once.")
def create(
    app: App,
    team: Team = None,
    name: Name = "key",
    expires: Expires = None,
    data: Data = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and show it."""
    body = {"app": app, "team": team, "name": name, "expires_seconds": _seconds(expires)}
    made = ask(Target(data, url, token), "POST", "/keys", body=body)
    typer.echo(json.dumps(made) if as_json else made["value"])


@keys.command("list", help="List keys, without their values.")
def list_keys(
    app: OfApp = None,
    team: Team = None,
    data: Data = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List keys."""
    found = ask(Target(data, url, token), "GET", "/keys", query={"app": app, "team": team})["keys"]
    if as_json:
        typer.echo(json.dumps(found))
        return
    rows = [("ID", "KEY", "ENDS IN", "CREATED", "STATE")]
    for one in found:
        name = f"{one['team']}/{one['app']}/{one['name']}"
        rows.append((one["id"], name, one["hint"], _day(one["created_us"]), _state(one)))
    for line in table(rows):
        typer.echo(line)


@keys.command("revoke", help="Revoke a key: no gate takes it a second later.")
def revoke(
    key: Annotated[str, typer.Argument(help="Its id, its name, or team/app/name.")],
    data: Data = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a key."""
    gone = ask(Target(data, url, token), "DELETE", f"/keys/{quote(key)}")
    typer.echo(json.dumps(gone) if as_json else f"Revoked {gone['team']}/{gone['app']}/{gone['name']} ({gone['id']}).")


def table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows as aligned lines."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _seconds(text: str | None) -> int | None:
    if text is None:
        return None
    if not (found := re.fullmatch(r"([1-9][0-9]{0,8})([smhdw])", text)):
        raise typer.BadParameter("expected a number with s, m, h, d or w, such as 30d", param_hint="--expires")
    return int(found[1]) * _UNITS[found[2]]


def _day(us: int) -> str:
    return datetime.fromtimestamp(us / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M")


def _state(key: dict[str, Any]) -> str:
    if key["revoked"]:
        return "revoked"
    if key["expires_us"] is None:
        return "in use"
    ended = key["expires_us"] <= datetime.now(UTC).timestamp() * 1_000_000
    return "expired" if ended else f"until {_day(key['expires_us'])}"
