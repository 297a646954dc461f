"""A connection to a vendor that is to leave HTTP behind: one request, then, after a reply 101, bytes both ways as they are.

Never pooled. The client opens and sweeps it like any connection, with the same checks of addresses, trust, proxy and time limits.
"""

import asyncio
from collections.abc import Callable
from time import monotonic_ns
from typing import TYPE_CHECKING, Any, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from torana.gate.upstream.connection import MAX_HEAD_BYTES, MAX_HEADERS, MAX_INTERIM_REPLIES, READ_BYTES, seconds
from torana.gate.upstream.exchange import Exchange, Pool
from torana.gate.upstream.failure import Failure

if TYPE_CHECKING:
    from torana.kit.outbox import Outbox

MOST_WAITING_BYTES = 65_536
"""What waits for a slow vendor before the caller has to; what one read of the caller brings may come on top."""
MOST_BODY_BYTES = 262_144
"""Of a reply that is not 101."""
_LINGER_NS = 2_000_000_000


class Tunnel(asyncio.BufferedProtocol):
    """A transport's protocol, used for one exchange. `on_full` is told when the vendor stops keeping up, and when it does again."""

    __slots__ = (
        "_active", "_begun", "_body", "_buffer", "_closed", "_exchange", "_forget", "_framed", "_headers", "_interim",
        "_last_ns", "_open", "_outbox", "_parser", "_reply_over", "_seen", "_status", "_transport", "on_full", "pool",
    )  # fmt: skip

    def __init__(self, pool: Pool, buffer: memoryview, outbox: "Outbox", forget: Callable[["Tunnel"], None]) -> None:
        self.pool = pool
        self._buffer = buffer
        self._outbox = outbox
        self._forget = forget
        self._exchange: Exchange | None = None
        self._closed = self._open = self._active = self._begun = self._framed = self._reply_over = False
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = bytearray()
        self._status = self._interim = self._seen = self._last_ns = 0
        self._parser = HttpResponseParser(self)
        self.on_full: Callable[[bool], None] | None = None

    def start(self, exchange: Exchange, head: bytes, body: bytes, now_ns: int, kept: bool = False) -> None:
        """Send the request."""
        exchange.connection = self
        self._exchange = exchange
        self._last_ns = now_ns
        self._outbox.write(self._transport, head + body)
        if exchange.paused:
            self.pause()

    def write(self, data: bytes) -> None:
        """Send bytes, once the tunnel is open."""
        if not self._closed:
            self._active = True
            self._outbox.write(self._transport, data)

    def finish(self, data: bytes) -> None:
        """Send the last bytes and close; the sink hears nothing more."""
        exchange, self._exchange = self._exchange, None
        if self._closed or exchange is None:
            return
        exchange.sink = exchange.connection = None
        self.on_full = None
        self._last_ns = monotonic_ns()
        if data:
            self._outbox.write(self._transport, data)
        self._outbox.flush()
        self._transport.close()

    def pause(self) -> None:
        """Stop reading."""
        self._transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        self._active = True
        if not self._closed:
            self._transport.resume_reading()

    def abort(self) -> None:
        """Close at once, without a word to the sink."""
        if self._closed:
            return
        self._closed = True
        self.on_full = None
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.connection = None
        self._transport.abort()
        self._forget(self)
        # The parser holds this object's methods: without this only the garbage collector could free the two.
        del self._parser

    def end(self) -> None:
        """Close at once; a call that is still running fails."""
        self._fail("upstream_cut")

    @property
    def is_closed(self) -> bool:
        """Whether it can serve nothing any more."""
        return self._closed

    # The parser's callbacks.

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        self._headers.append((name, value))
        self._framed = self._framed or name in (b"content-length", b"transfer-encoding")
        if len(self._headers) > MAX_HEADERS:
            raise ValueError

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if 100 <= status < 200 and status != 101:
            self._interim += 1
            self._headers = []
            if self._interim > MAX_INTERIM_REPLIES:
                raise ValueError
        elif self._status or not 101 <= status <= 599:
            raise ValueError
        else:
            self._status = status

    def on_body(self, data: bytes) -> None:
        self._body += data

    def on_message_complete(self) -> None:
        self._reply_over = self._status > 0

    # The transport's callbacks.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=MOST_WAITING_BYTES)
        if transport.get_extra_info("ssl_object") is not None:
            cast(Any, transport).set_read_buffer_limits(READ_BYTES)

    def get_buffer(self, sizehint: int) -> memoryview:
        # One buffer serves all connections: it is copied from within one callback.
        return self._buffer

    def buffer_updated(self, count: int) -> None:
        self._active = True
        exchange = self._exchange
        if exchange is None:
            return
        data = bytes(self._buffer[:count])
        if not self._open:
            self._read_reply(exchange, data)
        elif exchange.sink is not None:
            exchange.sink.upstream_body(data, False)

    def eof_received(self) -> None:
        exchange = self._exchange
        if exchange is not None and not self._open and self._status and self._status != 101 and not self._framed:
            self._reply(exchange)
        elif exchange is not None:
            self._fail("upstream_cut")

    def connection_lost(self, exc: Exception | None) -> None:
        if self._exchange is None:
            self.abort()
        else:
            self._fail("upstream_cut")

    def pause_writing(self) -> None:
        if self.on_full is not None:
            self.on_full(True)

    def resume_writing(self) -> None:
        if self.on_full is not None:
            self.on_full(False)

    # The reply.

    def _read_reply(self, exchange: Exchange, data: bytes) -> None:
        self._seen += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._switch(exchange, data[upgrade.args[0] :])
            return
        except HttpParserError as error:
            if not self._reply_over:
                text = str(error).strip()
                self._fail("upstream_malformed", reason=text[:1].lower() + text[1:] or "it cannot be parsed")
                return
        if self._status == 101:
            self._fail("upstream_malformed", reason="its 101 does not name a protocol")
        elif len(self._body) > MOST_BODY_BYTES:
            self._fail("upstream_reply_too_large", limit=MOST_BODY_BYTES)
        elif self._reply_over:
            self._reply(exchange)
        elif self._seen > MAX_HEAD_BYTES + 2 * MOST_BODY_BYTES or (not self._status and self._seen > MAX_HEAD_BYTES):
            self._fail("upstream_malformed", reason=f"its header fields exceed {MAX_HEAD_BYTES} bytes")

    def _switch(self, exchange: Exchange, rest: bytes) -> None:
        if self._status != 101:
            self._fail("upstream_malformed", reason="it switches protocols without saying 101")
            return
        self._open = self._begun = True
        if exchange.sink is not None:
            exchange.sink.upstream_head(101, self._headers)
        # The head may have made the caller leave.
        if exchange.sink is not None:
            exchange.sink.upstream_body(rest, False)

    def _reply(self, exchange: Exchange) -> None:
        status, headers, body = self._status, self._headers, bytes(self._body)
        self.abort()
        if exchange.sink is not None:
            exchange.sink.upstream_head(status, headers)
        if (sink := exchange.sink) is not None:
            exchange.sink = None
            sink.upstream_body(body, True)

    def _fail(self, code: str, **detail: object) -> None:
        exchange = self._exchange
        self.abort()
        if exchange is not None:
            exchange.fail(Failure(code, sent=True, **detail))

    def sweep(self, now_ns: int, keepalive_ns: int) -> None:
        """Enforce every time limit that has passed. Once it is open, bytes either way end a silence."""
        exchange = self._exchange
        if exchange is None:
            if now_ns - self._last_ns >= _LINGER_NS:
                self.abort()
        elif now_ns >= exchange.deadline_ns:
            self._fail("upstream_total_timeout", seconds=seconds(exchange.endpoint.total_timeout_ns))
        elif self._active and self._open:
            self._active = False
            self._last_ns = now_ns
        else:
            endpoint = exchange.endpoint
            limit = endpoint.idle_timeout_ns if self._begun else endpoint.first_byte_timeout_ns
            if now_ns - self._last_ns >= limit:
                code = "upstream_idle_timeout" if self._begun else "upstream_first_byte_timeout"
                self._fail(code, seconds=seconds(limit))
