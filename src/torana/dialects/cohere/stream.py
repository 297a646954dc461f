"""The server-sent events of Cohere's chat as events of the neutral form."""

from typing import Any

import msgspec

from torana.core.exchange import Logprob, Reasoning, Text, ToolCall, VendorError
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
from torana.dialects.cohere.content import PLAN
from torana.dialects.cohere.reply import (
    Call,
    Content,
    LogprobItem,
    UsageBlock,
    read_call,
    read_citation,
    read_logprob,
    read_stop,
    read_usage,
)
from torana.dialects.sse import Splitter, TooLongError

MOST_HELD = 100_000
"""Events that may wait for their turn."""


class _Message(msgspec.Struct):
    content: Content | list[Any] | None = None
    """A list, and empty, in `message-start`."""
    tool_plan: str | None = None
    # Objects in a stream, though they have the names of arrays; an array is taken too.
    tool_calls: Call | list[Call] | None = None
    citations: dict[str, Any] | list[Any] | None = None


class _Delta(msgspec.Struct):
    message: _Message | None = None
    error: str | None = None
    finish_reason: str | None = None
    usage: UsageBlock | None = None


class _Event(msgspec.Struct):
    type: str | None = None
    id: str | None = None
    index: int | None = None
    delta: _Delta | None = None
    logprobs: LogprobItem | None = None
    message: Any = None
    """Of an error object."""


_decode = msgspec.json.Decoder(_Event).decode
_DELTA = b"event: content-delta\ndata: "
_Key = tuple[str, int | None]
_NOTHING = _Message()


def _message(event: _Event) -> _Message:
    return _NOTHING if event.delta is None or event.delta.message is None else event.delta.message


