"""`torana doctor`: looks at everything an instance needs and says precisely what is wrong."""

import difflib
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from torana import wiring
from torana.cli import checks
from torana.settings import PREFIX, Settings, defaults, variable
from torana.supervisor.handover import CannotStart
from torana.supervisor.lock import holder
from torana.supervisor.sockets import open_listeners

_OTHERS = {"TORANA_MASTER_KEY", "TORANA_TOKEN", "TORANA_SMTP_PASSWORD"}
_ALIKE = 0.8
"""How alike two names have to be, of 1, for one to be a slip of the other."""
_BUILT_AFTER = 1_767_225_600
"""2026-01-01: a clock before it is wrong, and certificates and expiry dates fail with it."""


def examine(settings: Settings) -> int:
    """Run every check and print a line for each; returns how many found something wrong."""
    folder = Path(settings.data).absolute()
    examinations: list[tuple[str, Callable[[], str]]] = [
        ("environment", _environment),
        ("data folder", lambda: _folder(folder)),
        ("instance", lambda: _instance(settings, folder)),
        ("master key", lambda: _master_key(settings)),
        ("database", lambda: _database(settings)),
        ("spool space", lambda: _space(settings, folder)),
        ("TLS", lambda: _tls(settings)),
        ("clock", _clock),
    ]
    wrong = 0
    for name, examination in examinations:
        try:
            verdict = f"ok     {name}: {examination()}"
        except (CannotStart, OSError) as problem:
            wrong += 1
            verdict = f"WRONG  {name}: {problem}"
        sys.stdout.write(verdict + "\n")
    return wrong


def _environment() -> str:
    """A mistyped variable is ignored in silence, because platforms set some of their own that begin like ours."""
    known = [variable(name) for name in defaults()]
    set_here = [name for name in os.environ if name.startswith(PREFIX)]
    for name in sorted(set(set_here) - {*known, *_OTHERS}):
        if meant := difflib.get_close_matches(name, known, 1, _ALIKE):
            raise CannotStart(f"{name} is no setting and has no effect. Did you mean {meant[0]}?")
    return f"{len(set(set_here) & set(known))} settings are taken from it"


def _folder(folder: Path) -> str:
    if not folder.exists():
        return f"{folder} does not exist yet; the first `torana serve` makes it"
    checks.check_folder(folder)
    if folder.stat().st_mode & 0o077:
        return f"{folder} can be written, and other users can look into it: `chmod 700` keeps them out"
    return f"{folder} can be written"


def _instance(settings: Settings, folder: Path) -> str:
    if (running := holder(folder)) is not None:
        pid, _, address = running.partition(" ")
        return f"running as process {pid} at {address or 'no address yet'}"
    for listener in open_listeners(settings.listen, 1):
        listener.close()
    return f"not running; {settings.listen} is free"


def _master_key(settings: Settings) -> str:
    if not wiring.is_initialised(settings) and not (Path(settings.data) / "master.key").exists():
        return "none yet; the first `torana serve` makes it"
    checks.check_master_key(settings)
    return "can be read, by its owner only"


def _database(settings: Settings) -> str:
    problem = wiring.database_problem(settings)
    if problem is not None:
        raise CannotStart(problem)
    return "a PostgreSQL server, which answers" if settings.database else "SQLite in the data folder"


def _space(settings: Settings, folder: Path) -> str:
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    needed = checks.gate_count(settings) * 2 * settings.spool_segment_bytes
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise CannotStart(f"{free:,} bytes are free at {existing}, the gates need {needed:,} to begin with. Free some.")
    return f"{free:,} bytes free at {existing}"


def _tls(settings: Settings) -> str:
    checks.check_tls(settings)
    return "certificate and key belong together" if settings.tls_certificate else "off"


def _clock() -> str:
    now = time.time()
    if now < _BUILT_AFTER:
        raise CannotStart(f"it says {time.strftime('%Y-%m-%d', time.gmtime(now))}, which is in the past. Set it.")
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)) + f", {len(os.sched_getaffinity(0))} cores"
