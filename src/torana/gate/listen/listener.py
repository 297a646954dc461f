"""Accepts callers of one gate and holds what their connections share: settings, totals, deadlines."""

import asyncio
import socket
import ssl

from torana.gate.listen.connection import Connection
from torana.gate.listen.cors import cors
from torana.gate.listen.request import CallerEvents, Handler
from torana.kit.outbox import Outbox
from torana.settings import Settings

_BACKLOG = 4_096
_FULL_SWEEP_NS = 1_000_000_000
_FULL_BODY = (
    b'{"error":{"message":"This gate has no room for more connections. Try again in a moment.",'
    b'"type":"server_error","param":null,"code":"overloaded"}}'
)
_FULL_REPLY = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\n"
    b"connection: close\r\ncontent-length: %d\r\n\r\n%b"
) % (len(_FULL_BODY), _FULL_BODY)


class Listener:
    """The public door of one gate."""

    full_reply = _FULL_REPLY
    """What a connection over `max_connections` gets, before it is read."""

    def __init__(self, settings: Settings, handler: Handler, outbox: Outbox | None = None) -> None:
        self.settings = settings
        self.handler = handler
        self.outbox = outbox or Outbox()
        self.cors = cors(settings.cors_origins)
        self.draining = False
        """Whether replies say `connection: close`."""
        self.active = 0
        """Requests that are being answered."""
        self.buffered = 0
        """Bytes of request bodies held for requests that arrive, wait or are being answered."""
        self._connections: set[Connection] = set()
        self._half_closed: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._full_sweep_ns = 0
        self._empty = asyncio.Event()

    @property
    def open_connections(self) -> int:
        """Connections of callers, idle ones included."""
        return len(self._connections)

    async def start(self, sock: socket.socket, tls: ssl.SSLContext | None) -> None:
        """Serve a bound socket, which it then owns."""
        seconds = self.settings.headers_timeout_seconds if tls is not None else None
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self),
            sock=sock,
            backlog=_BACKLOG,
            ssl=tls,
            ssl_handshake_timeout=seconds,
            ssl_shutdown_timeout=seconds and 2.0,
        )

    def sweep(self, now_ns: int) -> None:
        """Enforce deadlines; to be called every 0.25 s with `time.monotonic_ns()`. Most deadlines are judged once a second."""
        for connection in tuple(self._half_closed):
            if not connection.sweep_half_closed(now_ns):
                self._half_closed.discard(connection)
        if now_ns - self._full_sweep_ns >= _FULL_SWEEP_NS:
            self._full_sweep_ns = now_ns
            for connection in tuple(self._connections):
                connection.sweep(now_ns)

    def stop_accepting(self) -> None:
        """Accept nobody else, and let each connection end with the reply that empties it."""
        self.draining = True
        if self._server is not None:
            self._server.close()
            self._server = None

    def close_idle(self) -> None:
        """Close connections on which no request has begun."""
        for connection in tuple(self._connections):
            connection.close_idle()

    def running(self) -> list[CallerEvents]:
        """The calls whose replies have not ended."""
        return [connection.events for connection in self._connections if connection.events is not None]

    async def drained(self) -> None:
        """Wait until no connection is open. Callers set the time limit."""
        self._empty.clear()
        if self._connections:
            await self._empty.wait()

    def admit(self, connection: Connection) -> bool:
        """Count a new connection; False when there are too many."""
        self._connections.add(connection)
        return len(self._connections) <= self.settings.max_connections

    def watch(self, connection: Connection) -> None:
        """Find out at the next sweeps whether this half-closed caller is still there."""
        self._half_closed.add(connection)

    def forget(self, connection: Connection) -> None:
        """A connection that is gone."""
        self._connections.discard(connection)
        self._half_closed.discard(connection)
        if not self._connections:
            self._empty.set()
