"""Waiting for something to become true, with a generous end."""

import time
from collections.abc import Callable
from typing import TypeVar

import psutil

T = TypeVar("T")


def eventually(check: Callable[[], T | None], what: str, seconds: float = 60.0) -> T:
    """The first true answer of `check`. AssertionError saying `what` was awaited, with the last answer, after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        answer = check()
        if answer:
            return answer
        assert time.monotonic() < end, f"not within {seconds} s: {what}; last answer: {answer!r}"
        time.sleep(0.02)


def kill(process: psutil.Process) -> None:
    """SIGKILL, and wait until the process is gone or only its exit status is left."""
    process.kill()
    eventually(lambda: _is_dead(process), f"the end of process {process.pid}")


def _is_dead(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
