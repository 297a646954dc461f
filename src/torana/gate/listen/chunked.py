"""Decodes a chunked request body (RFC 9112 section 7.1), strictly: extensions are skipped and capped, trailers are dropped.

httptools reports neither the size of extensions nor where a body ends inside a read, and both have to be known.
"""

import re

from torana.core.errors import Refusal
from torana.gate.listen.checks import malformed

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})((?:[ \t]*;[\t\x20-\x7e]*)?)")
_TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*")
_MOST_EXTENSIONS = 1_024
_MOST_TRAILERS = 8_192
_LINE_ROOM = 18


class ChunkedBody:
    """Takes bytes in any split; `body` grows as they arrive."""

    __slots__ = ("_extensions", "_held", "_in_trailers", "_limit", "_need", "_taken", "_trailers", "body")

    def __init__(self, limit: int) -> None:
        self.body = bytearray()
        self._limit = limit
        self._held = b""
        self._need = 0
        """Bytes missing of the current chunk, its CR LF included; 0 where a size line is due."""
        self._in_trailers = False
        self._taken = 0
        self._extensions = 0
        self._trailers = 0

    def feed(self, data: bytes) -> bytes | None:
        """None while more is needed; after the end, the bytes that follow the body. Raises Refusal."""
        if self._held:
            data, self._held = self._held + data, b""
        position = 0
        while not self._in_trailers:
            if self._need:
                position = self._take(data, position)
                if self._need:
                    self._held = data[position:]
                    return None
            end = data.find(b"\n", position)
            if end < 0:
                self._hold(
                    data[position:], _LINE_ROOM + _MOST_EXTENSIONS - self._extensions, "chunk extensions are too long"
                )
                return None
            self._begin_chunk(data[position : end + 1])
            position = end + 1
        return self._skip_trailers(data, position)

    def take(self) -> bytes:
        """What has grown since the last time, which is then no longer held."""
        taken = bytes(self.body)
        self._taken += len(taken)
        self.body.clear()
        return taken

    def _take(self, data: bytes, position: int) -> int:
        inside = self._need - 2
        if inside > 0:
            taken = min(inside, len(data) - position)
            self.body += data[position : position + taken]
            self._need -= taken
            position += taken
        if self._need == 2 and len(data) - position >= 2:
            if data[position : position + 2] != b"\r\n":
                raise malformed("a chunk does not end with CR LF")
            self._need = 0
            position += 2
        return position

    def _begin_chunk(self, line: bytes) -> None:
        found = _SIZE.fullmatch(line[:-2])
        if found is None or not line.endswith(b"\r\n"):
            raise malformed("a chunk size is not valid")
        self._extensions += len(found[2])
        if self._extensions > _MOST_EXTENSIONS:
            raise malformed("chunk extensions are too long")
        size = int(found[1], 16)
        if self._taken + len(self.body) + size > self._limit:
            raise Refusal("body_too_large", limit=self._limit)
        if size:
            self._need = size + 2
        else:
            self._in_trailers = True

    def _skip_trailers(self, data: bytes, position: int) -> bytes | None:
        while True:
            end = data.find(b"\n", position)
            if end < 0:
                self._hold(data[position:], _MOST_TRAILERS - self._trailers, "trailers are too long")
                return None
            line = data[position : end + 1]
            position = end + 1
            if line == b"\r\n":
                return data[position:]
            self._trailers += len(line)
            if self._trailers > _MOST_TRAILERS:
                raise malformed("trailers are too long")
            if not line.endswith(b"\r\n") or not _TRAILER.fullmatch(line[:-2]):
                raise malformed("a trailer is not valid")

    def _hold(self, part: bytes, most: int, reason: str) -> None:
        if len(part) > most:
            raise malformed(reason)
        self._held = part
