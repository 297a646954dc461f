"""Calls at a steady pace, as a process of its own, however long each of them takes: what was due and had to wait counts as late.

Reads one Pace (a JSON line) from standard input, prints a line when every caller has been answered once, calls until another line
comes, and prints Steady. Times of day are CLOCK_MONOTONIC's, which is the same in every process. Run as `python -m bench.steady`.
"""

import array
import asyncio
import gc
import itertools
import sys
import time
from collections import deque
from typing import cast

import msgspec
import uvloop

from bench.load import Plan, requests_of

_TICK_SECONDS = 0.001


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """What to send, and how often."""

    port: int
    per_second: float
    connections: int
    callers_file: str
    """JSON list of [key, model]."""
    warm: int = 0
    """So many callers are answered once before the calls begin, as fast as they are."""
    slow_us: float = 5_000
    """Calls that take longer are told one by one."""


class Steady(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    calls: int
    errors: int
    """Replies that are not 200."""
    first_error: str | None
    seconds: float
    p50_us: float
    p99_us: float
    slow: list[tuple[int, float]]
    """When each of the slow calls was due, in ns, and how long it took from then, in µs."""


class _Caller(asyncio.Protocol):
    def __init__(self, load: "_Load") -> None:
        self._load = load
        self._due_ns = 0
        self._reply = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._due_ns:
            self._load.failed(b"the connection was closed")

    def send(self, due_ns: int, request: bytes) -> None:
        self._due_ns = due_ns
        self._reply = b""
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._reply += data
        head, end, body = self._reply.partition(b"\r\n\r\n")
        if not end:
            return
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if not length or len(body) < int(length):
            return
        took_us = (time.monotonic_ns() - self._due_ns) / 1000
        due_ns, self._due_ns = self._due_ns, 0
        if not head.startswith(b"HTTP/1.1 200"):
            self._load.failed(self._reply[:400])
        self._load.done(self, due_ns, took_us)


class _Load:
    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        plan = Plan(port=pace.port, callers_file=pace.callers_file)
        self.requests = itertools.cycle(requests_of(plan))
        self.idle: deque[_Caller] = deque()
        self.due: deque[int] = deque()
        self.took = array.array("f")
        self.slow: list[tuple[int, float]] = []
        self.errors = 0
        self.first_error: str | None = None

    def failed(self, reply: bytes) -> None:
        self.errors += 1
        self.first_error = self.first_error or reply.decode(errors="replace")

    def done(self, caller: _Caller, due_ns: int, took_us: float) -> None:
        self.took.append(took_us)
        if took_us > self.pace.slow_us:
            self.slow.append((due_ns, took_us))
        if self.due:
            caller.send(self.due.popleft(), next(self.requests))
        else:
            self.idle.append(caller)

    def call(self, due_ns: int) -> None:
        if self.idle:
            self.idle.popleft().send(due_ns, next(self.requests))
        else:
            self.due.append(due_ns)


async def work(pace: Pace) -> None:
    """Warm up, say so, call at the pace until told to end, report."""
    loop = asyncio.get_running_loop()
    load = _Load(pace)
    for _ in range(pace.connections):
        _, caller = await loop.create_connection(lambda: _Caller(load), "127.0.0.1", pace.port)
        load.idle.append(caller)
    gc.freeze()
    gc.disable()
    for _ in range(pace.warm):
        load.call(time.monotonic_ns())
    while len(load.idle) < pace.connections:
        await asyncio.sleep(0.01)
    warm_errors = load.first_error
    del load.took[:], load.slow[:]
    print(msgspec.json.encode({"warm": pace.warm, "error": warm_errors}).decode(), flush=True)
    end = loop.run_in_executor(None, sys.stdin.buffer.readline)
    started, sent = time.monotonic_ns(), 0
    while not end.done():
        now = time.monotonic_ns()
        wanted = int((now - started) / 1e9 * pace.per_second)
        for number in range(sent, wanted):
            load.call(started + int(number / pace.per_second * 1e9))
        sent = wanted
        await asyncio.sleep(_TICK_SECONDS)
    seconds = (time.monotonic_ns() - started) / 1e9
    ordered = sorted(load.took) or [0.0]
    outcome = Steady(
        calls=len(load.took),
        errors=load.errors,
        first_error=load.first_error,
        seconds=seconds,
        p50_us=ordered[len(ordered) // 2],
        p99_us=ordered[len(ordered) * 99 // 100],
        slow=load.slow,
    )
    print(msgspec.json.encode(outcome).decode(), flush=True)


if __name__ == "__main__":
    uvloop.run(work(msgspec.json.decode(sys.stdin.buffer.readline(), type=Pace)))
