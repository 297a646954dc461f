"""Reads usage and the served model out of replies as they pass, whole or streamed, and changes nothing."""

import re
from typing import Annotated

import msgspec

from torana.core.usage import UNKNOWN, Usage
from torana.dialects.passing import MOST_EVENT_BYTES, PassingStream, data_lines
from torana.dialects.unpromised import UNREADABLE, read_again

Tokens = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
TERMINAL = ("response.completed", "response.incomplete", "response.failed")


class _InputDetails(msgspec.Struct):
    cached_tokens: Tokens | None = None
    cache_write_tokens: Tokens | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: Tokens | None = None


class _Usage(msgspec.Struct):
    input_tokens: Tokens | None = None
    output_tokens: Tokens | None = None
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None


class _Reply(msgspec.Struct):
    model: msgspec.Raw = msgspec.Raw()
    usage: msgspec.Raw = msgspec.Raw()


class _Event(msgspec.Struct):
    type: str | None = None
    response: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()


_decode = msgspec.json.Decoder(_Reply).decode
_decode_usage = msgspec.json.Decoder(_Usage | None).decode
_decode_event = msgspec.json.Decoder(_Event).decode
_decode_text = msgspec.json.Decoder(str | None).decode


def read_reply(body: bytes) -> tuple[str | None, Usage]:
    """The served model and the usage of a response. Raises NotAReplyError; odd fields inside a JSON object are simply unknown."""
    try:
        reply = _decode(body)
    except UNREADABLE:
        reply = read_again(_decode, _decode, body)
    return _model(reply.model), read_usage(reply.usage)


def read_usage(raw: msgspec.Raw) -> Usage:
    """A `usage` object in our words; one with numbers that cannot be token counts is unknown."""
    if not raw:
        return UNKNOWN
    try:
        block = _decode_usage(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return UNKNOWN
    if block is None:
        return UNKNOWN
    before, after = block.input_tokens_details, block.output_tokens_details
    return Usage(
        block.input_tokens,
        None if before is None else before.cached_tokens,
        block.output_tokens,
        None if after is None else after.reasoning_tokens,
        cache_write=None if before is None else before.cache_write_tokens,
    )


def _model(raw: msgspec.Raw) -> str | None:
    try:
        return _decode_text(raw) if raw else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


MOST_LAST_BYTES = 32 * 1_048_576
"""The last event repeats the whole reply, images included. One that is longer is handed on unread like other long events."""
_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")
# What an event has to hold for it to be looked into.
_TELLS = re.compile(rb'"response\.(?:created|completed|incomplete|failed)"|"error"')
_LAST = re.compile(rb"response\.(?:completed|incomplete|failed)\b")
_HEAD_BYTES = 256


class StreamReader(PassingStream):
    """Events up to `response.completed`, `response.incomplete` or `response.failed`, which is held back however long it is."""

    __slots__ = ("_last", "_last_size")

    def __init__(self, hide_usage: bool) -> None:
        """`hide_usage` changes nothing: usage is part of the last event of every stream."""
        super().__init__()
        self._last: list[bytes] = []
        self._last_size = 0

    def feed(self, data: bytes) -> bytes:
        """Bytes to hand on now. After `done` is set, everything further is ignored."""
        if self.done:
            return b""
        if self._last:
            return self._gather(data)
        if (
            not self._rest
            and self.model
            and len(data) <= MOST_EVENT_BYTES
            and data.endswith(b"\n\n")
            and 13 not in data
            and not _TELLS.search(data)
        ):
            # Whole events, all of them of the plain kind that `_read` would hand on unread too.
            self.events += data.count(b"\ndata:") + data.startswith(b"data:")
            return data
        return self._feed_slowly(data)

    def tail(self) -> bytes:
        """An event that was begun and not completed; the stream was cut when this is not empty."""
        return self._last[0] if self._last else self._rest

    def _feed_slowly(self, data: bytes) -> bytes:
        data = self._rest + data
        self._rest = b""
        out: list[bytes] = []
        position = 0
        while not self.done and (match := _END.search(data, position)):
            event = data[position : match.end()]
            position = match.end()
            if self._inside_long or _too_long(event):
                self._inside_long = False
                self.events += 1
                out.append(event)
            else:
                out.append(self._read(event))
        if not self.done:
            self._keep(data[position:], out)
        return b"".join(out)

    def _keep(self, rest: bytes, out: list[bytes]) -> None:
        if not self._inside_long and len(rest) > MOST_EVENT_BYTES and _LAST.search(rest, 0, _HEAD_BYTES):
            self._last.append(rest)
            self._last_size = len(rest)
        else:
            super()._keep(rest, out)

    def _gather(self, data: bytes) -> bytes:
        """More of a long last event. Its pieces are joined once, when it is whole."""
        before = self._last[-1][-3:]
        match = _END.search(before + data)
        if match is None:
            # Three bytes or more in every piece, so that an end split over several reads is found.
            if len(data) < 3:
                self._last[-1] += data
            else:
                self._last.append(data)
            self._last_size += len(data)
            if self._last_size <= MOST_LAST_BYTES:
                return b""
            out: list[bytes] = []
            self._inside_long = True
            self._keep(self._taken(), out)
            return b"".join(out)
        cut = match.end() - len(before)
        event = self._taken() + data[:cut]
        if _too_long(event):
            self.events += 1
        else:
            event = self._read(event)
        return event + self.feed(data[cut:])

    def _taken(self) -> bytes:
        whole, self._last, self._last_size = b"".join(self._last), [], 0
        return whole

    def _read(self, event: bytes) -> bytes:
        lines = data_lines(event)
        self.events += len(lines)
        if not _TELLS.search(event):
            return event
        try:
            told = _decode_event(b"\n".join(lines))
            reply = _decode(told.response) if told.response else None
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            # Not JSON, or no event: handed on, like everything that is not understood.
            return event
        if told.type == "error" or (told.type is None and bytes(told.error) not in (b"", b"null")):
            self.failed = True
        if reply is None or told.type is None or not told.type.startswith("response."):
            return event
        self.model = _model(reply.model) or self.model
        if told.type not in TERMINAL:
            return event
        self.usage = read_usage(reply.usage)
        self.failed = self.failed or told.type == "response.failed"
        self.done = event
        return b""


def _too_long(event: bytes) -> bool:
    """Whether an event is handed on unread."""
    size = len(event)
    return size > MOST_EVENT_BYTES and (size > MOST_LAST_BYTES or not _LAST.search(event, 0, _HEAD_BYTES))
