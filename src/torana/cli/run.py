"""The entry of the command line. `serve` goes its own, short way; every other command is in the app."""

import sys
from collections.abc import Sequence


def run() -> None:
    """Run the command that `sys.argv` names. Exits with 1 and one line on standard error when it cannot be done."""
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2:])
    else:
        from torana.cli.app import run_app

        run_app()


def serve(arguments: Sequence[str]) -> None:
    """`torana serve` with these options. Not in the app, because the app's library takes longer to import than a gate to start."""
    from torana.cli.reasons import reason_of
    from torana.cli.serve_options import parse

    given = parse(arguments)
    from torana.cli import serve as serving
    from torana.settings import load

    try:
        serving.serve(load(given))
    except Exception as error:
        if (reason := reason_of(error)) is None:
            raise
        sys.stderr.write(f"torana: {reason}\n")
        sys.exit(1)
