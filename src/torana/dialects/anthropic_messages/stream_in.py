"""Reads a vendor's stream. Blocks that overlap, which Anthropic's never do, are held back and given one after the other."""

from typing import Any

import msgspec

from torana.core.exchange import Opaque, Reasoning, Stop, Text, ToolCall, VendorError
from torana.core.stream import (
    ArgumentsDelta,
    Cited,
    Event,
    Failed,
    Finished,
    PartEnded,
    PartStarted,
    Started,
    Stopped,
    TextDelta,
    ThoughtDelta,
    UsageSeen,
)
from torana.core.usage import UNKNOWN, Usage
from torana.dialects import NotAReplyError
from torana.dialects.anthropic_messages.blocks import read_block
from torana.dialects.anthropic_messages.errors import read_error
from torana.dialects.anthropic_messages.signatures import NAME, marked
from torana.dialects.anthropic_messages.stops import read_stop
from torana.dialects.anthropic_messages.stream_events import (
    StreamEvent,
    StreamMessage,
    decode_event,
    is_unknown,
    join_halves,
    put_before,
)
from torana.dialects.anthropic_messages.turns_in import read_citation
from torana.dialects.anthropic_messages.usage import UsageBlock, later, read_usage, tier
from torana.dialects.proofs import Wrapped, unwrap
from torana.dialects.sse import MOST_EVENT_BYTES, Splitter, TooLongError

_decode_any = msgspec.json.Decoder(dict[str, Any]).decode
_HELD_EVENT_BYTES = 200
"""What a held event takes beside its data."""


