"""A snapshot as one file that gates map into memory and look things up in, without loading it.

Opening costs the same for ten keys as for a hundred thousand, the pages are shared between gates, and an entry is decoded when it
is first needed. The file is only ever replaced whole (rename), so a gate sees the old content or the new, never a mixture.

Form: magic, u32 length of the head, head (msgpack: version, time, sections), then for each section a hash table (u32 hash,
u32 entry offset + 1; 0 is empty; open addressing) and its entries (u16 key length, u32 value length, key, value).
"""

import mmap
import os
import secrets
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Self, TypeVar
from zlib import crc32

import msgspec

from torana.core.snapshot import Account, App, Key, Service, Snapshot

FILE_NAME = "current.snap"
MAGIC = b"torana snapshot 1\n"
_LENGTH = struct.Struct("<I")
_SLOT = struct.Struct("<II")
_ENTRY = struct.Struct("<HI")
_encode = msgspec.msgpack.Encoder().encode

Thing = TypeVar("Thing")


class SnapshotError(Exception):
    """A snapshot file that is damaged or of another program version."""


class _Section(msgspec.Struct, array_like=True):
    slots: int
    """A power of two."""
    table: int
    """Offset of the hash table behind the head."""
    entries: int
    count: int


class _Head(msgspec.Struct, array_like=True):
    version: int
    compiled_us: int
    sections: dict[str, _Section]


def write(folder: Path, snapshot: Snapshot) -> None:
    """Replace the current snapshot by this one, at once and durably. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    parts: list[bytes] = []
    position = 0
    sections: dict[str, _Section] = {}
    content: dict[str, Mapping[bytes, msgspec.Struct]] = {
        "keys": snapshot.keys,
        "apps": {name.encode(): thing for name, thing in snapshot.apps.items()},
        "services": {name.encode(): thing for name, thing in snapshot.services.items()},
        "accounts": {name.encode(): thing for name, thing in snapshot.accounts.items()},
    }
    for name, things in content.items():
        table, entries, slots = _pack(things)
        sections[name] = _Section(slots, position, position + len(table), len(things))
        parts += [table, entries]
        position += len(table) + len(entries)
    head = _encode(_Head(snapshot.version, snapshot.compiled_us, sections))
    temporary = folder / f".{FILE_NAME}.{secrets.token_hex(4)}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines([MAGIC, _LENGTH.pack(len(head)), head, *parts])
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(folder / FILE_NAME)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def current_version(folder: Path) -> int | None:
    """Version of the published snapshot; None when there is none or it cannot be read."""
    try:
        with open_current(folder) as snapshot:
            return snapshot.version
    except (FileNotFoundError, SnapshotError):
        return None


def open_current(folder: Path) -> "SnapshotFile":
    """Map the current snapshot. Raises FileNotFoundError or SnapshotError."""
    with (folder / FILE_NAME).open("rb") as file:
        stamp = os.fstat(file.fileno())
        if stamp.st_size < len(MAGIC) + _LENGTH.size:
            raise SnapshotError("the snapshot is cut short")
        memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return SnapshotFile(memory, (stamp.st_ino, stamp.st_mtime_ns))


def stamp(folder: Path) -> tuple[int, int] | None:
    """Cheap identity of the current file: changes with every publication. None when there is no file."""
    try:
        found = (folder / FILE_NAME).stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


class SnapshotFile:
    """One published snapshot. Look-ups return None for what is not in it."""

    def __init__(self, memory: mmap.mmap, stamp: tuple[int, int]) -> None:
        self._memory = memory
        self.stamp = stamp
        if memory[: len(MAGIC)] != MAGIC:
            raise SnapshotError("the snapshot was written by another version of the program")
        start = len(MAGIC) + _LENGTH.size
        (length,) = _LENGTH.unpack_from(memory, len(MAGIC))
        try:
            head = msgspec.msgpack.decode(memory[start : start + length], type=_Head)
        except msgspec.MsgspecError as error:
            raise SnapshotError(f"the snapshot's head is damaged: {error}") from None
        self.version = head.version
        self.compiled_us = head.compiled_us
        self._base = start + length
        self._sections = head.sections
        self._key = msgspec.msgpack.Decoder(Key)
        self._app = msgspec.msgpack.Decoder(App)
        self._service = msgspec.msgpack.Decoder(Service)
        self._account = msgspec.msgpack.Decoder(Account)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._memory.close()

    def key(self, digest: bytes) -> Key | None:
        """A key by the keyed hash of its secret."""
        return self._find("keys", digest, self._key)

    def app(self, app_id: str) -> App | None:
        """An app by its id."""
        return self._find("apps", app_id.encode(), self._app)

    def service(self, service_id: str) -> Service | None:
        """A service by its id."""
        return self._find("services", service_id.encode(), self._service)

    def account(self, account_id: str) -> Account | None:
        """A provider account by its id."""
        return self._find("accounts", account_id.encode(), self._account)

    def counts(self) -> dict[str, int]:
        """How many things each section holds."""
        return {name: section.count for name, section in self._sections.items()}

    def _find(self, name: str, key: bytes, decoder: msgspec.msgpack.Decoder[Thing]) -> Thing | None:
        section = self._sections[name]
        memory = self._memory
        mask = section.slots - 1
        table = self._base + section.table
        hashed = _hash(key)
        slot = hashed & mask
        while True:
            found, offset = _SLOT.unpack_from(memory, table + slot * _SLOT.size)
            if offset == 0:
                return None
            if found == hashed:
                entry = self._base + section.entries + offset - 1
                key_bytes, value_bytes = _ENTRY.unpack_from(memory, entry)
                start = entry + _ENTRY.size
                if memory[start : start + key_bytes] == key:
                    return decoder.decode(memory[start + key_bytes : start + key_bytes + value_bytes])
            slot = (slot + 1) & mask


def _hash(key: bytes) -> int:
    return crc32(key)


def _pack(things: Mapping[bytes, msgspec.Struct]) -> tuple[bytes, bytes, int]:
    slots = 8
    while slots < 2 * len(things):
        slots *= 2
    table = [(0, 0)] * slots
    entries: list[bytes] = []
    offset = 0
    for key, thing in things.items():
        value = _encode(thing)
        hashed = _hash(key)
        slot = hashed & (slots - 1)
        while table[slot][1]:
            slot = (slot + 1) & (slots - 1)
        table[slot] = (hashed, offset + 1)
        entry = _ENTRY.pack(len(key), len(value)) + key + value
        entries.append(entry)
        offset += len(entry)
    return b"".join(_SLOT.pack(*pair) for pair in table), b"".join(entries), slots
