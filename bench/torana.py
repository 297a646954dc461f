"""Torana as everybody runs it: `torana serve` with key, subscription, limits, metering and record on."""

import contextlib
import os
import re
import secrets
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import psutil

from bench.processes import HOST, BenchError, Server, free_port, running, status_of, tail, wait_for_start, wait_until

START_SECONDS = 60.0
APPLY_SECONDS = 600.0
RECORD_SECONDS = 300.0
_GATE = re.compile(r"torana: gate \d+")
_PARTS = re.compile(r"torana: (gate \d+|control|recorder)")

_CONFIGURATION = """
providers:
  - {{name: local, vendor: openai-compatible, base_url: "http://127.0.0.1:{upstream}/v1", api_key: {{env: LOCAL_KEY}}}}
services:
{services}
teams:
  - name: default
    apps:
{apps}
"""
_SERVICE = """  - name: {name}
    kind: model
    visibility: organisation
    deployments: [{{provider: local, model: gpt-4.1-2025-04-14}}]"""
# Far above what a run can reach: limits are counted and checked on every call, and never refuse one.
_APP = """      - name: {name}
        subscriptions: [{services}]
        limits: [{{requests: 1000000000, per: minute}}, {{concurrency: 100000}}]
        keys:
{keys}"""
_KEY = "          - {{name: {name}, value: {{file: keys/{file}}}}}"


class Declared(NamedTuple):
    """A torana.yaml of the benchmark and who may call what with it."""

    path: Path
    callers: list[tuple[str, str]]
    """(key, service): every key once."""
    environment: Mapping[str, str]


def declare(folder: Path, upstream_port: int, keys: int = 1, services: int = 1) -> Declared:
    """Write a torana.yaml with so many services and keys, 100 keys an app; each app subscribes to its share."""
    (folder / "keys").mkdir(parents=True)
    names = ["gpt-4.1"] if services == 1 else [f"service-{number}" for number in range(services)]
    apps = max(1, keys // 100)
    texts: list[str] = []
    callers: list[tuple[str, str]] = []
    for app in range(apps):
        mine = names[app * services // apps : (app + 1) * services // apps] or [names[app % services]]
        lines: list[str] = []
        for number in range(app * keys // apps, (app + 1) * keys // apps):
            key = f"sk-bench-{secrets.token_hex(24)}"
            (folder / "keys" / str(number)).write_text(key)
            lines.append(_KEY.format(name=f"key-{number}", file=number))
            callers.append((key, mine[number % len(mine)]))
        texts.append(_APP.format(name=f"app-{app}", services=", ".join(mine), keys="\n".join(lines)))
    path = folder / "torana.yaml"
    path.write_text(
        _CONFIGURATION.format(
            upstream=upstream_port,
            services="\n".join(_SERVICE.format(name=name) for name in names),
            apps="\n".join(texts),
        )
    )
    return Declared(path, callers, {"LOCAL_KEY": "sk-bench-vendor"})


def prepare(data: Path, declared: Declared) -> float:
    """Make a data folder and apply the declaration while nothing runs; returns the seconds that the apply took."""
    _command(["init", "--data", str(data), "--json"], declared, START_SECONDS)
    started = time.monotonic()
    _command(["apply", "--yes", "--data", str(data), "-f", str(declared.path)], declared, APPLY_SECONDS)
    return time.monotonic() - started


def _command(arguments: list[str], declared: Declared, most_seconds: float) -> None:
    command = [sys.executable, "-m", "torana", *arguments]
    try:
        done = subprocess.run(
            command, env=_environment(declared), cwd=declared.path.parent, capture_output=True, timeout=most_seconds
        )
    except subprocess.TimeoutExpired:
        raise BenchError(f"torana {arguments[0]} took more than {most_seconds:g} s") from None
    if done.returncode != 0:
        raise BenchError(
            f"torana {arguments[0]} failed with {done.returncode}: {done.stderr.decode(errors='replace')[-1500:]}"
        )


def _environment(declared: Declared) -> dict[str, str]:
    # Vendors' keys of whoever runs this would be registered as providers; their settings would change the figures.
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TORANA_") and not name.endswith("_API_KEY")
    }
    return {**own, **declared.environment}


class Torana(NamedTuple):
    """A running instance."""

    server: Server
    data: Path
    ready_seconds: float
    """From the command to the first 200 of /readyz."""


@contextlib.contextmanager
def torana(data: Path, declared: Declared, workers: int = 1) -> Iterator[Torana]:
    """`torana serve` on a prepared data folder until the end of the block."""
    port = free_port()
    log = data.parent / f"{data.name}.log"
    command = [
        sys.executable,
        "-m",
        "torana",
        "serve",
        "--data",
        str(data),
        "--listen",
        f"{HOST}:{port}",
        "--workers",
        str(workers),
    ]
    started = time.monotonic()
    with running(command, log, environment=_environment(declared), folder=data.parent) as process:
        wait_for_start(process, lambda: status_of(port, "/readyz") == 200, START_SECONDS, log)
        ready_seconds = time.monotonic() - started
        tree = _tree(process.pid, workers, log)
        gates = [pid for pid, title in tree.items() if _GATE.search(title)]
        yield Torana(Server("Torana", port, gates, list(tree), records_awaited(data)), data, ready_seconds)


def _tree(supervisor: int, workers: int, log: Path) -> dict[int, str]:
    """Process ids and titles of the supervisor and all its children, once all of them have named themselves."""
    found: dict[int, str] = {}

    def complete() -> bool:
        found.clear()
        family = psutil.Process(supervisor)
        found.update(
            {process.pid: " ".join(process.cmdline()).strip() for process in [family, *family.children(recursive=True)]}
        )
        parts = {match[1] for title in found.values() if (match := _PARTS.search(title))}
        return {"control", "recorder", *(f"gate {slot}" for slot in range(workers))} <= parts

    try:
        wait_until(complete, START_SECONDS, "the start of control, recorder and gates")
    except BenchError as error:
        raise BenchError(f"{error}; there are {sorted(found.values())}; {tail(log)}") from error
    return found


def stored_calls(data: Path) -> int:
    """Rows in the table of calls."""
    with contextlib.closing(sqlite3.connect(f"file:{data / 'torana.db'}?mode=ro", uri=True, timeout=10)) as database:
        rows: int = database.execute("SELECT count(*) FROM calls").fetchone()[0]
        return rows


def records_awaited(data: Path) -> Callable[[int], None]:
    """`settle` of an instance: waits until every call so far has its row, and refuses a row too many.

    The count is read from outside the process tree, so that waiting costs Torana nothing.
    """
    expected = stored_calls(data)

    def settle(calls: int) -> None:
        nonlocal expected
        expected += calls
        wait_until(lambda: stored_calls(data) >= expected, RECORD_SECONDS, f"the storing of {expected} records", 0.05)
        if (stored := stored_calls(data)) != expected:
            raise BenchError(f"{stored} records are stored of {expected} calls")

    return settle
