"""The frames of ConverseStream as events of the neutral form."""

import binascii
from base64 import b64decode, b64encode
from typing import Any

import msgspec

from torana.core.exchange import Image, Opaque, Reasoning, Source, Text, ToolCall, VendorError
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
from torana.dialects import proofs
from torana.dialects.bedrock_converse import NAME
from torana.dialects.bedrock_converse.eventstream import Frame, FrameError, Frames
from torana.dialects.bedrock_converse.media import media_type
from torana.dialects.bedrock_converse.reply import (
    Trace,
    UsageBlock,
    read_citation,
    read_routed,
    read_stop,
    read_stop_sequence,
    read_usage,
)
from torana.dialects.bedrock_converse.thoughts import read_thought
from torana.dialects.halves import mending
from torana.dialects.proofs import Wrapped

MOST_HELD_BYTES = 32 * 1_048_576
"""Of an image that comes in pieces, or of blocks that come before their turn."""


class _Use(msgspec.Struct):
    toolUseId: str = ""  # noqa: N815
    name: str = ""
    input: str = ""
    type: str | None = None


class _Thought(msgspec.Struct):
    text: str = ""
    signature: str | None = None
    redactedContent: str | None = None  # noqa: N815


class _Delta(msgspec.Struct):
    """`delta` of contentBlockDelta and `start` of contentBlockStart."""

    text: str | None = None
    toolUse: _Use | None = None  # noqa: N815
    reasoningContent: _Thought | None = None  # noqa: N815
    citation: dict[str, Any] | None = None
    image: dict[str, Any] | None = None
    toolResult: Any = None  # noqa: N815


class _Block(msgspec.Struct):
    contentBlockIndex: int = 0  # noqa: N815
    delta: _Delta | None = None
    start: _Delta | None = None


class _Stop(msgspec.Struct):
    stopReason: str | None = None  # noqa: N815
    additionalModelResponseFields: Any = None  # noqa: N815


class _Metadata(msgspec.Struct):
    usage: UsageBlock | None = None
    trace: Trace | None = None


class _Exception(msgspec.Struct):
    message: str | None = None
    originalMessage: str | None = None  # noqa: N815


_block = mending(msgspec.json.Decoder(_Block).decode)
_stop = msgspec.json.Decoder(_Stop).decode
_metadata = msgspec.json.Decoder(_Metadata).decode
_exception = msgspec.json.Decoder(_Exception).decode
_Waiting = list[tuple[str, _Block]]


