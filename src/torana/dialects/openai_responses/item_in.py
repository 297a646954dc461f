"""One item of a streamed response after the other: its events, decoded into parts."""

from typing import Any

import msgspec

from torana.core.exchange import Declined, Logprob, Opaque, Part, Reasoning, Text, ToolCall
from torana.core.stream import ArgumentsDelta, Cited, Event, PartEnded, PartStarted, TextDelta, ThoughtDelta
from torana.dialects import NotAReplyError
from torana.dialects.openai_responses import NAME
from torana.dialects.openai_responses.carried import uncarry
from torana.dialects.openai_responses.citations import read_citation
from torana.dialects.openai_responses.output import Item, objects_of, read_logprobs, text_of
from torana.dialects.openai_responses.output_in import read_call, read_item

TEXT_DELTA = b"response.output_text.delta"
ARGUMENTS_DELTA = b"response.function_call_arguments.delta"


class ItemEvent(msgspec.Struct):
    """Every event about an item: the fields that some of them have."""

    type: str
    output_index: int = 0
    content_index: int = 0
    summary_index: int = 0
    delta: str | None = None
    text: str | None = None
    refusal: str | None = None
    arguments: str | None = None
    input: str | None = None
    logprobs: Any = None
    annotation: Any = None
    part: dict[str, Any] | None = None
    item: dict[str, Any] | None = None


