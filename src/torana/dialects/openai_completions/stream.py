"""Streamed completions, both ways. Source: https://platform.openai.com/docs/api-reference/completions/create"""

import time
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from torana.core.exchange import Declined, ModelRequest, Text, VendorError
from torana.core.ids import new_id
from torana.core.stream import (
    Event,
    Failed,
    Finished,
    PartEnded,
    PartStarted,
    Started,
    Stopped,
    TextDelta,
    UsageSeen,
)
from torana.core.usage import UNKNOWN, Usage
from torana.dialects.openai_chat.chunks import Mender, clean, read_object
from torana.dialects.openai_chat.decoder import UNNAMED
from torana.dialects.openai_chat.errors import encode_vendor_event, read_error
from torana.dialects.openai_chat.reply import stop_of, string, usage_of, whole, write_usage
from torana.dialects.openai_chat.watch import UsageBlock, read_usage
from torana.dialects.openai_completions.logprobs import read_logprobs, write_logprobs
from torana.dialects.openai_completions.reply import finish_of
from torana.dialects.sse import ServerEvent, Splitter, TooLongError

MOST_CHOICES = 2048
"""Several prompts with several choices each: OpenAI numbers them through."""
_encode = msgspec.json.Encoder().encode


class _Piece(msgspec.Struct, gc=False):
    text: str | None = None
    index: int = 0
    finish_reason: str | None = None
    logprobs: Any = None
    stop_reason: Any = None


class _Chunk(msgspec.Struct, gc=False):
    id: str | None = None
    created: int | None = None
    model: str | None = None
    choices: list[_Piece] | None = None
    usage: UsageBlock | None = None
    error: Any = None
    system_fingerprint: str | None = None


_read = msgspec.json.Decoder(_Chunk).decode


class _Answer:
    __slots__ = ("begun", "met", "stop")

    def __init__(self) -> None:
        self.begun = False
        self.stop = ""
        self.met: str | None = None


