"""A vendor's event stream, decoded.

Items may overlap by the API's rules (each event says its `output_index`), parts of the exchange may not: what belongs to a
later item waits until the present one is done. Deltas make the parts; what only the closing event of an item tells (encrypted
reasoning, citations, a text that came without deltas) is taken from there.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from torana.core.exchange import Logprob, Part, VendorError
from torana.core.stream import Event, Failed, Finished, Started, Stopped, UsageSeen
from torana.core.usage import UNKNOWN, Usage
from torana.dialects import NotAReplyError
from torana.dialects.halves import mend
from torana.dialects.openai_responses.errors import read_error
from torana.dialects.openai_responses.item_in import ARGUMENTS_DELTA, TEXT_DELTA, ItemEvent, ItemReader
from torana.dialects.openai_responses.output import Item
from torana.dialects.openai_responses.output_in import read_item
from torana.dialects.openai_responses.reply import Response, read_stop
from torana.dialects.openai_responses.watch import read_usage
from torana.dialects.sse import MOST_EVENT_BYTES, ServerEvent, Splitter, TooLongError


class _Typed(msgspec.Struct):
    type: str | None = None
    error: Any = None


class _Whole(msgspec.Struct):
    response: Response = Response()


class _Error(msgspec.Struct):
    error: Any = None
    message: str | None = None
    code: str | int | None = None
    param: str | None = None


class _Delta(msgspec.Struct, gc=False):
    """What nearly every event of a stream is."""

    output_index: int = -1
    content_index: int = 0
    delta: str = ""
    logprobs: list[Any] | None = None


_delta = msgspec.json.Decoder(_Delta).decode
_typed = msgspec.json.Decoder(_Typed).decode
_whole = msgspec.json.Decoder(_Whole).decode
_error = msgspec.json.Decoder(_Error).decode
_item_event = msgspec.json.Decoder(ItemEvent).decode
_BAD = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, NotAReplyError)
_DELTAS = (TEXT_DELTA, ARGUMENTS_DELTA)
_ITEM_EVENTS = frozenset(
    b"response." + name
    for name in (
        b"output_item.added",
        b"output_item.done",
        b"content_part.added",
        b"content_part.done",
        b"output_text.delta",
        b"output_text.done",
        b"output_text.annotation.added",
        b"refusal.delta",
        b"refusal.done",
        b"function_call_arguments.delta",
        b"function_call_arguments.done",
        b"custom_tool_call_input.delta",
        b"custom_tool_call_input.done",
        b"reasoning_summary_part.added",
        b"reasoning_summary_text.delta",
        b"reasoning_summary_text.done",
        b"reasoning_text.delta",
        b"reasoning_text.done",
    )
)


class Decoder:
    """Fed with bytes in any portions; after Failed or Finished it ignores further ones."""

    __slots__ = ("_decoders", "_held", "_held_size", "_reader", "_splitter", "_started", "done", "model", "usage")

    def __init__(self) -> None:
        self._splitter = Splitter()
        self._reader = ItemReader()
        self._held: dict[int, list[ItemEvent]] = {}
        self._held_size = 0
        self._started = False
        self.model: str | None = None
        self.usage: Usage = UNKNOWN
        self.done = False
        """Whether Finished or Failed was given."""
        whole: Callable[[bytes, list[Event]], None] = self._begin
        self._decoders: dict[bytes, Callable[[bytes, list[Event]], None]] = {
            b"response.created": whole,
            b"response.in_progress": whole,
            b"response.queued": whole,
            b"response.completed": self._finish,
            b"response.incomplete": self._finish,
            b"response.failed": self._fail_response,
            b"error": self._fail_event,
        }

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete."""
        if self.done:
            return []
        try:
            found = self._splitter.feed(data)
        except TooLongError as error:
            events: list[Event] = []
            self._fail(VendorError(message=str(error)), events)
            return events
        return self._read(found)

    def end(self) -> list[Event]:
        """The vendor's bytes have ended. A response says why it ended only in its last event: without it, it was cut."""
        if self.done:
            return []
        events = self._read(self._splitter.end())
        if not self.done:
            self._fail(VendorError(message="the stream ended before the response was complete", code="cut"), events)
        return events

    def _read(self, found: list[ServerEvent]) -> list[Event]:
        events: list[Event] = []
        for event, data in found:
            if self.done:
                break
            try:
                self._one(event, data, events)
            except _BAD as error:
                # Half a character is JSON that is not read; with it mended, the event is.
                mended = mend(data)
                if mended is not None and mended != data:
                    events += self._read([ServerEvent(event, mended)])
                    continue
                self._fail(VendorError(message=f"an event of the stream cannot be read: {error}"), events)
        return events

    def _one(self, name: bytes, data: bytes, events: list[Event]) -> None:
        if name in _DELTAS:
            event = _delta(data)
            found = self._reader.goes_on(name, event.output_index, event.content_index)
            if found is not None and event.delta and not event.logprobs:
                events.append(found(0, self._reader.number, event.delta))
                return
        if name in _ITEM_EVENTS:
            self._item(_item_event(data), len(data), events)
            return
        decode = self._decoders.get(name)
        if decode is None:
            if data.strip() == b"[DONE]":
                return
            typed = _typed(data)
            kind = (typed.type or "").encode()
            if kind in _ITEM_EVENTS:
                self._item(_item_event(data), len(data), events)
                return
            decode = self._decoders.get(kind)
            if decode is None:
                if not kind and typed.error is not None:
                    self._fail_event(data, events)
                return
        decode(data, events)

    def _begin(self, data: bytes, events: list[Event]) -> None:
        response = _whole(data).response
        self._start(response, events)

    def _start(self, response: Response, events: list[Event]) -> None:
        if response.model:
            self.model = response.model
        if not self._started:
            self._started = True
            created = None if response.created_at is None else int(response.created_at)
            events.append(Started(response.id or "", response.model or "", created, response.service_tier))

    def _item(self, event: ItemEvent, size: int, events: list[Event]) -> None:
        if not self._started:
            self._start(Response(), events)
        reader = self._reader
        if reader.index is None or event.output_index == reader.index:
            reader.read(event, events)
            if reader.index is None and self._held:
                self._release(events)
            return
        self._held_size += size
        if self._held_size > MOST_EVENT_BYTES:
            raise NotAReplyError("too much of the response came out of order")
        self._held.setdefault(event.output_index, []).append(event)

    def _release(self, events: list[Event]) -> None:
        """The present item is done: what was held for the next ones."""
        while self._reader.index is None and self._held:
            for event in self._held.pop(min(self._held)):
                self._reader.read(event, events)
        if not self._held:
            self._held_size = 0

    def _finish(self, data: bytes, events: list[Event]) -> None:
        response = _whole(data).response
        if response.status is None or response.status == "in_progress":
            status = "incomplete" if b'"response.incomplete"' in data else "completed"
            response = msgspec.structs.replace(response, status=status)
        self._start(response, events)
        reader = self._reader
        reader.close(events)
        self._release(events)
        while reader.index is not None:
            reader.close(events)
            self._release(events)
        if not reader.number:
            for item in response.output or ():
                self._unstreamed(item, events)
        stop, detail = read_stop(response, reader.parts)
        events.append(Stopped(0, stop, None, detail))
        usage = read_usage(response.usage)
        if usage != UNKNOWN:
            self.usage = usage
            events.append(UsageSeen(usage))
        events.append(Finished())
        self.done = True

    def _unstreamed(self, item: Item, events: list[Event]) -> None:
        """An item of a response that came without events of its own."""
        parts: list[Part] = []
        logprobs: list[Logprob] = []
        read_item(item, parts, logprobs)
        self._reader.whole(parts, tuple(logprobs), events)

    def _fail_response(self, data: bytes, events: list[Event]) -> None:
        response = _whole(data).response
        self._start(response, events)
        usage = read_usage(response.usage)
        if usage != UNKNOWN:
            self.usage = usage
            events.append(UsageSeen(usage))
        self._fail(read_error(response.error) or VendorError(message="the response failed"), events)

    def _fail_event(self, data: bytes, events: list[Event]) -> None:
        told = _error(data)
        # The reference has its fields in the event itself; the API sends them in an `error` object.
        error = read_error(told.error)
        if error is None:
            code = None if told.code is None else str(told.code)
            error = VendorError(message=told.message or "the vendor gave no reason", code=code, param=told.param)
        self._fail(error, events)

    def _fail(self, error: VendorError, events: list[Event]) -> None:
        self._held.clear()
        self.done = True
        events.append(Failed(error))
