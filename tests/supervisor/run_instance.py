"""Runs `torana serve` with scripted children, on the arguments given."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torana.cli.serve
from torana.cli.run import run


def command(role: str, slot: int) -> Sequence[str]:
    return [sys.executable, str(Path(__file__).with_name("fake_child.py")), role, str(slot)]


torana.cli.serve.serve = partial(torana.cli.serve.serve, command=command)
run()
