"""What the supervisor gives a child at its start, and the child's side of it: name, readiness, not outliving its parent.

Everything goes through one environment variable (JSON) and inherited file descriptors, because a child is started by
exec: it shares no memory, so new code is picked up by a replacement and a lock held by some thread is never copied.
"""

import ctypes
import os
import signal
import threading
import time

import msgspec
from setproctitle import setproctitle

from torana.settings import Settings

VARIABLE = "TORANA_PROCESS"
FATAL = 78
"""Exit status of a child that cannot start and would fail in the same way again (EX_CONFIG of sysexits.h)."""

_READY = b"ready\n"
_MOST_BYTES = 4000
"""Below PIPE_BUF, so that the supervisor reads an answer whole."""
_PR_SET_PDEATHSIG = 1
_MARGIN_SECONDS = 5.0


class CannotStart(Exception):
    """Why a process will not start, as the one line that its operator reads."""


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """The start-up message to one child; -1 stands for a descriptor that this child does not get."""

    role: str
    title: str
    settings: Settings
    ready_fd: int
    """Written once by the child: `ready`, or the line that says why it cannot start."""
    alive_fd: int
    """Never written; it ends when the supervisor does."""
    slot: int = -1
    """A gate's number among the living gates, 0 to 63."""
    listen_fd: int = -1
    """The listening socket: of a gate, or of control when it has a port of its own."""

    def encode(self) -> str:
        """The value of `TORANA_PROCESS`."""
        return msgspec.json.encode(self).decode()


def receive(environment: dict[str, str] | None = None) -> Handover:
    """Take the start-up message out of the environment. Raises CannotStart when a person starts a child by hand."""
    text = (os.environ if environment is None else environment).pop(VARIABLE, "")
    if not text:
        raise CannotStart("this is a part of `torana serve` and does not run alone; start `torana serve` instead.")
    return msgspec.json.decode(text, type=Handover)


def enter(handover: Handover) -> None:
    """Become the child: take its name, and make sure that it ends when the supervisor ends."""
    setproctitle(handover.title)
    for fd in (handover.ready_fd, handover.alive_fd):
        os.set_inheritable(fd, False)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    watch = threading.Thread(target=_end_with_parent, args=(handover,), name="parent-watch", daemon=True)
    watch.start()


def say_ready(handover: Handover, result: str = "") -> None:
    """Tell the supervisor that this child does its work from now on, or has done it with `result`. Once counts."""
    _say(handover, _READY + result.encode())


def say_fatal(handover: Handover, line: str) -> None:
    """Tell the supervisor why this child cannot start. The child then exits with the status FATAL."""
    _say(handover, " ".join(line.split()).encode()[:_MOST_BYTES])


def read_answer(data: bytes) -> tuple[bool, str]:
    """What a child has said: whether it is ready, and its result or the reason why not (empty without either)."""
    return data.startswith(_READY), data.removeprefix(_READY).decode(errors="replace").strip()


def _say(handover: Handover, data: bytes) -> None:
    try:
        os.write(handover.ready_fd, data)
        os.close(handover.ready_fd)
    except OSError:
        # Said already, or the supervisor is gone; the parent watch ends this process in that case.
        return


def _end_with_parent(handover: Handover) -> None:
    """Drain when the supervisor is gone, and end for certain once the grace time is over.

    The kernel's parent-death signal says the same sooner, but is lost if the parent dies before it is asked for; a child
    has to take a repeated SIGTERM as one.
    """
    os.read(handover.alive_fd, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(handover.settings.grace_seconds + _MARGIN_SECONDS)
    os._exit(1)
