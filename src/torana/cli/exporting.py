"""`torana export`: what there is as a torana.yaml, or a whole database as a backup."""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from torana.cli.app import fail
from torana.cli.instance import AsJson, Data, Target, Token, Url, ask
from torana.settings import SettingError, load

if TYPE_CHECKING:
    from torana.control.backup.service import Done

Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Where to write it; without it, standard output.", show_default=False),
]
Backup = Annotated[
    Path | None, typer.Option("--backup", help="Write a backup of the whole database there.", show_default=False)
]
Records = Annotated[bool, typer.Option("--records", help="With --backup: the records of calls too.")]
KeyVariables = Annotated[
    bool, typer.Option("--key-variables", help="Let every key refer to a variable with its value.")
]
Elsewhere = Annotated[
    bool,
    typer.Option("--elsewhere", help="For an empty instance: services of releases as the release in force has them."),
]
Database = Annotated[
    str | None,
    typer.Option("--database", help="With --backup: postgresql://… when it is not SQLite.", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export", help="Write what there is as a torana.yaml, or a backup of everything.")(export)


def export(
    output: Output = None,
    key_variables: KeyVariables = False,
    elsewhere: Elsewhere = False,
    backup: Backup = None,
    records: Records = False,
    data: Data = None,
    database: Database = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Export as a torana.yaml, or with `backup` everything."""
    if backup is not None:
        if output is not None or key_variables or elsewhere or url is not None:
            raise fail("--backup stands alone: with --data, --database and --records")
        _back_up(backup, data, database, records, as_json)
        return
    if records or database is not None:
        raise fail("--records and --database belong to --backup")
    keys = "variables" if key_variables else "made"
    found = ask(Target(data, url, token), "GET", "/export", query={"keys": keys, "elsewhere": str(elsewhere).lower()})
    if output is not None:
        _write(found, output)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    elif output is None:
        sys.stdout.write(found["text"])
    else:
        typer.echo(f"Wrote {output}.")
        for name, what in sorted(found["variables"].items()):
            typer.echo(f"  set {name}: {what}")
    for reason in found["left_out"]:
        typer.echo(f"torana: not in the file: {reason}", err=True)
    if output is None and found["files"]:
        typer.echo("torana: it refers to certificates that are written beside it with --output", err=True)


def _write(found: dict[str, Any], output: Path) -> None:
    try:
        for name, content in found["files"].items():
            # The instance may be another's: what it names lies beside the file, or nowhere.
            if Path(name).name != name or name.startswith("."):
                raise fail(f"the instance names a file {name!r} that is not written")
            _write_private(output.parent / name, content)
        _write_private(output, found["text"])
    except OSError as error:
        raise fail(f"{error.filename}: {error.strerror}.") from None


def _write_private(path: Path, content: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)


def _back_up(path: Path, data: str | None, database: str | None, records: bool, as_json: bool) -> None:
    from torana.control.backup import service
    from torana.stores.secrets.master import MasterKeyError
    from torana.stores.sql.engine import DatabaseAwayError
    from torana.stores.sql.migrate import SchemaTooNew

    try:
        made = asyncio.run(service.make(load({"data": data, "database": database}), path, records=records))
    except service.BackupError as error:
        raise fail(f"no backup was made: {error}.") from None
    except (MasterKeyError, SchemaTooNew, SettingError, DatabaseAwayError) as error:
        raise fail(error) from None
    except OSError as error:
        raise fail(f"{error.filename or path}: {error.strerror}.") from None
    show(made, f"Wrote {path}", as_json)


def show(done: "Done", said: str, as_json: bool) -> None:
    """What was backed up or restored."""
    if as_json:
        fields = {"schema": done.schema, "made_us": done.made_us, "records": done.records, "counts": dict(done.counts)}
        typer.echo(json.dumps(fields))
        return
    at = datetime.fromtimestamp(done.made_us / 1_000_000, UTC).isoformat(timespec="seconds")
    rows = {name: count for name, count in done.counts.items() if count}
    typer.echo(f"{said}: schema {done.schema}, as of {at}, {sum(rows.values())} rows in {len(rows)} tables.")
    typer.echo("Secrets in it are sealed: it is of no use without the master key, which is not in it.")
