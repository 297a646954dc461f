"""One caller's connection: cuts the bytes that arrive into requests, answers them in order, and notices when the caller leaves.

No task, timer or future per call: requests are handled inside `data_received`, deadlines by `sweep`.
"""

import asyncio
import socket
from collections import deque
from time import monotonic_ns
from typing import TYPE_CHECKING, cast

from torana.core.errors import Refusal
from torana.gate.listen.checks import HeadReader, Repeat, body_size, repeat
from torana.gate.listen.chunked import ChunkedBody
from torana.gate.listen.replies import NOT_STREAMED, STREAMING
from torana.gate.listen.request import CallerEvents, Request
from torana.gate.listen.upload import LEAST_BYTES, UploadingConnection

if TYPE_CHECKING:
    from torana.gate.listen.listener import Listener

_HEAD, _BODY, _CHUNKED, _DEAF, _UPLOAD = range(5)
"""What the next bytes are: of a head, of a body of known size or a chunked one, of nothing that will be read, of an upload."""
_MOST_WAITING = 16
_MOST_WAITING_BYTES = 65_536
_WRITE_HIGH_WATER = 16_384
_MOST_DRAINED = 8 * 1_048_576
"""Bytes thrown away after a refusal, so that the caller can read the answer instead of a reset."""
_LINGER_NS, _PROBE_NS = 2_000_000_000, 250_000_000
_PROGRESS_BYTES = 512
"""Body bytes that must arrive within body_timeout_seconds: one byte now and then is no progress."""
_CLOSE_WAIT = 8
"""TCP state of a socket whose peer has closed its writing half, and perhaps more (include/net/tcp_states.h)."""


