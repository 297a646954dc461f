"""Follows a stream of server-sent events as it passes, and hands on whole events as the bytes they came in.

A dialect's `watch.py` says what is read from an event. An event longer than MOST_EVENT_BYTES is handed on unread, so that nothing
large is ever held.
"""

import abc
import re

from torana.core.usage import UNKNOWN, Usage

MOST_EVENT_BYTES = 32_768
_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")


class PassingStream(abc.ABC):
    """Fed with the bytes of a stream in any portions; what it hands on does not depend on them. `_read` is the dialect's."""

    __slots__ = ("_inside_long", "_rest", "done", "events", "failed", "model", "usage")

    def __init__(self) -> None:
        self._rest = b""
        self._inside_long = False
        self.model: str | None = None
        self.usage: Usage = UNKNOWN
        self.events = 0
        """Data lines that have passed: vendors send one an event, and about one token in each."""
        self.failed = False
        """The vendor sent an error event."""
        self.done: bytes = b""
        """The closing event, once it has come: held back so that the record can be written before it."""

    def feed(self, data: bytes) -> bytes:
        """Bytes to hand on now. After `done` is set, everything further is ignored."""
        if self.done:
            return b""
        return self._feed_slowly(data)

    def tail(self) -> bytes:
        """An event that was begun and not completed; the stream was cut when this is not empty."""
        return self._rest

    def finish(self) -> bytes:
        """The vendor's bytes have ended: nothing is added to what passes."""
        return b""

    @property
    def whole(self) -> bool:
        """Whether a stream that ends here is complete, as far as its dialect tells."""
        return True

    @property
    def inside_event(self) -> bool:
        """Whether part of an unfinished event has been handed on already."""
        return self._inside_long

    @abc.abstractmethod
    def _read(self, event: bytes) -> bytes:
        """Look into one whole event and return what is to be handed on of it: mostly the event itself."""

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


def data_lines(event: bytes) -> list[bytes]:
    """The data of one event, line by line; none when it is a comment, for instance."""
    if event.startswith(b"data:") and event.count(b"\n") == 2 and b"\r" not in event:
        return [event[5:-2].strip(b" ")]
    return [line[5:].strip(b" ") for line in event.splitlines() if line.startswith(b"data:")]
