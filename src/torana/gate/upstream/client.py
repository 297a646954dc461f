"""The pooled HTTP/1.1 client of one gate: takes a kept connection or opens one; sweeping enforces every time limit."""

import socket
import ssl
from time import monotonic_ns
from typing import NamedTuple

from torana.core.egress import parse_networks
from torana.gate.upstream.connect import open_connection, trust
from torana.gate.upstream.connection import READ_BYTES, Connection, seconds
from torana.gate.upstream.endpoint import Endpoint
from torana.gate.upstream.exchange import Exchange, Pool
from torana.gate.upstream.failure import Failure, Sink, Source
from torana.gate.upstream.tunnel import Tunnel
from torana.kit.outbox import Outbox
from torana.kit.tasks import spawn
from torana.settings import Settings

STALE_NS = 500_000_000
"""A connection that was idle for longer is looked at before it is used: peers close theirs in silence."""


class Counts(NamedTuple):
    """Connections of a client."""

    busy: int
    idle: int
    opening: int


class Client:
    """One per event loop. Follows no redirect, sends no request twice. Raises ValueError for a bad `egress_deny`."""

    def __init__(self, settings: Settings, outbox: Outbox | None = None) -> None:
        self._outbox = outbox or Outbox()
        self._keepalive_ns = int(settings.upstream_keepalive_seconds * 1e9)
        self._most_idle = settings.upstream_max_idle_connections
        self._deny = parse_networks(settings.egress_deny)
        self._pools: dict[str, Pool] = {}
        self._connections: set[Connection | Tunnel] = set()
        self._opening: set[Exchange] = set()
        self._contexts: dict[str | None, ssl.SSLContext] = {}
        self._buffer = memoryview(bytearray(READ_BYTES))

    def send(
        self, endpoint: Endpoint, head: bytes, body: bytes, sink: Sink, deadline_ns: int, source: Source | None = None
    ) -> Exchange:
        """Send one request. `head` is complete, its blank line included; `deadline_ns` is a monotonic time.

        The sink is never called before this returns. A kept connection is used only if it is still good. With a `source`, which
        then gives the body, a fresh one is opened: what a source has given cannot be had again if a kept one turns out to be lost.
        """
        now_ns = monotonic_ns()
        exchange = Exchange(endpoint, sink, deadline_ns, now_ns, source=source)
        if endpoint.absolute_prefix:
            head = _for_proxy(head, endpoint)
        self._place(exchange, head, body, now_ns)
        return exchange

    def tunnel(self, endpoint: Endpoint, head: bytes, sink: Sink, deadline_ns: int) -> Exchange:
        """Ask for another protocol on a connection of its own, which is never kept.

        After a reply 101 the sink gets whatever bytes come and never an end; any other reply comes whole, its body at once.
        """
        exchange = Exchange(endpoint, sink, deadline_ns, monotonic_ns())
        pool = self._pools.setdefault(endpoint.identity, Pool(self._most_idle, decoded_only=True))
        self._begin(exchange, pool, head, b"", tunnel=True)
        return exchange

    def _place(self, exchange: Exchange, head: bytes, body: bytes, now_ns: int) -> None:
        """Give the exchange a kept connection that is still good, or open one."""
        endpoint = exchange.endpoint
        pool = self._pools.get(endpoint.identity)
        if pool is None:
            pool = self._pools[endpoint.identity] = Pool(self._most_idle, decoded_only=endpoint.scheme != "unix")
        pool.settle(self._outbox.turn)
        idle = pool.idle
        while idle and exchange.source is None:
            connection = idle.pop()
            if now_ns - connection.idle_ns <= STALE_NS or not connection.is_stale():
                connection.start(exchange, head, body, now_ns)
                return
            connection.abort()
        self._begin(exchange, pool, head, body)

    def _begin(self, exchange: Exchange, pool: Pool, head: bytes, body: bytes, tunnel: bool = False) -> None:
        self._opening.add(exchange)
        pool.open += 1
        exchange.task = spawn(self._open(exchange, pool, head, body, tunnel), "upstream-connect")
        exchange.task.add_done_callback(lambda _: self._opened(exchange, pool))

    def _again(self, exchange: Exchange, head: bytes, body: bytes) -> None:
        """A kept connection was lost before a byte of the request had left."""
        if exchange.sink is not None:
            self._place(exchange, head, body, monotonic_ns())

    def sweep(self, now_ns: int) -> None:
        """Enforce the time limits and close what was idle too long; called every 0.25 s."""
        for connection in list(self._connections):
            connection.sweep(now_ns, self._keepalive_ns)
        for exchange in list(self._opening):
            limit_ns = exchange.endpoint.connect_timeout_ns
            if now_ns >= exchange.deadline_ns:
                self._give_up(exchange, "upstream_total_timeout", exchange.endpoint.total_timeout_ns)
            elif now_ns - exchange.started_ns >= limit_ns:
                self._give_up(exchange, "upstream_connect_timeout", limit_ns)
        for identity in [identity for identity, pool in self._pools.items() if not pool.open]:
            del self._pools[identity]

    def counts(self) -> Counts:
        """How many connections there are now."""
        idle = sum(pool.kept for pool in self._pools.values())
        return Counts(len(self._connections) - idle, idle, len(self._opening))

    def close(self) -> None:
        """Close every connection; calls that are still running fail with upstream_cut."""
        for exchange in list(self._opening):
            if exchange.task is not None:
                exchange.task.cancel()
            exchange.fail(Failure("upstream_cut", sent=False))
        for connection in list(self._connections):
            connection.end()

    def _give_up(self, exchange: Exchange, code: str, limit_ns: int) -> None:
        if exchange.task is not None:
            exchange.task.cancel()
        exchange.fail(Failure(code, sent=False, seconds=seconds(limit_ns)))

    async def _open(self, exchange: Exchange, pool: Pool, head: bytes, body: bytes, tunnel: bool) -> None:
        connection: Connection | Tunnel | None = None

        def make(sock: socket.socket) -> Connection | Tunnel:
            if tunnel:
                return Tunnel(pool, self._buffer, self._outbox, self._forget)
            return Connection(pool, sock, self._buffer, self._outbox, self._again, self._forget)

        try:
            endpoint = exchange.endpoint
            context = self._context(endpoint.ca_pem) if endpoint.scheme == "https" else None
            connection = await open_connection(endpoint, context, self._deny, make, tunnel)
            if connection.is_closed:
                raise Failure("upstream_connect_failed", sent=False, reason="it closed the connection at once")
            self._connections.add(connection)
            pool.open += 1
            connection.start(exchange, head, body, monotonic_ns(), kept=False)
        except Failure as failure:
            exchange.fail(failure)
        except Exception:
            # Whatever it was, the call must not wait for ever; the task logs it.
            if connection is not None:
                connection.abort()
            exchange.fail(
                Failure("upstream_connect_failed", sent=connection is not None, reason="its address cannot be used")
            )
            raise

    def _opened(self, exchange: Exchange, pool: Pool) -> None:
        # By callback: a task that is cancelled before its first step runs none of its own code.
        exchange.task = None
        self._opening.discard(exchange)
        pool.open -= 1

    def _context(self, ca_pem: str | None) -> ssl.SSLContext:
        context = self._contexts.get(ca_pem)
        if context is None:
            try:
                context = self._contexts[ca_pem] = trust(ca_pem)
            except (ssl.SSLError, ValueError):
                raise Failure(
                    "upstream_tls_failed",
                    sent=False,
                    reason="the provider's `ca` holds no certificate that can be read",
                ) from None
        return context

    def _forget(self, connection: Connection | Tunnel) -> None:
        if connection in self._connections:
            self._connections.remove(connection)
            connection.pool.open -= 1


def _for_proxy(head: bytes, endpoint: Endpoint) -> bytes:
    """The request as a plain proxy wants it: absolute-form target (RFC 9112, section 3.2.2), the proxy's credentials."""
    line, _, fields = head.partition(b"\r\n")
    method, _, target = line.partition(b" ")
    return b"%b %b%b\r\n%b%b" % (method, endpoint.absolute_prefix, target, endpoint.proxy_authorization, fields)
