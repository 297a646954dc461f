"""The recorder's end of the spool: reads whole entries from an offset, and removes a segment once its offset is committed."""

import fcntl
import os
import time
from collections.abc import Container, Mapping
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from torana.stores.spool.segment import ENTRY, HEADER_BYTES, MAGIC, SEALED

# Between making a file and locking it a writer needs a moment.
_YOUNG_SECONDS = 10.0


class Batch(NamedTuple):
    """Whole entries of one segment between two offsets."""

    segment: str
    start: int
    end: int
    """Where the next read begins, once everything up to here is stored."""
    entries: list[tuple[int, bytes]]
    """Kind and payload."""
    finished: bool
    """Sealed, or its writer is dead, and read to the end: to be removed once `end` is committed."""
    damaged: bool
    """The segment is finished, but behind `end` lies an entry that was never completed or does not fit its CRC."""


class SpoolReader:
    """Reads every writer's segments in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, int] = {}

    def segments(self) -> list[str]:
        """Names of the segments there are, each writer's in its order of writing."""
        try:
            return sorted(entry.name for entry in os.scandir(self._folder) if entry.name.endswith(".seg"))
        except FileNotFoundError:
            return []

    def read(self, segment: str, offset: int, most_bytes: int) -> Batch:
        """Entries from `offset` (0: the start) on, about `most_bytes` of them. Raises FileNotFoundError when it is gone."""
        start = max(offset, HEADER_BYTES)
        with (self._folder / segment).open("rb", buffering=0) as file:
            # Asked before reading: what a writer wrote before it died is then surely in what is read.
            dead = _writer_is_dead(file.fileno())
            file.seek(start)
            data = _read_exactly(file.fileno(), most_bytes)
            entries, used, stop = _split(data)
            if stop is None and not entries and data:
                length = int.from_bytes(data[:4], "little")
                data = os.pread(file.fileno(), length + ENTRY.size, start)
                entries, used, stop = _split(data)
            size = os.fstat(file.fileno()).st_size
            at_end = start + used >= size
            if dead and stop is None and used < len(data) and start + len(data) >= size:
                stop = "damaged"  # the file ends in the middle of an entry, which nobody will complete
        end = start + used
        finished = stop == "sealed" or (dead and (stop in ("empty", "damaged") or at_end))
        return Batch(segment, offset, end, entries, finished, finished and stop == "damaged")

    def has_more(self, segment: str, offset: int) -> bool:
        """Whether something stands behind `offset`: one look of four bytes into a file kept open."""
        descriptor = self._open.get(segment)
        if descriptor is None:
            try:
                descriptor = self._open[segment] = os.open(self._folder / segment, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return False
        return os.pread(descriptor, 4, max(offset, HEADER_BYTES)) not in (b"", b"\0\0\0\0")

    def let_go(self, there: Container[str] = ()) -> None:
        """Close what `has_more` keeps open, but for the segments in `there`."""
        for segment in [name for name in self._open if name not in there]:
            os.close(self._open.pop(segment))

    def sweep(self) -> None:
        """Delete what writers that died left unfinished."""
        for path in self._folder.glob(".*.seg.new"):
            try:
                if time.time() - path.stat().st_mtime < _YOUNG_SECONDS:
                    continue
                with path.open("rb") as file:
                    if _writer_is_dead(file.fileno()):
                        path.unlink()
            except FileNotFoundError:
                continue  # its writer has just finished it

    def remove(self, segment: str) -> None:
        """Delete a finished segment whose end is committed."""
        (self._folder / segment).unlink(missing_ok=True)

    def backlog_bytes(self, offsets: Mapping[str, int]) -> int:
        """Bytes written but not yet stored, over all segments; `offsets` are the committed ones."""
        return sum(self._written_to(name, offsets.get(name, 0)) for name in self.segments())

    def _written_to(self, segment: str, offset: int) -> int:
        total = 0
        position = max(offset, HEADER_BYTES)
        try:
            descriptor = os.open(self._folder / segment, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return 0
        try:
            while len(prefix := os.pread(descriptor, ENTRY.size, position)) == ENTRY.size:
                length = int.from_bytes(prefix[:4], "little")
                if length in (0, SEALED):
                    break
                position += ENTRY.size + length
                total += ENTRY.size + length
        finally:
            os.close(descriptor)
        return total


def is_segment(head: bytes) -> bool:
    """Whether a file's first bytes are those of a segment."""
    return head.startswith(MAGIC)


def _split(data: bytes) -> tuple[list[tuple[int, bytes]], int, str | None]:
    """Whole entries at the front of `data`, the bytes they take, and what stopped the walk (None: `data` ends in one)."""
    entries: list[tuple[int, bytes]] = []
    position, size = 0, len(data)
    prefix = ENTRY.size
    unpack = ENTRY.unpack_from
    while position + 4 <= size:
        length = int.from_bytes(data[position : position + 4], "little")
        if length == SEALED:
            return entries, position, "sealed"
        if length == 0:
            return entries, position, "empty"
        end = position + prefix + length
        if end > size:
            return entries, position, None
        _, checksum, kind = unpack(data, position)
        payload = data[position + prefix : end]
        if crc32(payload) != checksum:
            return entries, position, "damaged"
        entries.append((kind, payload))
        position = end
    return entries, position, None


def _read_exactly(descriptor: int, size: int) -> bytes:
    parts = []
    while size > 0 and (part := os.read(descriptor, size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _writer_is_dead(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
