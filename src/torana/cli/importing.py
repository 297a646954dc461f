"""`torana import`: another gateway's configuration as a torana.yaml, or a backup into an empty database."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from torana.cli.app import fail
from torana.cli.exporting import show
from torana.cli.instance import AsJson, Data
from torana.settings import SettingError, Settings, load
from torana.supervisor.lock import InstanceLock, InstanceRunning

if TYPE_CHECKING:
    from torana.control.backup.service import Done
    from torana.control.importers.report import Imported

File = Annotated[Path | None, typer.Argument(help="The file of the other gateway.", show_default=False)]
From = Annotated[
    str | None, typer.Option("--from", help="Whose it is: litellm, one-api or apipark.", show_default=False)
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", help="Where to write the torana.yaml; without it, standard output.", show_default=False
    ),
]
Backup = Annotated[Path | None, typer.Option("--backup", help="Restore this backup.", show_default=False)]
Database = Annotated[
    str | None,
    typer.Option("--database", help="With --backup: postgresql://… when it is not SQLite.", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import", help="Make a torana.yaml of another gateway's file, or restore a backup.")(import_)


def import_(
    file: File = None,
    source: From = None,
    output: Output = None,
    backup: Backup = None,
    data: Data = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Import a file of another gateway, or a backup."""
    if backup is not None:
        if file is not None or source is not None or output is not None:
            raise fail("--backup stands alone: with --data and --database")
        _restore(backup, data, database, as_json)
        return
    if file is None or source is None:
        raise fail("give a file and --from litellm, one-api or apipark; or --backup FILE")
    _convert(file, source, output, as_json)


def _convert(file: Path, source: str, output: Path | None, as_json: bool) -> None:
    from torana.control.declaration.document import MOST_BYTES
    from torana.control.importers.sources import SOURCES, NotReadable

    if source not in SOURCES:
        raise fail(f"there is no --from {source}; there is {', '.join(SOURCES)}")
    try:
        with file.open("rb") as opened:
            text = opened.read(MOST_BYTES + 1)
        found = SOURCES[source](text)
        if output is not None:
            # Never over a file that is there: it may be the one that somebody has worked on.
            descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            with os.fdopen(descriptor, "w") as made:
                made.write(found.text)
    except NotReadable as error:
        raise fail(f"{file} cannot be imported: {error}.") from None
    except OSError as error:
        raise fail(f"{error.filename or file}: {error.strerror}.") from None
    _tell(found, output, as_json)


def _tell(found: "Imported", output: Path | None, as_json: bool) -> None:
    report = [{"field": line.field, "outcome": line.outcome, "what": line.what} for line in found.report]
    if as_json:
        typer.echo(json.dumps({"text": found.text, "variables": found.variables, "report": report}, ensure_ascii=False))
        return
    if output is None:
        sys.stdout.write(found.text)
    # The report goes where a redirection of the file does not.
    for line in found.report:
        typer.echo(line.text(), err=output is None)
    counts = found.counts()
    summary = f"{counts['carried']} carried (=), {counts['changed']} changed (~), {counts['left']} could not (!)."
    typer.echo(summary, err=output is None)
    for name, what in found.variables.items():
        typer.echo(f"set {name}: {what}", err=output is None)


def _restore(path: Path, data: str | None, database: str | None, as_json: bool) -> None:
    from torana.control.backup.service import BackupError
    from torana.core.errors import Refusal
    from torana.stores.secrets.master import MasterKeyError
    from torana.stores.sql.engine import DatabaseAwayError
    from torana.stores.sql.migrate import SchemaTooNew

    try:
        settings = load({"data": data, "database": database})
        done = _restored(settings, path)
    except BackupError as error:
        raise fail(f"nothing was restored from {path}: {error}.") from None
    except (MasterKeyError, SchemaTooNew, InstanceRunning, SettingError, DatabaseAwayError, Refusal) as error:
        raise fail(error) from None
    except OSError as error:
        raise fail(f"{error.filename or path}: {error.strerror}.") from None
    show(done, f"Restored {path} into {Path(settings.data).absolute()}", as_json)


def _restored(settings: Settings, path: Path) -> "Done":
    from torana.control.backup import service

    folder = Path(settings.data).absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with InstanceLock(folder):
        return asyncio.run(service.restore(settings, path))
