"""What the listener and the gate's flow say to each other."""

from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from torana.core.errors import Refusal

if TYPE_CHECKING:
    from torana.gate.listen.connection import Connection
    from torana.gate.listen.upload import Upload


class Request(msgspec.Struct, eq=False):
    """One request, whole, or as much as was understood before it was refused."""

    method: bytes = b""
    target: bytes = b""
    """In origin form, also where the caller sent the absolute form."""
    path: str = ""
    """Not percent-decoded; a path that any normalisation would change has been refused."""
    query: bytes = b""
    """Without the question mark."""
    headers: dict[bytes, bytes] = msgspec.field(default_factory=dict)
    """Lower-case names; repeated fields joined with a comma; names with underscores, trailers and content-length are left out."""
    body: bytes = b""
    http10: bool = False
    keep_alive: bool = False
    started_ns: int = 0
    """`time.monotonic_ns()` when the first byte arrived."""
    known: dict[Any, Any] = msgspec.field(default_factory=dict)
    """What the steps worked out from the head alone. Callers repeat their heads, so requests with the same one share it."""
    charged: int = 0
    """Body bytes that count against the gate's `max_buffered_bytes` until the reply has ended."""

    upload: "Upload | None" = None
    """The body, where the request was handed over before that had arrived; `body` is empty then."""
    uploaded: int = 0
    """Bytes of `upload` that have come."""


class CallerEvents(Protocol):
    """What a running call is told about its caller."""

    def caller_left(self) -> None:
        """The caller is gone; nothing can be sent any more. At most once, never after the reply has ended."""

    def caller_paused(self) -> None:
        """The caller takes bytes slower than they are sent: send no more until `caller_resumed`."""

    def caller_resumed(self) -> None:
        """The caller has taken what was waiting for it."""

    def stop(self) -> None:
        """The gate is stopping and waits no longer: end now."""


class Handler(Protocol):
    """Answers requests. Exactly one of the two is called for every request begun, in the order they arrived.

    A CORS preflight is the one exception: the listener answers it alone.
    """

    def called(self, connection: "Connection", request: Request) -> CallerEvents | None:
        """A whole request. May reply before it returns."""

    def takes_uploads(self, request: Request) -> bool:
        """Whether the body of this request, of which the head is known, may be handed over while it arrives."""

    def refused(self, connection: "Connection", request: Request, refusal: Refusal) -> None:
        """A request that cannot be served: answer with `connection.reply(…, close=True)`.

        The reply goes nowhere when the caller has already left.
        """
