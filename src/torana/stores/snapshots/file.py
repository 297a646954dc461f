"""A snapshot as one file that gates map into memory and look things up in, without loading it.

Opening costs the same for ten keys as for a hundred thousand, the pages are shared between gates, and an entry is decoded when it
is first needed. The file is only ever replaced whole (rename), so a gate sees the old content or the new, never a mixture.

Form: magic, u32 length of the head, u32 CRC-32 of the head, head (msgpack: version, time, sections), then for each section a hash
table (u32 hash, u32 entry offset + 1; 0 is empty; open addressing) and its entries (u16 key length, u32 value length, u32
CRC-32 of both, key, value). Head and tables are checked when the file is opened, an entry when it is looked up: damage is
found before anything wrong is answered, and opening still does not read the entries.
"""

import mmap
import os
import secrets
import struct
import sys
from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import Self, TypeVar
from zlib import crc32

import msgspec

from torana.core.snapshot import Account, App, Issuer, Key, Offered, Service, Snapshot

FILE_NAME = "current.snap"
MAGIC = b"torana snapshot 2\n"
_PREFIX = struct.Struct("<II")
_SLOT = struct.Struct("<II")
_ENTRY = struct.Struct("<HII")
_DAMAGED = "the snapshot is damaged"
_encode = msgspec.msgpack.Encoder().encode
_hash = crc32

Thing = TypeVar("Thing")


class SnapshotError(Exception):
    """A snapshot file that is damaged or of another program version."""


class _Section(msgspec.Struct, array_like=True):
    slots: int
    """A power of two."""
    table: int
    """Offset of the hash table behind the head."""
    entries: int
    size: int
    """Bytes of the entries."""
    count: int
    checksum: int
    """CRC-32 of the table."""


class _Head(msgspec.Struct, array_like=True):
    version: int
    compiled_us: int
    sections: dict[str, _Section]


class Packed(msgspec.Struct, frozen=True):
    """A section as it stands in the file."""

    slots: int
    table: bytes
    entries: bytes
    count: int


def pack(things: Mapping[bytes, bytes]) -> Packed:
    """A section of encoded things by their keys. One pass: a hundred thousand keys are packed on every change of one."""
    slots = 8
    while slots < 2 * len(things):
        slots *= 2
    mask, last = slots - 1, 2 * slots - 1
    # Two words a slot, in one flat array: the hash, and the entry's offset + 1.
    table = array("I", bytes(slots * _SLOT.size))
    entries: list[bytes] = []
    offset = 0
    for key, value in things.items():
        hashed = _hash(key)
        word = 2 * (hashed & mask)
        while table[word + 1]:
            word = (word + 2) & last
        table[word] = hashed
        table[word + 1] = offset + 1
        entries += (_ENTRY.pack(len(key), len(value), crc32(value, hashed)), key, value)
        offset += _ENTRY.size + len(key) + len(value)
    if sys.byteorder == "big":
        table.byteswap()
    return Packed(slots, table.tobytes(), b"".join(entries), len(things))


def encoded(snapshot: Snapshot) -> dict[str, dict[bytes, bytes]]:
    """What each section of this snapshot holds, encoded."""
    return {
        "keys": {digest: _encode(key) for digest, key in snapshot.keys.items()},
        "apps": {name.encode(): _encode(app) for name, app in snapshot.apps.items()},
        "services": {name.encode(): _encode(service) for name, service in snapshot.services.items()},
        "accounts": {name.encode(): _encode(account) for name, account in snapshot.accounts.items()},
        "issuers": {_issuer_key(iss): _encode(issuers) for iss, issuers in snapshot.issuers.items()},
        "offered": {name.encode(): _encode(offered) for name, offered in snapshot.offered.items()},
    }


def _issuer_key(iss: str) -> bytes:
    # A caller wrote it, perhaps with half a surrogate pair, which is in no issuer's name.
    return iss.encode("utf-8", "replace")


