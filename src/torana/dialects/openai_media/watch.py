"""Counts what replies say was used, in tokens and in units of their own. Nothing of what passes is changed.

Sources: https://platform.openai.com/docs/api-reference/images, …/audio, https://docs.cohere.com/reference/rerank,
https://api.jina.ai/redoc, https://docs.voyageai.com/reference/reranker-api
"""

import json
import re
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec

from torana.core.usage import UNKNOWN, Usage
from torana.dialects import NotAReplyError

T = TypeVar("T")
Tokens = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
Amount = Annotated[float, msgspec.Meta(ge=0, lt=2**53)]
MOST_EVENT_BYTES = 65_536
"""An event up to this size is read whole; of a longer one, which holds an image or sound, only its two ends."""
_END_BYTES = 4_096
_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_USAGE = re.compile(r'"usage"\s*:\s*(?=\{)')


class Counted(NamedTuple):
    """What a reply tells; None is unknown."""

    model: str | None = None
    usage: Usage = UNKNOWN
    units: str | None = None
    """`images`, `seconds`, `searches`."""
    amount: float | None = None


class _Reply(msgspec.Struct):
    model: msgspec.Raw = msgspec.Raw()
    usage: msgspec.Raw = msgspec.Raw()
    data: msgspec.Raw = msgspec.Raw()
    duration: msgspec.Raw = msgspec.Raw()
    meta: msgspec.Raw = msgspec.Raw()


_reply = msgspec.json.Decoder(_Reply).decode
_text = msgspec.json.Decoder(str).decode
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_rows = msgspec.json.Decoder(list[msgspec.Raw]).decode
_tokens = msgspec.json.Decoder(Tokens).decode
_amount = msgspec.json.Decoder(Amount).decode
_NONE: dict[str, msgspec.Raw] = {}


def read_reply(body: bytes, capability: str) -> Counted:
    """A whole JSON reply. Raises NotAReplyError where it is no JSON object; odd fields in it are unknown."""
    try:
        reply = _reply(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise NotAReplyError(str(error)) from None
    usage = _part(reply.usage, _fields) or _NONE
    model, tokens = _part(reply.model, _text), _usage(usage)
    if capability == "images":
        rows = _part(reply.data, _rows)
        return Counted(model, tokens, "images", None if rows is None else len(rows))
    if capability == "transcriptions":
        seconds = _part(usage.get("seconds"), _amount)
        seconds = _part(reply.duration, _amount) if seconds is None else seconds
        return Counted(model, tokens, None if seconds is None else "seconds", seconds)
    if capability == "rerank":
        billed = _part((_part(reply.meta, _fields) or _NONE).get("billed_units"), _fields) or _NONE
        searches = _part(billed.get("search_units"), _amount)
        return Counted(model, tokens, None if searches is None else "searches", searches)
    return Counted(model, tokens)


def _usage(fields: dict[str, msgspec.Raw]) -> Usage:
    """A usage block in our words: OpenAI has two spellings, and rerankers give only a total."""
    get = fields.get
    given = _part(get("input_tokens", get("prompt_tokens")), _tokens)
    answered = _part(get("output_tokens", get("completion_tokens")), _tokens)
    if given is None and answered is None:
        given = _part(get("total_tokens"), _tokens)
        if given is None:
            return UNKNOWN
    before = _part(get("input_tokens_details", get("input_token_details")), _fields) or _NONE
    after = _part(get("output_tokens_details", get("output_token_details")), _fields) or _NONE
    return Usage(
        given,
        _part(before.get("cached_tokens"), _tokens),
        answered,
        None,
        audio_input=_part(before.get("audio_tokens"), _tokens),
        audio_output=_part(after.get("audio_tokens"), _tokens),
    )


def _part(raw: msgspec.Raw | None, decode: Callable[[msgspec.Raw], T]) -> T | None:
    if raw is None or not bytes(raw):
        return None
    try:
        return decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


class MediaStream:
    """Follows server-sent events of images, speech and transcriptions as they pass, however they are split."""

    __slots__ = ("_first", "_last", "_size", "count", "events", "failed", "inside", "units", "usage")

    def __init__(self) -> None:
        self._first = bytearray()
        """The event's beginning, up to MOST_EVENT_BYTES."""
        self._last = b""
        """The end of a longer one."""
        self.events = 0
        self.failed = False
        """The vendor sent an error event."""
        self.inside = False
        """An event has begun and not ended."""
        self.usage = UNKNOWN
        self.units: str | None = None
        self.count: float | None = None

    def feed(self, data: bytes) -> None:
        """Look at the next bytes of the stream."""
        held = bytes(self._last[-3:] if self._last else self._first[-3:])
        position, base = 0, len(held)
        joined = held + data
        search = max(0, base - 3)
        while match := _END.search(joined, search):
            if match.end() <= base:
                # Ended with an earlier portion.
                search = match.end()
                continue
            self._take(data[position : match.end() - base])
            self._ended()
            position = match.end() - base
            search = match.end()
        self._take(data[position:])
        self.inside = bool((bytes(self._first) + self._last).strip(b"\r\n"))

    def _take(self, part: bytes) -> None:
        room = MOST_EVENT_BYTES - len(self._first)
        if room > 0:
            self._first += part[:room]
            part = part[room:]
        if part:
            self._last = (self._last + part)[-_END_BYTES:]

    def _ended(self) -> None:
        event, last = bytes(self._first), self._last
        self._first.clear()
        self._last = b""
        data = b"\n".join([line[5:].strip(b" ") for line in event.splitlines() if line.startswith(b"data:")])
        if not data:
            return
        self.events += 1
        if last:
            self._read_ends(event[:_END_BYTES], last)
            return
        try:
            fields = _fields(data)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return
        kind = _part(fields.get("type"), _text) or ""
        self._judge(kind, "error" in fields or kind == "error")
        self._note(_part(fields.get("usage"), _fields))

    def _read_ends(self, first: bytes, last: bytes) -> None:
        self._judge("image.completed" if re.search(rb"image_\w+\.completed", first) else "", False)
        text = last.decode("utf-8", "replace")
        for match in _USAGE.finditer(text):
            try:
                value: Any = json.JSONDecoder().raw_decode(text, match.end())[0]
            except (ValueError, RecursionError):
                continue
            self._note(_part(msgspec.Raw(json.dumps(value).encode()), _fields))

    def _judge(self, kind: str, failed: bool) -> None:
        self.failed = self.failed or failed
        if kind.startswith("image") and kind.endswith(".completed"):
            self.units, self.count = "images", (self.count or 0) + 1

    def _note(self, usage: dict[str, msgspec.Raw] | None) -> None:
        if usage is None:
            return
        self.usage = _usage(usage)
        seconds = _part(usage.get("seconds"), _amount)
        if seconds is not None:
            self.units, self.count = "seconds", seconds
