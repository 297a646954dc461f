"""The file of a backup: JSON lines in one zstd frame. A header, rows table by table, and an end that says what came before it.

Rows are arrays of a table's name and its values in the order of the header's columns; bytes are `{"base64": …}`. The end holds a
SHA-256 of every line before it, and that hash sealed with the master key: damage is found, and so is an edit.
Sources: https://jsonlines.org, https://www.rfc-editor.org/rfc/rfc8878
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, NamedTuple, Protocol

import msgspec
import zstandard

from torana.stores.secrets.master import MasterKey

FORMAT = 1
MOST_LINE = 64 * 1024 * 1024
"""Bytes of one row: a release's design is the longest thing there is, and far from it."""
_MOST_WINDOW = 1 << 27
_READ_BYTES = 1 << 20
_LEVEL = 9
_PURPOSE = b"torana backup\n"
_CHECKED = b"torana: whose backup is this?"

Value = bool | int | float | str | bytes | None
_Sent = bool | int | float | str | dict[str, str] | None


class BackupError(Exception):
    """The file cannot be restored; the message says why, in one line without a full stop."""


class Lines(Protocol):
    """What lines are read from."""

    def readline(self, limit: int, /) -> bytes:
        """The next line, with its end; empty after the last."""


class Header(msgspec.Struct, frozen=True):
    """What a backup holds."""

    torana_backup: int
    """The number of this format."""
    schema: str
    """The revision of the database that it was made of."""
    made_us: int
    master: str
    """A keyed hash that tells whether it was made with the same master key, and nothing else about it."""
    records: bool
    """Whether records of calls are in it."""
    columns: dict[str, list[str]]
    """Tables in an order in which each refers only to those before it, with their columns."""
    counts: dict[str, int]
    """Rows of each table."""


class _End(msgspec.Struct, frozen=True):
    rows: int
    sha256: str
    seal: str


class _Last(msgspec.Struct, frozen=True):
    end: _End


class Row(NamedTuple):
    """One row of a table."""

    table: str
    values: list[Value]


_encode = msgspec.json.Encoder().encode


def owner_of(master: MasterKey) -> str:
    """What a header says of the master key."""
    return master.key_digest(_CHECKED).hex()


class ArchiveWriter:
    """Writes one archive into a file that is open for writing. `close` completes it."""

    def __init__(self, file: BinaryIO, header: Header, master: MasterKey) -> None:
        compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
        self._stream = compressor.stream_writer(file, closefd=False)
        self._hash = hashlib.sha256()
        self._master = master
        self._rows = 0
        self._line(_encode(header))

    def add(self, table: str, values: Sequence[Value]) -> None:
        """One row."""
        self._rows += 1
        self._line(_encode((table, [_written(value) for value in values])))

    def close(self) -> None:
        """The end of the archive; the file stays open."""
        digest = self._hash.digest()
        end = _End(self._rows, digest.hex(), _seal(self._master, digest).hex())
        self._stream.write(_encode(_Last(end)) + b"\n")
        self._stream.close()  # type: ignore[no-untyped-call] # zstandard's own

    def _line(self, text: bytes) -> None:
        line = text + b"\n"
        self._hash.update(line)
        self._stream.write(line)


def opened(file: BinaryIO) -> "Archive":
    """An archive whose header has been read. Raises BackupError."""
    reader = zstandard.ZstdDecompressor(max_window_size=_MOST_WINDOW).stream_reader(file, read_size=_READ_BYTES)
    archive = Archive(_Buffered(reader.read))
    archive.begin()
    return archive


