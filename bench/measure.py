"""Meters: CPU time and memory of processes, order statistics, and what machine this is."""

import importlib.metadata
import math
import os
import platform
import re
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.processes import BenchError

_CPUCLOCK_SCHED = 2


def cpu_ns(pid: int) -> int:
    """CPU time of a process in ns: user + system, all threads, ended ones too. Raises BenchError when it is gone.

    Reads the process's own CPU clock, whose id the kernel derives from the process id (clock_getcpuclockid(3)):
    /proc/PID/stat counts in ticks of 10 ms, which is too coarse for a few thousand calls.
    """
    try:
        return time.clock_gettime_ns((~pid << 3) | _CPUCLOCK_SCHED)
    except OSError as error:
        raise BenchError(f"process {pid} ended during the measurement") from error


class CpuMeter:
    """CPU time that a set of processes spends from now on."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._before = {pid: cpu_ns(pid) for pid in pids}

    def spent_us(self, pids: Iterable[int] | None = None) -> float:
        """Microseconds since the start, of all the processes or the named ones. Raises BenchError when one is gone."""
        return sum(cpu_ns(pid) - self._before[pid] for pid in (self._before if pids is None else pids)) / 1000


def rss_bytes(pid: int) -> int:
    """Resident memory of a process (VmRSS). Raises BenchError when it is gone."""
    return _status_bytes(pid, "VmRSS")


def _status_bytes(pid: int, field: str) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError as error:
        raise BenchError(f"process {pid} ended during the measurement") from error
    found = re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE)
    if found is None:
        raise BenchError(f"process {pid} ended during the measurement")
    return int(found[1]) * 1024


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def median(values: Iterable[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def pin(pids: Iterable[int], cores: set[int]) -> None:
    """Bind every thread of the processes to these cores; threads that they start later inherit it."""
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), cores)


def machine(nginx: str | None) -> dict[str, str]:
    """What the figures were measured on: a row for each fact."""
    cores = sorted(os.sched_getaffinity(0))
    return {
        "CPU": f"{_cpu_model()}, {len(cores)} cores for this run",
        "Memory": f"{_total_memory() / 2**30:.0f} GiB",
        "Kernel": f"{platform.system()} {platform.release().split('-')[0]} {platform.machine()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "Packages": ", ".join(
            f"{name} {importlib.metadata.version(name)}" for name in ("uvloop", "httptools", "orjson", "msgspec")
        ),
        "nginx": _nginx_version(nginx),
        "Load before the run": f"{os.getloadavg()[0]:.2f} (1 min)",
    }


def stolen() -> tuple[int, int]:
    """Ticks that the host of a virtual machine kept from it, and all ticks, since it started (proc(5), /proc/stat)."""
    ticks = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return ticks[7], sum(ticks)


def stolen_share(before: tuple[int, int]) -> str:
    """Share of CPU time kept from this machine since `before = stolen()`."""
    now = stolen()
    return f"{(now[0] - before[0]) / max(1, now[1] - before[1]):.1%}"


def _cpu_model() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def _total_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _nginx_version(binary: str | None) -> str:
    if binary is None or shutil.which(binary) is None:
        return "not installed"
    answer = subprocess.run([binary, "-v"], capture_output=True, text=True, timeout=10)
    return (answer.stderr or answer.stdout).strip().rpartition("/")[2]