class Connection(UploadingConnection):
    """Given to the handler with each request."""

    __slots__ = (
        "_began", "_blank", "_body", "_called", "_chunks", "_closing", "_drained", "_expecting", "_heads", "_incoming",
        "_mark", "_mark_size", "_need", "_pending", "_pending_since", "_probed", "_pumping", "_queue", "_queue_bytes",
        "_repeat", "_rest", "_state", "_takes_uploads", "_write_paused",
    )  # fmt: skip

    def __init__(self, listener: "Listener") -> None:
        super().__init__(listener)
        self._called = listener.handler.called
        self._takes_uploads = listener.handler.takes_uploads
        self._heads = HeadReader(listener.settings)
        self._repeat: Repeat | None = None
        self._state = _HEAD
        self._rest = b""
        """Bytes read and not yet understood: part of a head, or what follows a full queue."""
        self._began = 0
        self._blank = False
        self._incoming: Request | None = None
        """The request whose body is arriving."""
        self._need = 0
        self._body = bytearray()
        self._chunks: ChunkedBody | None = None
        self._expecting = False
        self._queue: deque[tuple[Request, Refusal | None]] = deque()
        self._queue_bytes = 0
        self._pumping = self._write_paused = self._closing = self._probed = False
        self._drained = 0
        self._mark = 0
        """When a sweep first saw the present wait; 0 when none has."""
        self._mark_size = self._pending = self._pending_since = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=_WRITE_HIGH_WATER)
        address = transport.get_extra_info("peername")
        self.peer = address[0].removeprefix("::ffff:") if isinstance(address, tuple) else ""
        if not self._listener.admit(self):
            self._transport.write(self._listener.full_reply)
            self._close(linger=True)

    def data_received(self, data: bytes) -> None:
        if self._repeat is not None and self._current is None and self._state == _HEAD and not self._rest:
            known = self._repeat.read(data, monotonic_ns())
            if known is not None and known[1] + known[2] == len(data) and not self._write_paused:
                # The common case, at the cost of a few comparisons: the same head again, with the whole body.
                request, start, size = known
                request.body = data[start:]
                self._blank = False
                listener = self._listener
                request.charged = size
                listener.buffered += size
                if listener.buffered > listener.settings.max_buffered_bytes:
                    self._incoming = request
                    self._refuse(Refusal("overloaded"))
                else:
                    self._dispatch(request, None)
                return
        if self._rest:
            data, self._rest = self._rest + data, b""
        try:
            while data:
                state = self._state
                if state == _HEAD:
                    data = self._read_head(data)
                elif state == _BODY:
                    data = self._read_body(data)
                elif state == _DEAF:
                    self._drain(len(data))
                    return
                else:
                    data = self._read_chunks(data) if state == _CHUNKED else self._read_upload(data)
        except Refusal as refusal:
            self._refuse(refusal)
        else:
            if self._expecting:
                self._continue()

    def _read_head(self, data: bytes) -> bytes:
        if self._queue_length >= _MOST_WAITING or self._queue_bytes >= _MOST_WAITING_BYTES:
            self._rest = data
            self._transport.pause_reading()
            return b""
        if data[0] == 13 and not self._blank:
            if data[:2] == b"\r\n":
                self._blank = True
                return data[2:]
            if data == b"\r":
                self._rest = data
                return b""
        began = self._began
        if not began:
            self._began = began = monotonic_ns()
        end = data.find(b"\r\n\r\n") + 4
        if end == 3:
            self._heads.check_part(data, began)
            self._rest = data
            return b""
        request = self._heads.read(data[:end], began)
        settings = self._listener.settings
        most, uploads = settings.max_body_bytes, self._takes_uploads(request)
        size = body_size(request, settings.max_upload_bytes if uploads else most)
        if 0 < size <= most:
            self._repeat = repeat(data[:end], request, most)
        if 0 <= size <= len(data) - end:
            if size:
                request.body = data[end : end + size]
                self._charge(request, size)
            self._arrived(request)
            return data[end + size :]
        if uploads and not 0 <= size <= min(LEAST_BYTES, most):
            return self._start_upload(request, size, data, end)
        self._incoming = request
        self._expecting = b"expect" in request.headers and not request.http10
        self._mark = 0
        if size < 0:
            self._chunks = ChunkedBody(self._listener.settings.max_body_bytes)
            self._state = _CHUNKED
        else:
            self._need = size
            self._state = _BODY
        return data[end:]

    def _start_upload(self, request: Request, size: int, data: bytes, end: int) -> bytes:
        """Hand a request over without its body, as soon as it is its turn."""
        if self._current is not None or self._queue_length or self._write_paused:
            self._rest = data
            self._began = 0
            self._transport.pause_reading()
            return b""
        chunks = ChunkedBody(self._listener.settings.max_upload_bytes) if size < 0 else None
        self._reset_input(_UPLOAD)
        self._begin_upload(request, size, chunks)
        self._dispatch(request, None)
        return data[end:]

    def _upload_ended(self, request: Request) -> None:
        self._reset_input(_HEAD if request.keep_alive else _DEAF)

    def _read_body(self, data: bytes) -> bytes:
        request = cast(Request, self._incoming)
        missing = self._need - len(self._body)
        part = data[:missing]
        self._charge(request, len(part))
        self._body += part
        if len(part) == missing:
            request.body = bytes(self._body)
            self._arrived(request)
        return data[missing:]

    def _read_chunks(self, data: bytes) -> bytes:
        request, chunks = cast(Request, self._incoming), cast(ChunkedBody, self._chunks)
        before = len(chunks.body)
        rest = chunks.feed(data)
        self._charge(request, len(chunks.body) - before)
        if rest is None:
            return b""
        request.body = bytes(chunks.body)
        self._arrived(request)
        return rest

    def _charge(self, request: Request, size: int) -> None:
        listener = self._listener
        listener.buffered += size
        request.charged += size
        if listener.buffered > listener.settings.max_buffered_bytes:
            raise Refusal("overloaded")

    def _reset_input(self, state: int) -> None:
        self._state = state
        self._began = 0
        self._blank = False
        if self._incoming is not None:
            self._incoming = None
            self._expecting = False
            self._body = bytearray()
            self._chunks = None

    def _arrived(self, request: Request) -> None:
        # After a request that asks to close, whatever follows is not a request (RFC 9112 section 9.6).
        self._reset_input(_HEAD if request.keep_alive else _DEAF)
        self._take(request, None)

    def _refuse(self, refusal: Refusal) -> None:
        if self._state == _UPLOAD:
            self._state = _DEAF
            self._fail_upload(refusal)
            return
        request = self._incoming or self._heads.known
        request.keep_alive = False
        self._rest = b""
        self._reset_input(_DEAF)
        self._take(request, refusal)

    def _take(self, request: Request, refusal: Refusal | None) -> None:
        if self._current is None and not self._queue_length and not self._write_paused:
            self._dispatch(request, refusal)
        else:
            self._queue.append((request, refusal))
            self._queue_length += 1
            self._queue_bytes += len(request.body)

    def _dispatch(self, request: Request, refusal: Refusal | None) -> None:
        listener = self._listener
        self._current = request
        listener.active += 1
        if refusal is not None:
            listener.handler.refused(self, request, refusal)
            return
        if listener.cors is not None and (lines := listener.cors.preflight(request)) is not None:
            self.reply(204, lines, b"")
            return
        events = self._called(self, request)
        if self._current is request:
            self._events = events
            if self._write_paused and events is not None:
                events.caller_paused()

    def _continue(self) -> None:
        # Not between the replies that earlier requests still wait for: then it is sent after the last of them.
        if self._current is None and not self._queue_length:
            self._expecting = False
            self._write(self._transport, b"HTTP/1.1 100 Continue\r\n\r\n")

    def _ended(self, request: Request, close: bool, linger: bool = True) -> None:
        listener = self._listener
        self._current = self._events = None
        if self._upload is not None and not self._forget_upload():
            close = True
        self._stream = NOT_STREAMED
        self._mark = 0
        listener.active -= 1
        listener.buffered -= request.charged
        if close:
            self._close(linger)
        elif (self._queue_length or self._rest or self._expecting) and not self._pumping:
            self._pump()

    def _pump(self) -> None:
        """Go on after a reply: with the next request that waits, then with bytes that were held back."""
        self._pumping = True
        while self._current is None and not self._write_paused and not self._closing:
            if self._queue_length:
                request, refusal = self._queue.popleft()
                self._queue_length -= 1
                self._queue_bytes -= len(request.body)
                self._dispatch(request, refusal)
            elif self._rest and not self._began and self._state == _HEAD and not self._transport.is_reading():
                self._transport.resume_reading()
                self.data_received(b"")
            else:
                if self._expecting:
                    self._continue()
                break
        self._pumping = False

    def _close(self, linger: bool) -> None:
        self._closing = True
        self._mark = 0
        incoming = self._unfinished()
        self._rest = b""
        self._reset_input(_DEAF)
        self._drop_waiting(incoming)
        self._listener.outbox.flush()
        transport = self._transport
        if linger and not self._eof and transport.can_write_eof():
            transport.write_eof()
            transport.resume_reading()
        else:
            transport.close()

    def _unfinished(self) -> Request | None:
        """The request that is arriving, if one has begun."""
        if self._incoming is not None:
            return self._incoming
        return Request(started_ns=self._began) if self._began else None

    def _drop_waiting(self, incoming: Request | None) -> None:
        """Account for requests that will get no reply."""
        listener = self._listener
        while self._queue:
            request, refusal = self._queue.popleft()
            listener.buffered -= request.charged
            listener.handler.refused(self, request, refusal or Refusal("caller_left"))
        self._queue_length = self._queue_bytes = 0
        if incoming is not None:
            listener.buffered -= incoming.charged
            listener.handler.refused(self, incoming, Refusal("incomplete_request"))

    def _drain(self, size: int) -> None:
        self._drained += size
        if self._drained > _MOST_DRAINED:
            if self._closing:
                self._transport.abort()
            else:
                self._transport.pause_reading()

    def _leave(self) -> None:
        """The caller is gone while its call runs."""
        request, events = self._current, self._events
        if request is not None:
            self._current = self._events = None
            self._forget_upload()
            self._listener.active -= 1
            self._listener.buffered -= request.charged
            if events is not None:
                events.caller_left()

    def _cut(self) -> None:
        self._closing = True
        self._leave()
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._closing = True
        self._listener.forget(self)
        incoming = self._unfinished()
        self._reset_input(_DEAF)
        self._leave()
        self._drop_waiting(incoming)

    def eof_received(self) -> bool:
        self._eof = True
        if self._closing:
            return False
        if self._unfinished() is not None or (self._state == _UPLOAD and self._stream != STREAMING):
            self._refuse(Refusal("incomplete_request"))
        if self._current is None and not self._queue_length:
            return False
        if self._stream == STREAMING:
            self._cut()
            return False
        # A caller that only closed its writing half cannot be told from one that left: see sweep_half_closed.
        self._state = _DEAF
        self._mark = 0
        self._listener.watch(self)
        return True

    def pause_writing(self) -> None:
        self._write_paused = True
        if self._events is not None:
            self._events.caller_paused()

    def resume_writing(self) -> None:
        self._write_paused = False
        if self._events is not None:
            self._events.caller_resumed()
        elif self._current is None and not self._pumping and not self._closing:
            self._pump()

    @property
    def events(self) -> CallerEvents | None:
        """The running call."""
        return self._events

    @property
    def idle(self) -> bool:
        """Whether no request has begun and no reply is due."""
        return self._current is None and self._state == _HEAD and not self._began and not self._queue_length

    def hand_over(self) -> bool:
        """Read no further request: the present one wants another protocol. False when others wait or have begun."""
        if self._queue_length or self._rest or self._unfinished() is not None:
            return False
        self._state = _DEAF
        return True

    def close_idle(self) -> None:
        """Close a connection that is idle."""
        if self.idle and not self._closing:
            self._close(linger=True)

    def sweep(self, now_ns: int) -> None:
        """Enforce the deadlines of this connection; a deadline is met at the first sweep after it."""
        settings = self._listener.settings
        pending = self._transport.get_write_buffer_size()
        if pending and pending == self._pending:
            if now_ns - self._pending_since >= settings.write_timeout_seconds * 1e9:
                self._cut()
                return
        else:
            self._pending, self._pending_since = pending, now_ns
        if self._incoming is not None or self._state == _UPLOAD:
            self._sweep_body(now_ns, settings.body_timeout_seconds)
        elif self._began:
            if now_ns - self._began >= settings.headers_timeout_seconds * 1e9:
                self._refuse(Refusal("request_timeout", seconds=f"{settings.headers_timeout_seconds:g}"))
        elif self._closing or self.idle:
            if not self._mark:
                self._mark = now_ns
            elif self._closing:
                if now_ns - self._mark >= _LINGER_NS and not pending:
                    self._transport.abort()
            elif now_ns - self._mark >= settings.idle_timeout_seconds * 1e9:
                self._transport.close()

    def _sweep_body(self, now_ns: int, most_seconds: float) -> None:
        if self._upload is not None and self._state == _UPLOAD:
            if self._upload.is_late(now_ns, most_seconds):
                self._refuse(Refusal("request_timeout", seconds=f"{most_seconds:g}"))
            return
        size = len(self._body) if self._chunks is None else len(self._chunks.body)
        if not self._mark or size - self._mark_size >= _PROGRESS_BYTES:
            self._mark, self._mark_size = now_ns, size
        elif now_ns - self._mark >= most_seconds * 1e9:
            self._refuse(Refusal("request_timeout", seconds=f"{most_seconds:g}"))

    def sweep_half_closed(self, now_ns: int) -> bool:
        """Find out whether a caller that closed its writing half is still there. False when that is settled.

        One `100 Continue`, which clients skip, makes the peer of a vanished caller answer with a reset;
        as nothing is read any more, only the TCP state shows it.
        """
        request = self._current
        if request is None or request.http10 or self._stream == STREAMING or self._closing:
            return False
        if not self._mark:
            self._mark = now_ns
        elif not self._probed:
            if now_ns - self._mark >= _PROBE_NS:
                self._probed = True
                self._write(self._transport, b"HTTP/1.1 100 Continue\r\n\r\n")
        else:
            sock = cast(socket.socket, self._transport.get_extra_info("socket"))
            if sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != _CLOSE_WAIT:
                self._cut()
                return False
        return True
