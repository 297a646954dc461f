"""The file of a backup: what was written is read, and whatever happened to it since is found."""

import hashlib
import io
from pathlib import Path

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from torana.control.backup.archive import ArchiveWriter, BackupError, Header, Row, Value, opened, owner_of
from torana.stores.secrets.master import MasterKey

MASTER = MasterKey(bytes(range(32)))
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.binary(),
)


def lines_of(path: Path) -> list[bytes]:
    """The unpacked lines of an archive."""
    return unpacked(path.read_bytes())


def unpacked(archive: bytes) -> list[bytes]:
    """The same of its bytes."""
    return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(archive)).read().splitlines(keepends=True)


def packed(path: Path, lines: list[bytes]) -> Path:
    """An archive of other lines."""
    path.write_bytes(zstandard.ZstdCompressor().compress(b"".join(lines)))
    return path


def _header(rows: int) -> Header:
    return Header(1, "0001", 5, owner_of(MASTER), False, {"things": ["one", "two"]}, {"things": rows})


def _archive(rows: list[tuple[Value, Value]]) -> bytes:
    file = io.BytesIO()
    writer = ArchiveWriter(file, _header(len(rows)), MASTER)
    for row in rows:
        writer.add("things", row)
    writer.close()
    return file.getvalue()


def _read(archive: bytes) -> list[Row]:
    return list(opened(io.BytesIO(archive)).rows(MASTER))


@given(st.lists(st.tuples(VALUES, VALUES), max_size=20))
def test_every_value_is_read_as_it_was_written(rows: list[tuple[Value, Value]]) -> None:
    archive = _archive(rows)
    found = _read(archive)
    assert [(row.table, tuple(row.values)) for row in found] == [("things", row) for row in rows]
    assert [list(map(type, row.values)) for row in found] == [list(map(type, row)) for row in rows]
    assert opened(io.BytesIO(archive)).header == _header(len(rows))


@given(st.data())
def test_no_change_of_any_byte_goes_unnoticed(data: st.DataObject) -> None:
    archive = bytearray(_archive([("text", 1), (b"bytes", None)]))
    at = data.draw(st.integers(0, len(archive) - 1))
    archive[at] ^= data.draw(st.integers(1, 255))
    _refused_or_alike(bytes(archive))


@given(st.data())
def test_no_change_inside_goes_unnoticed(data: st.DataObject) -> None:
    text = bytearray(b"".join(unpacked(_archive([("text", 1), (b"bytes", None)]))))
    at = data.draw(st.integers(0, len(text) - 1))
    text[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    _refused_or_alike(zstandard.ZstdCompressor().compress(bytes(text)))


def _refused_or_alike(archive: bytes) -> None:
    try:
        found = _read(archive)
    except BackupError:
        pass
    else:
        # Of a frame's own fields, or of blanks in the last line, nothing hangs.
        assert [tuple(row.values) for row in found] == [("text", 1), (b"bytes", None)]


@given(st.binary(max_size=300))
def test_anything_else_is_refused(content: bytes) -> None:
    for archive in (content, zstandard.ZstdCompressor().compress(content)):
        with pytest.raises(BackupError):
            _read(archive)


def test_each_refusal_says_what_is_wrong() -> None:
    lines = unpacked(_archive([("text", 1), ("more", 2)]))
    header = msgspec.json.decode(lines[0])
    end = msgspec.json.decode(lines[-1])["end"]
    edited = [lines[0], lines[1].replace(b"text", b"next"), lines[2]]
    resealed = msgspec.json.encode({"end": end | {"sha256": hashlib.sha256(b"".join(edited)).hexdigest()}}) + b"\n"
    format_2 = msgspec.json.encode(header | {"torana_backup": 2}) + b"\n"
    cases: dict[str, list[bytes]] = {
        "damaged: its content": [*edited, lines[-1]],
        "its seal does not fit": [*edited, resealed],
        "cut off": lines[:-1],
        "end is missing": [*lines[:-1], lines[-1][:-1]],
        "behind its end": [*lines, b"{}\n"],
        "not a row": [lines[0], b"[" * 100_000 + b"\n", *lines[1:]],
        "does not fit the header": [lines[0], b'["another", [1, 2]]\n', *lines[1:]],
        "row of 'things' does not fit": [lines[0], b'["things", [1, 2, 3]]\n', *lines[1:]],
        "its end cannot be read": [*lines[:-1], b"{\n"],
        "has format 2": [format_2, *lines[1:]],
        "not a backup of Torana": [b'{"a": 1}\n'],
        "not the header": [b"\xff\xfe{\n"],
    }
    for reason, content in cases.items():
        with pytest.raises(BackupError, match=reason):
            _read(zstandard.ZstdCompressor().compress(b"".join(content)))
    with pytest.raises(BackupError, match="cannot be unpacked"):
        _read(b"teams: []\n")


def test_another_master_key_finds_the_seal_to_be_strange() -> None:
    archive = opened(io.BytesIO(_archive([("text", 1)])))
    with pytest.raises(BackupError, match="seal"):
        list(archive.rows(MasterKey(bytes(32))))


def test_a_line_without_an_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torana.control.backup.archive.MOST_LINE", 1000)
    bomb = zstandard.ZstdCompressor().compress(b" " * 50_000_000)
    with pytest.raises(BackupError, match="more than 1000 bytes"):
        _read(bomb)
