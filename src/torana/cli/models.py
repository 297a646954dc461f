"""`torana models`: what is offered."""

import json

import typer

from torana.cli.instance import AsJson, Data, Target, Token, Url, ask
from torana.cli.keys import table


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("models", help="List the models that are offered, and where their calls go.")(models)


def models(data: Data = None, url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """List services of kind model."""
    found = ask(Target(data, url, token), "GET", "/models")["models"]
    if as_json:
        typer.echo(json.dumps(found))
        return
    rows = [("MODEL", "FOR", "ALSO CALLED", "SERVED BY")]
    for one in found:
        shown_to = f"team {one['team']}" if one["visibility"] == "team" else "all teams"
        served = ", ".join(f"{part['provider']}/{part['model']}" for part in one["deployments"])
        rows.append((one["name"], shown_to, ", ".join(one["aliases"]), served))
    for line in table(rows):
        typer.echo(line)
