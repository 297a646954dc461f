"""One gate process: the listener's handler, the regular sweep, and an orderly end."""

import asyncio
import gc
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import uvloop

from torana.core.errors import Refusal
from torana.core.ids import CallIds
from torana.custom.jobs import Limits
from torana.custom.sandbox import Sandbox
from torana.dialects.registry import preload
from torana.gate import flow
from torana.gate.call import Call
from torana.gate.credentials.made import Shop
from torana.gate.listen.connection import Connection
from torana.gate.listen.listener import Listener
from torana.gate.listen.request import CallerEvents, Request
from torana.gate.listen.tls import tls_context
from torana.gate.media.look import is_form
from torana.gate.metrics import Metrics
from torana.gate.pages import Pages
from torana.gate.refresh import Refresher
from torana.gate.route.paths import UPLOADS
from torana.gate.upstream.client import Client
from torana.kit.log import logger
from torana.kit.outbox import Outbox
from torana.settings import Settings
from torana.stores.counters.shared import SharedCounters
from torana.stores.secrets.check import verify
from torana.stores.secrets.master import MasterKey, load
from torana.stores.spool.writer import SpoolWriter

SWEEP_SECONDS = 0.25
_LOOK_SECONDS = 0.02
_LAST_WORD_SECONDS = 1.0
"""How long a caller who has just connected, or is about to use a kept connection again, may take to send the request."""


class Gate:
    """What every call of this process shares. Handles what the listener understood."""

    def __init__(self, settings: Settings, slot: int, master: MasterKey) -> None:
        folder = Path(settings.data)
        self.settings = settings
        self.slot = slot
        self.counters = SharedCounters(folder / "run" / "counters.bin", slot)
        self.spool = SpoolWriter(folder / "spool", settings.spool_segment_bytes, settings.spool_max_bytes)
        self.refresher = Refresher(folder / "snapshot", settings, master, self.counters)
        self.view = self.refresher.refresh()
        outbox = Outbox()
        self.client = Client(settings, outbox)
        self.shop = Shop(self.client)
        self.sandbox = Sandbox(
            Limits(memory_bytes=settings.custom_memory_bytes),
            workers=settings.custom_workers,
            waiting=settings.custom_waiting,
        )
        """Evaluates what descriptions of custom models say; starts a process when the first call needs it."""
        self.ids = CallIds()
        self.epoch_ns = time.time_ns() - time.monotonic_ns()
        """Added to a monotonic time it gives nanoseconds since 1970."""
        self.metrics = Metrics(folder / "run" / "metrics", slot)
        self.listener = Listener(settings, self, outbox)
        self.pages = Pages(self)

    def called(self, connection: Connection, request: Request) -> CallerEvents | None:
        """Take a whole request on its journey."""
        if not request.path.startswith("/v1/") and (page := self.pages.find(request)) is not None:
            return page(connection, request)
        call = Call(self, connection, request)
        call.drive(flow.journey(call))
        return None if call.ended else call

    def takes_uploads(self, request: Request) -> bool:
        """Whether the path is one whose forms are sent on while they arrive."""
        return request.path in UPLOADS and request.method == b"POST" and is_form(request.headers)

    def refused(self, connection: Connection, request: Request, refusal: Refusal) -> None:
        """Answer and record a request that the listener could not accept."""
        flow.refused(Call(self, connection, request), refusal)

    def sweep(self) -> None:
        """Everything that is due now and then rather than per call."""
        now_ns = time.monotonic_ns()
        self.epoch_ns = time.time_ns() - now_ns
        self.listener.sweep(now_ns)
        self.client.sweep(now_ns)
        self.counters.tick(now_ns)
        self.spool.tick()
        self.view = self.refresher.refresh()
        self.metrics.publish(self)

    def stop_calls(self) -> None:
        """End what is still running when the grace time is over."""
        for events in self.listener.running():
            events.stop()

    def close(self) -> None:
        """Let go of everything; what the spool holds is the recorder's."""
        self.client.close()
        self.metrics.publish(self, at_once=True)
        self.spool.close()
        self.counters.close()


def run(settings: Settings, slot: int, listen_fd: int, ready: Callable[[], None]) -> None:
    """Serve the listening socket until SIGTERM, then drain. Raises OSError, ValueError or MasterKeyError when it cannot start."""
    master = load(Path(settings.data))
    verify(Path(settings.data), master)
    preload()
    gate = Gate(settings, slot, master)
    # Nothing made so far is ever garbage: without this every full collection walks through it again.
    gc.collect()
    gc.freeze()
    # Calls leave next to no cycles behind, so looking for them rarely is enough. But a new snapshot with many keys leaves a million
    # objects within minutes, and every call waits while they are gone through: 10 ms for each 25,000 that are new, and half a
    # second for all of them, which therefore is rarer still.
    gc.set_threshold(5_000, 5, 500)
    uvloop.run(_serve(gate, listen_fd, ready))


async def _serve(gate: Gate, listen_fd: int, ready: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.add_signal_handler(signal.SIGINT, stopping.set)
    await gate.listener.start(socket.socket(fileno=listen_fd), tls_context(gate.settings))
    sweeper = _Sweeper(loop, gate)
    if await _up_to_date(gate, stopping):
        ready()
        logger().info("gate_ready", slot=gate.slot, snapshot=None if gate.view is None else gate.view.snapshot.version)
    await stopping.wait()
    await _drain(gate)
    sweeper.stop()
    await gate.sandbox.close()
    gate.close()


async def _up_to_date(gate: Gate, stopping: asyncio.Event) -> bool:
    """Wait until the gate serves what it has to serve; False when it is stopped before."""
    while not gate.refresher.up_to_date():
        if stopping.is_set():
            return False
        await asyncio.sleep(_LOOK_SECONDS)
        gate.view = gate.refresher.refresh()
    return True


async def _drain(gate: Gate) -> None:
    """Take nobody else, answer everybody who is here, and end what is left when the grace time is over.

    Connections that wait to be accepted stay in the socket's queue, which the supervisor holds, for this gate's successor. One
    that was accepted has no other gate: its caller may be writing at this moment, and closing it would answer with a reset.
    """
    listener = gate.listener
    last_word = min(_LAST_WORD_SECONDS, gate.settings.grace_seconds)
    listener.stop_accepting()
    if gate.settings.tls_certificate:
        # A connection is known only once its handshake is done.
        await asyncio.sleep(last_word)
    await _drained(gate, last_word)
    listener.close_idle()
    if not await _drained(gate, gate.settings.grace_seconds):
        logger().warning("grace_time_over", calls=listener.active)
        gate.stop_calls()
        await asyncio.sleep(SWEEP_SECONDS)


async def _drained(gate: Gate, seconds: float) -> bool:
    try:
        await asyncio.wait_for(gate.listener.drained(), seconds)
    except TimeoutError:
        return False
    return True


class _Sweeper:
    """Calls the gate's sweep every SWEEP_SECONDS, whatever the last one did."""

    def __init__(self, loop: asyncio.AbstractEventLoop, gate: Gate) -> None:
        self._loop = loop
        self._gate = gate
        self._handle = loop.call_later(SWEEP_SECONDS, self._run)

    def stop(self) -> None:
        self._handle.cancel()

    def _run(self) -> None:
        self._handle = self._loop.call_later(SWEEP_SECONDS, self._run)
        self._gate.sweep()
