"""Cuts a JSON array into its elements as its bytes come: the form of a stream without `alt=sse`."""

import re
from collections.abc import Callable

from torana.dialects.sse import MOST_EVENT_BYTES, TooLongError

_OUTSIDE = re.compile(rb'["{}\[\]]')
_INSIDE = re.compile(rb'["\\]')
_OPENING = b"{["
_QUOTE, _BACKSLASH = 34, 92


class Elements:
    """Fed with bytes in any portions; gives each element that is an object or array, once it is whole.

    One longer than `most` is an error or, with `skip`, given as nothing.
    """

    __slots__ = (
        "_buffer",
        "_depth",
        "_inside",
        "_position",
        "_skip",
        "_start",
        "_thrown",
        "closed",
        "last_end",
        "most",
    )

    def __init__(self, most: int = MOST_EVENT_BYTES, skip: bool = False) -> None:
        self.most = most
        self.last_end = 0
        """How many of the bytes that were fed lie before the end of the last whole element."""
        self._skip = skip
        self._thrown = 0
        """Bytes that lay before the buffer."""
        self.closed = False
        """The array has ended."""
        self._buffer = b""
        self._position = 0
        self._start = -1
        self._depth = 0
        self._inside = False

    @property
    def unfinished(self) -> bool:
        """Whether an element has begun and not ended."""
        return self._depth > 1 or self._inside

    def feed(self, data: bytes, give: Callable[[bytes], None]) -> None:
        """Calls `give` with each element that these bytes complete; bytes behind the end are ignored. Raises TooLongError."""
        self._buffer += data
        while not self.closed:
            found = (_INSIDE if self._inside else _OUTSIDE).search(self._buffer, self._position)
            if found is None:
                self._position = len(self._buffer)
                break
            self._position = found.end()
            sign = self._buffer[found.start()]
            if self._inside:
                if sign == _QUOTE:
                    self._inside = False
                elif self._position == len(self._buffer):
                    # What it escapes has not come: look at it again then.
                    self._position = found.start()
                    break
                else:
                    self._position += 1
            elif sign == _QUOTE:
                self._inside = True
            else:
                self._nest(sign, found.start(), give)
        self._shorten()

    def _nest(self, sign: int, at: int, give: Callable[[bytes], None]) -> None:
        if sign in _OPENING:
            self._depth += 1
            # An object alone, where an array was due, counts as an array of one.
            if self._depth == 2 or (self._depth == 1 and sign == _OPENING[0]):
                self._depth = 2
                self._start = at
            return
        self._depth -= 1
        if self._depth == 1:
            element = self._buffer[self._start : self._position] if self._start >= 0 else b""
            self._start = -1
            self.last_end = self._thrown + self._position
            give(element)
        elif self._depth <= 0:
            self.closed = True

    def _shorten(self) -> None:
        keep = self._start if self._start >= 0 else self._position
        if keep:
            self._drop(keep)
        if len(self._buffer) > self.most:
            if not self._skip:
                raise TooLongError(f"an element is longer than {self.most} bytes")
            self._drop(self._position)
            self._start = -1

    def _drop(self, count: int) -> None:
        self._buffer = self._buffer[count:]
        self._position -= count
        self._thrown += count
        if self._start >= 0:
            self._start = 0
