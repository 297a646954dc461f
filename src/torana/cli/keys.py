"""`torana keys`: create, list, rotate, revoke."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

import typer

from torana.cli.instance import AsJson, Data, Target, Token, Url, ask, ask_all

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
keys = typer.Typer(name="keys", help="Keys of apps.", no_args_is_help=True)

App = Annotated[str, typer.Option("--app", help="The app that gets the key.")]
OfApp = Annotated[str | None, typer.Option("--app", help="Only of this app.", show_default=False)]
Team = Annotated[str | None, typer.Option("--team", help="The app's team.", show_default=False)]
Name = Annotated[str, typer.Option("--name", help="What to call the key.")]
_MANY = "May be given several times."
Service = Annotated[list[str] | None, typer.Option("--service", help=f"Only this service. {_MANY}", show_default=False)]
Endpoint = Annotated[
    list[str] | None,
    typer.Option("--endpoint", help=f"Only this path, such as /v1/images/*. {_MANY}", show_default=False),
]
Model = Annotated[
    list[str] | None, typer.Option("--model", help=f"Only this model, such as gpt-4.1*. {_MANY}", show_default=False)
]
Network = Annotated[
    list[str] | None, typer.Option("--network", help=f"Only from here, such as 10.0.0.0/8. {_MANY}", show_default=False)
]
Key = Annotated[str, typer.Argument(help="Its id, its name, or team/app/name.")]
Overlap = Annotated[
    str,
    typer.Option("--overlap", help="How long the value before still counts, such as 12h or 7d; 0s ends it at once."),
]
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
    service: Service = None,
    endpoint: Endpoint = None,
    model: Model = None,
    network: Network = None,
    data: Data = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and show it."""
    scopes = {"services": service or None, "endpoints": endpoint or None, "models": model or None}
    body = {
        "app": app,
        "team": team,
        "name": name,
        "expires_seconds": _seconds(expires),
        "scopes": scopes if any(scopes.values()) else None,
        "networks": network or None,
    }
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
    found = [_listed(one) for one in ask_all(Target(data, url, token), "/keys", query={"app": app, "team": team})]
    if as_json:
        typer.echo(json.dumps(found))
        return
    rows = [("ID", "KEY", "ENDS IN", "CREATED", "LAST USED", "STATE")]
    for one in found:
        name = f"{one['team']}/{one['app']}/{one['name']}"
        used = _day(one["last_used_us"]) if one["last_used_us"] else "never"
        rows.append((one["id"], name, one["hint"], _day(one["created_us"]), used, _state(one)))
    for line in table(rows):
        typer.echo(line)


@keys.command("rotate", help="Give a key a new value, shown once. The one before goes on for a while.")
def rotate(
    key: Key,
    overlap: Overlap = "0s",
    data: Data = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Rotate a key and show its new value."""
    body = {"overlap_seconds": 0 if overlap == "0s" else _seconds(overlap, "--overlap")}
    made = ask(Target(data, url, token), "POST", f"/keys/{quote(key)}/rotate", body=body)
    typer.echo(json.dumps(made) if as_json else made["value"])


@keys.command("revoke", help="Revoke a key: no gate takes it a second later.")
def revoke(
    key: Key,
    data: Data = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a key."""
    target = Target(data, url, token)
    gone = ask(target, "GET", f"/keys/{quote(key)}")
    ask(target, "DELETE", f"/keys/{gone['id']}")
    if as_json:
        typer.echo(json.dumps({**_listed(gone), "revoked": True}))
    else:
        typer.echo(f"Revoked {gone['team']}/{gone['app']}/{gone['name']} ({gone['id']}).")


def table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows as aligned lines."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _listed(key: dict[str, Any]) -> dict[str, Any]:
    return {**key, "revoked": key["state"] == "revoked"}


def _seconds(text: str | None, option: str = "--expires") -> int | None:
    if text is None:
        return None
    if not (found := re.fullmatch(r"([1-9][0-9]{0,8})([smhdw])", text)):
        raise typer.BadParameter("expected a number with s, m, h, d or w, such as 30d", param_hint=option)
    return int(found[1]) * _UNITS[found[2]]


def _day(us: int) -> str:
    return datetime.fromtimestamp(us / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M")


def _state(key: dict[str, Any]) -> str:
    if key["state"] != "in_use":
        return str(key["state"])
    return "in use" if key["expires_us"] is None else f"until {_day(key['expires_us'])}"
