"""`torana plan` and `torana apply`: torana.yaml against an instance."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from torana.cli.app import fail
from torana.cli.instance import AsJson, Data, Target, Token, Url, ask

_SIGNS = {"create": "+", "change": "~", "remove": "-"}

File = Annotated[Path, typer.Option("--file", "-f", help="The torana.yaml.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Apply without asking.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("plan", help="Show what applying a torana.yaml would change.")(plan)
    app.command("apply", help="Make a torana.yaml true, all or nothing.")(apply)


def plan(
    file: File = Path("torana.yaml"), data: Data = None, url: Url = None, token: Token = None, as_json: AsJson = False
) -> None:
    """Show the difference."""
    found = ask(Target(data, url, token), "POST", "/plan", body=_handed_over(file))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    typer.echo(_text(found))


def apply(
    file: File = Path("torana.yaml"),
    yes: Yes = False,
    data: Data = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show the difference, ask, and apply exactly that."""
    target = Target(data, url, token)
    body = _handed_over(file)
    if not yes:
        found = ask(target, "POST", "/plan", body=body)
        if found["changes"]:
            typer.echo(_text(found), err=as_json)
            if not sys.stdin.isatty():
                raise fail("nothing was changed: give --yes to apply where nobody can be asked")
            if not typer.confirm("Apply this?", err=as_json):
                raise fail("nothing was changed")
        body["fingerprint"] = found["fingerprint"]
    done = ask(target, "POST", "/apply", body=body)
    if as_json:
        typer.echo(json.dumps(done, ensure_ascii=False))
        return
    if yes:
        typer.echo(_text(done))
    if done["changes"]:
        typer.echo(f"Applied {_count(done['changes'])}.")
    for made in done["made"]:
        typer.echo(f"key {made['name']}: {made['value']}  (shown only now)")


def _handed_over(file: Path) -> dict[str, Any]:
    """The file with the values that stand outside it: this side has them, not the instance."""
    from torana.control.declaration.problems import DeclarationError
    from torana.control.file import read_source

    try:
        return read_source(file, os.environ).handed_over()
    except DeclarationError as error:
        raise fail(error) from None


def _text(found: dict[str, Any]) -> str:
    lines: list[str] = []
    for change in found["changes"]:
        lines.append(f"{_SIGNS[change['action']]} {change['kind']} {change['name']}")
        for field in change["fields"]:
            after = f"{field['before']} → {field['after']}" if change["action"] == "change" else field["after"]
            lines.append(f"    {field['field']}: {after}")
    lines += [f"note: {note}" for note in found["notes"]]
    return "\n".join(lines) if lines else "Nothing to change."


def _count(changes: list[Any]) -> str:
    return "1 change" if len(changes) == 1 else f"{len(changes)} changes"
