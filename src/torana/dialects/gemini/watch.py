"""Reads usage and the served model out of replies as they pass, whole or streamed, and changes nothing."""

import re

import msgspec

from torana.core.usage import UNKNOWN, Usage
from torana.dialects.gemini.elements import Elements
from torana.dialects.gemini.usage import UsageBlock, read_usage
from torana.dialects.passing import MOST_EVENT_BYTES, PassingStream, data_lines
from torana.dialects.unpromised import UNREADABLE, read_again


class _Reply(msgspec.Struct, rename="camel"):
    model_version: str | None = None
    usage_metadata: UsageBlock | None = None


class _Chunk(msgspec.Struct, rename="camel"):
    model_version: str | None = None
    usage_metadata: UsageBlock | None = None
    error: msgspec.Raw = msgspec.Raw()


class _AnyReply(msgspec.Struct, rename="camel"):
    model_version: msgspec.Raw = msgspec.Raw()


_decode = msgspec.json.Decoder(_Reply).decode
_decode_any = msgspec.json.Decoder(_AnyReply).decode
_decode_chunk = msgspec.json.Decoder(_Chunk).decode
_decode_usage = msgspec.json.Decoder(UsageBlock).decode
_BRACKET = re.compile(rb"[{}]")
_END_BYTES = 4096
_SPACE = b" \t\r\n"
_ENDS = (b'"finishReason"', b'"blockReason"')


def read_reply(body: bytes) -> tuple[str | None, Usage]:
    """The served model and the usage of a reply. Raises NotAReplyError; odd fields inside a JSON object are simply unknown."""
    try:
        reply: _Reply | _AnyReply = _decode(body)
    except UNREADABLE:
        reply = read_again(_decode, _decode_any, body)
    if isinstance(reply, _AnyReply):
        return None, UNKNOWN
    return reply.model_version, read_usage(reply.usage_metadata)


class _Reader(PassingStream):
    """What both forms of a stream have in common. Usage stands in every chunk and the last one counts, so it is read when asked."""

    __slots__ = ("_end", "_last", "_usage", "_whole")

    def __init__(self, hide_usage: bool) -> None:
        self._last = b""
        self._end = b""
        """The last bytes that came: an image may make a chunk too long to be held, and usage stands near its end."""
        self._usage = UNKNOWN
        super().__init__()
        # Gemini sends usage unasked, so nothing is ever hidden.
        del hide_usage
        self._whole = False

    @property
    def usage(self) -> Usage:
        """What the vendor has counted so far."""
        block = _usage_near_end(self._end)
        if block is None and self._last:
            try:
                block = _decode_chunk(self._last).usage_metadata
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                # A usage that cannot be one is unknown, like everything that is not understood.
                block = None
        return self._usage if block is None else read_usage(block)

    @usage.setter
    def usage(self, usage: Usage) -> None:
        self._usage = usage

    @property
    def whole(self) -> bool:
        """Whether a finish reason has come: Gemini's streams have no closing event."""
        return self._whole or any(end in self._end for end in _ENDS)

    def _remember(self, data: bytes) -> None:
        self._end = data[-_END_BYTES:] if len(data) >= _END_BYTES else (self._end + data)[-_END_BYTES:]

    def _read(self, event: bytes) -> bytes:
        lines = data_lines(event)
        self.events += len(lines)
        if lines:
            self._look(lines[0] if len(lines) == 1 else b"\n".join(lines))
        return event

    def _look(self, payload: bytes) -> None:
        """Note what one chunk says."""
        if any(end in payload for end in _ENDS):
            self._whole = True
        if b'"usageMetadata"' in payload:
            self._last = payload
        if self.model and b'"error"' not in payload:
            return
        try:
            chunk = _decode_chunk(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return
        self.model = self.model or chunk.model_version
        if bytes(chunk.error) not in (b"", b"null"):
            self.failed = True


def _usage_near_end(end: bytes) -> UsageBlock | None:
    """The last usage block in the last bytes, if it stands there whole."""
    found = end.rfind(b'"usageMetadata"')
    start = end.find(b"{", found) if found >= 0 else -1
    if start < 0 or end[found + 15 : start].strip() != b":":
        return None
    depth = 0
    for match in _BRACKET.finditer(end, start):
        depth += 1 if match[0] == b"{" else -1
        if depth == 0:
            try:
                return _decode_usage(end[start : match.end()])
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                return None
    return None


class StreamReader(_Reader):
    """Server-sent events. `done` stays empty: the end of the body ends it."""

    __slots__ = ()

    def feed(self, data: bytes) -> bytes:
        """Bytes to hand on now."""
        if (
            not self._rest
            and self.model
            and len(data) <= MOST_EVENT_BYTES
            and data.endswith((b"\r\n\r\n", b"\n\n"))
            and data.find(b'"error"') < 0
        ):
            # Whole events, none of which has to be looked into: the last of them that count are kept.
            self.events += data.count(b"\ndata:") + data.startswith(b"data:")
            if data.find(b'"usageMetadata"') >= 0:
                self._end = data
            return data
        self._remember(data)
        return self._feed_slowly(data)


class ArrayReader(_Reader):
    """The JSON array that streamGenerateContent answers with where `alt=sse` is missing.

    Hands on whole elements, and the closing bracket as `done`. An element too long to hold is handed on as it comes.
    An object alone, which some servers answer, gets its brackets: callers expect an array, and an error may have to follow.
    """

    __slots__ = ("_alone", "_elements", "_handed")

    def __init__(self, hide_usage: bool) -> None:
        super().__init__(hide_usage)
        self._elements = Elements(MOST_EVENT_BYTES, skip=True)
        self._handed = 0
        """How many bytes have been handed on."""
        self._alone: bool | None = None
        """Whether an object stands where an array was due; None until something has come."""

    def feed(self, data: bytes) -> bytes:
        """Bytes to hand on now. After `done` is set, everything further is ignored."""
        if self.done:
            return b""
        if self._alone is None and (begin := data.lstrip(_SPACE)):
            self._alone = begin.startswith(b"{")
            if self._alone:
                data = b"[" + data
        self._remember(data)
        self._rest += data
        before = self.events
        self._elements.feed(data, self._element)
        if self.events != before:
            self._inside_long = False
        if self._elements.closed:
            bracket = max(self._elements.last_end - self._handed, 0)
            out, self.done, self._rest = self._rest[:bracket], self._rest[bracket:] or b"]", b""
            return out
        ready = self._elements.last_end - self._handed
        if len(self._rest) - max(ready, 0) > MOST_EVENT_BYTES:
            self._inside_long = True
        if self._inside_long:
            # At least the last byte stays, so that `tail` shows that it was not completed.
            ready = len(self._rest) - 1
        if ready <= 0:
            return b""
        self._handed += ready
        out, self._rest = self._rest[:ready], self._rest[ready:]
        return out

    def tail(self) -> bytes:
        """What was begun and not completed; the array is cut as long as its closing bracket is missing."""
        return b"" if self.done else self._rest or b" "

    def finish(self) -> bytes:
        """The closing bracket of an object alone, if that has come whole; nothing otherwise."""
        if self._alone and self.events and not self._elements.unfinished and not self._rest.strip(_SPACE):
            self.done, self._rest = b"]", b""
        return b""

    def _element(self, element: bytes) -> None:
        self.events += 1
        if element:
            self._look(element)
