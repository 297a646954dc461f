"""A streamed reply of a custom model as neutral events."""

from collections.abc import Iterator

from torana.core.exchange import Part, Reasoning, Text, ToolCall, VendorError
from torana.core.ids import new_id
from torana.core.replay import part_events
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
from torana.custom.describe import StreamForm
from torana.custom.errors import failed
from torana.custom.framing import Framer
from torana.custom.jobs import Evaluate, Job, Step
from torana.custom.replies import (
    Delta,
    Wanted,
    Whole,
    arguments_of,
    convert_form,
    listed,
    merged,
    parts_of,
    problem,
    read_form,
    stop_of,
    text_of,
    tool_call,
    usage_of,
)

_STEP = "stream.event"
_MOST_AT_ONCE = 64
"""Events in one job, so that the limits of a job bound few of them."""


class StreamMapper:
    """Fed with a body's bytes in any portions. After Finished or Failed it ignores what comes; `done` says so."""

    def __init__(self, evaluate: Evaluate, form: StreamForm, model: str) -> None:
        self._evaluate = evaluate
        self._form = form
        self._framer = Framer(form.framing, form.done)
        self._parts = _Parts(model)
        self.done = False

    @property
    def model(self) -> str:
        """The served model: what the service said, else what was asked for."""
        return self._parts.model

    @property
    def usage(self) -> Usage:
        """What the service has counted so far."""
        return self._parts.usage

    async def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes bring. Raises CustomError."""
        if self.done:
            return []
        events = await self._mapped(self._framer.feed(data))
        if self._framer.closed and not self.done:
            events += self._close()
        return events

    async def end(self) -> list[Event]:
        """The last events, when the body has ended: a proper end, or Failed where it came too early. Raises CustomError."""
        if self.done:
            return []
        events = await self._mapped(self._framer.end())
        if not self.done:
            if self._framer.closed or self._form.until_close or self._parts.stopped:
                events += self._close()
            else:
                self.done = True
                events.append(Failed(VendorError(message="the service's stream ended before its reply was complete")))
        return events

    async def _mapped(self, texts: list[bytes]) -> list[Event]:
        events: list[Event] = []
        for first in range(0, len(texts), _MOST_AT_ONCE):
            some = texts[first : first + _MOST_AT_ONCE]
            steps = tuple(Step(_STEP, "mapping", self._form.event, number) for number in range(len(some)))
            for value in await self._evaluate(Job(steps, tuple(some))):
                self._take(value, events)
                if self.done:
                    return events
        return events

    def _take(self, value: bytes, events: list[Event]) -> None:
        if value == b"null":
            return
        if value.startswith(b'"'):
            delta = Delta(text=read_form(value, str, _STEP))
        else:
            delta = read_form(value, Delta, _STEP)
        if delta.error is not None:
            self.done = True
            events.append(Failed(problem(delta.error, None).error))
            return
        events += self._parts.take(delta)
        if delta.done:
            events += self._close()

    def _close(self) -> list[Event]:
        self.done = True
        return list(self._parts.close())


class _Parts:
    """Which part is open, and its number."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.usage = UNKNOWN
        self.stopped = False
        self._begun = False
        self._open: type | None = None
        self._number = -1
        self._stop: str | None = None
        self._called = False

    def take(self, delta: Delta) -> Iterator[Event]:
        """The events of one delta."""
        if delta.text is not None and delta.parts is not None:
            raise failed(_STEP, "its result has text and parts; only one of them can be given")
        yield from self._start(delta)
        if delta.reasoning:
            yield from self._enter(Reasoning())
            yield ThoughtDelta(0, self._number, delta.reasoning)
        if delta.text is not None and (text := text_of(delta.text)):
            yield from self._enter(Text(text=""))
            yield TextDelta(0, self._number, text)
        for part in parts_of(Whole(parts=delta.parts, refusal=delta.refusal), _STEP):
            yield from self._leave()
            self._number += 1
            yield from part_events(0, self._number, part)
        for call in listed(delta.tool_calls):
            yield from self._call(convert_form(call, Wanted, _STEP))
        if delta.usage is not None:
            self.usage = merged(self.usage, usage_of(delta.usage))
            yield UsageSeen(self.usage)
        if delta.stop is not None:
            self._stop = delta.stop
            self.stopped = True

    def close(self) -> Iterator[Event]:
        """The events of a proper end."""
        yield from self._start(Delta())
        yield from self._leave()
        stop, detail = stop_of(self._stop)
        yield Stopped(0, stop or ("tool_calls" if self._called else "stop"), stop_detail=detail)
        yield Finished()

    def _start(self, delta: Delta) -> Iterator[Event]:
        if not self._begun:
            self._begun = True
            self.model = delta.model or self.model
            yield Started(delta.id or new_id("custom"), self.model)

    def _enter(self, part: Part) -> Iterator[Event]:
        """Go on with the open part if it is of this kind, else begin one."""
        if self._open is not type(part):
            yield from self._leave()
            self._number += 1
            self._open = type(part)
            yield PartStarted(0, self._number, part)

    def _leave(self) -> Iterator[Event]:
        if self._open is not None:
            self._open = None
            yield PartEnded(0, self._number)

    def _call(self, call: Wanted) -> Iterator[Event]:
        if call.name:
            yield from self._leave()
            self._called = True
            begun = tool_call(Wanted(name=call.name, id=call.id), _STEP)
            yield from self._enter(begun)
        elif self._open is not ToolCall:
            raise failed(_STEP, "its result goes on with a tool call, but none is open")
        if arguments := arguments_of(call.arguments):
            yield ArgumentsDelta(0, self._number, arguments)
