"""The items of a streamed response: each writes its events, in OpenAI's order, and itself when it is whole."""

from typing import Any

import msgspec

from torana.core.exchange import Citation, Declined, Logprob, Reasoning, Text, ToolCall
from torana.core.ids import new_id
from torana.core.stream import ThoughtDelta
from torana.dialects.openai_responses.citations import write_citation
from torana.dialects.openai_responses.output import (
    Item,
    call_item,
    message_item,
    refusal_content,
    text_content,
    write_logprobs,
)
from torana.dialects.openai_responses.reply import thought_item

_encode = msgspec.json.Encoder().encode


class Sink:
    """Where events go: numbered from 0, their bytes collected until they are taken."""

    __slots__ = ("items", "number", "out")

    def __init__(self) -> None:
        self.out: list[bytes] = []
        self.number = 0
        """Of the next event."""
        self.items: list[bytes] = []
        """The items that are whole."""

    def event(self, name: bytes, fields: bytes) -> None:
        """One event. `fields` are its own, without braces."""
        self.out.append(
            b'event: response.%b\ndata: {"type":"response.%b",%b,"sequence_number":%d}\n\n'
            % (name, name, fields, self.number)
        )
        self.number += 1

    def added(self, item: Item) -> None:
        """An item begins."""
        self.event(b"output_item.added", b'"output_index":%d,"item":%b' % (len(self.items), _encode(item)))

    def done(self, item: Item) -> None:
        """The item is whole."""
        written = _encode(item)
        self.event(b"output_item.done", b'"output_index":%d,"item":%b' % (len(self.items), written))
        self.items.append(written)


def delta_head(name: bytes, place: bytes) -> bytes:
    """What all deltas of a part begin with."""
    return b'event: response.%b\ndata: {"type":"response.%b",%b,"delta":' % (name, name, place)


class MessageWriter:
    """The assistant's message: texts and refusals that follow each other."""

    __slots__ = ("_citations", "_content", "_head", "_id", "_logprobs", "_place", "_refuses", "_sink", "_text", "phase")

    def __init__(self, sink: Sink, phase: str | None) -> None:
        self._sink = sink
        self._id = new_id("msg")
        self.phase = phase
        self._content: list[Item] = []
        self._refuses = False
        self._text: list[str] = []
        self._citations: list[Citation] = []
        self._logprobs: list[Any] = []
        self._place = b""
        self._head = b""
        sink.added(message_item(self._id, [], "in_progress", phase))

    def begin(self, part: Text | Declined) -> None:
        """The next content part."""
        self._refuses = isinstance(part, Declined)
        self._text, self._citations, self._logprobs = [], [], []
        self._place = b'"item_id":"%b","output_index":%d,"content_index":%d' % (
            self._id.encode(),
            len(self._sink.items),
            len(self._content),
        )
        name = b"refusal.delta" if self._refuses else b"output_text.delta"
        self._head = delta_head(name, self._place if self._refuses else self._place + b',"logprobs":[]')
        self._sink.event(b"content_part.added", b'%b,"part":%b' % (self._place, _encode(self._part(""))))
        if part.text:
            self.delta(part.text, None)

    def delta(self, text: str, logprobs: tuple[Logprob, ...] | None) -> None:
        """More of it."""
        self._text.append(text)
        sink = self._sink
        if logprobs and not self._refuses:
            written = write_logprobs(logprobs)
            self._logprobs.extend(written)
            fields = b'%b,"logprobs":%b,"delta":%b' % (self._place, _encode(written), _encode(text))
            sink.event(b"output_text.delta", fields)
            return
        sink.out.append(b'%b%b,"sequence_number":%d}\n\n' % (self._head, _encode(text), sink.number))
        sink.number += 1

    def cite(self, citation: Citation) -> None:
        """A citation of it."""
        fields = b'%b,"annotation_index":%d,"annotation":%b' % (
            self._place,
            len(self._citations),
            _encode(write_citation(citation)),
        )
        self._citations.append(citation)
        self._sink.event(b"output_text.annotation.added", fields)

    def end_part(self) -> None:
        """The content part is whole."""
        text = "".join(self._text)
        part = self._part(text)
        if self._refuses:
            self._sink.event(b"refusal.done", b'%b,"refusal":%b' % (self._place, _encode(text)))
        else:
            fields = b'%b,"logprobs":%b,"text":%b' % (self._place, _encode(self._logprobs), _encode(text))
            self._sink.event(b"output_text.done", fields)
        self._sink.event(b"content_part.done", b'%b,"part":%b' % (self._place, _encode(part)))
        self._content.append(part)

    def end(self) -> None:
        """The message is whole."""
        self._sink.done(message_item(self._id, self._content, "completed", self.phase))

    def _part(self, text: str) -> Item:
        return refusal_content(text) if self._refuses else text_content(text, self._citations, self._logprobs)


