"""Writes a stream for a caller, in the order that Anthropic's SDKs expect: message_start, blocks one after the other, message_delta
with the whole usage (LangChain takes its input tokens from there), message_stop. There is no `[DONE]`.
"""

from typing import Any, cast

import msgspec

from torana.core.exchange import Audio, Declined, ModelRequest, Opaque, Part, Reasoning, Text, ToolCall
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
from torana.dialects.anthropic_messages.blocks import quote, trailing_proof, write_blocks, write_citation
from torana.dialects.anthropic_messages.errors import encode_vendor_error_event
from torana.dialects.anthropic_messages.reply import message_usage
from torana.dialects.anthropic_messages.signatures import shown_signature, unmarked
from torana.dialects.anthropic_messages.stops import write_stop
from torana.dialects.anthropic_messages.usage import write_usage

_encode = msgspec.json.Encoder().encode
_DELTA = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":'
_TEXT = _DELTA + b'"text_delta","text":%b}}\n\n'
_ARGUMENTS = _DELTA + b'"input_json_delta","partial_json":%b}}\n\n'
_THINKING = _DELTA + b'"thinking_delta","thinking":%b}}\n\n'
_SIGNATURE = _DELTA + b'"signature_delta","signature":%b}}\n\n'
_CITATION = _DELTA + b'"citations_delta","citation":%b}}\n\n'
_START = b'event: content_block_start\ndata: {"type":"content_block_start","index":%d,"content_block":%b}\n\n'
_STOP = b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n'
_MESSAGE_START = b'event: message_start\ndata: {"type":"message_start","message":%b}\n\n'
_MESSAGE_DELTA = b'event: message_delta\ndata: {"type":"message_delta","delta":%b,"usage":%b}\n\n'
_MESSAGE_STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
_EMPTY_TEXT = b'{"type":"text","text":""}'
_EMPTY_THINKING = b'{"type":"thinking","thinking":"","signature":""}'


def later_usage(before: Usage, after: Usage) -> Usage:
    """The counts after a further `UsageSeen`: those that are None keep their value."""
    return Usage(*[old if new is None else new for old, new in zip(before, after, strict=True)])  # type: ignore[arg-type]