class Decoder:
    """Fed with the stream's bytes in any portions. After Finished or Failed it ignores further bytes."""

    __slots__ = (
        "_frames",
        "_held",
        "_held_bytes",
        "_index",
        "_number",
        "_open",
        "_started",
        "_stopped",
        "_waiting",
        "done",
        "model",
        "usage",
    )

    def __init__(self) -> None:
        self.model: str | None = None
        self.usage: Usage = UNKNOWN
        self.done = False
        self._frames = Frames()
        self._started = False
        self._stopped = False
        self._number = -1
        self._open: str | None = None
        """Kind of the part that is open: text, thought, call, or held."""
        self._index: int | None = None
        """Of the vendor's block that is open."""
        self._held: list[dict[str, Any]] = []
        self._held_bytes = 0
        self._waiting: dict[int, _Waiting] = {}

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete."""
        return [] if self.done else self._feed(data)

    def _feed(self, data: bytes) -> list[Event]:
        events: list[Event] = []
        try:
            for frame in self._frames.feed(data):
                if not self.done:
                    self._read(frame, events)
        except FrameError as error:
            self._fail(f"The stream of Bedrock is damaged: {error}.", None, events)
        except (msgspec.MsgspecError, UnicodeError, RecursionError, AttributeError, KeyError, TypeError) as error:
            self._fail(f"Bedrock sent an event that is not what Converse promises: {error}.", None, events)
        return events

    def end(self) -> list[Event]:
        """The vendor's bytes have ended: properly where a stop reason has come, else it is a failure."""
        events: list[Event] = []
        if self.done:
            return events
        if self._stopped and not self._frames.unfinished:
            self._finish(events)
        else:
            self._fail("Bedrock ended the stream before the reply was complete.", None, events)
        return events

    def _read(self, frame: Frame, events: list[Event]) -> None:
        headers, payload = frame
        kind = headers.get(":event-type")
        if headers.get(":message-type", "event") != "event":
            self._read_exception(headers, payload, events)
        elif kind in ("contentBlockDelta", "contentBlockStart", "contentBlockStop"):
            block = _block(payload)
            if self._stopped:
                self._read_late(str(kind), events)
            elif self._index is None or block.contentBlockIndex == self._index:
                self._read_block(str(kind), block, events)
            else:
                self._wait(str(kind), block, len(payload))
        elif kind == "messageStart":
            self._start(events)
        elif kind == "messageStop":
            self._read_stop(_stop(payload), events)
        elif kind == "metadata":
            self._read_metadata(_metadata(payload), events)

    def _read_late(self, kind: str, events: list[Event]) -> None:
        if kind != "contentBlockStop":
            self._fail("Bedrock went on with the reply after its stop reason.", None, events)

    def _start(self, events: list[Event]) -> None:
        if not self._started:
            self._started = True
            events.append(Started("", ""))

    def _wait(self, kind: str, block: _Block, size: int) -> None:
        # Another block's event while one is open: it waits until that one has ended, because parts never overlap.
        self._hold(size)
        self._waiting.setdefault(block.contentBlockIndex, []).append((kind, block))

    def _hold(self, size: int) -> None:
        self._held_bytes += size
        if self._held_bytes > MOST_HELD_BYTES:
            raise TypeError(f"more than {MOST_HELD_BYTES} bytes have to be held back")

    def _read_block(self, kind: str, block: _Block, events: list[Event]) -> None:
        if kind == "contentBlockDelta":
            self._index = block.contentBlockIndex
            if block.delta is not None:
                self._delta(block.delta, events)
        elif kind == "contentBlockStart":
            self._close(events)
            self._index = block.contentBlockIndex
            if block.start is not None:
                self._begin(block.start, events)
        else:
            self._close(events)
            self._index = None
            self._next_waiting(events)

    def _next_waiting(self, events: list[Event]) -> None:
        while self._index is None and self._waiting:
            index = next(iter(self._waiting))
            for kind, block in self._waiting.pop(index):
                self._read_block(kind, block, events)

    def _begin(self, start: _Delta, events: list[Event]) -> None:
        use = start.toolUse
        if use is not None and use.type is None:
            self._open_part("call", ToolCall(id=use.toolUseId, name=use.name), events)
        elif use is not None or start.toolResult is not None or start.image is not None:
            self._start(events)
            self._open = "held"
            self._held = [msgspec.to_builtins(start)]

    def _delta(self, delta: _Delta, events: list[Event]) -> None:
        if delta.text is not None:
            if self._open != "text":
                self._open_part("text", Text(text=""), events)
            events.append(TextDelta(0, self._number, delta.text))
        elif self._open == "held":
            self._held.append(msgspec.to_builtins(delta))
            self._hold(len(repr(self._held[-1])))
        elif delta.toolUse is not None:
            if self._open != "call":
                raise TypeError("a tool's arguments came before its call")
            events.append(ArgumentsDelta(0, self._number, delta.toolUse.input))
        elif delta.reasoningContent is not None:
            self._think(delta.reasoningContent, events)
        elif delta.citation is not None:
            if self._open != "text":
                self._open_part("text", Text(text=""), events)
            events.append(Cited(0, self._number, read_citation(delta.citation)))

    def _think(self, thought: _Thought, events: list[Event]) -> None:
        if not (thought.text or thought.signature or thought.redactedContent):
            return
        found = read_thought("", thought.signature)
        if isinstance(found, Wrapped):
            # A proof of the part before, which has ended: a gateway's that stands behind this one.
            return
        if self._open != "thought":
            self._open_part("thought", Reasoning(), events)
        encrypted = proofs.marked(proofs.BEDROCK, thought.redactedContent) or found.encrypted
        events.append(ThoughtDelta(0, self._number, thought.text, signature=found.signature, encrypted=encrypted))

    def _open_part(self, kind: str, part: Text | Reasoning | ToolCall, events: list[Event]) -> None:
        self._close(events)
        self._start(events)
        self._number += 1
        self._open = kind
        events.append(PartStarted(0, self._number, part))

    def _close(self, events: list[Event]) -> None:
        if self._open is None:
            return
        if self._open == "held":
            self._number += 1
            events.append(PartStarted(0, self._number, _whole(self._held)))
            self._held = []
        events.append(PartEnded(0, self._number))
        self._open = None

    def _read_stop(self, message: _Stop, events: list[Event]) -> None:
        if self._stopped:
            return
        self._start(events)
        self._close(events)
        self._index = None
        while self._waiting:
            # Blocks whose end never came.
            self._next_waiting(events)
            self._close(events)
            self._index = None
        stop, detail = read_stop(message.stopReason)
        self._stopped = True
        events.append(Stopped(0, stop, read_stop_sequence(message.additionalModelResponseFields), detail))
        if self.usage is not UNKNOWN:
            self._finish(events)

    def _read_metadata(self, metadata: _Metadata, events: list[Event]) -> None:
        self._start(events)
        self.model = read_routed(metadata.trace) or self.model
        self.usage = read_usage(metadata.usage)
        events.append(UsageSeen(self.usage))
        if self._stopped:
            self._finish(events)

    def _read_exception(self, headers: dict[str, Any], payload: bytes, events: list[Event]) -> None:
        if headers.get(":message-type") == "exception":
            kind = headers.get(":exception-type")
            try:
                said = _exception(payload)
                message = said.message or said.originalMessage
            except (msgspec.MsgspecError, UnicodeError, RecursionError):
                message = None
        else:
            kind, message = headers.get(":error-code"), headers.get(":error-message")
        name = str(kind) if kind else "error"
        self._fail(str(message) if message else f"Bedrock broke off with {name[:100]}.", name, events)

    def _finish(self, events: list[Event]) -> None:
        self.done = True
        events.append(Finished())

    def _fail(self, message: str, kind: str | None, events: list[Event]) -> None:
        self.done = True
        events.append(Failed(VendorError(message=message, type=kind)))


def _whole(pieces: list[dict[str, Any]]) -> Image | Opaque:
    """A block that came in pieces and has no meaning before it is whole. Raises TypeError for an image that is none."""
    first = {name: value for name, value in pieces[0].items() if value is not None}
    if "image" not in first:
        kind = next(iter(first))
        rest = [value for piece in pieces[1:] for value in piece.values() if value is not None]
        return Opaque(dialect=NAME, kind=kind, raw={kind: {"start": first[kind], "deltas": rest}})
    data = bytearray()
    for piece in pieces[1:]:
        source = (piece.get("image") or {}).get("source") or {}
        try:
            data += b64decode(source.get("bytes") or "", validate=True)
        except (binascii.Error, ValueError):
            raise TypeError("an image is not valid base64") from None
    source = Source(media_type=media_type(first["image"].get("format")), data=b64encode(data).decode())
    return Image(source=source)
