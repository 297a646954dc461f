"""Events as a streamed reply for a caller of Gemini: server-sent events, or a JSON array.

A function call is sent whole, as Gemini does. Finish reasons and usage go into one last chunk, because other vendors tell usage
only after the stop. That chunk holds an empty text: Google's SDKs forget a turn of which any chunk has no part.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from torana.core.exchange import Audio, Citation, Declined, ModelRequest, Part, Reasoning, Source, Text, ToolCall
from torana.core.ids import new_id
from torana.core.stream import (
    ArgumentsDelta,
    Cited,
    DataDelta,
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
from torana.dialects.gemini.citations import write_citations, write_logprobs
from torana.dialects.gemini.errors import write_error
from torana.dialects.gemini.parts import write_text, write_thought
from torana.dialects.gemini.reply import caller_signature, write_part
from torana.dialects.gemini.signatures import Proof, write_signature
from torana.dialects.gemini.stops import write_block, write_stop
from torana.dialects.gemini.usage import write_usage

_encode = msgspec.json.Encoder().encode
_HEAD = b'{"candidates":[{"content":{"parts":[%b],"role":"model"},"index":%d%b}]%b'


class _Open:
    """A part that has begun, with what has to wait for its end."""

    __slots__ = ("citations", "encrypted", "part", "pieces", "signature", "spoken")

    def __init__(self, part: Part) -> None:
        self.part = part
        self.citations: list[Citation] = []
        self.pieces: list[str] = []
        """Of a function call's arguments."""
        self.signature: str | None = getattr(part, "signature", None)
        self.encrypted: str | None = part.encrypted if isinstance(part, Reasoning) else None
        self.spoken = False
        """Whether anything of a thought has been written: a new paragraph then needs an empty line before it."""


