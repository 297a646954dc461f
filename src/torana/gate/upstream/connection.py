"""One connection to a vendor: writes a request, parses its reply, and says when it may serve the next.

This is the hot path of every call, so it holds no task, no timer and no time stamp a read: `sweep` looks for reads
since its last visit. The parser accepts what a hostile peer could use to poison the next call; whatever does not end
exactly where its message ends closes the connection instead of pooling it.
"""

import asyncio
import socket
import sys
from collections.abc import Callable
from time import monotonic_ns
from typing import Any, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from torana.gate.upstream.exchange import Exchange, Pool
from torana.gate.upstream.failure import Failure, Source
from torana.kit.outbox import Outbox

READ_BYTES = 32_768
MAX_HEADERS = 200
MAX_HEAD_BYTES = 65_536
MAX_INTERIM_REPLIES = 16
DRAIN_BYTES = 65_536
_SILENT_BYTES = 2 * MAX_HEAD_BYTES
"""Bytes that may arrive and show nothing: the parser would hold an endless field or trailer."""
_JOIN_BYTES = 65_536
"""Up to here one joined write is cheaper than two buffers."""

_ACKED_AT, _TCP_INFO_BYTES = 120, 128
"""Where tcpi_bytes_acked stands in struct tcp_info (include/uapi/linux/tcp.h)."""

IDLE, HEAD, BODY, COMPLETE, CLOSED = range(5)

_WATCHED = frozenset((b"transfer-encoding", b"content-encoding"))