class Archive:
    """Reads one archive: first its header, then its rows, at whose end everything that came is checked."""

    header: Header

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._hash = hashlib.sha256()

    def begin(self) -> None:
        """Read the header. Raises BackupError."""
        line = self._next()
        try:
            found = msgspec.json.decode(line)
            # What is not UTF-8 is a ValueError of another kind than what is not JSON.
            if not isinstance(found, dict) or "torana_backup" not in found:
                raise BackupError("it is not a backup of Torana")
            if found["torana_backup"] != FORMAT:
                raise BackupError(
                    f"it has format {str(found['torana_backup'])[:20]}, and this program knows {FORMAT}: "
                    "restore it with the version of Torana that made it, or a later one"
                )
            self.header = msgspec.convert(found, Header)
        except (msgspec.DecodeError, ValueError, RecursionError):
            raise BackupError("its first line is not the header of a backup") from None
        self._hash.update(line)

    def rows(self, master: MasterKey) -> Iterator[Row]:
        """Every row. Raises BackupError, at the latest where the end does not fit what came: nothing counts before that."""
        widths = {table: len(columns) for table, columns in self.header.columns.items()}
        counts = dict.fromkeys(widths, 0)
        while True:
            line = self._next()
            if line.startswith(b"{"):
                break
            self._hash.update(line)
            row = _row(line)
            if len(row.values) != widths.get(row.table, -1):
                raise BackupError(f"a row of {row.table[:60]!r} does not fit the header")
            counts[row.table] += 1
            yield row
        self._check(line, counts, master)

    def _check(self, line: bytes, counts: dict[str, int], master: MasterKey) -> None:
        try:
            end = msgspec.json.decode(line, type=_Last).end
        except (msgspec.DecodeError, ValueError, RecursionError):
            raise BackupError("its end cannot be read") from None
        digest = self._hash.digest()
        if not hmac.compare_digest(end.sha256.encode(), digest.hex().encode()):
            raise BackupError("it is damaged: its content is not what its end says")
        if not hmac.compare_digest(end.seal.encode(), _seal(master, digest).hex().encode()):
            raise BackupError("it was changed after it was made: its seal does not fit")
        if counts != self.header.counts or end.rows != sum(counts.values()):
            raise BackupError("it does not hold the rows that its header says")
        if self._lines.readline(1):
            raise BackupError("something stands behind its end")

    def _next(self) -> bytes:
        line = self._lines.readline(MOST_LINE)
        if not line:
            raise BackupError("it is cut off: its end is missing")
        if not line.endswith(b"\n"):
            reason = f"a line has more than {MOST_LINE} bytes" if len(line) == MOST_LINE else "its end is missing"
            raise BackupError(f"it is damaged: {reason}")
        return line


class _Buffered:
    """Lines out of chunks."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._buffer = b""
        self._at = 0

    def readline(self, limit: int) -> bytes:
        parts: list[bytes] = []
        length = 0
        while length < limit:
            if self._at >= len(self._buffer) and not self._fill():
                break
            end = self._buffer.find(b"\n", self._at) + 1 or len(self._buffer)
            part = self._buffer[self._at : min(end, self._at + limit - length)]
            self._at += len(part)
            length += len(part)
            parts.append(part)
            if part.endswith(b"\n"):
                break
        return b"".join(parts)

    def _fill(self) -> bool:
        try:
            self._buffer = self._read(_READ_BYTES)
        except (zstandard.ZstdError, MemoryError):
            raise BackupError("it is damaged, or not a backup: it cannot be unpacked") from None
        self._at = 0
        return bool(self._buffer)


def _row(line: bytes) -> Row:
    try:
        table, values = msgspec.json.decode(line, type=tuple[str, list[_Sent]])
        return Row(table, [_read(value) for value in values])
    except (msgspec.DecodeError, ValueError, RecursionError, KeyError):
        raise BackupError("it is damaged: a line is not a row") from None


def _written(value: Value) -> object:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes | memoryview) else value


def _read(value: _Sent) -> Value:
    if not isinstance(value, dict):
        return value
    return base64.b64decode(value["base64"], validate=True)


def _seal(master: MasterKey, digest: bytes) -> bytes:
    return master.audit_digest(_PURPOSE + digest)
