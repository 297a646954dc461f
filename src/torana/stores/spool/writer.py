"""The gate's end of the spool: appending is a copy into a memory-mapped file, without a system call.

The bytes are in the kernel's page cache as soon as the copy is made, so they outlive a killed process. Disk space is taken
in advance (posix_fallocate), and a call is admitted only against space that is already there: a full disk refuses new calls
and never loses the record of an admitted one.
"""

import fcntl
import mmap
import os
import secrets
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from torana.stores.spool.segment import (
    BODY,
    ENTRY,
    HEADER_BYTES,
    LENGTH,
    MAGIC,
    RECORD,
    SEALED,
    segment_name,
    unfinished_name,
)

_pack_entry = ENTRY.pack


class _Segment(NamedTuple):
    path: Path
    descriptor: int
    memory: mmap.mmap


class SpoolWriter:
    """Appends entries to this process's own segments. Not for use from several threads."""

    def __init__(self, folder: Path, segment_bytes: int, max_bytes: int) -> None:
        """Raises OSError when not even the first two segments can be made."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._max_segments = max_bytes // segment_bytes
        self._name = secrets.token_hex(8)
        self._number = 0
        self._written: list[Path] = []
        self._reserved = 0
        self._current = self._create()
        self._spares: list[_Segment] = [self._create()]
        self._memory = self._current.memory
        self._position = HEADER_BYTES
        self._end = segment_bytes - LENGTH.size
        self._room_left = self._room()
        self.full = False

    def reserve(self, size: int) -> bool:
        """Set room aside for an entry of up to `size` payload bytes; False when there is none."""
        if self.full:
            return False
        self._reserved = reserved = self._reserved + size
        if reserved > self._room_left and not self._grow(reserved):
            self._reserved -= size
            self.full = True
            return False
        return True

    def release(self, size: int) -> None:
        """Give back what `reserve` set aside, after the entry was written or became unnecessary."""
        self._reserved -= size

    def append(self, payload: bytes, kind: int = RECORD) -> None:
        """Write one entry. Within a reservation this cannot fail; without one it raises OSError when there is no room."""
        entry = _pack_entry(len(payload), crc32(payload), kind) + payload
        size = len(entry)
        position = self._position
        end = position + size
        if end > self._end:
            self._turn(size)
            position = self._position
            end = position + size
        # One copy: a reader that sees part of it finds that the CRC does not fit, and comes back.
        self._memory[position:end] = entry
        self._position = end
        self._room_left -= size

    def append_body(self, payload: bytes) -> bool:
        """Write a body entry where there is room to spare beyond all reservations; False when it was left out."""
        need = len(payload) + ENTRY.size
        if need > self._segment_bytes - HEADER_BYTES - LENGTH.size:
            return False
        if self._reserved + need > self._room_left and not self._grow(self._reserved + need):
            return False
        self.append(payload, BODY)
        return True

    def tick(self) -> None:
        """Called regularly: keeps a spare segment ready and notices when the disk has room again."""
        self._written = [path for path in self._written if path.exists()]
        want = max(self._reserved, self._segment_bytes // 4)
        self._room_left = self._room()
        if self._room_left < want or not self._spares or self.full:
            self.full = not self._grow(want)

    def close(self) -> None:
        """Seal the current segment and drop unused ones; the recorder takes over what was written."""
        self._seal()
        for spare in self._spares:
            spare.path.unlink(missing_ok=True)
            _let_go(spare)
        self._spares.clear()
        _let_go(self._current)

    def _room(self) -> int:
        """Bytes that entries can surely take: three quarters, as the end of a segment is lost when an entry does not fit."""
        usable = self._segment_bytes - HEADER_BYTES - LENGTH.size
        return (self._end - self._position) * 3 // 4 + len(self._spares) * (usable * 3 // 4)

    def _grow(self, want: int) -> bool:
        """Prepare spare segments until `want` bytes fit; False when the disk or the bound does not allow it."""
        self._room_left = self._room()
        while not self._spares or self._room_left < want:
            self._written = [path for path in self._written if path.exists()]
            if len(self._written) + len(self._spares) + 1 >= self._max_segments:
                return False
            try:
                self._spares.append(self._create())
            except OSError:
                return False
            self._room_left = self._room()
        return True

    def _turn(self, size: int) -> None:
        """Go on to the next segment, for an entry of `size` bytes with its prefix."""
        if size > self._segment_bytes - HEADER_BYTES - LENGTH.size:
            raise OSError(f"an entry of {size} bytes does not fit into a segment")
        following = self._spares.pop(0) if self._spares else self._create()
        self._seal()
        self._written.append(self._current.path)
        _let_go(self._current)
        self._current = following
        self._memory = following.memory
        self._position = HEADER_BYTES
        self._end = self._segment_bytes - LENGTH.size
        self._room_left = self._room()

    def _seal(self) -> None:
        LENGTH.pack_into(self._memory, self._position, SEALED)

    def _create(self) -> _Segment:
        self._number += 1
        path = self._folder / segment_name(self._name, self._number)
        # Under its own name only once it is locked and whole: a reader would take an unlocked segment for a dead writer's.
        temporary = self._folder / unfinished_name(path.name)
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            # The lock tells the recorder that the writer lives; the kernel drops it with the process.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.posix_fallocate(descriptor, 0, self._segment_bytes)
            memory = mmap.mmap(descriptor, self._segment_bytes)
            memory[: len(MAGIC)] = MAGIC
            temporary.rename(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            os.close(descriptor)
            raise
        return _Segment(path, descriptor, memory)


def _let_go(segment: _Segment) -> None:
    segment.memory.close()
    os.close(segment.descriptor)
