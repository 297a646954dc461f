"""A streamed body into the JSON texts of its events, whatever portions it comes in.

Server-sent events as in https://html.spec.whatwg.org/multipage/server-sent-events.html (only `data` is read), a JSON value a
line, or one JSON array whose entries come one after the other.
"""

import re
from typing import Literal

from torana.custom.errors import CustomError

MOST_EVENT_BYTES = 1024 * 1024
_LINE = re.compile(rb"\r\n|\n|\r(?=[^\n])")
_NOTABLE = re.compile(rb'["\\\[\]{},]')


class Framer:
    """Fed with bytes; gives whole events. `closed` is set when the framing itself says that the stream is over."""

    def __init__(self, framing: Literal["sse", "ndjson", "json-array"], done: str = "[DONE]") -> None:
        self.closed = False
        self._rest = bytearray()
        self._done = done.encode()
        self._data: list[bytes] = []
        self._size = 0
        self._entry = _Entries() if framing == "json-array" else None
        self._is_sse = framing == "sse"

    def feed(self, data: bytes) -> list[bytes]:
        """The events that these bytes complete. Raises CustomError (upstream_bad_reply)."""
        if self.closed:
            return []
        if self._entry is not None:
            entries = self._entry.feed(data)
            self.closed = self._entry.closed
            return entries
        events: list[bytes] = []
        if b"\n" in data or b"\r" in data or self._rest.endswith(b"\r"):
            # A \r at the very end may be the first half of \r\n, so it waits.
            *lines, rest = _LINE.split(bytes(self._rest) + data)
            self._rest = bytearray(rest)
            self._lines(lines, events)
        else:
            self._rest += data
        if len(self._rest) > MOST_EVENT_BYTES:
            raise _bad("an event is too long")
        return events

    def end(self) -> list[bytes]:
        """What is left when the body has ended: a last line without its end is a line."""
        if self.closed or self._entry is not None:
            return []
        events: list[bytes] = []
        self._lines([bytes(self._rest).removesuffix(b"\r"), b""], events)
        self._rest.clear()
        return events

    def _lines(self, lines: list[bytes], events: list[bytes]) -> None:
        for line in lines:
            if not self.closed:
                self._line(line, events)

    def _line(self, line: bytes, events: list[bytes]) -> None:
        if not self._is_sse:
            if line.strip():
                events.append(line)
            return
        if line:
            if line.startswith(b"data:"):
                value = line[5:].removeprefix(b" ")
                self._data.append(value)
                self._size += len(value) + 1
                if self._size > MOST_EVENT_BYTES:
                    raise _bad("an event is too long")
            return
        text = b"\n".join(self._data)
        self._data, self._size = [], 0
        if text.strip() == self._done:
            self.closed = True
        elif text.strip():
            events.append(text)


class _Entries:
    """The entries of one JSON array. What they hold is not looked at but for brackets and strings."""

    def __init__(self) -> None:
        self.closed = False
        self._begun = False
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self._entry = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        if not self._begun:
            data = data.lstrip()
            if not data:
                return []
            if not data.startswith(b"["):
                raise _bad("it does not begin as a JSON array")
            self._begun = True
            data = data[1:]
        events: list[bytes] = []
        position = 0
        if self._escaped and data:
            self._escaped = False
            self._entry += data[:1]
            position = 1
        while not self.closed and (match := _NOTABLE.search(data, position)):
            at = match.start()
            self._entry += data[position:at]
            position = self._meet(data, at, events)
        if not self.closed:
            self._entry += data[position:]
        if len(self._entry) > MOST_EVENT_BYTES:
            raise _bad("an entry is too long")
        return events

    def _meet(self, data: bytes, at: int, events: list[bytes]) -> int:
        """Take the notable byte at a place; returns where to go on."""
        byte = data[at : at + 1]
        if self._in_string:
            if byte == b"\\":
                self._entry += data[at : at + 2]
                self._escaped = at + 1 == len(data)
                return at + 2
            self._in_string = byte != b'"'
        elif byte == b'"':
            self._in_string = True
        elif byte in b"[{":
            self._depth += 1
        elif byte in b"]}":
            self._depth -= 1
        if self._depth < 0 or (self._depth == 0 and byte == b"," and not self._in_string):
            self.closed = self._depth < 0
            entry = bytes(self._entry).strip()
            self._entry.clear()
            if entry:
                events.append(entry)
        else:
            self._entry += byte
        return at + 1


def _bad(reason: str) -> CustomError:
    return CustomError("upstream_bad_reply", "stream", reason)
