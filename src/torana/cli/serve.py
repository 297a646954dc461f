"""`torana serve`: checks, takes the data folder, opens the sockets, and hands over to the supervisor."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from socket import socket

from msgspec.structs import replace

from torana import wiring
from torana.cli import checks, welcome
from torana.settings import Settings
from torana.supervisor.child import Command
from torana.supervisor.lock import InstanceLock
from torana.supervisor.sockets import address_of, open_listeners
from torana.supervisor.supervise import Supervisor, Surroundings

_PATIENCE_SECONDS = 3.0
"""How long the port of an instance that was killed may stay taken by its children."""


def child_command(role: str, slot: int) -> Sequence[str]:
    """How a child is started. -P: a file in the current folder must not stand in for a library."""
    return [sys.executable, "-P", "-m", "torana.cli.process", role, *(["--slot", str(slot)] if slot >= 0 else [])]


def serve(settings: Settings, command: Command = child_command) -> None:
    """Run an instance until SIGTERM or SIGINT. Raises CannotStart, InstanceRunning, SettingError or OSError."""
    from setproctitle import setproctitle

    setproctitle("torana: supervisor")
    folder = Path(settings.data).absolute()
    checks.check_folder(folder)
    settings = replace(settings, data=str(folder), workers=checks.gate_count(settings))
    with InstanceLock(folder) as lock:
        checks.check_tls(settings)
        checks.check_config(settings)
        checks.check_schema(settings)
        patience = _PATIENCE_SECONDS if lock.follows_a_crash else 0.0
        listeners = open_listeners(settings.listen, settings.workers, patience_seconds=patience)
        settings = replace(settings, listen=address_of(listeners[0]))
        admin = None
        if settings.admin_listen:
            (admin,) = open_listeners(settings.admin_listen, 1, "admin_listen", patience)
            settings = replace(settings, admin_listen=address_of(admin))
        lock.tell(settings.listen)
        wiring.forget_demand(settings)
        _supervise(settings, listeners, admin, command, lock.follows_a_crash)


def _supervise(
    settings: Settings, listeners: list[socket], admin: socket | None, command: Command, follows_a_crash: bool
) -> None:
    shown: list[str] = []

    def when_made(result: str) -> None:
        if (made := json.loads(result)) is not None:
            shown.append(welcome.first_sign_in(made, settings))

    def show() -> None:
        sys.stdout.write("".join(shown))
        sys.stdout.flush()
        shown.clear()

    def when_ready() -> None:
        shown.insert(0, welcome.where(settings))
        show()

    around = Surroundings(
        command=command,
        clear_slot=lambda slot: wiring.clear_counter_slot(settings, slot),
        first_start=not wiring.is_initialised(settings),
        follows_a_crash=follows_a_crash,
        when_ready=when_ready,
        when_made=when_made,
    )
    try:
        Supervisor(settings, listeners, admin, around).run()
    finally:
        # What was made is nowhere else: it is shown even if something else then kept the instance from starting.
        show()
