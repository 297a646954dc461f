"""A stream for a caller: events of the exchange as the API's events, in its order, with `sequence_number` rising from 0."""

import time
from collections.abc import Iterable

import msgspec

from torana.core.exchange import (
    Audio,
    Declined,
    Image,
    ModelRequest,
    Opaque,
    Part,
    Reasoning,
    Stop,
    Text,
    ToolCall,
    VendorError,
)
from torana.core.ids import new_id
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
from torana.dialects.openai_responses import NAME
from torana.dialects.openai_responses.errors import failure
from torana.dialects.openai_responses.item_out import CallWriter, MessageWriter, Sink, ThoughtWriter
from torana.dialects.openai_responses.output import Item, image_item
from torana.dialects.openai_responses.reply import shows_summary, signature_item, write_stop
from torana.dialects.openai_responses.response import Head, repeat, write_response, write_usage

_encode = msgspec.json.Encoder().encode


class Encoder:
    """One stream. The API gives one answer, so only the first choice is written."""

    __slots__ = (
        "_as_summary",
        "_detail",
        "_head",
        "_model",
        "_part",
        "_repeated",
        "_sink",
        "_stop",
        "_usage",
        "_writer",
    )

    def __init__(self, request: ModelRequest) -> None:
        self._repeated = repeat(request)
        self._model = request.model
        self._as_summary = shows_summary(request)
        self._sink = Sink()
        self._head: Head | None = None
        self._writer: MessageWriter | CallWriter | ThoughtWriter | None = None
        self._part: Part | None = None
        self._usage: Usage = UNKNOWN
        self._stop: Stop | None = None
        self._detail: str | None = None

    def encode(self, events: Iterable[Event]) -> bytes:
        """The bytes for these events."""
        out = self._sink.out
        for event in events:
            if isinstance(event, TextDelta):
                writer = self._writer
                if event.choice == 0 and isinstance(writer, MessageWriter):
                    writer.delta(event.text, event.logprobs)
            elif isinstance(event, ArgumentsDelta):
                writer = self._writer
                if event.choice == 0 and isinstance(writer, CallWriter):
                    writer.delta(event.json)
            else:
                self._other(event)
        whole = b"".join(out)
        out.clear()
        return whole

    def _other(self, event: Event) -> None:
        match event:
            case Started():
                self._start(event)
            case PartStarted(choice=0):
                self._begin(event.part)
            case ThoughtDelta(choice=0) if isinstance(self._writer, ThoughtWriter):
                self._writer.delta(event)
            case Cited(choice=0) if isinstance(self._writer, MessageWriter):
                self._writer.cite(event.citation)
            case PartEnded(choice=0):
                self._end_part(event.signature)
            case Stopped(choice=0):
                self._stop, self._detail = event.stop, event.stop_detail
            case UsageSeen():
                known = {name: value for name, value in event.usage._asdict().items() if value is not None}
                self._usage = self._usage._replace(**known)
            case Finished():
                self._finish()
            case Failed():
                self._fail(event.error)
            case _:
                pass

    def _start(self, event: Started) -> Head:
        created = int(time.time()) if event.created is None else event.created
        head = Head(event.id or new_id("resp"), event.model or self._model, created, event.service_tier)
        self._head = head
        response = write_response(head, "in_progress", b"", repeated=self._repeated)
        self._sink.event(b"created", b'"response":%b' % response)
        self._sink.event(b"in_progress", b'"response":%b' % response)
        return head

    def _begin(self, part: Part) -> None:
        if self._head is None:
            self._start(Started("", ""))
        self._part = part
        match part:
            case Text() | Declined():
                self._message(part)
            case Audio():
                # Its transcript is what this API can say of it.
                self._message(Text(text=part.transcript or ""))
            case Reasoning():
                self._close()
                self._writer = ThoughtWriter(self._sink, part, self._as_summary)
            case ToolCall():
                self._close()
                self._writer = CallWriter(self._sink, part)
            case Image() if part.source.data is not None:
                self._image(image_item(part))
            case Opaque() if part.dialect == NAME:
                self._close()
                self._sink.added(part.raw)
                self._sink.done(part.raw)
            case _:
                self._close()

    def _message(self, part: Text | Declined) -> None:
        phase = part.phase if isinstance(part, Text) else None
        writer = self._writer
        if not isinstance(writer, MessageWriter) or writer.phase != phase:
            self._close()
            self._writer = writer = MessageWriter(self._sink, phase)
        writer.begin(part)

    def _image(self, item: Item) -> None:
        self._close()
        sink = self._sink
        sink.added({**item, "status": "in_progress", "result": None})
        place = b'"item_id":"%b","output_index":%d' % (item["id"].encode(), len(sink.items))
        sink.event(b"image_generation_call.completed", place)
        sink.done(item)

    def _end_part(self, late: str | None) -> None:
        part, self._part = self._part, None
        if isinstance(self._writer, MessageWriter):
            self._writer.end_part()
        else:
            self._close()
        if isinstance(part, Text | Image | ToolCall):
            signature = late if late is not None else part.signature
            if signature is not None:
                self._close()
                item = signature_item(signature)
                self._sink.added(item)
                self._sink.done(item)

    def _close(self) -> None:
        """The present item is whole."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.end()

    def _finish(self) -> None:
        head = self._head or self._start(Started("", ""))
        self._close()
        status, error, incomplete = write_stop(self._stop, self._detail)
        self._last(head, status, error, incomplete)

    def _fail(self, error: VendorError) -> None:
        """`error` for those who read it, and `response.failed`, which ends the stream for everyone."""
        head = self._head or self._start(Started("", ""))
        event = {"type": "error", "code": error.code or error.type, "message": error.message, "param": error.param}
        sink = self._sink
        fields = _encode(event)[:-1]
        sink.out.append(b'event: error\ndata: %b,"sequence_number":%d}\n\n' % (fields, sink.number))
        sink.number += 1
        self._last(head, "failed", failure(error.code or error.type, error.message), b"null")

    def _last(self, head: Head, status: str, error: bytes, incomplete: bytes) -> None:
        response = write_response(
            head,
            status,
            b",".join(self._sink.items),
            usage=write_usage(self._usage),
            error=error,
            incomplete=incomplete,
            repeated=self._repeated,
        )
        self._sink.event(status.encode(), b'"response":%b' % response)
