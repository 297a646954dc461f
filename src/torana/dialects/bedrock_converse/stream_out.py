"""Writes a stream for a caller, in the order of ConverseStream: messageStart, blocks one after the other, messageStop, metadata.

Only calls and images have a contentBlockStart, as from Bedrock itself.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from torana.core.exchange import (
    Audio,
    Declined,
    Image,
    ModelRequest,
    Opaque,
    Part,
    Reasoning,
    Text,
    ToolCall,
    VendorError,
)
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
from torana.dialects.bedrock_converse import NAME
from torana.dialects.bedrock_converse.blocks import quote, shown_image, write_citation
from torana.dialects.bedrock_converse.ends import TIERS, write_stop, write_usage
from torana.dialects.bedrock_converse.errors import encode_vendor_error_event
from torana.dialects.bedrock_converse.eventstream import FrameError, write_frame, write_headers
from torana.dialects.bedrock_converse.thoughts import redacted, shown_signature, trailing_signature

_encode = msgspec.json.Encoder().encode
_MOST_CHARS = 1_048_576
"""In one delta: a frame holds 24 MiB, and a character may take six bytes."""


def _headers(kind: str) -> bytes:
    return write_headers({":event-type": kind, ":content-type": "application/json", ":message-type": "event"})


_DELTA = _headers("contentBlockDelta")
_BEGIN = _headers("contentBlockStart")
_END = _headers("contentBlockStop")
_MESSAGE_STOP = _headers("messageStop")
_METADATA = _headers("metadata")
_MESSAGE_START = write_frame(_headers("messageStart"), b'{"role":"assistant"}')
_TEXT = b'{"contentBlockIndex":%d,"delta":{"text":%b}}'
_ARGUMENTS = b'{"contentBlockIndex":%d,"delta":{"toolUse":{"input":%b}}}'
_THOUGHT = b'{"contentBlockIndex":%d,"delta":{"reasoningContent":{"text":%b}}}'
_SIGNATURE = b'{"contentBlockIndex":%d,"delta":{"reasoningContent":{"signature":%b}}}'
_REDACTED = b'{"contentBlockIndex":%d,"delta":{"reasoningContent":{"redactedContent":%b}}}'
_CITATION = b'{"contentBlockIndex":%d,"delta":{"citation":%b}}'
_IMAGE = b'{"contentBlockIndex":%d,"delta":{"image":{"source":{"bytes":%b}}}}'


class Encoder:
    """Events to bytes. Of several choices the first is written, because this dialect has no more."""

    __slots__ = (
        "_called", "_encrypted", "_ended", "_index", "_open", "_part", "_signature", "_stopped", "_text", "_thought",
        "_tier", "_usage",
    )  # fmt: skip

    def __init__(self, request: ModelRequest) -> None:
        del request
        self._usage = UNKNOWN
        self._tier: str | None = None
        self._stopped: Stopped | None = None
        self._index = -1
        self._open = False
        """A block has begun for `_part`. It begins with the first thing that it holds, so that no empty one is sent."""
        self._part: Part | None = None
        self._called = False
        self._ended = False
        self._signature: str | None = None
        self._encrypted: str | None = None
        self._thought = ""
        """What the caller is shown of a thought: `text` or `summary`; empty as long as neither came."""
        self._text: list[str] = []
        """Of a free-text call, which is shown as arguments once it is whole."""

    def encode(self, events: Iterable[Event]) -> bytes:
        """The bytes for these events."""
        out: list[bytes] = []
        try:
            for event in events:
                if type(event) is TextDelta and self._open and event.choice == 0 and len(event.text) <= _MOST_CHARS:
                    out.append(write_frame(_DELTA, _TEXT % (self._index, quote(event.text))))
                elif not self._ended:
                    self._write(event, out)
        except FrameError as error:
            # A single thing that is too large for a frame: a proof, a citation.
            self._ended, self._open = True, False
            out.append(encode_vendor_error_event(VendorError(message=f"The reply cannot be shown: {error}.")))
        return b"".join(out)

    def _write(self, event: Event, out: list[bytes]) -> None:
        if isinstance(event, Started):
            self._usage, self._tier = event.usage or self._usage, event.service_tier
            out.append(_MESSAGE_START)
        elif isinstance(event, UsageSeen):
            self._usage = _later(self._usage, event.usage)
        elif isinstance(event, Finished):
            self._finish(event.latency_ms, out)
        elif isinstance(event, Failed):
            self._ended, self._open = True, False
            out.append(encode_vendor_error_event(event.error))
        elif event.choice != 0:
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
        self._thought = ""
        if isinstance(part, ToolCall):
            self._called = True
            self._text = []
            self._start({"toolUse": {"toolUseId": part.id, "name": part.name}}, out)
            self._signature = part.signature
            self._arguments(part.arguments, out)
        elif isinstance(part, Reasoning):
            self._signature, self._encrypted = part.signature, part.encrypted
            self._think(part.text, "\n\n".join(part.summary), False, out)
        elif isinstance(part, Text | Declined):
            self._signature = part.signature if isinstance(part, Text) else None
            self._say(_TEXT, part.text, out)
            for citation in part.citations if isinstance(part, Text) else ():
                self._put(_CITATION, _encode(write_citation(citation)), out)
        elif isinstance(part, Audio):
            self._say(_TEXT, part.transcript or "", out)
        elif isinstance(part, Image):
            self._signature = part.signature
            self._image(part, out)
        elif isinstance(part, Opaque) and part.dialect == NAME:
            self._own(part.raw, out)

    def _start(self, start: dict[str, Any], out: list[bytes]) -> None:
        self._index += 1
        self._open = True
        out.append(write_frame(_BEGIN, _encode({"contentBlockIndex": self._index, "start": start})))

    def _put(self, form: bytes, written: bytes, out: list[bytes]) -> None:
        """A delta of the open block, which is opened where none is."""
        if not self._open:
            self._index += 1
            self._open = True
        out.append(write_frame(_DELTA, form % (self._index, written)))

    def _say(self, form: bytes, text: str, out: list[bytes]) -> None:
        for at in range(0, len(text), _MOST_CHARS):
            self._put(form, quote(text[at : at + _MOST_CHARS]), out)

    def _shut(self, out: list[bytes]) -> None:
        if self._open:
            out.append(write_frame(_END, b'{"contentBlockIndex":%d}' % self._index))
            self._open = False

    def _delta(self, event: Any, out: list[bytes]) -> None:
        if isinstance(event, ArgumentsDelta):
            self._arguments(event.json, out)
        elif isinstance(event, ThoughtDelta):
            self._signature = event.signature or self._signature
            self._encrypted = event.encrypted or self._encrypted
            self._think(event.text, event.summary, event.new_paragraph, out)
        elif isinstance(event, TextDelta):
            self._say(_TEXT, event.text, out)
        elif isinstance(event, Cited):
            self._put(_CITATION, _encode(write_citation(event.citation)), out)

    def _arguments(self, text: str, out: list[bytes]) -> None:
        if isinstance(self._part, ToolCall) and self._part.custom:
            self._text.append(text)
        else:
            self._say(_ARGUMENTS, text, out)

    def _think(self, text: str, summary: str, paragraph: bool, out: list[bytes]) -> None:
        shown = text
        if text:
            self._thought = "text"
        elif self._thought != "text" and summary:
            shown = "\n\n" + summary if paragraph and self._thought else summary
            self._thought = "summary"
        self._say(_THOUGHT, shown, out)

    def _image(self, part: Image, out: list[bytes]) -> None:
        image = shown_image(part)
        if image is not None:
            self._start({"image": {"format": image["format"]}}, out)
            self._say(_IMAGE, image["source"]["bytes"], out)

    def _own(self, raw: Any, out: list[bytes]) -> None:
        """A server's tool call, the one thing of Converse's own that a stream can tell of what came whole."""
        use = raw.get("toolUse") if isinstance(raw, dict) else None
        if isinstance(use, dict) and "start" not in use:
            self._start({"toolUse": {name: value for name, value in use.items() if name != "input"}}, out)
            self._say(_ARGUMENTS, _encode(use.get("input", {})).decode(), out)

    def _end(self, signature: str | None, out: list[bytes]) -> None:
        part, self._part = self._part, None
        if part is None:
            return
        if isinstance(part, Reasoning):
            self._end_thought(part, out)
        elif isinstance(part, ToolCall) and part.custom:
            self._say(_ARGUMENTS, _encode({"input": "".join(self._text)}).decode(), out)
        self._shut(out)
        if (proof := signature or self._signature) is not None and isinstance(part, Text | Image | ToolCall):
            self._put(_THOUGHT, b'""', out)
            self._put(_SIGNATURE, quote(trailing_signature(proof)), out)
            self._shut(out)

    def _end_thought(self, part: Reasoning, out: list[bytes]) -> None:
        data = redacted(self._encrypted)
        if data is not None and not self._open:
            self._put(_REDACTED, quote(data), out)
            return
        shown = shown_signature(self._signature, self._encrypted, part.id, self._thought == "summary")
        if shown is not None:
            if not self._open:
                # Clients put a thought together of both, and have to send a text back.
                self._put(_THOUGHT, b'""', out)
            self._put(_SIGNATURE, quote(shown), out)

    def _finish(self, latency_ms: int | None, out: list[bytes]) -> None:
        self._end(None, out)
        self._ended = True
        stopped = self._stopped or Stopped(0, None)
        told: dict[str, Any] = {"stopReason": write_stop(stopped.stop, stopped.stop_detail, self._called)}
        if stopped.stop_sequence is not None:
            told["additionalModelResponseFields"] = {"stop_sequence": stopped.stop_sequence}
        out.append(write_frame(_MESSAGE_STOP, _encode(told)))
        counted: dict[str, Any] = {"usage": write_usage(self._usage), "metrics": {"latencyMs": latency_ms or 0}}
        if self._tier in TIERS:
            counted["serviceTier"] = {"type": self._tier}
        out.append(write_frame(_METADATA, _encode(counted)))


def _later(before: Usage, after: Usage) -> Usage:
    """The counts after a further `UsageSeen`: those that are None keep their value."""
    return Usage(*[old if new is None else new for old, new in zip(before, after, strict=True)])  # type: ignore[arg-type]