class Encoder:
    """Events to bytes. Of several choices the first is written, because this dialect has no more."""

    __slots__ = (
        "_called",
        "_declined",
        "_encrypted",
        "_index",
        "_open",
        "_part",
        "_request",
        "_signature",
        "_stopped",
        "_text",
        "_thought",
        "_usage",
    )

    def __init__(self, request: ModelRequest) -> None:
        self._request = request
        self._usage = UNKNOWN
        self._stopped: Stopped | None = None
        self._index = -1
        self._open = False
        """A block has begun for `_part`. It begins with the first thing that it holds, so that no empty one is sent."""
        self._part: Part | None = None
        self._called = False
        self._declined = False
        self._signature: str | None = None
        self._encrypted: str | None = None
        self._thought = ""
        """What the caller is shown of a thought: `text` or `summary`; empty as long as neither came."""
        self._text: list[str] = []
        """Of a free-text call, which is shown as arguments once it is whole."""

    def encode(self, events: list[Event]) -> bytes:
        """The bytes for these events."""
        out: list[bytes] = []
        for event in events:
            kind = type(event)
            if kind is TextDelta and self._open:
                delta = cast(TextDelta, event)
                if delta.choice == 0:
                    out.append(_TEXT % (self._index, quote(delta.text)))
            elif kind is Started:
                self._start(cast(Started, event), out)
            else:
                self._other(event, out)
        return b"".join(out)

    def _start(self, event: Started, out: list[bytes]) -> None:
        if event.usage is not None:
            self._usage = event.usage
        message: dict[str, Any] = {
            "id": event.id or new_id("msg"),
            "type": "message",
            "role": "assistant",
            "model": event.model or self._request.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": message_usage(self._usage, event.service_tier),
        }
        out.append(_MESSAGE_START % _encode(message))

    def _other(self, event: Event, out: list[bytes]) -> None:
        if isinstance(event, UsageSeen):
            self._usage = later_usage(self._usage, event.usage)
        elif isinstance(event, Finished):
            self._finish(out)
        elif isinstance(event, Failed):
            out.append(encode_vendor_error_event(event.error))
        elif isinstance(event, Started) or event.choice != 0:
            return
        elif isinstance(event, PartStarted):
            self._begin(event.part, out)
        elif isinstance(event, PartEnded):
            self._end(event.signature, out)
        elif isinstance(event, Stopped):
            self._stopped = event
        else:
            self._delta(event, out)

    def _begin(self, part: Part, out: list[bytes]) -> None:
        self._end(None, out)
        self._part = part
        self._signature = self._encrypted = None
        if isinstance(part, ToolCall):
            self._called = True
            self._text = []
            self._open_block(_encode({"type": "tool_use", "id": part.id, "name": part.name, "input": {}}), out)
            self._signature = part.signature
            if part.arguments:
                self._arguments(part.arguments, out)
        elif isinstance(part, Reasoning):
            self._thought = ""
            self._signature, self._encrypted = part.signature, part.encrypted
            if part.text or part.summary:
                self._think(part.text, "\n\n".join(part.summary), False, out)
        elif isinstance(part, Text | Declined):
            self._declined = self._declined or isinstance(part, Declined)
            self._signature = part.signature if isinstance(part, Text) else None
            if part.text:
                self._write_text(part.text, out)
            for citation in part.citations if isinstance(part, Text) else ():
                self._cite(write_citation(citation), out)
        elif not isinstance(part, Audio):
            for block in write_blocks(part):
                self._whole(block, isinstance(part, Opaque), out)

    def _open_block(self, block: bytes, out: list[bytes]) -> None:
        self._index += 1
        self._open = True
        out.append(_START % (self._index, block))

    def _whole(self, block: dict[str, Any], own: bool, out: list[bytes]) -> None:
        """A block that comes at once. The input of a server's tool goes in a delta, where SDKs look for it."""
        given = block.get("input")
        if own and isinstance(given, dict):
            self._open_block(_encode({**block, "input": {}}), out)
            out.append(_ARGUMENTS % (self._index, quote(_encode(given).decode())))
        else:
            self._open_block(_encode(block), out)
        self._shut(out)

    def _shut(self, out: list[bytes]) -> None:
        out.append(_STOP % self._index)
        self._open = False

    def _delta(self, event: TextDelta | ThoughtDelta | ArgumentsDelta | Cited | Any, out: list[bytes]) -> None:
        if isinstance(event, ArgumentsDelta):
            self._arguments(event.json, out)
        elif isinstance(event, ThoughtDelta):
            self._signature = event.signature or self._signature
            self._encrypted = event.encrypted or self._encrypted
            if event.text or event.summary:
                self._think(event.text, event.summary, event.new_paragraph, out)
        elif isinstance(event, TextDelta):
            self._write_text(event.text, out)
        elif isinstance(event, Cited):
            self._cite(write_citation(event.citation), out)

    def _write_text(self, text: str, out: list[bytes]) -> None:
        if not text:
            return
        if not self._open:
            self._open_block(_EMPTY_TEXT, out)
        out.append(_TEXT % (self._index, quote(text)))

    def _cite(self, citation: dict[str, Any] | None, out: list[bytes]) -> None:
        if citation is None:
            return
        if not self._open:
            self._open_block(_EMPTY_TEXT, out)
        out.append(_CITATION % (self._index, _encode(citation)))

    def _arguments(self, text: str, out: list[bytes]) -> None:
        if isinstance(self._part, ToolCall) and self._part.custom:
            self._text.append(text)
        elif text:
            out.append(_ARGUMENTS % (self._index, quote(text)))

    def _think(self, text: str, summary: str, paragraph: bool, out: list[bytes]) -> None:
        shown = text
        if text:
            self._thought = "text"
        elif self._thought != "text":
            shown = "\n\n" + summary if paragraph and self._thought else summary
            self._thought = "summary"
        if shown:
            if not self._open:
                self._open_block(_EMPTY_THINKING, out)
            out.append(_THINKING % (self._index, quote(shown)))

    def _end(self, signature: str | None, out: list[bytes]) -> None:
        part = self._part
        if part is None:
            return
        self._part = None
        if isinstance(part, Reasoning):
            self._end_thought(part, out)
            return
        if isinstance(part, ToolCall) and part.custom:
            out.append(_ARGUMENTS % (self._index, quote(_encode({"input": "".join(self._text)}).decode())))
        if self._open:
            self._shut(out)
        if (proof := signature or self._signature) is not None and isinstance(part, Text | ToolCall):
            self._whole(trailing_proof(proof), False, out)

    def _end_thought(self, part: Reasoning, out: list[bytes]) -> None:
        data = unmarked(self._encrypted)
        if data is not None and not self._open:
            self._whole({"type": "redacted_thinking", "data": data}, False, out)
            return
        shown = shown_signature(self._signature, self._encrypted, part.id, self._thought == "summary")
        if not self._open:
            if not shown:
                return
            self._open_block(_EMPTY_THINKING, out)
        if shown:
            out.append(_SIGNATURE % (self._index, quote(shown)))
        self._shut(out)

    def _finish(self, out: list[bytes]) -> None:
        self._end(None, out)
        stopped = self._stopped or Stopped(0, None)
        reason, details = write_stop(stopped.stop, stopped.stop_detail, self._called, self._declined)
        delta: dict[str, Any] = {"stop_reason": reason, "stop_sequence": stopped.stop_sequence}
        if details is not None:
            delta["stop_details"] = details
        out.append(_MESSAGE_DELTA % (_encode(delta), _encode(write_usage(self._usage))))
        out.append(_MESSAGE_STOP)