class Decoder:
    """Fed with the stream's bytes in any portions. After Finished or Failed it ignores further bytes."""

    __slots__ = (
        "_ending",
        "_held",
        "_key",
        "_kind",
        "_number",
        "_splitter",
        "_started",
        "_waiting",
        "done",
        "model",
        "usage",
    )

    def __init__(self) -> None:
        self.model: str | None = None
        self.usage: Usage = UNKNOWN
        self.done = False
        self._splitter = Splitter()
        self._started = False
        self._number = -1
        self._kind: str | None = None
        """Of the part that is open: text, thought, plan or call."""
        self._key: _Key | None = None
        """Which of the vendor's contents or calls is open."""
        self._ending = False
        """The open text is whole, but citations of it may follow."""
        self._waiting: dict[_Key, list[_Event]] = {}
        self._held = 0

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete."""
        return [] if self.done else self._feed(data)

    def end(self) -> list[Event]:
        """The vendor's bytes have ended: properly where `message-end` has come, else it is a failure."""
        if self.done:
            return []
        events: list[Event] = []
        self._take([event.data for event in self._splitter.end()], events)
        if not events or not isinstance(events[-1], Finished | Failed):
            self._fail("Cohere ended the stream before the reply was complete.", None, events)
        return events

    def _feed(self, data: bytes) -> list[Event]:
        events: list[Event] = []
        if (
            data.startswith(_DELTA)
            and data.endswith(b"\n\n")
            and data.count(b"\n") == 3
            and b"\r" not in data
            and not self._splitter.unfinished
        ):
            # One whole event, as nearly every read brings it.
            self._take([data[len(_DELTA) : -2]], events)
            return events
        try:
            found = self._splitter.feed(data)
        except TooLongError as error:
            self._fail(f"Cohere sent a stream that cannot be read: {error}.", None, events)
            return events
        self._take([event.data for event in found], events)
        return events

    def _take(self, payloads: list[bytes], events: list[Event]) -> None:
        for payload in payloads:
            if self.done:
                return
            if payload.strip() == b"[DONE]":
                continue
            try:
                event = _decode(payload)
            except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
                self._fail(f"Cohere sent an event that is not what it promises: {error}.", None, events)
                return
            self._read(event, events)

    def _read(self, event: _Event, events: list[Event]) -> None:
        kind = event.type
        if kind == "content-delta" and self._kind == "text" and self._key == ("c", event.index):
            self._text(event, events)
        elif kind is None:
            if isinstance(event.message, str):
                self._fail(event.message, None, events)
        elif kind == "message-end":
            self._end(event, events)
        elif kind == "message-start":
            self._start(event.id or "", events)
        elif kind.startswith(("content-", "tool-call-")):
            key = (kind[0], event.index)
            if self._key is not None and key != self._key and not self._ending:
                self._wait(key, event, events)
            else:
                self._read_part(kind, key, event, events)
        elif kind == "tool-plan-delta":
            self._plan(_message(event), events)
        elif kind == "citation-start":
            self._cite(_message(event), events)

    def _text(self, event: _Event, events: list[Event]) -> None:
        # More of the text that is open, which is most of a stream.
        content = _message(event).content
        if not isinstance(content, Content):
            return
        if event.logprobs is None and content.text and content.thinking is None:
            events.append(TextDelta(0, self._number, content.text))
        else:
            self._content(content, event.logprobs, events)

    def _wait(self, key: _Key, event: _Event, events: list[Event]) -> None:
        # Another part's event while one is open: it waits until that one has ended, because parts never overlap.
        self._held += 1
        if self._held > MOST_HELD:
            self._fail("Cohere sent too many events out of their order.", None, events)
            return
        self._waiting.setdefault(key, []).append(event)

    def _read_part(self, kind: str, key: _Key, event: _Event, events: list[Event]) -> None:
        if kind.endswith("-end"):
            if key == self._key:
                self._key = None
                if self._kind == "text":
                    self._ending = True
                else:
                    self._close(events)
                self._next_waiting(events)
            return
        message = _message(event)
        if kind.endswith("-start"):
            self._close(events)
        self._key = key
        if kind[0] == "c":
            if isinstance(message.content, Content):
                self._content(message.content, event.logprobs, events)
        else:
            calls = message.tool_calls
            for call in calls if isinstance(calls, list) else [calls]:
                if call is not None:
                    self._call(call, kind.endswith("-start"), events)

    def _next_waiting(self, events: list[Event]) -> None:
        while self._key is None and self._waiting:
            key = next(iter(self._waiting))
            self._close(events)
            for event in self._waiting.pop(key):
                self._read_part(event.type or "", key, event, events)

    def _content(self, content: Content, logprobs: LogprobItem | None, events: list[Event]) -> None:
        if content.thinking is not None or content.type == "thinking":
            if self._kind != "thought":
                self._open("thought", Reasoning(), events)
            if content.thinking:
                events.append(ThoughtDelta(0, self._number, content.thinking))
            return
        if self._kind != "text":
            self._open("text", Text(text=""), events)
        if content.text or logprobs is not None:
            found: Logprob | None = None if logprobs is None else read_logprob(logprobs)
            events.append(TextDelta(0, self._number, content.text or "", None if found is None else (found,)))

    def _call(self, call: Call, begins: bool, events: list[Event]) -> None:
        read = read_call(call)
        if begins or self._kind != "call":
            self._open("call", ToolCall(id=read.id, name=read.name), events)
        if read.arguments:
            events.append(ArgumentsDelta(0, self._number, read.arguments))

    def _plan(self, message: _Message, events: list[Event]) -> None:
        if message.tool_plan:
            if self._kind != "plan":
                self._open("plan", Reasoning(id=PLAN), events)
            events.append(ThoughtDelta(0, self._number, message.tool_plan))

    def _cite(self, message: _Message, events: list[Event]) -> None:
        found = message.citations
        if self._kind == "text":
            events += [
                Cited(0, self._number, read_citation(raw))
                for raw in (found if isinstance(found, list) else [found])
                if isinstance(raw, dict) and raw.get("type") not in ("PLAN", "THINKING_CONTENT")
            ]

    def _start(self, identifier: str, events: list[Event]) -> None:
        if not self._started:
            self._started = True
            events.append(Started(identifier, ""))

    def _open(self, kind: str, part: Text | Reasoning | ToolCall, events: list[Event]) -> None:
        self._close(events)
        self._start("", events)
        self._number += 1
        self._kind = kind
        events.append(PartStarted(0, self._number, part))

    def _close(self, events: list[Event]) -> None:
        self._ending = False
        if self._kind is not None:
            self._kind = None
            events.append(PartEnded(0, self._number))

    def _end(self, event: _Event, events: list[Event]) -> None:
        self._start(event.id or "", events)
        self._key = None
        self._close(events)
        while self._waiting:
            # Parts whose end never came.
            self._next_waiting(events)
            self._key = None
            self._close(events)
        delta = event.delta or _Delta()
        if delta.usage is not None:
            self.usage = read_usage(delta.usage)
        if delta.error:
            self._fail(delta.error, delta.finish_reason, events)
            return
        stop, detail = read_stop(delta.finish_reason)
        events.append(Stopped(0, stop, None, detail))
        if delta.usage is not None:
            events.append(UsageSeen(self.usage))
        self.done = True
        events.append(Finished())

    def _fail(self, message: str, kind: str | None, events: list[Event]) -> None:
        self.done = True
        events.append(Failed(VendorError(message=message, type=kind)))
