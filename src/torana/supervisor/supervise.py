"""The supervisor: one loop that starts the children, fills empty seats, replaces gates and stops everything in order.

No asyncio and no framework: it has to be up in milliseconds, stay small, and be the one process that does not fail.
"""

import errno
import math
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torana.settings import Settings
from torana.supervisor import report
from torana.supervisor.child import Child, Command, Seat, start
from torana.supervisor.handover import CannotStart
from torana.supervisor.signals import Signals, hung_up

SLOTS = 64
"""Living gate processes at a time, the ones that are finishing their calls included."""
_TRIES = 3
_MARGIN_SECONDS = 5.0
"""How much longer than the grace time a gate may take to end by itself."""
_READY_SECONDS = 60.0
"""How long a replacement may take to be ready."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the supervisor is given by its surroundings."""

    command: Command
    clear_slot: Callable[[int], None]
    """Gives back whatever a gate process that has ended still held of the shared counters."""
    first_start: bool
    """Whether the data folder has to be set up by an `init` child first."""
    follows_a_crash: bool
    """Whether gates of an earlier supervisor may have ended without anyone clearing their slots."""
    when_ready: Callable[[], None]
    when_made: Callable[[str], None]
    """Takes the result of the `init` child, as soon as there is one."""


class Supervisor:
    """Runs the processes of one instance until it is told to stop. `run` is called once, from the main thread."""

    def __init__(
        self, settings: Settings, listeners: Sequence[socket.socket], admin: socket.socket | None, around: Surroundings
    ) -> None:
        self._settings = settings
        self._sockets = [*listeners, *([admin] if admin is not None else [])]
        self._around = around
        self._gates = [Seat("gate", listener.fileno()) for listener in listeners]
        self._control = Seat("control", admin.fileno() if admin is not None else -1)
        self._recorder = Seat("recorder")
        self._seats = [*self._gates, self._control, self._recorder]
        self._aside: list[Child] = []
        """Living children without a seat: a replacement that is not ready yet, an `init` or `apply` child."""
        self._leaving: dict[Child, float] = {}
        """Replaced gates, with the time at which they are killed."""
        self._selector = selectors.DefaultSelector()
        self._alive, self._alive_writer = os.pipe2(os.O_CLOEXEC)
        self._signals = Signals()
        self._stops = 0
        self._serving = False
        self._reload = False
        self._on_terminal = os.isatty(0)
        self._metrics = Path(settings.data) / "run" / "metrics"
        self._metrics_failed = False
        self._started_us = time.time_ns() // 1000
        self._next_report = 0.0
        self._stale_slots = list(range(SLOTS)) if around.follows_a_crash else []
        self._logger: Any = None

    def run(self) -> None:
        """Start everything and return once all of it has stopped in order. Raises CannotStart."""
        self._selector.register(self._signals, selectors.EVENT_READ)
        with self._signals:
            try:
                self._start_all()
                while not self._stops:
                    self._turn()
                    if self._reload and not self._stops:
                        self._replace_all()
                self._drain()
            finally:
                self._kill_rest()
                os.close(self._alive_writer)
                os.close(self._alive)
                self._selector.close()

    def _start_all(self) -> None:
        report.clear(self._metrics)
        if self._around.first_start:
            self._init()
        # Gates serve from the last snapshot without the others, so on few cores they get the processors first. With a
        # configuration file, what it declares is there only once control has applied it.
        first = self._seats if self._settings.config else self._gates
        needed = [*self._gates, *([self._control] if self._settings.config else [])]
        self._fill(first)
        if self._wait(lambda: all(seat.ever_ready for seat in needed)):
            self._around.when_ready()
            self._fill([seat for seat in self._seats if seat not in first])
            self._serving = True
            self._log("info", "ready", pids={child.title: child.process.pid for child in self._living()})

    def _fill(self, seats: Sequence[Seat]) -> None:
        for seat in seats if not self._stops else ():
            seat.child = self._start(seat)

    def _init(self) -> None:
        child = self._once("init")
        if child.ready:
            self._around.when_made(child.said)
        elif not self._stops:
            status = child.process.returncode
            raise CannotStart(child.fatal() or f"setting up the data folder failed (exit status {status}).")

    def _once(self, role: str) -> Child:
        """Run a child that does one thing, until it has ended or a stop is asked for."""
        child = self._start(Seat(role))
        self._aside.append(child)
        self._wait(lambda: child not in self._aside)
        return child

    def _start(self, seat: Seat) -> Child:
        slot = self._free_slot() if seat.role == "gate" else -1
        if slot in self._stale_slots:
            self._clear(slot)
        child = start(seat, slot, self._settings, self._alive, self._around.command)
        self._selector.register(child.ready_fd, selectors.EVENT_READ, child)
        return child

    def _free_slot(self) -> int:
        taken = {child.slot for child in self._living()}
        slot = next((slot for slot in range(SLOTS) if slot not in taken), None)
        if slot is None:
            raise OSError(errno.EAGAIN, f"{SLOTS} gates are living already")
        return slot

    def _clear(self, slot: int) -> None:
        if slot in self._stale_slots:
            self._stale_slots.remove(slot)
        try:
            self._around.clear_slot(slot)
        except OSError as error:
            self._log("error", "counters_not_cleared", slot=slot, reason=str(error))

    def _living(self) -> list[Child]:
        seated = [seat.child for seat in self._seats if seat.child is not None]
        return [*seated, *self._aside, *self._leaving]

    def _wait(self, reached: Callable[[], bool], seconds: float | None = None, *, stops: float = 1) -> bool:
        """Go on with everything until `reached`; False when the time is over or `stops` stop signals have come."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while not reached():
            if self._stops >= stops or (deadline is not None and time.monotonic() >= deadline):
                return False
            self._turn()
        return True

    def _turn(self) -> None:
        """Wait for the next signal, word of a child or time to act, and act on it."""
        now = time.monotonic()
        times = [self._next_report, *self._leaving.values()]
        times += [seat.restart_at for seat in self._seats if seat.restart_at is not None]
        for key, _ in self._selector.select(max(0.0, min([now + 1.0, *times]) - now)):
            if key.data is None:
                self._take_signals()
            else:
                self._hear(key.data)
        self._reap()
        now = time.monotonic()
        for child, deadline in list(self._leaving.items()):
            if now >= deadline:
                self._leaving[child] = math.inf
                self._log("warning", "child_killed", title=child.title, reason="did not end within the grace time")
                child.signal(signal.SIGKILL)
        for seat in self._seats:
            if seat.wanted and seat.restart_at is not None and now >= seat.restart_at:
                self._refill(seat)
        if now >= self._next_report:
            self._next_report = now + 1.0
            self._report()
            if self._serving and self._stale_slots:
                # One a second: with many limits, clearing a slot takes a while, and nobody may wait for a dead one's.
                self._clear(self._stale_slots[-1])

    def _take_signals(self) -> None:
        for number in self._signals.take():
            if number in {signal.SIGTERM, signal.SIGINT} or (number == signal.SIGHUP and hung_up(self._on_terminal)):
                self._stops += 1
            elif number == signal.SIGHUP:
                self._reload = True

    def _hear(self, child: Child) -> None:
        self._selector.unregister(child.ready_fd)
        child.listen()
        for seat in self._seats:
            if seat.child is child and child.ready:
                seat.ever_ready = True
                if self._serving:
                    self._log("info", "child_ready", title=child.title, pid=child.process.pid)

    def _reap(self) -> None:
        for child in [child for child in self._living() if child.ended()]:
            if child.ready_fd >= 0:
                self._hear(child)
            if child in self._aside:
                self._aside.remove(child)
            self._leaving.pop(child, None)
            if child.slot >= 0:
                self._clear(child.slot)
            for seat in self._seats:
                if seat.child is child:
                    self._fell(seat, child)

    def _fell(self, seat: Seat, child: Child) -> None:
        if not seat.wanted:
            seat.child = None
            return
        status = child.process.returncode
        if not seat.ever_ready and child.fatal() and not self._stops:
            raise CannotStart(child.fatal())
        wait = seat.vacate(time.monotonic())
        self._log(
            "warning",
            "child_ended",
            title=child.title,
            status=status,
            reason=child.fatal() or None,
            restart_in_seconds=round(wait, 1),
        )
        if not seat.ever_ready and seat.failures >= _TRIES and not self._serving and not self._stops:
            name = child.title.removeprefix("torana: ")
            raise CannotStart(f"{name} ended {_TRIES} times before it was ready (exit status {status}).")

    def _refill(self, seat: Seat) -> None:
        seat.restart_at = None
        try:
            seat.child = self._start(seat)
        except OSError as error:
            wait = seat.vacate(time.monotonic())
            self._log(
                "error", "child_not_started", role=seat.role, reason=str(error), restart_in_seconds=round(wait, 1)
            )

    def _replace_all(self) -> None:
        """SIGHUP: apply the configuration file, then put a new process in each gate's seat."""
        self._reload = False
        self._log("info", "reload_started")
        if self._settings.config:
            applied = self._once("apply")
            if not applied.ready:
                reason = applied.fatal() or f"exit status {applied.process.returncode}"
                self._log("error", "reload_refused", config=self._settings.config, reason=reason)
                return
        for seat in self._gates:
            if not self._replace(seat):
                return
        self._log("info", "reload_done", gates=len(self._gates))

    def _replace(self, seat: Seat) -> bool:
        """Put a new gate in a seat. The old one goes on until the new one is ready: the socket always has a reader."""
        if sum(child.slot >= 0 for child in self._living()) >= SLOTS:
            # No number is free for a second gate: the old one goes first and the socket's queue keeps callers.
            before = len(self._living())
            self._retire(seat)
            self._wait(lambda: len(self._living()) < before)
        try:
            fresh = self._start(seat)
        except OSError as error:
            return self._cut_short(seat, str(error))
        self._aside.append(fresh)
        self._wait(lambda: fresh.ready or fresh not in self._aside, _READY_SECONDS)
        if not fresh.ready or fresh not in self._aside:
            fresh.signal(signal.SIGKILL)
            return self._cut_short(seat, fresh.fatal() or f"{fresh.title} did not become ready")
        self._aside.remove(fresh)
        self._retire(seat)
        seat.child, seat.restart_at, seat.ever_ready = fresh, None, True
        return True

    def _retire(self, seat: Seat) -> None:
        old, seat.child = seat.child, None
        if old is not None:
            self._leaving[old] = time.monotonic() + self._settings.grace_seconds + _MARGIN_SECONDS
            old.signal(signal.SIGTERM)

    def _cut_short(self, seat: Seat, reason: str) -> bool:
        self._log("error", "reload_cut_short", reason=reason)
        if seat.child is None and seat.restart_at is None:
            seat.restart_at = time.monotonic()
        return False

    def _drain(self) -> None:
        """Stop in the order of the data: callers first, then what records their calls, then what everything asks."""
        self._log("info", "draining", grace_seconds=self._settings.grace_seconds)
        for seat in [*self._gates, self._control]:
            seat.wanted = False
        # New connections are refused from here on, once each gate has closed its own copy.
        for listener in self._sockets:
            listener.close()
        grace = self._settings.grace_seconds
        self._end([*self._gates], grace + _MARGIN_SECONDS)
        self._end([self._recorder], grace + _MARGIN_SECONDS)
        self._end([self._control], _MARGIN_SECONDS)
        self._log("info", "stopped")

    def _end(self, seats: list[Seat], seconds: float) -> None:
        for seat in seats:
            seat.wanted = False
            if seat.child is not None:
                seat.child.signal(signal.SIGTERM)
        with_replaced = seats == self._gates
        self._wait(
            lambda: all(seat.child is None for seat in seats) and not (with_replaced and self._leaving),
            seconds,
            stops=2,
        )
        for seat in seats:
            if seat.child is not None:
                self._log("warning", "child_killed", title=seat.child.title)
                seat.child.signal(signal.SIGKILL)
        self._wait(lambda: all(seat.child is None for seat in seats), 2.0, stops=math.inf)

    def _kill_rest(self) -> None:
        """Whatever happened, leave no child behind: ask once, then kill."""
        rest = self._living()
        for child in rest:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + (0.0 if self._stops >= 2 else 2.0)
        while any(not child.ended() for child in rest) and time.monotonic() < deadline:
            time.sleep(0.01)
        for child in rest:
            child.signal(signal.SIGKILL)
            child.process.wait()
            if child.slot >= 0:
                self._clear(child.slot)

    def _report(self) -> None:
        try:
            report.write(self._metrics / report.NAME, report.figures(self._started_us, self._seats, self._leaving))
            self._metrics_failed = False
        except OSError as error:
            if not self._metrics_failed:
                self._log("warning", "metrics_not_written", reason=str(error))
            self._metrics_failed = True

    def _log(self, level: str, event: str, **detail: object) -> None:
        if self._logger is None:
            # Here and not above: importing it takes longer than starting the children, who need it as well.
            from torana.kit import log

            log.configure("supervisor", self._settings.log_level, self._settings.log_format)
            self._logger = log.logger()
        try:
            getattr(self._logger, level)(event, **{name: value for name, value in detail.items() if value is not None})
        except OSError:
            # Standard error is gone (a closed terminal or pipe). Stopping in order matters more than saying so.
            return
