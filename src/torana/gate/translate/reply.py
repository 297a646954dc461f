"""What comes back from a target that speaks another dialect than the caller: whole replies, streams, errors."""

from time import monotonic_ns
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from torana.core.errors import Refusal
from torana.core.exchange import EmbedRequest, ModelReply, ModelRequest
from torana.core.replay import replay
from torana.core.stream import Event, Failed, Finished, Started
from torana.core.usage import Usage
from torana.dialects import NotAReplyError
from torana.gate.translate.request import decode

if TYPE_CHECKING:
    from torana.gate.call import Call
    from torana.gate.target import Target, Way


class Passed(Protocol):
    """How far a stream to the caller has come."""

    done: bytes
    events: int
    failed: bool
    model: str | None

    @property
    def usage(self) -> Usage: ...

    def tail(self) -> bytes: ...

    @property
    def inside_event(self) -> bool: ...

    @property
    def whole(self) -> bool: ...


class Reader(Passed, Protocol):
    """What reads a vendor's stream as it passes, translated or not (dialects/passing.py)."""

    def feed(self, data: bytes) -> bytes: ...

    def finish(self) -> bytes: ...


class Source(Protocol):
    """What knows how far a stream of events has come."""

    @property
    def done(self) -> bool: ...

    @property
    def model(self) -> str | None: ...

    @property
    def usage(self) -> Usage: ...


class CallerStream:
    """Writes events for the caller. Like a PassingStream, it holds the end back until the record is written."""

    __slots__ = ("_call", "_encoder", "_source", "done", "events", "failed", "model")

    def __init__(self, call: "Call", source: Source) -> None:
        request = decode(call)
        assert call.path is not None
        assert isinstance(request, ModelRequest)
        self._call = call
        self._source = source
        self._encoder = call.path.dialect.encoder(request)
        self.done = b""
        self.events = 0
        self.failed = False
        self.model: str | None = None

    @property
    def usage(self) -> Usage:
        """What the vendor has counted so far."""
        return self._source.usage

    @property
    def inside_event(self) -> bool:
        """Never: only whole events are handed on."""
        return False

    @property
    def whole(self) -> bool:
        """Always: what was cut has been said in an event."""
        return True

    def tail(self) -> bytes:
        """Empty: a stream that was cut has said so by an error event."""
        return b""

    def write(self, events: list[Event]) -> bytes:
        """The caller's bytes for these events of the source; the last ones are held back in `done`."""
        if not events:
            return b""
        self.events += len(events)
        first, last = events[0], events[-1]
        if isinstance(first, Started):
            events[0] = named(first, self._call)
        if isinstance(last, Failed):
            self.failed = True
        elif isinstance(last, Finished):
            events[-1] = Finished(_latency_ms(self._call))
        out = self._encoder.encode(events)
        self.model = self._source.model or None
        if self._source.done:
            self.done = out
            return b""
        return out


class TranslatedStream(CallerStream):
    """Fed with a vendor's bytes, gives the caller's."""

    __slots__ = ("_decoder",)

    def __init__(self, call: "Call", way: "Way") -> None:
        self._decoder = way.dialect.decoder()
        super().__init__(call, self._decoder)

    def feed(self, data: bytes) -> bytes:
        """The caller's bytes for these of the vendor."""
        if self.done:
            return b""
        return self.write(self._decoder.feed(data))

    def finish(self) -> bytes:
        """The vendor's bytes have ended: what is still to be said."""
        return b"" if self.done else self.write(self._decoder.end())


def named(started: Started, call: "Call") -> Started:
    """With an id and a model, which some vendors do not tell and callers' SDKs want."""
    model = call.target.deployment.model if call.target is not None else ""
    return started._replace(id=started.id or call.id, model=started.model or model)


def translate(call: "Call", way: "Way", body: bytes) -> bytes:
    """The caller's body for a vendor's; usage and model are noted. Raises NotAReplyError."""
    path = call.path
    assert path is not None
    request = decode(call)
    dialect = path.dialect
    if isinstance(request, EmbedRequest):
        vectors = way.dialect.decode_embed_reply(body)
        call.model_served, call.usage = vectors.model or None, vectors.usage
        return dialect.encode_embed_reply(vectors, request)
    if path.operation == "count":
        return dialect.encode_count_reply(way.dialect.decode_count_reply(body))
    return dialect.encode_reply(whole(call, way, body), request)


def translate_to_stream(call: "Call", way: "Way", body: bytes) -> bytes:
    """A whole reply of a vendor as the stream that the caller asked for. Raises NotAReplyError."""
    return replayed(call, whole(call, way, body))


def replayed(call: "Call", reply: ModelReply) -> bytes:
    """A whole reply as the caller's stream."""
    path, request = call.path, decode(call)
    assert path is not None
    assert isinstance(request, ModelRequest)
    events = replay(reply)
    call.stream_events = len(events)
    return path.dialect.encoder(request).encode(events)


def whole(call: "Call", way: "Way", body: bytes) -> ModelReply:
    """A vendor's whole reply in neutral form; usage and model are noted. Raises NotAReplyError."""
    reply = way.dialect.decode_reply(body)
    call.model_served, call.usage = reply.model or None, reply.usage
    model = call.target.deployment.model if call.target is not None else ""
    return replace(
        reply, id=reply.id or call.id, model=reply.model or model, latency_ms=reply.latency_ms or _latency_ms(call)
    )


def _latency_ms(call: "Call") -> int:
    return (monotonic_ns() - call.request.started_ns) // 1_000_000


def refusal(target: "Target", way: "Way", status: int, body: bytes) -> Refusal:
    """A vendor's refusal of the request, for a caller of another dialect."""
    try:
        error = way.dialect.decode_error(body)
    except NotAReplyError:
        error = None
    reason = error.message if error is not None else body[:200].decode("utf-8", "replace")
    return Refusal(
        "upstream_refused",
        status=status,
        param=None if error is None else error.param,
        target=target.name,
        upstream=status,
        reason=reason[:2000] or "it gave no reason.",
    )
