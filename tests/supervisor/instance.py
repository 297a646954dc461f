"""A running supervisor with scripted children, as a test sees it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

RUN = Path(__file__).with_name("run_instance.py")
PATIENCE_SECONDS = 60.0


class Event(NamedTuple):
    """What a child has noted: `start`, `term` or `end`."""

    what: str
    role: str
    slot: int
    pid: int


def until(reached: Callable[[], Any], what: str) -> Any:
    """Poll until `reached` gives something true, and return it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := reached()):
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.02)
    return found


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Instance:
    """One `torana serve` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.events_file = folder / "events"
        self.process: subprocess.Popen[bytes] | None = None

    def script(self, **roles: dict[str, Any]) -> None:
        """Say what children of each role do from their next start on."""
        fresh = self.folder / "script.new"
        fresh.write_text(json.dumps(roles))
        fresh.replace(self.folder / "script.json")

    def existing_data(self) -> None:
        """Make the data folder look as if it was set up before."""
        (self.data / "snapshot").mkdir(parents=True, exist_ok=True)
        (self.data / "snapshot" / "current.snap").touch()

    def start(self, *options: str, listen: str = "127.0.0.1:0", workers: int = 2, **environment: str) -> None:
        """Start it, without waiting."""
        arguments = ["serve", "--data", str(self.data), "--listen", listen, "--workers", str(workers), *options]
        with (self.folder / "stdout").open("wb") as out, (self.folder / "stderr").open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, str(RUN), *arguments],
                env={**os.environ, "SCENARIO": str(self.folder), "TORANA_LOG_FORMAT": "json", **environment},
                stdout=out,
                stderr=err,
            )

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def stdout(self) -> str:
        return (self.folder / "stdout").read_text()

    def stderr(self) -> str:
        return (self.folder / "stderr").read_text()

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The supervisor's log lines of one event."""
        lines = [json.loads(line) for line in self.stderr().splitlines() if line.startswith("{") and line.endswith("}")]
        return [line for line in lines if line["event"] == event]

    def events(self, what: str = "start", role: str = "gate") -> list[Event]:
        """What children of a role have noted, in order."""
        text = self.events_file.read_text() if self.events_file.exists() else ""
        fields = [line.split() for line in text.splitlines()]
        found = [Event(one, two, int(slot), int(pid)) for one, two, slot, pid in fields]
        return [event for event in found if event.what == what and event.role == role]

    def ready(self) -> tuple[str, int]:
        """Wait until it says that it is ready; returns its address."""

        def said() -> re.Match[str] | None:
            assert self.process is not None
            assert self.process.poll() is None, self.stderr()
            return re.search(r"ready at http://(\S+):(\d+)", self.stdout())

        match = until(said, "the line that says it is ready")
        return match[1].strip("[]"), int(match[2])

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self) -> int:
        """Wait for its end; returns the exit status."""
        assert self.process is not None
        return self.process.wait(PATIENCE_SECONDS)

    def stop(self) -> None:
        """End it and whatever it has started."""
        (self.folder / "release").touch()
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE_SECONDS)
            finally:
                self.process.kill()
                self.process.wait()


def ask(address: tuple[str, int], line: bytes = b"who\n") -> str:
    """Open a connection, send a line, and return the answer. Raises OSError when it is refused or reset."""
    with socket.create_connection(address, timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(line)
        return connection.recv(100).decode().strip()


def who(address: tuple[str, int]) -> int:
    """The process id of the gate that answers a new connection."""
    return int(ask(address).split()[0])
