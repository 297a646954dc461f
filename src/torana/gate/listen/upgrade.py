"""A caller's connection that stops speaking HTTP: the request is answered by a 101, then bytes pass as they are.

It stays one of the listener's connections, with the request as its present one: counted, swept, told when the gate stops.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from torana.core.errors import Refusal
from torana.dialects.websocket import is_key
from torana.gate.listen.replies import STATUS_LINES

if TYPE_CHECKING:
    from torana.gate.listen.connection import Connection
    from torana.gate.listen.request import Request

_VERSION = (("sec-websocket-version", "13"),)
_UPGRADE = (("upgrade", "websocket"),)


def check_handshake(request: "Request") -> bytes:
    """The key of a request to open a WebSocket (RFC 6455, section 4.2.1). Raises Refusal (invalid_field) naming the header."""
    headers = request.headers
    if request.http10 or b"websocket" not in _tokens(headers.get(b"upgrade", b"")):
        raise _invalid("upgrade", "this is a WebSocket, so it has to be `websocket`", 426, _UPGRADE)
    if b"upgrade" not in _tokens(headers.get(b"connection", b"")):
        raise _invalid("connection", "it has to be `upgrade`", 426, _UPGRADE)
    if headers.get(b"sec-websocket-version") != b"13":
        raise _invalid("sec-websocket-version", "it has to be 13", 426, _VERSION)
    key = headers.get(b"sec-websocket-key", b"")
    if not is_key(key):
        raise _invalid("sec-websocket-key", "it has to be 16 bytes in base64")
    if request.body:
        raise _invalid("content-length", "a request for a WebSocket has no body")
    return key


def _tokens(value: bytes) -> list[bytes]:
    return [token.strip() for token in value.lower().split(b",")]


def _invalid(name: str, reason: str, status: int = 400, headers: tuple[tuple[str, str], ...] = ()) -> Refusal:
    return Refusal("invalid_field", status=status, param=name, reason=reason, headers=headers)


class Upgraded(asyncio.Protocol):
    """Takes a connection over when its request is taken up, before it is answered, so that nothing after it is read as HTTP.

    The journey answers through it as through any connection: `reply` refuses, `start` opens, `send` and `finish` pass bytes.
    """

    __slots__ = ("_connection", "_reader", "_started", "peer", "waits_for_reply")

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._reader: Callable[[bytes], None] | None = None
        self._started = False
        self.peer = connection.peer
        self.waits_for_reply = False
        """Whether the caller has said its last, so that closing its writing half does not mean that it has left."""

    @property
    def early(self) -> bool:
        """Whether bytes came before the answer: a client has to wait for it (section 4.1), so they belong to nothing."""
        return self._connection._drained > 0

    def read(self, reader: Callable[[bytes], None]) -> None:
        """From now on give the bytes of each read to this."""
        self._reader = reader

    def hold(self, full: bool) -> None:
        """Stop reading, or go on, because the other side does not keep up, or does again."""
        connection = self._connection
        if connection._current is None:
            return
        if full:
            connection._transport.pause_reading()
        else:
            connection._transport.resume_reading()

    def reply(self, status: int, headers: bytes, body: bytes, close: bool = False) -> None:
        """Refuse, and close: what follows the request cannot be told from frames."""
        if self._started:
            self.abort()
        else:
            self._connection.reply(status, headers, body, close=True)

    def start(self, status: int, headers: bytes, size: int | None = None) -> None:
        """Switch protocols: what follows has no size."""
        connection = self._connection
        if connection._current is not None:
            self._started = True
            connection._write(connection._transport, b"%b%b\r\n" % (STATUS_LINES[status], headers))

    def send(self, data: bytes) -> None:
        """Pass bytes on."""
        connection = self._connection
        if connection._current is not None:
            connection._write(connection._transport, data)

    def finish(self, data: bytes = b"") -> None:
        """Pass the last bytes on and close."""
        connection = self._connection
        request = connection._current
        if request is not None:
            if data:
                connection._write(connection._transport, data)
            connection._ended(request, close=True)

    def abort(self) -> None:
        """Close without a word."""
        self._connection.abort()

    def data_received(self, data: bytes) -> None:
        connection = self._connection
        if self._reader is not None and connection._current is not None:
            self._reader(data)
        else:
            connection._drain(len(data))

    def eof_received(self) -> bool:
        connection = self._connection
        connection._eof = True
        if connection._closing:
            return False
        if self.waits_for_reply and connection._transport.can_write_eof():
            return True
        connection._cut()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.connection_lost(exc)

    def pause_writing(self) -> None:
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        self._connection.resume_writing()


def take_over(connection: "Connection") -> Upgraded:
    """Take the connection over from HTTP. Raises Refusal when its caller has begun another request on it."""
    if not connection.hand_over():
        raise Refusal("malformed_request", reason="other requests follow the one for a WebSocket")
    upgraded = Upgraded(connection)
    connection._transport.set_protocol(upgraded)
    return upgraded