def write(folder: Path, snapshot: Snapshot) -> None:
    """Replace the current snapshot by this one, at once and durably. Raises OSError."""
    packed = {name: pack(things) for name, things in encoded(snapshot).items()}
    write_packed(folder, snapshot.version, snapshot.compiled_us, packed)


def write_packed(folder: Path, version: int, compiled_us: int, packed: Mapping[str, Packed]) -> None:
    """Replace the current snapshot by one of these sections, at once and durably. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    parts: list[bytes] = []
    position = 0
    sections: dict[str, _Section] = {}
    for name, section in packed.items():
        sections[name] = _Section(
            section.slots,
            position,
            position + len(section.table),
            len(section.entries),
            section.count,
            crc32(section.table),
        )
        parts += (section.table, section.entries)
        position += len(section.table) + len(section.entries)
    head = _encode(_Head(version, compiled_us, sections))
    temporary = folder / f".{FILE_NAME}.{secrets.token_hex(4)}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines([MAGIC, _PREFIX.pack(len(head), crc32(head)), head, *parts])
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
        if stamp.st_size < len(MAGIC) + _PREFIX.size:
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
    """One published snapshot. Look-ups return None for what is not in it, and raise SnapshotError for what is damaged."""

    def __init__(self, memory: mmap.mmap, stamp: tuple[int, int]) -> None:
        self._memory = memory
        self.stamp = stamp
        if memory[: len(MAGIC)] != MAGIC:
            raise SnapshotError("the snapshot was written by another version of the program")
        start = len(MAGIC) + _PREFIX.size
        length, checksum = _PREFIX.unpack_from(memory, len(MAGIC))
        content = memory[start : start + length]
        if crc32(content) != checksum:
            raise SnapshotError(_DAMAGED)
        try:
            head = msgspec.msgpack.decode(content, type=_Head)
        except msgspec.MsgspecError as error:
            raise SnapshotError(f"the snapshot was written by another version of the program: {error}") from None
        self.version = head.version
        self.compiled_us = head.compiled_us
        self._base = start + length
        self._sections = head.sections
        self._check_tables()
        self._key = msgspec.msgpack.Decoder(Key)
        self._app = msgspec.msgpack.Decoder(App)
        self._service = msgspec.msgpack.Decoder(Service)
        self._account = msgspec.msgpack.Decoder(Account)
        self._issuers = msgspec.msgpack.Decoder(tuple[Issuer, ...])
        self._offered = msgspec.msgpack.Decoder(tuple[Offered, ...])

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

    def issuers(self, iss: str) -> tuple[Issuer, ...]:
        """Everybody whose tokens name this as `iss`."""
        return self._find("issuers", _issuer_key(iss), self._issuers) or ()

    def offered(self, name: str) -> tuple[Offered, ...]:
        """Every service of this name, for whomever it is."""
        # Nothing else is looked up by what a caller wrote: half a surrogate pair is no service's name.
        return self._find("offered", name.encode("utf-8", "replace"), self._offered) or ()

    def counts(self) -> dict[str, int]:
        """How many things each section holds."""
        return {name: section.count for name, section in self._sections.items()}

    def _check_tables(self) -> None:
        end = max((section.entries + section.size for section in self._sections.values()), default=0)
        if len(self._memory) != self._base + end:
            raise SnapshotError("the snapshot is cut short")
        for section in self._sections.values():
            table = self._base + section.table
            if crc32(self._memory[table : self._base + section.entries]) != section.checksum:
                raise SnapshotError(_DAMAGED)

    def _find(self, name: str, key: bytes, decoder: msgspec.msgpack.Decoder[Thing]) -> Thing | None:
        section = self._sections.get(name)
        if section is None:
            # Written before there was such a section.
            return None
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
                key_bytes, value_bytes, checksum = _ENTRY.unpack_from(memory, entry)
                start = entry + _ENTRY.size
                content = memory[start : start + key_bytes + value_bytes]
                if crc32(content) != checksum:
                    raise SnapshotError(_DAMAGED)
                if content[:key_bytes] == key:
                    return decoder.decode(memoryview(content)[key_bytes:])
            slot = (slot + 1) & mask
