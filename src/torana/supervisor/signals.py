"""Signals as bytes on a pipe, so that one `select` waits for signals, children and timers alike."""

import os
import signal
import socket
from types import FrameType, TracebackType
from typing import Self

WATCHED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class Signals:
    """While entered, the watched signals interrupt nothing and can be read with `take`. Main thread only."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def fileno(self) -> int:
        """Readable when a signal has arrived."""
        return self._reader.fileno()

    def take(self) -> list[int]:
        """The numbers of the signals that have arrived since the last call, in order."""
        try:
            return list(self._reader.recv(4096))
        except BlockingIOError:
            return []

    def __enter__(self) -> Self:
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in WATCHED:
            signal.signal(number, _nothing)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.set_wakeup_fd(-1)
        for number in WATCHED:
            signal.signal(number, signal.SIG_IGN if number != signal.SIGCHLD else signal.SIG_DFL)
        self._reader.close()
        self._writer.close()


def _nothing(number: int, frame: FrameType | None) -> None:
    """The byte on the pipe says it all; without a Python handler the kernel's default would end the process."""


def hung_up(on_terminal: bool) -> bool:
    """Whether a SIGHUP means that the terminal this process was started on is gone, rather than a wish to reload."""
    return on_terminal and not os.isatty(0)
