"""The way to control: `/api`, `/scim`, `/console`, `/portal` and `/docs` are passed on over the unix socket, streamed both ways.

These requests are not calls: they are not metered or recorded here, and control authenticates them itself.
"""

from pathlib import Path
from time import monotonic_ns
from typing import TYPE_CHECKING

from torana.core.errors import Refusal
from torana.dialects.openai_chat.errors import encode_error
from torana.gate.listen.connection import Connection
from torana.gate.listen.request import Request
from torana.gate.upstream.endpoint import Endpoint

if TYPE_CHECKING:
    from torana.gate.upstream.exchange import Exchange
    from torana.gate.upstream.failure import Failure
    from torana.gate.worker import Gate

_HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"content-length",
        b"expect",
        b"host",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"x-forwarded-for",
        b"x-forwarded-proto",
        b"x-torana-forwarded",
    )
)
_JSON = b"content-type: application/json\r\ncache-control: no-store\r\n"
_SECOND = 1_000_000_000


class ControlDoor:
    """Where control listens."""

    def __init__(self, gate: "Gate") -> None:
        self.gate = gate
        self.endpoint = Endpoint(
            scheme="unix",
            unix_path=str(Path(gate.settings.data) / "run" / "forwarded.sock"),
            name="control",
            connect_timeout_ns=2 * _SECOND,
            first_byte_timeout_ns=120 * _SECOND,
            idle_timeout_ns=600 * _SECOND,
            total_timeout_ns=3600 * _SECOND,
        )

    def open(self, connection: Connection, request: Request) -> "Visit":
        """Pass one request on."""
        return Visit(self, connection, request)


class Visit:
    """One request to control and its reply."""

    def __init__(self, door: ControlDoor, connection: Connection, request: Request) -> None:
        self._connection = connection
        self._begun = False
        self._status = 502
        self._lines = b""
        headers = request.headers
        lines = [b"%b: %b\r\n" % (name, value) for name, value in headers.items() if name not in _HOP_BY_HOP]
        scheme = b"https" if door.gate.settings.tls_certificate else b"http"
        head = (
            b"%b %b HTTP/1.1\r\nhost: %b\r\nx-torana-forwarded: 1\r\nx-forwarded-for: %b\r\n"
            b"x-forwarded-proto: %b\r\n%bcontent-length: %d\r\n\r\n"
            % (
                request.method,
                request.target,
                headers.get(b"host", b"localhost"),
                connection.peer.encode(),
                scheme,
                b"".join(lines),
                len(request.body),
            )
        )
        self._exchange: Exchange | None = door.gate.client.send(
            door.endpoint, head, request.body, self, monotonic_ns() + door.endpoint.total_timeout_ns
        )

    def upstream_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Keep the head until the first bytes of the body are there."""
        self._status = status
        self._lines = b"".join(b"%b: %b\r\n" % (name, value) for name, value in headers if name not in _HOP_BY_HOP)

    def upstream_body(self, data: bytes, end: bool) -> None:
        """Pass bytes back."""
        if end:
            self._exchange = None
            if self._begun:
                self._connection.finish(data)
            else:
                self._connection.reply(self._status, self._lines, data)
            return
        if not self._begun:
            self._begun = True
            self._connection.start(self._status, self._lines)
        self._connection.send(data)

    def upstream_failed(self, failure: "Failure") -> None:
        """Control is away or broke off."""
        self._exchange = None
        if self._begun:
            self._connection.abort()
        else:
            refusal = Refusal("control_unavailable")
            self._connection.reply(refusal.status, _JSON, encode_error(refusal, ""))

    def caller_left(self) -> None:
        """Nobody waits for the reply any more."""
        if self._exchange is not None:
            self._exchange.cancel()
            self._exchange = None

    def caller_paused(self) -> None:
        """Let control wait for a slow caller."""
        if self._exchange is not None:
            self._exchange.pause()

    def caller_resumed(self) -> None:
        """Let control go on."""
        if self._exchange is not None:
            self._exchange.resume()

    def stop(self) -> None:
        """The gate is stopping."""
        self.caller_left()
        self._connection.abort()
