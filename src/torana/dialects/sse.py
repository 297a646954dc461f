"""Server-sent events, both ways, as the WHATWG's HTML standard defines them (section 9.2, "Server-sent events")."""

import re
from typing import NamedTuple

MOST_EVENT_BYTES = 8 * 1_048_576
"""An event that is longer is no event of a model: a whole image in base64 fits."""
_LINE_END = re.compile(rb"\r\n|\n|\r")


class TooLongError(ValueError):
    """An event that does not end."""


class ServerEvent(NamedTuple):
    """One event with data."""

    event: bytes
    """Its type; empty where it has none."""
    data: bytes


class Splitter:
    """Cuts bytes into events, however they are split. Comments, ids, retry times and events without data are passed over."""

    __slots__ = ("_after_cr", "_data", "_event", "_rest", "_size")

    def __init__(self) -> None:
        self._rest = b""
        self._event = b""
        self._data: list[bytes] = []
        self._size = 0
        self._after_cr = False

    def feed(self, data: bytes) -> list[ServerEvent]:
        """The events that these bytes complete. Raises TooLongError."""
        if not self._rest and not self._data and not self._after_cr and data.endswith(b"\n\n") and b"\r" not in data:
            # Whole events, as nearly every read brings them.
            found: list[ServerEvent] = []
            for block in data[:-2].split(b"\n\n"):
                first, _, second = block.partition(b"\n")
                if not second and first.startswith(b"data: "):
                    found.append(ServerEvent(b"", first[6:]))
                elif first.startswith(b"event: ") and second.startswith(b"data: ") and b"\n" not in second:
                    found.append(ServerEvent(first[7:], second[6:]))
                else:
                    for line in block.split(b"\n"):
                        self._line(line, found)
                    self._line(b"", found)
            return found
        return self._feed_lines(data)

    def end(self) -> list[ServerEvent]:
        """The stream has ended: the event whose empty line is missing, as vendors that cut off the last line end send it."""
        found: list[ServerEvent] = []
        if self._rest:
            rest, self._rest = self._rest, b""
            self._line(rest, found)
        self._line(b"", found)
        return found

    @property
    def unfinished(self) -> bool:
        """Whether an event has begun and not ended."""
        return bool(self._rest or self._data)

    def _feed_lines(self, data: bytes) -> list[ServerEvent]:
        found: list[ServerEvent] = []
        if self._after_cr and data:
            # The second half of a line end that was split.
            self._after_cr = False
            if data[0] == 10:
                data = data[1:]
        data = self._rest + data if self._rest else data
        position = 0
        while match := _LINE_END.search(data, position):
            self._line(data[position : match.start()], found)
            position = match.end()
        self._after_cr = position == len(data) and data.endswith(b"\r")
        self._rest = data[position:]
        if len(self._rest) + self._size > MOST_EVENT_BYTES:
            raise TooLongError(f"an event is longer than {MOST_EVENT_BYTES} bytes")
        return found

    def _line(self, line: bytes, found: list[ServerEvent]) -> None:
        if not line:
            if self._data:
                found.append(ServerEvent(self._event, b"\n".join(self._data)))
            self._data = []
            self._event = b""
            self._size = 0
            return
        name, _, value = line.partition(b":")
        if value[:1] == b" ":
            value = value[1:]
        if name == b"data":
            self._data.append(value)
            self._size += len(value)
        elif name == b"event":
            self._event = value
