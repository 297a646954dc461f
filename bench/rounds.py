"""One round of load on one server, and rounds on several servers in turn."""

import contextlib
import selectors
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec

from bench.load import Outcome, Plan
from bench.measure import CpuMeter, median, percentile
from bench.processes import BenchError, Server, free_port, listens, nothing_owed, running, tail, wait_for_start

_START_SECONDS = 60.0


class Round(NamedTuple):
    """What one server did in one round."""

    calls: int
    seconds: float
    workers_us: float
    """CPU of the workers per call."""
    tree_us: float
    """CPU of the whole process tree per call, until everything owed was done."""
    p50_us: float
    p99_us: float
    busy: float
    """Share of the round's time that the workers were on a CPU; 1 is one whole core."""


class Load:
    """A load process: its lines in and out. A silent or ended one raises BenchError."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path, most_seconds: float) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.pid = process.pid
        self._in: IO[bytes] = process.stdin
        self._out: IO[bytes] = process.stdout
        self._log = log
        self._most_seconds = most_seconds
        self.warm_calls = 0

    def tell(self, line: bytes) -> None:
        self._in.write(line + b"\n")
        self._in.flush()

    def hear(self) -> bytes:
        """The next line, which has to begin within the plan's time limit."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._out, selectors.EVENT_READ)
            if not selector.select(self._most_seconds + _START_SECONDS):
                raise BenchError("the load process fell silent")
        line = self._out.readline()
        if not line:
            raise BenchError(f"the load process ended: {tail(self._log)}")
        return line

    def outcome(self) -> Outcome:
        """The planned calls' outcome. Raises BenchError when one failed."""
        outcome = msgspec.json.decode(self.hear(), type=Outcome)
        if outcome.errors:
            raise BenchError(f"a call failed during the measurement: {outcome.first_error}")
        return outcome


@contextlib.contextmanager
def loading(plan: Plan, folder: Path) -> Iterator[Load]:
    """A load process for the plan, told what to do; modes other than `hold` are warm when the block begins."""
    log = folder / "load.log"
    with running([sys.executable, "-m", "bench.load"], log, piped=True) as process:
        load = Load(process, log, plan.most_seconds)
        load.tell(msgspec.json.encode(plan))
        if plan.mode != "hold":
            warm: dict[str, Any] = msgspec.json.decode(load.hear())
            if warm["error"] is not None:
                raise BenchError(f"a call failed during the warm-up on port {plan.port}: {warm['error']}")
            load.warm_calls = warm["warm"]
        yield load


def one_round(server: Server, plan: Plan, folder: Path, prepare: Callable[[int], None] | None = None) -> Round:
    """Warm up, then measure the plan's calls. `prepare` gets the load's process id before the measurement."""
    with loading(plan, folder) as load:
        server.settle(load.warm_calls)
        if prepare is not None:
            prepare(load.pid)
        meter = CpuMeter({*server.workers, *server.tree})
        load.tell(b"")
        outcome = load.outcome()
        workers_us = meter.spent_us(server.workers)
        server.settle(outcome.calls)
        tree_us = meter.spent_us(server.tree)
    return Round(
        calls=outcome.calls,
        seconds=outcome.seconds,
        workers_us=workers_us / outcome.calls,
        tree_us=tree_us / outcome.calls,
        p50_us=percentile(outcome.latencies_us, 50),
        p99_us=percentile(outcome.latencies_us, 99),
        busy=workers_us / 1e6 / outcome.seconds,
    )


class Entry(NamedTuple):
    """A server in an alternation, with what is sent to it."""

    server: Server
    plan: Plan
    prepare: Callable[[int], None] | None = None


def alternate(entries: Sequence[Entry], rounds: int, folder: Path) -> list[list[Round]]:
    """Rounds on every server in turn, each time in the other order: a list of rounds for each entry.

    The order changes so that a machine that slowly gets busier does not favour whoever is always first.
    """
    results: list[list[Round]] = [[] for _ in entries]
    for number in range(rounds):
        order = range(len(entries)) if number % 2 == 0 else reversed(range(len(entries)))
        for index in order:
            server, plan, prepare = entries[index]
            results[index].append(one_round(server, plan, folder, prepare))
    return results


def middle(rounds: Sequence[Round], field: str) -> float:
    """Median of one field over the rounds."""
    return median(getattr(one, field) for one in rounds)


def ratio(mine: Sequence[Round], theirs: Sequence[Round], field: str, their_field: str | None = None) -> float:
    """Median of the ratios of rounds that ran next to each other: what disturbs one usually disturbs its neighbour."""
    pairs = zip(mine, theirs, strict=True)
    return median(getattr(one, field) / getattr(other, their_field or field) for one, other in pairs)


@contextlib.contextmanager
def upstream(folder: Path) -> Iterator[Server]:
    """The vendor stub, as a server that can be called directly too."""
    port = free_port()
    log = folder / "upstream.log"
    with running([sys.executable, "-m", "bench.upstream", str(port)], log) as process:
        wait_for_start(process, lambda: listens(port), 15, log)
        yield Server("direct", port, [process.pid], [process.pid], nothing_owed)