class ItemReader:
    """Turns the events of the present item into events of the exchange."""

    __slots__ = (
        "_cited",
        "_content",
        "_kind",
        "_open",
        "_phase",
        "_said",
        "_summary",
        "index",
        "number",
        "parts",
    )

    def __init__(self) -> None:
        self.index: int | None = None
        """Of the present item; None between items."""
        self.number = 0
        """Of the next part."""
        self.parts: list[Part] = []
        """What was begun, without its contents: enough to tell why a response ended."""
        self._kind = ""
        self._open: Part | None = None
        self._content = 0
        """Index of the content part within the message."""
        self._summary = 0
        """Index of the summary's paragraph."""
        self._said = False
        """Whether the part has had a delta."""
        self._cited = 0
        self._phase: str | None = None

    def read(self, event: ItemEvent, events: list[Event]) -> None:
        """One event of the present item, or the first of the next. Raises NotAReplyError."""
        delta = event.delta
        match event.type[9:]:
            case "output_text.delta":
                if type(self._open) is not Text or event.content_index != self._content:
                    self._begin_text(event, Text(text="", phase=self._phase), events)
                logprobs = read_logprobs(event.logprobs) if event.logprobs else None
                if delta or logprobs:
                    self._said = True
                    events.append(TextDelta(0, self.number, delta or "", logprobs))
            case "function_call_arguments.delta" | "custom_tool_call_input.delta":
                if delta and type(self._open) is ToolCall:
                    self._said = True
                    events.append(ArgumentsDelta(0, self.number, delta))
            case "refusal.delta":
                if type(self._open) is not Declined or event.content_index != self._content:
                    self._begin_text(event, Declined(text=""), events)
                if delta:
                    self._said = True
                    events.append(TextDelta(0, self.number, delta))
            case "output_item.added":
                self._added(event, events)
            case "output_item.done":
                self._done(event, events)
            case kind if kind.startswith("reasoning"):
                self._thought(kind, event, events)
            case kind:
                self._content_event(kind, event, events)

    def goes_on(self, name: bytes, index: int, content: int) -> type[TextDelta] | type[ArgumentsDelta] | None:
        """The cheap path: what a plain delta is where it goes on with the part that is open; else None."""
        if index != self.index:
            return None
        kind = type(self._open)
        if kind is Text and name == TEXT_DELTA and content == self._content:
            self._said = True
            return TextDelta
        if kind is ToolCall and name == ARGUMENTS_DELTA:
            self._said = True
            return ArgumentsDelta
        return None

    def close(self, events: list[Event]) -> None:
        """The present item gets nothing more."""
        self._end(events)
        self.index = None
        self._kind = ""
        self._phase = None

    def whole(self, parts: list[Part], logprobs: tuple[Logprob, ...], events: list[Event]) -> None:
        """Parts that come without deltas of their own."""
        for part in parts:
            match part:
                case Text() | Declined():
                    citations = part.citations if isinstance(part, Text) else ()
                    empty = Text(text="", phase=part.phase) if isinstance(part, Text) else Declined(text="")
                    self._begin(empty, events)
                    if part.text or logprobs:
                        events.append(TextDelta(0, self.number, part.text, logprobs or None))
                    logprobs = ()
                    events.extend([Cited(0, self.number, citation) for citation in citations])
                case ToolCall():
                    self._begin(msgspec.structs.replace(part, arguments=""), events)
                    if part.arguments:
                        events.append(ArgumentsDelta(0, self.number, part.arguments))
                case Reasoning():
                    self._begin(Reasoning(id=part.id), events)
                    if part.text:
                        events.append(ThoughtDelta(0, self.number, text=part.text))
                    for number, paragraph in enumerate(part.summary):
                        events.append(ThoughtDelta(0, self.number, summary=paragraph, new_paragraph=number > 0))
                    if part.signature or part.encrypted:
                        events.append(ThoughtDelta(0, self.number, signature=part.signature, encrypted=part.encrypted))
                case _:
                    self._begin(part, events)
            self._end(events)

    def _begin(self, part: Part, events: list[Event]) -> None:
        self._end(events)
        self._open = part
        self._said = False
        self._cited = 0
        self._summary = 0
        self.parts.append(part)
        events.append(PartStarted(0, self.number, part))

    def _end(self, events: list[Event]) -> None:
        if self._open is not None:
            events.append(PartEnded(0, self.number))
            self.number += 1
            self._open = None

    def _begin_text(self, event: ItemEvent, part: Part, events: list[Event]) -> None:
        """A text of a message begins. Vendors exist that leave out the events which say so."""
        self.index = event.output_index
        self._kind = "message"
        self._content = event.content_index
        self._begin(part, events)

    def _added(self, event: ItemEvent, events: list[Event]) -> None:
        item = event.item or {}
        if self.index is not None:
            self.close(events)
        self.index = event.output_index
        self._kind = text_of(item, "type")
        match self._kind:
            case "message":
                self._phase = text_of(item, "phase") or None
                self._content = -1
            case "reasoning" if not _only_signs(item):
                self._begin(Reasoning(id=text_of(item, "id") or None), events)
            case "function_call" | "custom_tool_call" if (call := read_call(item)) is not None:
                self._begin(msgspec.structs.replace(call, arguments=""), events)
            case _:
                pass

    def _done(self, event: ItemEvent, events: list[Event]) -> None:
        item = event.item or {}
        if self.index is None or not self._kind:
            self.index = event.output_index
            self._unseen(item, events)
        else:
            match self._open:
                case ToolCall() as call:
                    self._rest(text_of(item, "input" if call.custom else "arguments"), events)
                case Reasoning():
                    self._thought_done(item, events)
                case Text() | Declined():
                    contents = objects_of(item, "content")
                    if 0 <= self._content < len(contents):
                        self._part_done(contents[self._content], events)
                case _ if self._kind not in ("message", "reasoning"):
                    self._unseen(item, events)
                case _ if self._kind == "message" and self._content < 0:
                    # A message that had no event of its own between its first and its last.
                    self._unseen(item, events)
                case _:
                    pass
        self.close(events)

    def _unseen(self, item: Item, events: list[Event]) -> None:
        parts: list[Part] = []
        logprobs: list[Logprob] = []
        read_item(item, parts, logprobs)
        self.whole(parts, tuple(logprobs), events)

    def _content_event(self, kind: str, event: ItemEvent, events: list[Event]) -> None:
        match kind:
            case "content_part.added":
                part = event.part or {}
                what = text_of(part, "type")
                if what == "output_text":
                    self._begin_text(event, Text(text="", phase=self._phase), events)
                elif what == "refusal":
                    self._begin_text(event, Declined(text=""), events)
                elif what != "reasoning_text":
                    self._content = event.content_index
            case "content_part.done":
                self._content_done(event, events)
            case "output_text.done" | "refusal.done":
                if isinstance(self._open, Text | Declined):
                    self._rest(event.text or event.refusal or "", events)
            case "output_text.annotation.added":
                if isinstance(self._open, Text) and isinstance(event.annotation, dict):
                    self._cited += 1
                    events.append(Cited(0, self.number, read_citation(event.annotation)))
            case "function_call_arguments.done" | "custom_tool_call_input.done":
                if isinstance(self._open, ToolCall):
                    self._rest(event.arguments or event.input or "", events)
            case _:
                pass

    def _content_done(self, event: ItemEvent, events: list[Event]) -> None:
        part = event.part or {}
        if isinstance(self._open, Text | Declined) and event.content_index == self._content:
            self._part_done(part, events)
            self._end(events)
        elif text_of(part, "type") not in ("output_text", "refusal", "reasoning_text", ""):
            self._begin(Opaque(dialect=NAME, kind=text_of(part, "type"), raw=part), events)
            self._end(events)

    def _part_done(self, part: Item, events: list[Event]) -> None:
        """What the closing event of a text tells and no other has told."""
        if isinstance(self._open, Text):
            self._rest(text_of(part, "text"), events)
            for annotation in objects_of(part, "annotations")[self._cited :]:
                self._cited += 1
                events.append(Cited(0, self.number, read_citation(annotation)))
        else:
            self._rest(text_of(part, "refusal"), events)

    def _rest(self, text: str, events: list[Event]) -> None:
        """The whole of a part that has had no deltas."""
        if self._said or not text:
            return
        self._said = True
        if isinstance(self._open, ToolCall):
            events.append(ArgumentsDelta(0, self.number, text))
        else:
            events.append(TextDelta(0, self.number, text))

    def _thought(self, kind: str, event: ItemEvent, events: list[Event]) -> None:
        if not isinstance(self._open, Reasoning):
            self.index = event.output_index
            self._kind = "reasoning"
            self._begin(Reasoning(), events)
        match kind:
            case "reasoning_text.delta" if event.delta:
                self._said = True
                events.append(ThoughtDelta(0, self.number, text=event.delta))
            case "reasoning_summary_text.delta" if event.delta:
                new = self._said and event.summary_index != self._summary
                self._summary = event.summary_index
                self._said = True
                events.append(ThoughtDelta(0, self.number, summary=event.delta, new_paragraph=new))
            case _:
                pass

    def _thought_done(self, item: Item, events: list[Event]) -> None:
        if not self._said:
            text = "".join([text_of(one, "text") for one in objects_of(item, "content")])
            if text:
                events.append(ThoughtDelta(0, self.number, text=text))
            for number, one in enumerate(objects_of(item, "summary")):
                events.append(ThoughtDelta(0, self.number, summary=text_of(one, "text"), new_paragraph=number > 0))
        encrypted = text_of(item, "encrypted_content")
        if not encrypted:
            return
        try:
            carried = uncarry(encrypted)
        except ValueError as error:
            raise NotAReplyError(str(error)) from None
        if carried.signature is not None or carried.encrypted is not None:
            events.append(ThoughtDelta(0, self.number, signature=carried.signature, encrypted=carried.encrypted))


def _only_signs(item: Item) -> bool:
    """Whether an item is another gateway's note about the part before it, which has been handed on already."""
    encrypted = text_of(item, "encrypted_content")
    try:
        return bool(encrypted) and uncarry(encrypted).previous is not None
    except ValueError as error:
        raise NotAReplyError(str(error)) from None
