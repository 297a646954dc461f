"""Follows a stream of server-sent events as it passes: reads usage, model, errors and the end, and changes almost nothing.

Whole events are handed on as the bytes they came in. Only where the caller did not ask for usage, but the gate did, is the usage
taken out again. An event longer than MOST_EVENT_BYTES is handed on unread, so that nothing large is ever held.
"""

import re

import msgspec

from torana.core.usage import UNKNOWN, Usage
from torana.dialects.openai.reply import UsageBlock, read_usage

MOST_EVENT_BYTES = 32_768
_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_NULL_USAGE = re.compile(rb',[ ]?"usage":[ ]?null')


class _Chunk(msgspec.Struct):
    model: str | None = None
    usage: UsageBlock | None = None
    choices: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()


_decode = msgspec.json.Decoder(_Chunk).decode


class StreamReader:
    """Fed with the bytes of a stream in any portions; what it hands on does not depend on the portions."""

    __slots__ = ("_hide", "_inside_long", "_rest", "done", "events", "failed", "model", "usage")

    def __init__(self, hide_usage: bool) -> None:
        self._hide = hide_usage
        self._rest = b""
        self._inside_long = False
        self.model: str | None = None
        self.usage: Usage = UNKNOWN
        self.events = 0
        """Data lines that have passed: vendors send one an event, and about one token in each."""
        self.failed = False
        """The vendor sent an error event."""
        self.done: bytes = b""
        """The closing `[DONE]` event, once it has come: held back so that the record can be written before it."""

    def feed(self, data: bytes) -> bytes:
        """Bytes to hand on now. After `done` is set, everything further is ignored."""
        if self.done:
            return b""
        if (
            not self._rest
            and self.model
            and len(data) <= MOST_EVENT_BYTES
            and data.endswith(b"\n\n")
            and b"[DONE]" not in data
            and b"error" not in data
            and b"\r" not in data
        ):
            # Whole events, all of them of the plain kind that `_read` would hand on unread too.
            usages = data.count(b'"usage"')
            if not usages or usages == data.count(b',"usage":null'):
                self.events += data.count(b"\ndata:") + data.startswith(b"data:")
                return data.replace(b',"usage":null', b"") if usages and self._hide else data
        return self._feed_slowly(data)

    def tail(self) -> bytes:
        """An event that was begun and not completed; the stream was cut when this is not empty."""
        return self._rest

    @property
    def inside_event(self) -> bool:
        """Whether part of an unfinished event has been handed on already."""
        return self._inside_long

    def _feed_slowly(self, data: bytes) -> bytes:
        data = self._rest + data
        self._rest = b""
        out: list[bytes] = []
        position = 0
        while not self.done and (match := _END.search(data, position)):
            end = match.end()
            event = data[position:end]
            position = end
            if self._inside_long:
                self._inside_long = False
                self.events += 1
                out.append(event)
            elif len(event) > MOST_EVENT_BYTES:
                self.events += 1
                out.append(event)
            else:
                out.append(self._read(event))
        if not self.done:
            self._keep(data[position:], out)
        return b"".join(out)

    def _keep(self, rest: bytes, out: list[bytes]) -> None:
        # A boundary may be split between two portions: its first bytes stay until the rest has come.
        # Of an event too long to hold, at least the last byte stays too, so that `tail` shows that it was not completed.
        if self._inside_long or len(rest) > MOST_EVENT_BYTES:
            self._inside_long = True
            hold = len(rest) - len(rest.rstrip(b"\r\n"))
            keep = max(min(hold, 3), 1)
            out.append(rest[: len(rest) - keep])
            rest = rest[len(rest) - keep :]
        self._rest = rest

    def _read(self, event: bytes) -> bytes:
        lines = _data_lines(event)
        self.events += len(lines)
        payload = b"\n".join(lines)
        if payload == b"[DONE]":
            self.done = event
            return b""
        if self.model and b'"error"' not in event and event.count(b'"usage"') == event.count(b',"usage":null'):
            return event.replace(b',"usage":null', b"") if self._hide else event
        try:
            chunk = _decode(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            # Not JSON, or a usage that cannot be one: handed on, like everything that is not understood.
            return event
        self.model = self.model or chunk.model
        if bytes(chunk.error) not in (b"", b"null"):
            self.failed = True
        if chunk.usage is not None:
            self.usage = read_usage(chunk.usage)
            if self._hide and bytes(chunk.choices) in (b"[]", b""):
                return b""
        elif self._hide:
            return _NULL_USAGE.sub(b"", event)
        return event


def _data_lines(event: bytes) -> list[bytes]:
    """The data of one event, line by line; none when it is a comment, for instance."""
    if event.startswith(b"data:") and event.count(b"\n") == 2 and b"\r" not in event:
        return [event[5:-2].strip(b" ")]
    return [line[5:].strip(b" ") for line in event.splitlines() if line.startswith(b"data:")]
