"""The writing half of a connection: one write per reply, or per piece of a streamed one."""

import abc
import asyncio
import http
import socket
import struct
from typing import TYPE_CHECKING, cast

from torana.gate.listen.request import CallerEvents, Request

if TYPE_CHECKING:
    from torana.gate.listen.listener import Listener

STATUS_LINES = {
    status.value: b"HTTP/1.1 %d %b\r\n" % (status.value, status.phrase.encode()) for status in http.HTTPStatus
}
_JOIN_BELOW = 16_384
"""Bytes up to which copying a body behind its head is cheaper than a second buffer."""
_SIZES = [b"%x\r\n" % size for size in range(_JOIN_BELOW)]
"""The line before a chunk: writing a number in hexadecimal costs more than the rest of a small chunk."""
_LENGTHS = [b"content-length: %d\r\n\r\n" % size for size in range(4_096)]
"""What ends the head of a small reply, for the same reason."""
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

NOT_STREAMED, HEAD_HELD, STREAMING = range(3)


class Replies(asyncio.Protocol, abc.ABC):
    """Writes the reply of the request at the front. Every method does nothing once that reply has ended or the caller has left."""

    __slots__ = (
        "_current",
        "_eof",
        "_events",
        "_held_head",
        "_listener",
        "_plain_stream",
        "_queue_length",
        "_sized",
        "_stream",
        "_transport",
        "_write",
        "peer",
    )

    def __init__(self, listener: "Listener") -> None:
        self._listener = listener
        self._write = listener.outbox.write
        self._transport = cast(asyncio.Transport, None)
        self._current: Request | None = None
        """The request that is being answered."""
        self._events: CallerEvents | None = None
        self._eof = False
        self._queue_length = 0
        self._stream = NOT_STREAMED
        self._held_head = b""
        self._plain_stream = False
        """Whether pieces go out as chunks, each in one write."""
        self._sized = False
        """Whether the head has told the length of the streamed body."""
        self.peer = ""
        """The caller's IP address."""

    def reply(self, status: int, headers: bytes, body: bytes, close: bool = False) -> None:
        """Send a whole reply. `headers` are ready-made `name: value` lines, each with CR LF.

        Content-length and connection are added here.
        """
        request = self._current
        if request is None:
            return
        listener = self._listener
        if request.keep_alive and not (close or self._eof or listener.draining or listener.cors or request.http10):
            head = (
                STATUS_LINES[status] + headers
                if status in STATUS_LINES
                else self._head(request, status, headers, False)
            )
        else:
            close = close or self._is_last(request)
            head = self._head(request, status, headers, close)
        if status >= 200 and status != 204 and status != 304:
            size = len(body)
            head += _LENGTHS[size] if size < len(_LENGTHS) else b"content-length: %d\r\n\r\n" % size
        else:
            head, body = b"%b\r\n" % head, b""
        if not body or request.method == b"HEAD":
            self._write(self._transport, head)
        elif len(body) < _JOIN_BELOW:
            self._write(self._transport, head + body)
        else:
            listener.outbox.flush()
            self._transport.writelines((head, body))
        self._ended(request, close)

    def start(self, status: int, headers: bytes, size: int | None = None) -> None:
        """Begin a streamed reply: chunked, or ended by closing for HTTP/1.0, or of `size` bytes, which then have to come.

        Nothing is written before the first `send` or `finish`, so that the head costs no write of its own.
        """
        request = self._current
        if request is None:
            return
        if request.http10:
            request.keep_alive = False
        head = self._head(request, status, headers, self._is_last(request))
        self._sized = size is not None
        if size is not None:
            self._held_head = b"%bcontent-length: %d\r\n\r\n" % (head, size)
        else:
            self._held_head = head + (b"\r\n" if request.http10 else b"transfer-encoding: chunked\r\n\r\n")
        self._stream = HEAD_HELD
        self._plain_stream = size is None and not request.http10 and request.method != b"HEAD"

    def send(self, data: bytes) -> None:
        """Send a piece of a streamed reply in one write."""
        request = self._current
        if request is None or not data:
            return
        if self._plain_stream and self._stream == STREAMING and len(data) < _JOIN_BELOW:
            self._write(self._transport, b"%b%b\r\n" % (_SIZES[len(data)], data))
        else:
            self._write_pieces(self._pieces(request, data))

    def finish(self, data: bytes = b"") -> None:
        """Send the last piece and the end of a streamed reply in one write."""
        request = self._current
        if request is None:
            return
        pieces = self._pieces(request, data)
        if not request.http10 and not self._sized and request.method != b"HEAD":
            pieces.append(b"0\r\n\r\n")
        self._write_pieces(pieces)
        self._ended(request, self._is_last(request))

    def abort(self) -> None:
        """Cut the connection so that the caller notices that the reply is incomplete."""
        request = self._current
        if request is None:
            return
        transport = self._transport
        if request.http10 and self._stream == STREAMING:
            # Here a plain close would look like the end of the reply, so the caller gets a reset.
            sock = cast(socket.socket, transport.get_extra_info("socket"))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self._ended(request, close=True, linger=False)
            transport.abort()
        else:
            self._ended(request, close=True, linger=False)

    @abc.abstractmethod
    def _ended(self, request: Request, close: bool, linger: bool = True) -> None:
        """Go on after a reply: with the next request, or to the end of the connection."""

    def _is_last(self, request: Request) -> bool:
        # While others wait behind it, a reply does not end a connection that is only draining or half-closed.
        return not request.keep_alive or ((self._eof or self._listener.draining) and not self._queue_length)

    def _head(self, request: Request, status: int, headers: bytes, close: bool) -> bytes:
        line = STATUS_LINES.get(status)
        if line is None:
            line = b"HTTP/1.1 %d \r\n" % status
        if (cors := self._listener.cors) is not None:
            headers += cors.headers(request)
        if close:
            return b"%b%bconnection: close\r\n" % (line, headers)
        if request.http10:
            return b"%b%bconnection: keep-alive\r\n" % (line, headers)
        return line + headers

    def _pieces(self, request: Request, data: bytes) -> list[bytes]:
        pieces = []
        if self._stream == HEAD_HELD:
            pieces.append(self._held_head)
            self._held_head = b""
            self._stream = STREAMING
        if data and request.method != b"HEAD":
            if request.http10 or self._sized:
                pieces.append(data)
            elif len(data) < _JOIN_BELOW:
                pieces.append(b"%b%b\r\n" % (_SIZES[len(data)], data))
            else:
                pieces += (b"%x\r\n" % len(data), data, b"\r\n")
        return pieces

    def _write_pieces(self, pieces: list[bytes]) -> None:
        if sum(map(len, pieces)) < _JOIN_BELOW:
            self._write(self._transport, b"".join(pieces))
        else:
            self._listener.outbox.flush()
            self._transport.writelines(pieces)
