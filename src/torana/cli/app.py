"""The command line: its commands and options, and how a failure is said."""

import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from torana.cli.reasons import reason_of
from torana.cli.run import serve
from torana.cli.serve_options import HELP
from torana.settings import Settings, load

Option = Annotated[str | None, typer.Option(show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON value instead of text.")]

_OWN = ("init", "settings", "doctor")

app = typer.Typer(
    name="torana",
    help="One governed door to every AI model and API. Settings are environment variables too: see `torana settings`.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def run_app() -> None:
    """Run the command that `sys.argv` names; `serve` is run by torana.cli.run before it comes here."""
    if len(sys.argv) < 2 or sys.argv[1] not in _OWN:
        from torana.cli import audit, calls, custom, exporting, importing, keys, models, plan_apply, vendors

        for commands in (plan_apply, keys, models, vendors, custom, calls, audit, exporting, importing):
            commands.register(app)
    app()


def fail(reason: object) -> typer.Exit:
    """Say on standard error, in one line, why it cannot be done; the result is to be raised."""
    typer.echo(f"torana: {reason}", err=True)
    return typer.Exit(1)


@app.command("serve", help=HELP, add_help_option=False, context_settings={"ignore_unknown_options": True})
def _serve(arguments: Annotated[list[str] | None, typer.Argument(hidden=True)] = None) -> None:
    # Here for the list of commands, and for who calls the app with options of its own first.
    serve(arguments or [])


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
    except Exception as error:
        if (reason := reason_of(error)) is None:
            raise
        raise fail(reason) from None