class Connection(asyncio.BufferedProtocol):
    """A transport's protocol. `start` is called once per exchange while it is idle."""

    __slots__ = (
        "_active", "_again", "_begun", "_body", "_buffer", "_exchange", "_forget", "_framed", "_head", "_headers",
        "_headless", "_interim", "_is_plain", "_keep", "_large", "_last_ns", "_outbox", "_parser", "_phase",
        "_problem", "_request", "_seen", "_sent", "_sent_before", "_silent", "_socket", "_source", "_status", "_told",
        "_transport", "_turn", "_unsent", "idle_ns", "is_full", "on_body", "pool",
    )  # fmt: skip

    def __init__(
        self,
        pool: Pool,
        sock: socket.socket,
        buffer: memoryview,
        outbox: Outbox,
        again: Callable[[Exchange, bytes, bytes], None],
        forget: Callable[["Connection"], None],
    ) -> None:
        self.pool = pool
        self._socket = sock
        self._buffer = buffer
        self._outbox = outbox
        self._again = again
        self._turn = -1
        """The outbox's turn in which the request was handed in; -1 when it was written at once."""
        self._forget = forget
        self._exchange: Exchange | None = None
        self._phase = IDLE
        self._active = False
        self._body: list[bytes] = []
        # The parser calls the list itself: a method of ours would cost a frame for every chunk.
        self.on_body = self._body.append
        self._parser = HttpResponseParser(self)
        self.idle_ns = 0
        self._request = (b"", b"")
        self._source: Source | None = None
        self.is_full = False
        """Whether what is written now would wait."""
        self._sent = self._sent_before = 0
        """Bytes of all requests, and of those before the present one."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._is_plain = transport.get_extra_info("ssl_object") is None
        if not self._is_plain:
            # Else up to 256 KiB would wait in the TLS layer of a paused stream.
            cast(Any, transport).set_read_buffer_limits(READ_BYTES)

    def start(self, exchange: Exchange, head: bytes, body: bytes, now_ns: int, kept: bool = True) -> None:
        """Write a whole request; its reply goes to the exchange's sink. Never calls the sink itself."""
        exchange.connection = self
        self._exchange = exchange
        self._phase = HEAD
        self._sent_before = self._sent
        self._sent += len(head) + len(body)
        self._headers: list[tuple[bytes, bytes]] = []
        self._active = self._begun = self._told = self._framed = self._keep = False
        self._silent = self._seen = self._interim = self._unsent = 0
        self._problem: tuple[str, str] | None = None
        self._last_ns = now_ns
        self._headless = head.startswith(b"HEAD ")
        if (source := exchange.source) is not None or len(body) > _JOIN_BYTES:
            self._large = True
            self._turn = -1
            self._transport.writelines((head, body))
        else:
            self._large = False
            # A connection just made that is lost at once is a failure; trying again might never end.
            self._turn = self._outbox.turn if kept else -1
            self._request = (head, body)
            self._outbox.write(self._transport, head + body if body else head)
        if source is not None:
            self._source = source
            source.attached(self)
        if exchange.paused:
            self.pause()

    def write(self, pieces: list[bytes]) -> None:
        """More of the body that a source gives."""
        if self._phase != CLOSED and not self._transport.is_closing():
            self._transport.writelines(pieces)

    def pause_writing(self) -> None:
        self.is_full = True
        if self._source is not None:
            self._source.pause()

    def resume_writing(self) -> None:
        self.is_full = False
        if self._source is not None:
            self._source.resume()

    def _let_source_go(self) -> bool:
        """Take no more from a source; whether the whole body had come."""
        source, self._source = self._source, None
        if source is None:
            return True
        done = source.done
        source.detached()
        return done

    def is_stale(self) -> bool:
        """Whether the peer has closed, or said anything, since the last reply. Reads nothing."""
        try:
            self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def pause(self) -> None:
        """Stop reading."""
        self._transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        self._active = True
        if self._phase != CLOSED:
            self._transport.resume_reading()

    def abort(self) -> None:
        """Close at once, without a word to the sink."""
        if self._phase == CLOSED:
            return
        self._phase = CLOSED
        if self._source is not None:
            self._let_source_go()
        if self._exchange is not None:
            self._exchange.connection = None
            self._exchange = None
        else:
            self.pool.drop(self)
        self._transport.abort()
        self._forget(self)
        # The parser holds this object's methods: without this only the garbage collector could free the two.
        del self._parser

    def end(self) -> None:
        """Close at once; a call that is still running fails."""
        if self._exchange is None:
            self.abort()
        else:
            self._fail(self._exchange, "upstream_cut")

    @property
    def is_closed(self) -> bool:
        """Whether it can serve no request any more."""
        return self._phase == CLOSED

    # The parser's callbacks.

    def on_message_begin(self) -> None:
        if self._phase != HEAD:
            raise ValueError

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        self._headers.append((name, value))
        if name == b"content-length":
            self._framed = True
        elif name in _WATCHED:
            self._watch(name, value)

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        headers = self._headers
        if status < 200 or status > 599 or len(headers) > MAX_HEADERS or self._seen > MAX_HEAD_BYTES:
            self._judge(status)
            if status < 200:
                self._headers = []
                self._framed = False
                return
        self._status = status
        self._head = headers
        # Trailers end up here, and nowhere else.
        self._headers = []
        self._phase = COMPLETE if self._headless else BODY

    def on_message_complete(self) -> None:
        if self._phase == BODY:
            self._phase = COMPLETE
            self._keep = self._parser.should_keep_alive()

    def _watch(self, name: bytes, value: bytes) -> None:
        if self._phase != HEAD:
            return
        if name != b"content-encoding":
            self._framed = True
            if name == b"transfer-encoding" and value.strip().lower() != b"chunked":
                self._refuse("its transfer-encoding is not chunked")
        elif self.pool.decoded_only and value.strip().lower() not in {b"", b"identity"}:
            self._refuse("it has a content-encoding that was not asked for", "upstream_bad_reply")

    def _judge(self, status: int) -> None:
        if status < 100 or status > 599 or status == 101:
            self._refuse(f"it has the status {status:03}")
        if len(self._headers) > MAX_HEADERS:
            self._refuse(f"it has more than {MAX_HEADERS} header fields")
        if sum(len(name) + len(value) + 4 for name, value in self._headers) > MAX_HEAD_BYTES:
            self._refuse(f"its header fields exceed {MAX_HEAD_BYTES} bytes")
        if status < 200:
            self._interim += 1
            if self._interim > MAX_INTERIM_REPLIES:
                self._refuse("it is preceded by too many interim replies")

    def _refuse(self, reason: str, code: str = "upstream_malformed") -> None:
        self._problem = (code, reason)
        raise ValueError

    # The transport's callbacks.

    def get_buffer(self, sizehint: int) -> memoryview:
        # One buffer serves all connections: it is filled and parsed within one callback.
        return self._buffer

    def buffer_updated(self, count: int) -> None:
        self._active = True
        exchange = self._exchange
        if exchange is None:
            # Nothing was asked, so whatever this is must not become the reply to the next request.
            self.abort()
            return
        if self._turn == self._outbox.turn:
            # Said before the request has left, so it cannot be the reply to it.
            self._start_again(exchange)
            return
        self._seen += count
        try:
            self._parser.feed_data(self._buffer[:count])
        except (HttpParserError, HttpParserUpgrade) as error:
            self._stumble(exchange, error)
            return
        if self._phase == COMPLETE:
            self._finish(exchange)
            return
        if self._phase == BODY:
            if not self._told:
                self._told = True
                self._silent = 0
                if exchange.sink is not None:
                    exchange.sink.upstream_head(self._status, self._head)
            if self._body:
                data = b"".join(self._body)
                self._body.clear()
                if exchange.sink is not None:
                    self._silent = 0
                    exchange.sink.upstream_body(data, False)
                    return
        self._count_silent(exchange, count)

    def eof_received(self) -> None:
        self._lose(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(exc)

    def _lose(self, error: Exception | None) -> None:
        exchange = self._exchange
        if exchange is None:
            self.abort()
        elif self._turn == self._outbox.turn or (error is None and self._is_unread()):
            self._start_again(exchange)
        elif self._phase == BODY and not self._framed and error is None:
            self._finish(exchange)
        else:
            self._fail(exchange, "upstream_cut")

    def _is_unread(self) -> bool:
        """Whether the peer had closed a kept connection before the request reached it, so that it can never read it.

        Its closing segment acknowledges what had arrived by then; TCP_INFO tells how much that is (tcpi_bytes_acked, which
        counts the opening segment too). Under TLS more bytes travel than are written, and nothing is concluded.
        """
        if self._turn < 0 or self._seen or not self._is_plain:
            return False
        try:
            info = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
        except OSError:
            return False
        return len(info) == _TCP_INFO_BYTES and int.from_bytes(info[_ACKED_AT:], sys.byteorder) <= self._sent_before + 1

    def _start_again(self, exchange: Exchange) -> None:
        """The peer has not had a byte of the request: another connection may take it, and nothing is sent twice."""
        head, body = self._request
        self.abort()
        self._again(exchange, head, body)

    # The ends of an exchange.

    def _finish(self, exchange: Exchange) -> None:
        """The message is whole: keep or close the connection, then tell the sink."""
        data = b"" if self._headless else b"".join(self._body)
        self._body.clear()
        told, status, head = self._told, self._status, self._head
        exchange.connection = None
        self._exchange = None
        pool = self.pool
        if self._source is not None and not self._let_source_go():
            self._keep = False
        if not self._keep or pool.kept >= pool.most_idle or (self._large and self._transport.get_write_buffer_size()):
            self.abort()
        else:
            self._phase = IDLE
            self.idle_ns = monotonic_ns()
            if exchange.paused:
                self.resume()
            pool.keep(self, self._outbox.turn)
            self._outbox.end_turn()
        if (sink := exchange.sink) is not None and not told:
            sink.upstream_head(status, head)
        # The head may have made the caller leave.
        if (sink := exchange.sink) is not None:
            exchange.sink = None
            sink.upstream_body(data, True)

    def _stumble(self, exchange: Exchange, error: Exception) -> None:
        """The parser stopped. What came before still counts: the story must not depend on how the bytes were split."""
        if self._phase == COMPLETE:
            self._keep = False
            self._finish(exchange)
            return
        if self._phase == BODY and exchange.sink is not None:
            if not self._told:
                self._told = True
                exchange.sink.upstream_head(self._status, self._head)
            if self._body and exchange.sink is not None:
                exchange.sink.upstream_body(b"".join(self._body), False)
        code, reason = self._problem or ("upstream_malformed", _describe(error))
        self._fail(exchange, code, reason=reason)

    def _fail(self, exchange: Exchange, code: str, **detail: object) -> None:
        self.abort()
        exchange.fail(Failure(code, sent=True, **detail))

    def _count_silent(self, exchange: Exchange, count: int) -> None:
        self._silent += count
        if exchange.sink is None:
            if self._silent > DRAIN_BYTES:
                self.abort()
        elif self._silent > _SILENT_BYTES:
            self._fail(exchange, "upstream_malformed", reason=f"its header fields exceed {MAX_HEAD_BYTES} bytes")

    def sweep(self, now_ns: int, keepalive_ns: int) -> None:
        """Enforce every time limit that has passed. Calls the sink when one has."""
        exchange = self._exchange
        if exchange is None:
            if now_ns - self.idle_ns > keepalive_ns:
                self.abort()
            return
        if now_ns >= exchange.deadline_ns:
            self._fail(exchange, "upstream_total_timeout", seconds=seconds(exchange.endpoint.total_timeout_ns))
            return
        if self._active:
            self._begun = True
            self._active = False
            self._last_ns = now_ns
            return
        unsent = self._transport.get_write_buffer_size()
        arriving = self._source is not None and not self._source.done and not unsent
        if exchange.paused or arriving or unsent != self._unsent:
            self._unsent = unsent
            self._last_ns = now_ns
            return
        endpoint = exchange.endpoint
        limit = endpoint.idle_timeout_ns if self._begun else endpoint.first_byte_timeout_ns
        if now_ns - self._last_ns >= limit:
            code = "upstream_idle_timeout" if self._begun else "upstream_first_byte_timeout"
            self._fail(exchange, code, seconds=seconds(limit))


def seconds(nanoseconds: int) -> str:
    """For a sentence: `5`, `0.25`."""
    return f"{nanoseconds / 1e9:g}"


def _describe(error: Exception) -> str:
    text = str(error).strip()
    return text[:1].lower() + text[1:] if text else "it cannot be parsed"
