"""A few killable worker processes that evaluate templates and mappings, for one event loop.

`submit` is for who is driven by callbacks (a gate's journey), `evaluate` for asyncio. Nothing here blocks the loop but the start of
a worker (a few milliseconds, once, and after each that had to be killed). Workers start when they are first needed.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable

import msgspec

from torana.custom.errors import CustomError, failed
from torana.custom.jobs import LENGTH, Job, Limits, Outcome, decode_outcome, encode

Result = tuple[bytes, ...] | CustomError
_START_SECONDS = 30.0
_READ_BYTES = 262_144
_REAP_TRIES = 1000
_ENVIRONMENT = {"LC_ALL": "C.UTF-8"}
"""All of it: an empty one would keep the process from naming itself."""
_FRAME_SLACK = 65_536
_PROGRAM = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from torana.custom.worker import start; start()"
_ENDED = {
    signal.SIGPROF: "it used more processor time than {cpu:g} s",
    signal.SIGXCPU: "it used more processor time than {cpu:g} s",
    signal.SIGABRT: "it needs more memory than is allowed",
    signal.SIGSEGV: "it is nested too deeply",
}


class Ticket:
    """One job that was submitted: `then` is called once with its result, unless it is cancelled first."""

    __slots__ = ("job", "then")

    def __init__(self, job: Job, then: Callable[[Result], None]) -> None:
        self.job = job
        self.then: Callable[[Result], None] | None = then

    def answer(self, result: Result) -> None:
        """Give the result to who waits for it."""
        then, self.then = self.then, None
        if then is not None:
            then(result)


class Sandbox:
    """At most `workers` processes and `waiting` jobs in line. Use it from one event loop; `close` it in the end."""

    def __init__(self, limits: Limits | None = None, *, workers: int = 2, waiting: int = 64) -> None:
        self.limits = limits or Limits()
        self._most_workers = workers
        self._most_waiting = waiting
        self._workers: list[_Worker] = []
        self._line: deque[Ticket] = deque()
        self._dying: list[subprocess.Popen[bytes]] = []
        self._closed = False

    @property
    def processes(self) -> list[int]:
        """The ids of the workers that live."""
        return [worker.process.pid for worker in self._workers]

    def submit(self, job: Job, then: Callable[[Result], None]) -> Ticket:
        """Have a job done; `then` is called from the loop, never before this returns. To be called from the loop."""
        ticket = Ticket(job, then)
        loop = asyncio.get_running_loop()
        if self._closed:
            loop.call_soon(ticket.answer, _unavailable("the gate is stopping"))
        elif job.size > self.limits.input_bytes:
            reason = f"its input of {job.size} bytes is larger than {self.limits.input_bytes}"
            loop.call_soon(ticket.answer, failed(_named(job), reason))
        elif len(self._line) >= self._most_waiting:
            loop.call_soon(
                ticket.answer, _unavailable(f"{self._most_waiting} evaluations are waiting already; try again")
            )
        else:
            self._line.append(ticket)
            self._advance(loop)
        return ticket

    def cancel(self, ticket: Ticket) -> None:
        """Nobody waits for it any more. One that runs is left to run to its limit."""
        ticket.then = None
        if ticket in self._line:
            self._line.remove(ticket)

    async def evaluate(self, job: Job) -> tuple[bytes, ...]:
        """A job's values. Raises CustomError."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        ticket = self.submit(job, lambda result: None if future.done() else future.set_result(result))
        try:
            result = await future
        finally:
            self.cancel(ticket)
        if isinstance(result, CustomError):
            raise result
        return result

    async def close(self) -> None:
        """End the workers; jobs that wait are answered with an error."""
        self._closed = True
        for worker in list(self._workers):
            worker.kill()
        self._refuse_waiting(_unavailable("the gate is stopping"))
        for _ in range(_REAP_TRIES):
            if not self._reaped_some():
                return
            await asyncio.sleep(0.005)

    def _reaped_some(self) -> bool:
        """Whether processes that were killed are still dying. One with much memory takes a while, and nobody waits for that."""
        self._dying = [process for process in self._dying if process.poll() is None]
        return bool(self._dying)

    def _advance(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give waiting jobs to idle workers; start another worker when there is none and room for one."""
        for worker in list(self._workers):
            if self._line and worker.idle:
                worker.give(self._line.popleft())
        starting = sum(worker.starting for worker in self._workers)
        if len(self._line) > starting and len(self._workers) < self._most_workers:
            try:
                self._workers.append(_Worker(self, loop))
            except OSError as error:
                # Not now: who has just submitted a job is not to be answered before `submit` returns.
                loop.call_soon(
                    self._refuse_waiting, _unavailable(f"no worker could be started: {error.strerror or error}")
                )

    def again(self, ticket: Ticket) -> None:
        """A job whose worker had died before it could take it."""
        self._line.appendleft(ticket)

    def ready(self, loop: asyncio.AbstractEventLoop) -> None:
        """A worker has become idle."""
        self._advance(loop)

    def ended(self, worker: "_Worker", loop: asyncio.AbstractEventLoop) -> None:
        """A worker is gone. One that never became ready would not do so the next time either, so what waits is refused."""
        self._workers.remove(worker)
        self._dying.append(worker.process)
        self._reaped_some()
        if self._closed:
            return
        if worker.starting:
            self._refuse_waiting(_unavailable(f"a worker ended while it started, {worker.how}"))
        self._advance(loop)

    def _refuse_waiting(self, error: CustomError) -> None:
        waiting, self._line = self._line, deque()
        for ticket in waiting:
            ticket.answer(error)


class _Worker:
    """One process and what it is doing."""

    def __init__(self, sandbox: Sandbox, loop: asyncio.AbstractEventLoop) -> None:
        self._sandbox = sandbox
        self._loop = loop
        self._socket, theirs = socket.socketpair()
        try:
            self._socket.setblocking(False)
            self.process = _start(theirs, sandbox.limits)
        except BaseException:
            self._socket.close()
            raise
        finally:
            theirs.close()
        self._ticket: Ticket | None = None
        self._received = bytearray()
        self._unsent = memoryview(b"")
        self._frame_size = 0
        self._killed = ""
        self.how = ""
        """How it ended."""
        self.starting = True
        self._timer = loop.call_later(_START_SECONDS, self.kill, "it did not start in time")
        loop.add_reader(self._socket, self._read)

    @property
    def idle(self) -> bool:
        """Whether it waits for a job."""
        return not self.starting and self._ticket is None

    def give(self, ticket: Ticket) -> None:
        """Begin a job."""
        self._ticket = ticket
        seconds = self._sandbox.limits.wall_seconds
        self._timer = self._loop.call_later(seconds, self.kill, f"it ran longer than {seconds:g} s")
        frame = encode(ticket.job)
        self._unsent = memoryview(LENGTH.pack(len(frame)) + frame)
        self._frame_size = len(self._unsent)
        self._write()

    def kill(self, why: str = "the gate is stopping") -> None:
        """End the process now; its job fails."""
        self._killed = self._killed or why
        self.process.kill()
        self._end()

    def _write(self) -> None:
        try:
            while self._unsent:
                self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except BlockingIOError:
            self._loop.add_writer(self._socket, self._write)
            return
        except OSError:
            # It has died; the reader sees that too. What it has never read of is for another worker.
            if len(self._unsent) == self._frame_size and self._ticket is not None:
                self._sandbox.again(self._ticket)
                self._ticket = None
            self._unsent = memoryview(b"")
        self._loop.remove_writer(self._socket)

    def _read(self) -> None:
        try:
            data = self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._end()
            return
        self._received += data
        if len(self._received) < LENGTH.size:
            return
        size = LENGTH.unpack_from(self._received)[0]
        if size > self._sandbox.limits.output_bytes + _FRAME_SLACK:
            self.kill("its output is too large")
        elif len(self._received) == LENGTH.size + size:
            frame = bytes(self._received[LENGTH.size :])
            self._received = bytearray()
            self._answered(frame)
        elif len(self._received) > LENGTH.size + size:
            self.kill("the worker sent more than it was asked for")

    def _answered(self, frame: bytes) -> None:
        self._timer.cancel()
        try:
            outcome = decode_outcome(frame)
        except (msgspec.DecodeError, RecursionError):
            self.kill("the worker did not answer in its form")
            return
        ticket, self._ticket = self._ticket, None
        self.starting = False
        if outcome.leaving:
            self.kill()
        if ticket is not None:
            ticket.answer(_result(outcome))
        self._sandbox.ready(self._loop)

    def _end(self) -> None:
        """Reap the process, fail its job, tell the sandbox. Comes after a kill or when the socket has closed."""
        self._timer.cancel()
        if self._socket.fileno() < 0:
            return
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._socket.close()
        if not self._killed:
            # Its memory is gone before its socket closes, so this returns at once.
            self.process.kill()
            self._killed = _how_ended(self.process.wait(), self._sandbox.limits)
        self.how = self._killed
        ticket, self._ticket = self._ticket, None
        if ticket is not None:
            ticket.answer(failed(_named(ticket.job), f"stopped: {self.how}"))
        self._sandbox.ended(self, self._loop)


def _start(theirs: socket.socket, limits: Limits) -> "subprocess.Popen[bytes]":
    given = [json.dumps(sys.path), str(theirs.fileno()), str(os.getpid()), msgspec.json.encode(limits).decode()]
    return subprocess.Popen(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-I", "-X", "utf8", "-c", _PROGRAM, *given],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(theirs.fileno(),),
        env=_ENVIRONMENT,
    )


def _named(job: Job) -> str:
    """The job's only step, or what its steps have in common: which of them it was died with the worker."""
    name = job.steps[0].name
    return name if all(step.name == name for step in job.steps) else name.partition(".")[0]


def _result(outcome: Outcome) -> Result:
    if not outcome.reason:
        return outcome.values
    if outcome.fault == "input":
        return CustomError("upstream_bad_reply", outcome.step, outcome.reason)
    return failed(outcome.step, outcome.reason)


def _how_ended(status: int, limits: Limits) -> str:
    known = _ENDED.get(signal.Signals(-status)) if -status in set(signal.Signals) else None
    return known.format(cpu=limits.cpu_seconds) if known else f"its worker ended with status {status}"


def _unavailable(reason: str) -> CustomError:
    return CustomError("custom_sandbox_unavailable", "", reason)
