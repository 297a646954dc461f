"""The command line: its commands and options, and how a failure is said."""

import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from torana.settings import SettingError, Settings, load
from torana.supervisor.handover import CannotStart
from torana.supervisor.lock import InstanceRunning

Option = Annotated[str | None, typer.Option(show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON value instead of text.")]

_OWN = ("serve", "init", "settings", "doctor")

app = typer.Typer(
    name="torana",
    help="One governed door to every AI model and API. Settings are environment variables too: see `torana settings`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def run() -> None:
    """Run the command that `sys.argv` names. Exits with 1 and one line on standard error when it cannot be done."""
    # Starting quickly: what `serve` does not need is not imported for it.
    if len(sys.argv) < 2 or sys.argv[1] not in _OWN:
        from torana.cli import calls, keys, models, plan_apply

        for commands in (plan_apply, keys, models, calls):
            commands.register(app)
    app()


def fail(reason: object) -> typer.Exit:
    """Say on standard error, in one line, why it cannot be done; the result is to be raised."""
    typer.echo(f"torana: {reason}", err=True)
    return typer.Exit(1)


@app.command("serve", help="Start Torana. On an empty data folder it is set up first.")
def _serve(
    data: Option = None,
    listen: Option = None,
    admin_listen: Option = None,
    workers: Option = None,
    config: Option = None,
    database: Option = None,
    log_level: Option = None,
    grace_seconds: Option = None,
) -> None:
    given = dict(locals())
    from torana.cli.serve import serve

    _or_fail(lambda: serve(_settings(given)))


@app.command("init", help="Set up an empty data folder and show the first sign-in and key, once.")
def _init(data: Option = None, database: Option = None, as_json: AsJson = False) -> None:
    from torana.cli.init import init

    _or_fail(lambda: init(_settings({"data": data, "database": database}), as_json=as_json))


@app.command("settings", help="List every setting: variable, value, default, meaning.")
def _list_settings(as_json: AsJson = False) -> None:
    from torana.cli.settings import show

    _or_fail(lambda: show(as_json=as_json))


@app.command("doctor", help="Look for what would keep Torana from working.")
def _doctor(data: Option = None, listen: Option = None, database: Option = None) -> None:
    from torana.cli.doctor import examine

    found: list[int] = []
    _or_fail(lambda: found.append(examine(_settings({"data": data, "listen": listen, "database": database}))))
    if found[0]:
        raise typer.Exit(1)


def _settings(given: dict[str, Any]) -> Settings:
    return load(given)


def _or_fail(action: Callable[[], None]) -> None:
    try:
        action()
    except (CannotStart, InstanceRunning, SettingError) as reason:
        raise fail(reason) from None
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        raise fail(f"{place}{error.strerror or error}.") from None
