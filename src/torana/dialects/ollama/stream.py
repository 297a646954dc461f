"""The lines of Ollama's stream, each a JSON object, as events of the neutral form."""

import msgspec

from torana.core.exchange import Part, Reasoning, Text, VendorError
from torana.core.stream import (
    ArgumentsDelta,
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
from torana.dialects.ollama.reply import (
    Line,
    Said,
    read_call,
    read_image,
    read_line,
    read_logprobs,
    read_stop,
    read_time,
    read_usage,
)

MOST_LINE_BYTES = 8 * 1_048_576
"""A line that is longer is no line of a model."""


class Decoder:
    """Fed with the stream's bytes in any portions. After Finished or Failed it ignores further bytes."""

    __slots__ = ("_calls", "_kind", "_number", "_rest", "_rest_size", "_started", "done", "model", "usage")

    def __init__(self) -> None:
        self.model: str | None = None
        self.usage: Usage = UNKNOWN
        self.done = False
        self._rest: list[bytes] = []
        self._rest_size = 0
        self._started = False
        self._number = -1
        self._kind: str | None = None
        """Of the part that is open: text or thought."""
        self._calls = 0

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete."""
        events: list[Event] = []
        if self.done:
            return events
        if b"\n" in data:
            *lines, rest = (b"".join([*self._rest, data])).split(b"\n")
            self._rest, self._rest_size = ([rest], len(rest)) if rest else ([], 0)
            self._take(lines, events)
        else:
            self._rest.append(data)
            self._rest_size += len(data)
        if self._rest_size > MOST_LINE_BYTES and not isinstance(events[-1] if events else None, Finished | Failed):
            self._fail(f"Ollama sent a line longer than {MOST_LINE_BYTES} bytes.", events)
        return events

    def end(self) -> list[Event]:
        """The vendor's bytes have ended: properly where the line that is `done` has come, else it is a failure."""
        events: list[Event] = []
        if self.done:
            return events
        self._take([b"".join(self._rest)], events)
        if not events or not isinstance(events[-1], Finished | Failed):
            self._fail("Ollama ended the stream before the reply was complete.", events)
        return events

    def _take(self, lines: list[bytes], events: list[Event]) -> None:
        for line in lines:
            if self.done:
                return
            if not line or line.isspace():
                continue
            try:
                self._read(read_line(line), events)
            except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
                self._fail(f"Ollama sent a line that is not what it promises: {error}.", events)

    def _read(self, line: Line, events: list[Event]) -> None:
        if line.error is not None:
            self._fail(line.error, events)
            return
        if not self._started:
            self._started = True
            self.model = line.model or None
            events.append(Started("", line.model, read_time(line.created_at)))
        if line.message is not None:
            self._say(line.message, line, events)
        if line.done:
            self._close(events)
            stop, detail = read_stop(line.done_reason, self._calls > 0)
            events.append(Stopped(0, stop, None, detail))
            self.usage = read_usage(line)
            if self.usage is not UNKNOWN:
                events.append(UsageSeen(self.usage))
            self.done = True
            events.append(Finished())

    def _say(self, said: Said, line: Line, events: list[Event]) -> None:
        if said.thinking:
            if self._kind != "thought":
                self._open("thought", Reasoning(), events)
            events.append(ThoughtDelta(0, self._number, said.thinking))
        if said.content or (line.logprobs and not said.thinking and not said.tool_calls):
            if self._kind != "text":
                self._open("text", Text(text=""), events)
            logprobs = None if line.logprobs is None else read_logprobs(line.logprobs)
            events.append(TextDelta(0, self._number, said.content or "", logprobs))
        for data in said.images or ():
            self._open("image", read_image(data), events)
            self._close(events)
        for call in said.tool_calls or ():
            whole = read_call(call, line.created_at, self._calls)
            self._calls += 1
            self._open("call", msgspec.structs.replace(whole, arguments=""), events)
            events.append(ArgumentsDelta(0, self._number, whole.arguments))
            self._close(events)

    def _open(self, kind: str, part: Part, events: list[Event]) -> None:
        self._close(events)
        self._number += 1
        self._kind = kind
        events.append(PartStarted(0, self._number, part))

    def _close(self, events: list[Event]) -> None:
        if self._kind is not None:
            self._kind = None
            events.append(PartEnded(0, self._number))

    def _fail(self, message: str, events: list[Event]) -> None:
        self.done = True
        events.append(Failed(VendorError(message=message)))