class Decoder:
    """Bytes of one streamed message, in any portions, to events."""

    __slots__ = (
        "_args",
        "_block",
        "_half",
        "_held",
        "_held_bytes",
        "_json",
        "_number",
        "_open",
        "_part",
        "_raw",
        "_seen",
        "_splitter",
        "_started",
        "_stop",
        "done",
        "model",
        "usage",
    )

    def __init__(self) -> None:
        self.model: str | None = None
        self.usage: Usage = UNKNOWN
        self.done = False
        """Finished or Failed was given."""
        self._splitter = Splitter()
        self._block: UsageBlock | None = None
        self._started = False
        self._stop: tuple[Stop | None, str | None, str | None] | None = None
        self._number = -1
        self._open: int | None = None
        """Index of the block whose events are given on."""
        self._part: type = Text
        self._seen: set[int] = set()
        self._held: dict[int, list[tuple[StreamEvent, bytes]]] = {}
        """Events of later blocks, by index, in the order in which they began."""
        self._held_bytes = 0
        self._half = ""
        """The first half of a surrogate pair that two events share."""
        self._args = ""
        """Arguments that came with the start of a call, which stand only if no deltas follow."""
        self._raw: dict[str, Any] = {}
        self._json: list[str] = []

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes bring. Nothing after Finished or Failed."""
        out: list[Event] = []
        ended = self.done
        if ended:
            return out
        try:
            for event in self._splitter.feed(data):
                self._take(event.data, out)
                if self.done:
                    break
        except (TooLongError, NotAReplyError) as error:
            self._fail(str(error), out)
        return out

    def end(self) -> list[Event]:
        """The vendor's bytes have ended. A message whose stop reason has come was whole, even without its last event."""
        out: list[Event] = []
        ended = self.done
        if ended:
            return out
        try:
            for event in self._splitter.end() if self._stop is None else ():
                self._take(event.data, out)
                if self.done:
                    return out
            self._finish_or_fail(out)
        except NotAReplyError as error:
            self._fail(str(error), out)
        return out

    def _finish_or_fail(self, out: list[Event]) -> None:
        if self._stop is None:
            self._fail("the stream ended before its message was complete", out)
        else:
            self._finish(out)

    def _take(self, data: bytes, out: list[Event]) -> None:
        try:
            event = decode_event(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            found = self._read_odd(data, error, out)
            if found is None:
                return
            event = found
        else:
            if self._half and event.delta is not None and put_before(event.delta, "\ufffd"):
                self._half = ""
        if event.type == "content_block_delta":
            if event.index == self._open:
                self._delta(event, data, out)
            else:
                self._delta_elsewhere(event, data, out)
        else:
            self._other(event, data, out)

    def _read_odd(self, data: bytes, error: Exception, out: list[Event]) -> StreamEvent | None:
        """An event that is not what it should be: half a surrogate pair is put right, an unknown one passed over."""
        if isinstance(error, msgspec.ValidationError):
            if not is_unknown(data):
                self._fail(f"an event is not what it should be: {error}", out)
            return None
        if data.strip() in (b"", b"[DONE]"):
            return None
        joined = join_halves(data, self._half)
        if joined is None:
            self._fail(f"an event is not valid JSON: {error}", out)
            return None
        event, self._half = joined
        return event

    def _other(self, event: StreamEvent, data: bytes, out: list[Event]) -> None:
        kind = event.type
        if kind == "content_block_start":
            if self._open is None:
                self._start(event.index, event.content_block or {}, out)
            elif event.index not in self._seen:
                self._hold(event, data)
        elif kind == "content_block_stop":
            if event.index == self._open:
                self._close(out)
                self._give_held(out)
            elif event.index in self._held:
                self._hold(event, data)
        elif kind == "message_start":
            message = event.message or StreamMessage()
            self._begin(message, out)
            self._count(message.usage, out)
        elif kind == "message_delta":
            self._begin(StreamMessage(), out)
            delta = event.delta
            if delta is not None and delta.stop_reason is not None:
                stop, detail = read_stop(delta.stop_reason, delta.stop_details)
                self._stop = stop, delta.stop_sequence, detail
            self._count(event.usage, out)
        elif kind == "message_stop":
            self._finish(out)
        elif kind == "error" or (not kind and event.error is not None):
            self._refused(event.error, out)

    def _begin(self, message: StreamMessage, out: list[Event]) -> None:
        if not self._started:
            self._started = True
            self.model = message.model or None
            counted = None if message.usage is None else read_usage(message.usage)
            out.append(Started(message.id, message.model, service_tier=tier(message.usage), usage=counted))

    def _count(self, block: UsageBlock | None, out: list[Event]) -> None:
        if block is not None:
            self._block = later(self._block, block)
            self.usage = read_usage(self._block)
            out.append(UsageSeen(self.usage))

    def _start(self, index: int, block: dict[str, Any], out: list[Event]) -> None:
        if index in self._seen:
            return
        self._begin(StreamMessage(), out)
        part = read_block(block)
        self._seen.add(index)
        self._open = index
        self._number = number = self._number + 1
        self._half = ""
        if isinstance(part, Opaque):
            self._part = Opaque
            self._raw, self._json = block, []
        elif isinstance(part, Text):
            self._part = Text
            out.append(PartStarted(0, number, Text(text="")))
            if part.text:
                out.append(TextDelta(0, number, part.text))
            out.extend(Cited(0, number, citation) for citation in part.citations)
        elif isinstance(part, ToolCall):
            self._part = ToolCall
            self._args = "" if part.arguments == "{}" else part.arguments
            out.append(PartStarted(0, number, ToolCall(id=part.id, name=part.name)))
        else:
            self._part = Reasoning
            self._start_thought(part, out)

    def _start_thought(self, part: Any, out: list[Event]) -> None:
        number = self._number
        thought = part if isinstance(part, Reasoning) else Reasoning()
        out.append(PartStarted(0, number, Reasoning(encrypted=thought.encrypted, id=thought.id)))
        text = thought.text or "".join(thought.summary)
        if text or thought.signature:
            out.append(ThoughtDelta(0, number, text, signature=thought.signature))

    def _delta(self, event: StreamEvent, data: bytes, out: list[Event]) -> None:
        delta = event.delta
        if delta is None:
            return
        part = self._part
        if part is Text:
            if delta.text:
                out.append(TextDelta(0, self._number, delta.text))
            elif isinstance(delta.citation, dict):
                out.append(Cited(0, self._number, read_citation(delta.citation)))
        elif part is ToolCall:
            if delta.partial_json:
                self._args = ""
                out.append(ArgumentsDelta(0, self._number, delta.partial_json))
        elif part is Reasoning:
            if delta.thinking:
                out.append(ThoughtDelta(0, self._number, delta.thinking))
            elif delta.signature:
                out.append(_proof(self._number, delta.signature))
        elif delta.partial_json is not None:
            self._json.append(delta.partial_json)
        else:
            self._grow(data)

    def _grow(self, data: bytes) -> None:
        """More of a block that only this dialect knows: texts go on, everything else is replaced."""
        for name, value in (_decode_any(data).get("delta") or {}).items():
            if name == "type":
                continue
            before = self._raw.get(name)
            self._raw[name] = before + value if isinstance(before, str) and isinstance(value, str) else value

    def _delta_elsewhere(self, event: StreamEvent, data: bytes, out: list[Event]) -> None:
        index, delta = event.index, event.delta
        brings = delta is not None and (delta.text or delta.thinking or delta.partial_json)
        if index in self._seen and brings:
            raise NotAReplyError("more of a block came after its end")
        if self._open is not None:
            self._hold(event, data)
        elif delta is not None and (delta.text or delta.thinking) and index not in self._seen:
            # The start is missing, and what began is plain.
            self._start(index, {"type": "text" if delta.text else "thinking"}, out)
            self._delta(event, data, out)

    def _hold(self, event: StreamEvent, data: bytes) -> None:
        self._held_bytes += len(data) + _HELD_EVENT_BYTES
        if self._held_bytes > MOST_EVENT_BYTES:
            raise NotAReplyError("blocks of the stream overlap for too long")
        self._held.setdefault(event.index, []).append((event, data))

    def _give_held(self, out: list[Event], to_the_end: bool = False) -> None:
        while self._held and (to_the_end or not self._is_open()):
            index = next(iter(self._held))
            for event, data in self._held.pop(index):
                self._held_bytes -= len(data) + _HELD_EVENT_BYTES
                if event.type == "content_block_start":
                    self._start(index, event.content_block or {}, out)
                elif event.type == "content_block_stop":
                    self._close(out)
                elif self._is_open():
                    self._delta(event, data, out)
                else:
                    self._delta_elsewhere(event, data, out)
            if to_the_end and self._is_open():
                self._close(out)

    def _is_open(self) -> bool:
        return self._open is not None

    def _close(self, out: list[Event]) -> None:
        if not self._is_open():
            return
        number, part = self._number, self._part
        if self._half:
            out.append(_replacement(number, part))
            self._half = ""
        if part is ToolCall and self._args:
            out.append(ArgumentsDelta(0, number, self._args))
            self._args = ""
        elif part is Opaque:
            out.append(PartStarted(0, number, self._whole()))
        out.append(PartEnded(0, number))
        self._open = None

    def _whole(self) -> Opaque:
        raw = self._raw
        if self._json:
            written = "".join(self._json)
            try:
                raw["input"] = _decode_any(written)
            except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
                raw["input"] = written
        return Opaque(dialect=NAME, kind=raw["type"], raw=raw)

    def _finish(self, out: list[Event]) -> None:
        self._begin(StreamMessage(), out)
        if self._is_open():
            self._close(out)
        self._give_held(out, to_the_end=True)
        stop, sequence, detail = self._stop or (None, None, None)
        out.append(Stopped(0, stop, sequence, detail))
        out.append(Finished())
        self.done = True

    def _refused(self, error: Any, out: list[Event]) -> None:
        told = read_error(error) if isinstance(error, dict) else None
        self._failed(told or VendorError(message=str(error)[:1000] if error else "the vendor sent an error"), out)

    def _fail(self, reason: str, out: list[Event]) -> None:
        self._failed(VendorError(message=f"The reply broke off: {reason}.", type="api_error"), out)

    def _failed(self, error: VendorError, out: list[Event]) -> None:
        out.append(Failed(error))
        self.done = True
        self._held = {}
        self._raw, self._json = {}, []


def _proof(number: int, signature: str) -> ThoughtDelta:
    found = unwrap(signature)
    if found is None:
        return ThoughtDelta(0, number, signature=marked(signature))
    kept = Wrapped() if found.previous else found
    return ThoughtDelta(0, number, signature=kept.signature, encrypted=kept.encrypted)


def _replacement(number: int, part: type) -> Event:
    """For a half character whose other half never came."""
    if part is ToolCall:
        return ArgumentsDelta(0, number, "\ufffd")
    return ThoughtDelta(0, number, "\ufffd") if part is Reasoning else TextDelta(0, number, "\ufffd")
