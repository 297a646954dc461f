"""Starts and ends the servers of a run: each by its own process id, whatever way the run ends."""

import contextlib
import http.client
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

HOST = "127.0.0.1"
GRACE_SECONDS = 10.0


class BenchError(Exception):
    """A run that cannot go on; the message says what happened."""


class UnavailableError(BenchError):
    """Something the measurement needs is not on this machine; the figure is left out."""


class Server(NamedTuple):
    """One thing that calls are sent through."""

    name: str
    port: int
    workers: list[int]
    """Process ids of what handles calls: nginx's worker, Torana's gates."""
    tree: list[int]
    """Process ids of everything that belongs to it."""
    settle: Callable[[int], None]
    """Told how many calls were made since the last time; returns when everything owed for them is done."""


def nothing_owed(_calls: int) -> None:
    """`settle` of a server that keeps no records."""


def free_port() -> int:
    """A port of the loopback interface that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def raise_file_limit() -> int:
    """Let this process and its children open as many files as the machine allows; returns how many."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def wait_until(condition: Callable[[], bool], seconds: float, what: str, every_seconds: float = 0.02) -> None:
    """Poll `condition`. Raises BenchError naming `what` when it is still false after `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise BenchError(f"{what} did not happen within {seconds:g} s")
        time.sleep(every_seconds)


def status_of(port: int, path: str) -> int:
    """HTTP status of a GET on loopback; 0 while nothing answers."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def listens(port: int) -> bool:
    """Whether something accepts connections at a port of loopback."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def end_process(process: "subprocess.Popen[bytes]") -> None:
    """End a process and everything it started: politely, then by force."""
    with contextlib.suppress(psutil.NoSuchProcess):
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        with contextlib.suppress(psutil.NoSuchProcess):
            family[0].terminate()
        _, left = psutil.wait_procs(family, timeout=GRACE_SECONDS)
        for survivor in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                survivor.kill()
        psutil.wait_procs(left, timeout=GRACE_SECONDS)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


@contextlib.contextmanager
def running(
    command: Sequence[str],
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    piped: bool = False,
) -> Iterator["subprocess.Popen[bytes]"]:
    """A child process for the length of a `with` block. `piped` keeps its standard input and output for the caller.

    `environment` replaces this process's own. The child gets a session of its own, so that Ctrl-C reaches only the
    benchmark, which then ends each child by its id.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
            stdout=subprocess.PIPE if piped else output,
            stderr=output,
            env=environment,
            cwd=folder,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        end_process(process)


def wait_for_start(process: "subprocess.Popen[bytes]", ready: Callable[[], bool], seconds: float, log: Path) -> None:
    """Wait until a server is ready. Raises BenchError with the end of its log when it ends or stays silent."""
    end = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None:
            raise BenchError(f"{process.args!r} ended with {process.returncode}: {tail(log)}")
        if time.monotonic() > end:
            raise BenchError(f"{process.args!r} was not ready within {seconds:g} s: {tail(log)}")
        time.sleep(0.01)


def tail(log: Path, most_bytes: int = 1500) -> str:
    """The last bytes of a log, for an error message."""
    return log.read_bytes()[-most_bytes:].decode(errors="replace").strip() if log.exists() else "(no log)"


def stop_on_sigterm() -> None:
    """Make SIGTERM unwind the run as Ctrl-C does, so that every child is ended."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


@contextlib.contextmanager
def work_folder() -> Iterator[Path]:
    """A temporary folder for data, configurations and logs, removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="torana-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
