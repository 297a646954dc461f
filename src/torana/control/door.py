"""What stands before the admin API: whether the owner is asking, how large a body may be and how long it may take to come.

Control's own socket lies in a folder that only the owner can enter: who connects to it is the owner. What gates forward for callers
from outside comes by a second socket, where an admin token is needed as on a TCP listener. Which socket it is decides, and nothing
that a request says: the header `x-torana-forwarded` that gates add is there to be read by people. Only on the second socket are
`x-forwarded-for` and `x-forwarded-proto` read: gates write them, and let none through that a caller sent.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from torana.control.problems import problem
from torana.core.errors import Refusal

MOST_BODY_BYTES = 1_048_576
MOST_APPLY_BYTES = 50_331_648
BODY_SECONDS = 60.0
_LARGE = ("/api/v1/plan", "/api/v1/apply")


class Door:
    """ASGI around the app, one for each listener: bounds bodies, and notes whether its callers are the owner.

    `from_gates` is for the socket that only gates write to: they say for whom they do.
    """

    def __init__(self, app: ASGIApp, *, owner_socket: bool, from_gates: bool = False) -> None:
        self._app = app
        self._owner_socket = owner_socket
        self._from_gates = from_gates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        scope["torana_owner"] = self._owner_socket
        if self._from_gates:
            _as_the_gate_saw(scope, dict(headers))
        limit = MOST_APPLY_BYTES if scope["path"] in _LARGE else MOST_BODY_BYTES
        body = _Body(receive, limit)
        try:
            if any(name == b"content-length" and int(value) > limit for name, value in headers):
                raise Refusal("body_too_large", limit=limit)
            await self._app(scope, body, send)
        except Refusal as refusal:
            await problem(refusal)(scope, receive, send)


def _as_the_gate_saw(scope: Scope, headers: dict[bytes, bytes]) -> None:
    address = headers.get(b"x-forwarded-for", b"").decode("latin-1")
    scope["client"] = (address, 0) if address else None
    scope["scheme"] = "https" if headers.get(b"x-forwarded-proto") == b"https" else "http"


class _Body:
    """Receives a body within a size and a time. Raises Refusal."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._left = limit
        self._limit = limit
        self._until = asyncio.get_running_loop().time() + BODY_SECONDS
        self._complete = False

    async def __call__(self) -> Message:
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            raise Refusal("request_timeout", seconds=int(BODY_SECONDS)) from None
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise Refusal("body_too_large", limit=self._limit)
        self._complete = not message.get("more_body", False)
        return message