class Decoder:
    """Fed with a stream's bytes in any portions. After Finished or Failed it ignores what comes."""

    __slots__ = ("_answers", "_mender", "_splitter", "_started", "done", "model", "usage")

    def __init__(self) -> None:
        self._splitter = Splitter()
        self._answers: dict[int, _Answer] = {}
        self._mender = Mender()
        self._started = False
        self.model: str | None = None
        self.usage: Usage = UNKNOWN
        self.done = False
        """Finished or Failed was given."""

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete."""
        return [] if self.done else self._take(self._splitter.feed, data)

    def end(self) -> list[Event]:
        """The vendor's bytes have ended: a reply that said why it stopped is whole, even without `[DONE]`."""
        return [] if self.done else self._take(lambda _: self._splitter.end(), b"") + self._last()

    def _take(self, split: Callable[[bytes], list[ServerEvent]], data: bytes) -> list[Event]:
        out: list[Event] = []
        try:
            for event in split(data):
                if event.event in UNNAMED or read_object(event.data) is not None:
                    self._event(event.data, out)
                if self.done:
                    break
        except TooLongError as error:
            self._fail(str(error), out)
        return out

    def _last(self) -> list[Event]:
        out: list[Event] = []
        if self.done:
            return out
        if self._answers and all(answer.stop for answer in self._answers.values()):
            self._close(out)
        else:
            self._fail("the stream ended before the reply was whole", out)
        return out

    def _event(self, data: bytes, out: list[Event]) -> None:
        try:
            chunk = _read(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
            if data.strip() == b"[DONE]":
                self._close(out)
                return
            found = self._read_slowly(data, out)
            if found is None:
                return
            chunk = found
        if (chunk.error or chunk.choices is None) and self._read_slowly(data, out) is None:
            return
        if not self._started and (chunk.choices or chunk.id):
            self._started = True
            self.model = chunk.model
            out.append(Started(chunk.id or "", chunk.model or "", chunk.created, None, chunk.system_fingerprint))
        for piece in chunk.choices or ():
            self._piece(piece, out)
            if self.done:
                return
        if chunk.usage is not None:
            later = read_usage(chunk.usage)
            self.usage = Usage._make(old if new is None else new for old, new in zip(self.usage, later, strict=True))

    def _read_slowly(self, data: bytes, out: list[Event]) -> _Chunk | None:
        """What is no JSON object, or is an error, ends the stream."""
        value = read_object(data)
        try:
            error = VendorError(message="an event is not JSON") if value is None else read_error(value)
        except (RecursionError, UnicodeEncodeError):
            error = VendorError(message="an event is nested too deeply")
        if error is not None or value is None:
            self.done = True
            out.append(Failed(error or VendorError(message="an event is not JSON")))
            return None
        choices = value.get("choices")
        rows = [row for row in choices if isinstance(row, dict)] if isinstance(choices, list) else None
        usage = usage_of(value.get("usage"))
        self.usage = self.usage if usage == UNKNOWN else usage
        return _Chunk(
            id=clean(string(value.get("id"))),
            created=whole(value.get("created")),
            model=clean(string(value.get("model"))),
            choices=None if rows is None else [self._put_right(row) for row in rows],
        )

    def _put_right(self, row: dict[str, Any]) -> _Piece:
        index = whole(row.get("index")) or 0
        return _Piece(
            text=self._mender.whole((index, "text"), string(row.get("text"))),
            index=index,
            finish_reason=clean(string(row.get("finish_reason"))),
        )

    def _piece(self, piece: _Piece, out: list[Event]) -> None:
        answer = self._answers.get(piece.index)
        if answer is None:
            answer = self._answers[piece.index] = _Answer()
            if len(self._answers) > MOST_CHOICES or piece.index < 0:
                self._fail(f"choices have to be numbered from 0, and at most {MOST_CHOICES}", out)
                return
        logprobs = None if piece.logprobs is None else read_logprobs(piece.logprobs)
        if piece.text or logprobs:
            if not answer.begun:
                answer.begun = True
                out.append(PartStarted(piece.index, 0, Text(text="")))
            out.append(TextDelta(piece.index, 0, piece.text or "", logprobs))
        if piece.finish_reason:
            answer.stop = piece.finish_reason
            answer.met = string(piece.stop_reason)

    def _close(self, out: list[Event]) -> None:
        if not self._answers:
            self._fail("the stream ended without an answer", out)
            return
        for index in sorted(self._answers):
            answer = self._answers[index]
            if answer.begun:
                out.append(PartEnded(index, 0))
            stop, detail = stop_of(answer.stop)
            met = answer.met if stop == "stop" else None
            out.append(Stopped(index, "stop_sequence" if met else stop, met, detail))
        if self.usage != UNKNOWN:
            out.append(UsageSeen(self.usage))
        self.done = True
        out.append(Finished())

    def _fail(self, message: str, out: list[Event]) -> None:
        self.done = True
        out.append(Failed(VendorError(message=message)))


class Encoder:
    """Fed with a stream's events; gives the bytes for a caller of completions: the words of each choice."""

    __slots__ = ("_chars", "_head", "_model", "_open", "_tail", "_usage", "_wants_usage")

    def __init__(self, request: ModelRequest) -> None:
        self._model = request.model
        self._wants_usage = bool(request.stream_usage)
        self._tail = b'}],"usage":null}\n\n' if self._wants_usage else b"}]}\n\n"
        self._open: dict[int, bool] = {}
        """By choice, whether its open part has words that a completion can say."""
        self._chars: dict[int, int] = {}
        self._usage: Usage = UNKNOWN
        self._head = b""

    def encode(self, events: Iterable[Event]) -> bytes:
        """The bytes of these events."""
        out: list[bytes] = []
        for event in events:
            match event:
                case TextDelta(choice=choice):
                    if self._open.get(choice):
                        out.append(self._text(event))
                case PartStarted():
                    self._open[event.choice] = isinstance(event.part, Text | Declined)
                case Started():
                    self._start(event)
                case Stopped():
                    shape = b'%b{"text":"","index":%d,"logprobs":null,"finish_reason":"%b"%b'
                    out.append(shape % (self._head, event.choice, finish_of(event.stop).encode(), self._tail))
                case UsageSeen(usage=later):
                    self._usage = Usage._make(
                        old if new is None else new for old, new in zip(self._usage, later, strict=True)
                    )
                case Finished():
                    self._finish(out)
                case Failed(error=error):
                    out.append(encode_vendor_event(error))
                case _:
                    pass
        return b"".join(out)

    def _text(self, event: TextDelta) -> bytes:
        choice = event.choice
        before = self._chars.get(choice, 0)
        self._chars[choice] = before + len(event.text)
        logprobs = _encode(write_logprobs(event.logprobs, before)) if event.logprobs else b"null"
        shape = b'%b{"text":%b,"index":%d,"logprobs":%b,"finish_reason":null%b'
        return shape % (self._head, _encode(event.text), choice, logprobs, self._tail)

    def _start(self, event: Started) -> None:
        fields: dict[str, Any] = {
            "id": event.id or new_id("cmpl"),
            "object": "text_completion",
            "created": int(time.time()) if event.created is None else event.created,
            "model": event.model or self._model,
        }
        if event.fingerprint is not None:
            fields["system_fingerprint"] = event.fingerprint
        self._head = b'data: %b,"choices":[' % _encode(fields)[:-1]

    def _finish(self, out: list[bytes]) -> None:
        if self._wants_usage and self._usage != UNKNOWN:
            out.append(b'%b],"usage":%b}\n\n' % (self._head, _encode(write_usage(self._usage))))
        out.append(b"data: [DONE]\n\n")