class Encoder:
    """Writes the events of one reply. `array`: a JSON array instead of server-sent events."""

    def __init__(self, request: ModelRequest, array: bool = False) -> None:
        self._array = array
        self._model = request.model
        self._begun = False
        self._done = False
        self._usage: Usage = UNKNOWN
        self._open: dict[int, _Open] = {}
        self._stops: list[Stopped] = []
        self._words: dict[int, list[str]] = {}
        """The text that is open: Google counts in bytes, so that what is cited has to be known."""
        self._said: set[int] = set()
        self._identity = b""
        self._plain = b""
        self._identify("", "")

    def encode(self, events: Iterable[Event]) -> bytes:
        """The bytes for the caller; none after the stream's end."""
        out: list[bytes] = []
        for event in events:
            if self._done:
                break
            # The kinds that make up nearly all of a stream come first.
            kind = type(event)
            if kind is TextDelta:
                self._text(event, out)  # type: ignore[arg-type]
            elif kind is ArgumentsDelta:
                self._open[event.choice].pieces.append(event.json)  # type: ignore[union-attr]
            else:
                self._seldom(event, out)
        return b"".join(out)

    def _identify(self, ident: str, model: str) -> None:
        """What every chunk says of the reply; and the plain text chunk of the first choice but for its text."""
        model_json, ident_json = _encode(model or self._model), _encode(ident or new_id("resp"))
        self._identity = b',"modelVersion":%b,"responseId":%b}' % (model_json, ident_json)
        plain = _HEAD % (b'{"text":%b}', 0, b"", self._identity.replace(b"%", b"%%"))
        self._plain = b",\r\n" + plain if self._array else b"data: " + plain + b"\r\n\r\n"

    def _text(self, event: TextDelta, out: list[bytes]) -> None:
        choice = event.choice
        self._words.setdefault(choice, []).append(event.text)
        if choice == 0 and event.logprobs is None and self._begun:
            out.append(self._plain % _encode(event.text))
            return
        extra = b"" if not event.logprobs else b',"logprobsResult":%b' % _encode(write_logprobs(event.logprobs))
        self._part(choice, {"text": event.text}, out, extra)

    def _part(self, choice: int, part: dict[str, Any], out: list[bytes], extra: bytes = b"") -> None:
        self._said.add(choice)
        self._frame(_HEAD % (_encode(part), choice, extra, self._identity), out)

    def _frame(self, chunk: bytes, out: list[bytes]) -> None:
        if self._array:
            out.append((b",\r\n" if self._begun else b"[") + chunk)
        else:
            out.append(b"data: %b\r\n\r\n" % chunk)
        self._begun = True

    def _seldom(self, event: Event, out: list[bytes]) -> None:
        if isinstance(event, ThoughtDelta):
            self._thought(event, out)
        elif isinstance(event, DataDelta):
            self._data(event, out)
        elif isinstance(event, PartStarted):
            self._start_part(event, out)
        elif isinstance(event, PartEnded):
            self._end_part(event, out)
        elif isinstance(event, Started):
            self._identify(event.id, event.model)
        elif isinstance(event, Cited):
            self._open[event.choice].citations.append(event.citation)
        elif isinstance(event, Stopped):
            self._stops.append(event)
        elif isinstance(event, UsageSeen):
            self._count(event.usage)
        elif isinstance(event, Finished):
            self._finish(out)
        elif isinstance(event, Failed):
            self._fail(event, out)

    def _start_part(self, event: PartStarted, out: list[bytes]) -> None:
        part = event.part
        self._open[event.choice] = _Open(part)
        self._said.add(event.choice)
        self._words.pop(event.choice, None)
        if isinstance(part, Text | Declined) and part.text:
            self._text(TextDelta(event.choice, event.number, part.text), out)

    def _thought(self, event: ThoughtDelta, out: list[bytes]) -> None:
        opened = self._open[event.choice]
        if event.signature is not None:
            opened.signature = (opened.signature or "") + event.signature
        if event.encrypted is not None:
            opened.encrypted = (opened.encrypted or "") + event.encrypted
        text = event.text + event.summary
        if event.new_paragraph and opened.spoken:
            text = "\n\n" + text
        if text:
            opened.spoken = True
            self._part(event.choice, write_thought(text, None), out)

    def _data(self, event: DataDelta, out: list[bytes]) -> None:
        part = self._open[event.choice].part
        media_type = part.source.media_type if isinstance(part, Audio) else None
        sound = Audio(source=Source(media_type=media_type, data=event.data))
        self._part(event.choice, write_part(sound)[0], out)

    def _end_part(self, event: PartEnded, out: list[bytes]) -> None:
        opened = self._open.pop(event.choice, None)
        if opened is None:
            return
        part = opened.part
        signature = event.signature or opened.signature
        if isinstance(part, Text):
            if found := write_citations((*part.citations, *opened.citations), self._spoken(event.choice)):
                self._part(event.choice, {"text": ""}, out, b"," + _encode(found)[1:-1])
            if signature is not None:
                self._part(event.choice, write_text("", caller_signature(signature)), out)
        elif isinstance(part, Reasoning):
            self._end_thought(event.choice, opened, part, out)
        elif isinstance(part, ToolCall):
            call = msgspec.structs.replace(part, arguments=part.arguments + "".join(opened.pieces), signature=signature)
            self._write(event.choice, call, out)
        elif isinstance(part, Audio):
            if part.source.data or part.source.url or part.transcript:
                self._write(event.choice, part, out)
        elif not isinstance(part, Declined):
            if event.signature is not None and hasattr(part, "signature"):
                part = msgspec.structs.replace(part, signature=event.signature)
            self._write(event.choice, part, out)

    def _spoken(self, choice: int) -> str:
        return "".join(self._words.get(choice, ()))

    def _end_thought(self, choice: int, opened: _Open, part: Reasoning, out: list[bytes]) -> None:
        whole = part.text or "\n\n".join(part.summary)
        signature = write_signature(Proof(opened.signature, opened.encrypted, part.id))
        if whole or signature is not None:
            self._part(choice, write_thought(whole, signature), out)

    def _write(self, choice: int, part: Part, out: list[bytes]) -> None:
        for written in write_part(part):
            self._part(choice, written, out)

    def _count(self, usage: Usage) -> None:
        merged = [old if new is None else new for old, new in zip(self._usage, usage, strict=True)]
        self._usage = Usage._make(merged)

    def _finish(self, out: list[bytes]) -> None:
        self._done = True
        blocked = next((stop for stop in self._stops if stop.blocked), None)
        chunk: dict[str, Any] = {}
        if blocked is not None:
            chunk["promptFeedback"] = {"blockReason": write_block(blocked.stop_detail or "OTHER")}
        elif self._stops:
            chunk["candidates"] = [self._stop(stop) for stop in self._stops]
        if usage := write_usage(self._usage):
            chunk["usageMetadata"] = usage
        body = _encode(chunk)[:-1]
        self._frame(body + (self._identity if chunk else self._identity[1:]), out)
        if self._array:
            out.append(b"]")

    def _stop(self, stop: Stopped) -> dict[str, Any]:
        candidate: dict[str, Any] = {}
        if stop.choice in self._said:
            candidate["content"] = {"parts": [{"text": ""}], "role": "model"}
        candidate["finishReason"] = write_stop(stop.stop, stop.stop_detail)
        candidate["index"] = stop.choice
        return candidate

    def _fail(self, event: Failed, out: list[bytes]) -> None:
        self._done = True
        error = event.error
        details: list[dict[str, Any]] = []
        if error.code is not None:
            metadata = {"code": error.code}
            info = "type.googleapis.com/google.rpc.ErrorInfo"
            details.append({"@type": info, "reason": error.code, "domain": "torana", "metadata": metadata})
        self._frame(write_error(502, error.message, "UNAVAILABLE", details), out)
        if self._array:
            out.append(b"]")