class CallWriter:
    """A function's or a custom tool's call."""

    __slots__ = ("_arguments", "_call", "_head", "_id", "_place", "_sink")

    def __init__(self, sink: Sink, call: ToolCall) -> None:
        self._sink = sink
        self._call = call
        self._id = new_id("ctc" if call.custom else "fc")
        self._arguments: list[str] = []
        self._place = b'"item_id":"%b","output_index":%d' % (self._id.encode(), len(sink.items))
        name = b"custom_tool_call_input.delta" if call.custom else b"function_call_arguments.delta"
        self._head = delta_head(name, self._place)
        sink.added(call_item(msgspec.structs.replace(call, arguments=""), self._id, self._status("in_progress")))
        if call.arguments:
            self.delta(call.arguments)

    def delta(self, json: str) -> None:
        """More of the arguments."""
        self._arguments.append(json)
        sink = self._sink
        sink.out.append(b'%b%b,"sequence_number":%d}\n\n' % (self._head, _encode(json), sink.number))
        sink.number += 1

    def end(self) -> None:
        """The call is whole."""
        call = msgspec.structs.replace(self._call, arguments="".join(self._arguments))
        written = _encode(call.arguments)
        if call.custom:
            self._sink.event(b"custom_tool_call_input.done", b'%b,"input":%b' % (self._place, written))
        else:
            fields = b'%b,"name":%b,"arguments":%b' % (self._place, _encode(call.name), written)
            self._sink.event(b"function_call_arguments.done", fields)
        self._sink.done(call_item(call, self._id, self._status("completed")))

    def _status(self, status: str) -> str | None:
        return None if self._call.custom else status


class ThoughtWriter:
    """A reasoning item: paragraphs of a summary, the thoughts themselves, and what has to come back with them."""

    __slots__ = (
        "_as_summary",
        "_encrypted",
        "_id",
        "_paragraph",
        "_place",
        "_shown",
        "_signature",
        "_sink",
        "_summary",
        "_text",
    )

    def __init__(self, sink: Sink, part: Reasoning, as_summary: bool) -> None:
        self._sink = sink
        self._as_summary = as_summary
        self._id = new_id("rs") if part.id is None else part.id
        self._text: list[str] = []
        self._shown = False
        """Whether the thoughts themselves have begun to be shown."""
        self._summary: list[str] = []
        self._paragraph: list[str] | None = None
        self._signature = part.signature
        self._encrypted = part.encrypted
        self._place = b'"item_id":%b,"output_index":%d' % (_encode(self._id), len(sink.items))
        sink.added({"id": self._id, "type": "reasoning", "summary": []})
        for number, paragraph in enumerate(part.summary):
            self._say(paragraph, number > 0)
        if part.text:
            self._think(part.text)

    def delta(self, event: ThoughtDelta) -> None:
        """More of it."""
        if event.text:
            self._think(event.text)
        if event.summary or event.new_paragraph:
            self._say(event.summary, event.new_paragraph)
        if event.signature is not None:
            self._signature = (self._signature or "") + event.signature
        if event.encrypted is not None:
            self._encrypted = (self._encrypted or "") + event.encrypted

    def end(self) -> None:
        """The thought is whole."""
        self._end_paragraph()
        text = "".join(self._text)
        if self._shown:
            written = _encode(text)
            place = b'%b,"content_index":0' % self._place
            self._sink.event(b"reasoning_text.done", b'%b,"text":%b' % (place, written))
            part = b'"part":{"type":"reasoning_text","text":%b}' % written
            self._sink.event(b"content_part.done", b"%b,%b" % (place, part))
        # What was shown as a summary is the text, which `thought_item` shows as one in turn.
        summary = () if text and not self._shown else tuple(self._summary)
        thought = Reasoning(text=text, summary=summary, signature=self._signature, encrypted=self._encrypted)
        self._sink.done(thought_item(thought, self._id, self._as_summary and not self._shown))

    def _think(self, text: str) -> None:
        if self._as_summary and not self._shown and (self._text or not (self._summary or self._paragraph)):
            self._text.append(text)
            self._write(text)
            return
        place = b'%b,"content_index":0' % self._place
        if not self._shown:
            self._shown = True
            self._sink.event(b"content_part.added", place + b',"part":{"type":"reasoning_text","text":""}')
        self._text.append(text)
        self._sink.event(b"reasoning_text.delta", b'%b,"delta":%b' % (place, _encode(text)))

    def _say(self, text: str, new: bool) -> None:
        if self._as_summary and self._text and not self._shown:
            # Both at once: the caller has one of them already.
            return
        if new:
            self._end_paragraph()
        self._write(text)

    def _write(self, text: str) -> None:
        place = b'%b,"summary_index":%d' % (self._place, len(self._summary))
        if self._paragraph is None:
            self._paragraph = []
            part = b'%b,"part":{"type":"summary_text","text":""}' % place
            self._sink.event(b"reasoning_summary_part.added", part)
        self._paragraph.append(text)
        self._sink.event(b"reasoning_summary_text.delta", b'%b,"delta":%b' % (place, _encode(text)))

    def _end_paragraph(self) -> None:
        if self._paragraph is None:
            return
        text = "".join(self._paragraph)
        self._paragraph = None
        written = _encode(text)
        place = b'%b,"summary_index":%d' % (self._place, len(self._summary))
        self._summary.append(text)
        self._sink.event(b"reasoning_summary_text.done", b'%b,"text":%b' % (place, written))
        part = b'%b,"part":{"type":"summary_text","text":%b}' % (place, written)
        self._sink.event(b"reasoning_summary_part.done", part)
