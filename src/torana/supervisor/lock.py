"""One instance for one data folder: a lock that the kernel releases however its holder ends."""

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

NAME = "instance.lock"


class InstanceRunning(Exception):
    """Another instance uses the data folder; the message names its process and address."""


class InstanceLock:
    """Holds `<data>/run/instance.lock` while it is entered. Entering raises InstanceRunning, or OSError for the folder.

    The file holds `<pid> <address>` while an instance runs and is emptied when it ends in order.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "run" / NAME
        self.follows_a_crash = False
        """Whether the last holder did not end in order, so that its children may still be draining."""
        self._fd = -1

    def __enter__(self) -> Self:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not _locked(fd):
            holder = _read(fd)
            os.close(fd)
            raise InstanceRunning(_line(self.path.parent.parent, holder))
        self._fd = fd
        self.follows_a_crash = bool(_read(fd))
        self.tell("")
        return self

    def tell(self, address: str) -> None:
        """Write down who holds the lock, for whoever tries to take it. `address` is HOST:PORT, empty before it is open."""
        self._write(f"{os.getpid()} {address}".strip().encode())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write(b"")
        os.close(self._fd)
        self._fd = -1

    def _write(self, data: bytes) -> None:
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, data, 0)


def holder(folder: Path) -> str | None:
    """Who runs on this data folder, as `<pid> <address>`; None when nobody does."""
    try:
        fd = os.open(folder / "run" / NAME, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(fd) or "unknown"
    finally:
        os.close(fd)
    return None


def _locked(fd: int) -> bool:
    # A second try, because `holder` takes the lock for an instant to see whether it is free.
    for pause_seconds in (0.05, 0.0):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(pause_seconds)
        else:
            return True
    return False


def _read(fd: int) -> str:
    return os.pread(fd, 512, 0).decode(errors="replace").strip()


def _line(folder: Path, holder: str) -> str:
    pid, _, address = holder.partition(" ")
    who = f"process {pid}" + (f", serving {address}" if address else "") if pid else "another process"
    advice = "Stop that one, or choose another folder with --data."
    return f"the data folder {folder} is in use by another Torana ({who}). {advice}"
