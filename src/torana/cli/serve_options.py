"""The options of `torana serve`: the settings that are most often given, each under the name of its setting."""

import argparse
from collections.abc import Sequence

from torana.settings import MEANINGS

HELP = "Start Torana. On an empty data folder it is set up first."
OPTIONS = ("data", "listen", "admin_listen", "workers", "config", "database", "log_level", "grace_seconds")


def parse(arguments: Sequence[str]) -> dict[str, str | None]:
    """Values by setting, None where nothing was given. Exits with 2 and the usage when an option is not known."""
    parser = argparse.ArgumentParser(
        prog="torana serve",
        description=HELP,
        epilog="Every other setting is an environment variable: see `torana settings`.",
        allow_abbrev=False,
    )
    for name in OPTIONS:
        parser.add_argument("--" + name.replace("_", "-"), metavar=name.upper(), help=MEANINGS[name].replace("%", "%%"))
    return vars(parser.parse_args(arguments))
