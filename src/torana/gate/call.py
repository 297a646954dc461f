"""One call: what the steps of the journey fill in, and the three parties that can move it on (upstream, caller, stop)."""

from collections.abc import Coroutine, Sequence
from time import monotonic_ns
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from torana.core.errors import Refusal
from torana.core.usage import UNKNOWN, Usage
from torana.kit.log import logger

if TYPE_CHECKING:
    from torana.dialects.body import Peek
    from torana.dialects.openai_media.multipart import FormReader
    from torana.gate.listen.connection import Connection
    from torana.gate.listen.request import Request
    from torana.gate.listen.upgrade import Upgraded
    from torana.gate.media.carry import Carrier
    from torana.gate.route.paths import Path
    from torana.gate.target import Target
    from torana.gate.translate.request import Neutral
    from torana.gate.upstream.exchange import Exchange
    from torana.gate.upstream.failure import Failure
    from torana.gate.view import Offer, Principal, View
    from torana.gate.worker import Gate
    from torana.stores.counters.shared import Gauge


class CallerLeft(Exception):
    """The caller closed the connection before the reply was complete."""


class Ending(msgspec.Struct, frozen=True, gc=False):
    """The last thing a call gives its caller."""

    status: int
    headers: bytes
    body: bytes
    begun: bool = False
    """A streamed reply has begun: `body` is its last piece."""
    cut: bool = False
    """The begun reply cannot be ended properly, so the connection is cut."""
    close: bool = False


class Spoken(Protocol):
    """Knows in which dialects a call is spoken."""

    def spoken(self, caller: str) -> bytes:
        """The caller's dialect and the target's, as a record has them: two texts in msgpack."""


