"""One call as its caller holds it, and the connections that serve the calls of one endpoint."""

import asyncio
from time import monotonic_ns
from typing import TYPE_CHECKING

import msgspec

from torana.gate.upstream.endpoint import Endpoint
from torana.gate.upstream.failure import Failure, Sink, Source

if TYPE_CHECKING:
    from torana.gate.upstream.connection import Connection
    from torana.gate.upstream.tunnel import Tunnel

DRAIN_NS = 1_000_000_000
"""How long a message that nobody reads any more may take to end, so that its connection can be kept."""


class Pool:
    """The connections of one endpoint."""

    __slots__ = ("_resting", "_resting_turn", "decoded_only", "idle", "most_idle", "open")

    def __init__(self, most_idle: int, *, decoded_only: bool) -> None:
        self.idle: list[Connection] = []
        """Used last in, first out, so that what is not needed grows old and is closed."""
        self.most_idle = most_idle
        self.open = 0
        """Connections that exist or are being opened."""
        self.decoded_only = decoded_only
        """Whether a reply with a content-encoding is refused, because none was asked for."""
        self._resting: list[Connection] = []
        self._resting_turn = -1

    def keep(self, connection: "Connection", turn: int) -> None:
        """Keep a connection whose reply has just ended. It is not used again in the same turn of the loop.

        A vendor that closes after its reply does so a moment later: by the next turn that is seen.
        """
        if self._resting:
            self.settle(turn)
        self._resting_turn = turn
        self._resting.append(connection)

    def settle(self, turn: int) -> None:
        """Make usable what has rested since an earlier turn."""
        if self._resting and self._resting_turn != turn:
            self.idle += self._resting
            self._resting.clear()

    def drop(self, connection: "Connection") -> None:
        """Forget a kept connection, if it is one."""
        for kept in (self.idle, self._resting):
            if connection in kept:
                kept.remove(connection)

    @property
    def kept(self) -> int:
        """Connections that serve nobody at present."""
        return len(self.idle) + len(self._resting)


class Exchange(msgspec.Struct, eq=False):
    """One request and its reply, as its caller holds it. Safe to use at any time, also after the end."""

    endpoint: Endpoint
    sink: Sink | None
    """None once nothing more is to be told."""
    deadline_ns: int
    started_ns: int
    connection: "Connection | Tunnel | None" = None
    task: asyncio.Task[None] | None = None
    """While a connection is being opened."""
    paused: bool = False
    source: Source | None = None
    """Of a body that is not whole yet."""

    def pause(self) -> None:
        """Stop reading, because the caller does not keep up. The idle timeout does not run meanwhile."""
        if not self.paused:
            self.paused = True
            if self.connection is not None:
                self.connection.pause()

    def resume(self) -> None:
        """Read again."""
        if self.paused:
            self.paused = False
            if self.connection is not None:
                self.connection.resume()

    def cancel(self) -> None:
        """The caller left: close the connection; the sink hears nothing more."""
        self.sink = None
        if self.connection is not None:
            self.connection.abort()
        elif self.task is not None:
            self.task.cancel()

    def let_go(self) -> None:
        """The caller has all it needs: take the rest quietly, for a short time, so that the connection can be kept."""
        if self.connection is None:
            self.cancel()
            return
        self.sink = None
        self.deadline_ns = min(self.deadline_ns, monotonic_ns() + DRAIN_NS)
        self.resume()

    def fail(self, failure: Failure) -> None:
        """Tell the failure, unless nothing more is to be told."""
        sink, self.sink = self.sink, None
        if sink is not None:
            sink.upstream_failed(failure)
