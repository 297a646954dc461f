"""One child process and the seat it fills: how it is started, what it has said, and when its successor may start."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from torana.kit.backoff import backoff
from torana.settings import Settings
from torana.supervisor.handover import FATAL, VARIABLE, Handover, read_answer

STABLE_SECONDS = 60.0
"""A child that has lived this long is restarted at once again when it ends."""

Command = Callable[[str, int], Sequence[str]]
"""The command line of a child: from its role and slot (-1 without one)."""


@dataclass(slots=True, eq=False)
class Child:
    """A running or ended process. `slot` is a gate's number among the living gates, -1 for others."""

    process: subprocess.Popen[bytes]
    title: str
    slot: int
    ready_fd: int
    """The supervisor's end of the readiness pipe; -1 once the child has spoken."""
    started: float
    ready: bool = False
    said: str = ""
    """Its result, or why it cannot start, in its own words."""

    def listen(self) -> None:
        """Read what the child has said, once its pipe has something."""
        data = os.read(self.ready_fd, 4096)
        os.close(self.ready_fd)
        self.ready_fd = -1
        self.ready, self.said = read_answer(data)

    def ended(self) -> bool:
        """Whether the process has ended; its status is collected."""
        return self.process.poll() is not None

    def fatal(self) -> str:
        """The reason of a child that has refused to start, else nothing."""
        return (self.said or "it gave no reason") if self.process.returncode == FATAL else ""

    def signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        self.process.send_signal(number)


@dataclass(slots=True, eq=False)
class Seat:
    """A place to be filled by one child at a time: a gate with its listening socket, control, or the recorder."""

    role: str
    listen_fd: int = -1
    child: Child | None = None
    restarts: int = 0
    failures: int = 0
    """Children that ended before any of this seat has ever been ready."""
    ever_ready: bool = False
    wanted: bool = True
    """Whether a child that ends is followed by another."""
    restart_at: float | None = None
    """When to start the next child (monotonic seconds); None when there is one."""
    _waits: Iterator[float] | None = field(default=None)

    def vacate(self, now: float) -> float:
        """Note that the child has ended; returns the seconds to wait for the next: none at first, then ever more."""
        lived = now - self.child.started if self.child is not None else 0.0
        self.child = None
        self.restarts += 1
        if not self.ever_ready:
            self.failures += 1
        if self._waits is None or lived >= STABLE_SECONDS:
            self._waits = backoff(0.5, 30.0)
            wait = 0.0
        else:
            wait = next(self._waits)
        self.restart_at = now + wait
        return wait


def start(seat: Seat, slot: int, settings: Settings, alive_fd: int, command: Command) -> Child:
    """Start a child for a seat, by exec. Raises OSError when the system has no room for it."""
    read_end, write_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    title = f"torana: {seat.role}" + (f" {slot}" if slot >= 0 else "")
    handover = Handover(
        role=seat.role,
        title=title,
        settings=settings,
        ready_fd=write_end,
        alive_fd=alive_fd,
        slot=slot,
        listen_fd=seat.listen_fd,
    )
    passed = [fd for fd in (write_end, alive_fd, seat.listen_fd) if fd >= 0]
    try:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command(seat.role, slot),
            env={**os.environ, VARIABLE: handover.encode()},
            pass_fds=passed,
            stdin=subprocess.DEVNULL,
            # A group of its own: Ctrl-C in a terminal reaches the supervisor alone, which then drains in order.
            process_group=0,
        )
    except OSError:
        os.close(read_end)
        raise
    finally:
        os.close(write_end)
    return Child(process, title, slot, read_end, time.monotonic())