class Call:
    """From the whole request to the record. Driven by callbacks: see `drive`.

    A class with slots and not a struct: it is written to some twenty times a call, which structs do slowly.
    """

    __slots__ = (
        "_journey", "answered_by", "asked_usage", "caller_is_slow", "carrier", "connection", "dropped", "error",
        "exchange", "first_byte_ns", "form", "gate", "held", "id", "kept", "kept_cut", "model_served", "neutral",
        "offer", "path", "principal", "request", "request_bytes", "reserved", "response_bytes", "retries", "seen",
        "started_us", "status", "stream_events", "target", "total_us", "unit_count", "units", "upstream_headers",
        "upstream_id", "upstream_status", "usage", "view", "way",
    )  # fmt: skip

    def __init__(self, gate: "Gate", connection: "Connection", request: "Request") -> None:
        self.gate = gate
        self.connection: Connection | Upgraded = connection
        self.request = request
        self.view: View | None = gate.view
        self.started_us = started_us = (request.started_ns + gate.epoch_ns) // 1000
        self.id = gate.ids.next(started_us)
        self.reserved = 0
        """Bytes of spool set aside for the record."""
        self.principal: Principal | None = None
        self.path: Path | None = None
        self.seen: Peek | None = None
        self.neutral: Neutral | None = None
        """The request in neutral form, once a target of another dialect needs it."""
        self.dropped: list[str] | None = None
        """The caller's names of what the target could not carry."""
        self.offer: Offer | None = None
        self.held: tuple[Gauge, ...] = ()
        """Concurrency units this call has taken."""
        self.target: Target | None = None
        self.way: Spoken | None = None
        """How the target was last asked."""
        self.answered_by: Target | None = None
        """The target whose reply began."""
        self.asked_usage = False
        """Whether the gate added the request for usage to the stream."""
        self.carrier: Carrier | None = None
        """Of a body that is sent on while it arrives."""
        self.form: FormReader | None = None
        """Of a multipart form: where its model stands."""
        self.exchange: Exchange | None = None
        self.caller_is_slow = False
        self.retries = 0
        self.upstream_status: int | None = None
        self.upstream_headers: Sequence[tuple[bytes, bytes]] = ()
        self.upstream_id: str | None = None
        self.first_byte_ns = 0
        self.request_bytes = 0
        """What the caller sent beside the request's body."""
        self.total_us = 0
        """Set when the call has ended."""
        self.response_bytes = 0
        self.stream_events: int | None = None
        """Events passed on; None when the reply is not a stream."""
        self.usage: Usage = UNKNOWN
        self.units: str | None = None
        """What is counted besides tokens: `images`, `seconds`, `characters`, `pages`, `searches`."""
        self.unit_count: float | None = None
        self.model_served: str | None = None
        self.status = 0
        self.error: str | None = None
        self.kept: list[bytes] | None = None
        """Parts of the reply body, where a policy keeps bodies."""
        self.kept_cut = False
        self._journey: Coroutine[None, Any, None] | None = None

    def drive(self, journey: Coroutine[None, Any, None]) -> None:
        """Run the journey up to its first wait. From then on the callbacks below resume it.

        Nothing resumes it while it runs: the upstream client never calls back from `send`, nor the connection from a write.
        """
        self._journey = journey
        try:
            journey.send(None)
        except StopIteration:
            self._journey = None

    @property
    def ended(self) -> bool:
        """Whether the record is written and the reply delivered."""
        return self._journey is None

    def stop(self) -> None:
        """The gate's grace time is over."""
        self._throw(Refusal("worker_stopped"))

    def refuse(self, refusal: Refusal) -> None:
        """Resume with a refusal: the caller, or a change, has ended what was running."""
        self._throw(refusal)

    def wake(self) -> None:
        """Resume a call that waits for a credential, for the sandbox or for what comes of a custom model."""
        journey = self._journey
        if journey is not None:
            try:
                journey.send(None)
            except StopIteration:
                self._journey = None

    def upstream_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Kept until the first body bytes: until then another target may still be tried."""
        self.upstream_status = status
        self.upstream_headers = headers

    def upstream_body(self, data: bytes, end: bool) -> None:
        """Resume with the bytes of one read."""
        journey = self._journey
        if journey is not None:
            try:
                journey.send((data, end))
            except StopIteration:
                self._journey = None

    def upstream_failed(self, failure: "Failure") -> None:
        """Resume with a refusal that names the target."""
        self.exchange = None
        target = "the upstream" if self.target is None else self.target.name
        detail: Any = failure.detail
        self._throw(Refusal(failure.code, target=target, **detail))

    def caller_left(self) -> None:
        """Cancel the upstream and end the call."""
        if self.exchange is not None:
            self.exchange.cancel()
            self.exchange = None
        self._throw(CallerLeft())

    def upload_failed(self, refusal: Refusal) -> None:
        """Cancel the upstream, which has not had the whole body, and end the call with this."""
        if self.exchange is not None:
            self.exchange.cancel()
            self.exchange = None
        self._throw(refusal)

    def caller_paused(self) -> None:
        """Let the upstream wait for a slow caller."""
        self.caller_is_slow = True
        if self.exchange is not None:
            self.exchange.pause()

    def caller_resumed(self) -> None:
        """Let the upstream go on."""
        self.caller_is_slow = False
        if self.exchange is not None:
            self.exchange.resume()

    def sent(self, size: int) -> None:
        """Count body bytes given to the caller."""
        if not self.first_byte_ns:
            self.first_byte_ns = monotonic_ns()
        self.response_bytes += size

    def keep(self, data: bytes, most: int) -> None:
        """Keep a part of the reply body, where a policy wants it."""
        if self.kept is not None:
            room = most - sum(map(len, self.kept))
            self.kept.append(data[:room] if room > 0 else b"")
            self.kept_cut = self.kept_cut or len(data) > room

    def _throw(self, error: Exception) -> None:
        journey = self._journey
        if journey is not None:
            try:
                journey.throw(error)
            except StopIteration:
                self._journey = None


def log_failure(call: Call, error: Exception) -> None:
    """An exception nobody foresaw: the log gets its trace, the caller only the call id."""
    logger().error("call_failed", call_id=call.id, exc_info=error)
