"""The spool: whatever way writing, reading and dying interleave, what was appended comes back once, in order in its segment."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from torana.stores.spool.reader import SpoolReader
from torana.stores.spool.segment import BODY, ENTRY, HEADER_BYTES, RECORD, segment_name
from torana.stores.spool.writer import SpoolWriter

SEGMENT = 65_536
MOST = 1 << 24
RESERVE = 8_192
payloads = st.one_of(st.binary(min_size=1, max_size=20), st.sampled_from([b"\xff" * 300, b"y" * 5_000, b"z" * RESERVE]))


@contextmanager
def folder() -> Iterator[Path]:
    with TemporaryDirectory() as name:
        yield Path(name) / "spool"


def die(writer: SpoolWriter) -> None:
    """What the kernel does for a killed process: mappings and locks go, files stay as they are."""
    for segment in [writer._current, *writer._spares]:
        segment.memory.close()
        os.close(segment.descriptor)


class Recorder:
    """Reads like the recorder: from its offsets on, a piece of every segment in each round, and removes what is finished."""

    def __init__(self, spool: Path) -> None:
        self.reader = SpoolReader(spool)
        self.offsets: dict[str, int] = {}
        self.segments: dict[str, list[bytes]] = {}

    @property
    def found(self) -> list[bytes]:
        """What was read, in the order in which it was written, if there was one writer."""
        return [payload for name in sorted(self.segments) for payload in self.segments[name]]

    def found_of(self, writer: SpoolWriter) -> list[bytes]:
        """What was read of one writer's segments, in the order in which it wrote them."""
        mine = sorted(name for name in self.segments if name.startswith(f"{writer._name}-"))
        return [payload for name in mine for payload in self.segments[name]]

    def read(self, most_bytes: int) -> None:
        for name in self.reader.segments():
            batch = self.reader.read(name, self.offsets.get(name, 0), most_bytes)
            assert batch.start == self.offsets.get(name, 0)
            self.segments.setdefault(name, []).extend(payload for _, payload in batch.entries)
            self.offsets[name] = batch.end
            if batch.finished:
                self.reader.remove(name)

    def read_all(self) -> list[bytes]:
        while self.reader.backlog_bytes(self.offsets):
            self.read(1 << 20)
        return self.found


steps = st.lists(
    st.one_of(
        payloads,
        st.lists(payloads, min_size=5, max_size=10),
        st.sampled_from(["tick", "kill", "close"]),
        st.integers(1, 100_000),
    ),
    max_size=12,
)


# A round of small pieces reads on in a second segment before the first is read to its end, and so do leftovers of two writers.
@example([b"y" * 5_000, [b"z" * RESERVE] * 8, 2])
@example([[b"y" * 300, b"a"], "kill", [b"z" * 20, b"b"], 1, "close", [b"c"]])
@settings(deadline=None, max_examples=40)
@given(steps)
def test_any_interleaving_gives_back_exactly_what_was_appended(script: list[Any]) -> None:
    with folder() as spool:
        written: list[tuple[SpoolWriter, list[bytes]]] = []

        def start() -> SpoolWriter:
            writer = SpoolWriter(spool, SEGMENT, MOST)
            written.append((writer, []))
            return writer

        writer, recorder = start(), Recorder(spool)
        for step in script:
            if isinstance(step, int):
                recorder.read(step)
            elif step == "tick":
                writer.tick()
            elif isinstance(step, str):
                (die if step == "kill" else SpoolWriter.close)(writer)
                writer = start()
            else:
                for payload in step if isinstance(step, list) else [step]:
                    assert writer.reserve(RESERVE)
                    writer.append(payload)
                    writer.release(RESERVE)
                    written[-1][1].append(payload)
        writer.close()
        recorder.read_all()
        assert [recorder.found_of(one) for one, _ in written] == [payloads for _, payloads in written]
        assert len(recorder.found) == sum(len(payloads) for _, payloads in written)
        recorder.read(1)
        assert recorder.reader.segments() == []


@settings(deadline=None, max_examples=40)
@given(st.lists(payloads, min_size=1, max_size=20), st.data())
def test_a_killed_writers_half_written_tail_costs_no_whole_entry(some: list[bytes], data: st.DataObject) -> None:
    with folder() as spool:
        writer = SpoolWriter(spool, SEGMENT, MOST)
        for payload in some[:-1]:
            writer.append(payload)
        before = (writer._current.path, writer._position)
        writer.append(some[-1])
        (path, start), turned = before, writer._current.path != before[0]
        die(writer)
        if turned:
            return
        tail = start + ENTRY.size + len(some[-1])
        damage = data.draw(st.sampled_from(["cut", "zeros", "flip"]))
        at = data.draw(st.integers(start, tail - 1))
        with path.open("r+b") as file:
            if damage == "cut":
                file.truncate(at)
            else:
                file.seek(at)
                old = file.read(tail - at)
                file.seek(at)
                file.write(bytes(len(old)) if damage == "zeros" else bytes([old[0] ^ 1]))
        recorder = Recorder(spool)
        for _ in range(3):
            recorder.read(1 << 20)
        allowed = [some[:-1], some] if damage == "zeros" else [some[:-1]]
        if damage == "flip" and at == start + 8:
            allowed = [some]  # the kind is not under the checksum
        assert recorder.found in allowed
        assert recorder.reader.segments() == []


def test_a_living_writers_segment_is_never_finished_and_never_damaged(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, SEGMENT, MOST)
    writer.append(b"one")
    position = writer._position
    ENTRY.pack_into(writer._memory, position, 5, 0, RECORD)  # as if seen in the middle of being written
    reader = SpoolReader(tmp_path)
    batch = reader.read(writer._current.path.name, 0, 1 << 20)
    assert [payload for _, payload in batch.entries] == [b"one"]
    assert (batch.finished, batch.damaged) == (False, False)
    die(writer)
    batch = reader.read(writer._current.path.name, 0, 1 << 20)
    assert [payload for _, payload in batch.entries] == [b"one"]
    assert (batch.finished, batch.damaged) == (True, True)


def test_a_turn_seals_the_segment_before_and_names_sort_in_the_order_of_writing(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, SEGMENT, MOST)
    written = [b"%05d" % number + b"x" * 3_000 for number in range(100)]
    for payload in written:
        assert writer.reserve(RESERVE)
        writer.append(payload)
        writer.release(RESERVE)
    reader = SpoolReader(tmp_path)
    batches = [reader.read(name, 0, 1 << 20) for name in reader.segments()]
    with_entries = [batch for batch in batches if batch.entries]
    assert [payload for batch in with_entries for _, payload in batch.entries] == written
    assert len(with_entries) >= 4
    assert [batch.finished for batch in with_entries] == [True] * (len(with_entries) - 1) + [False]
    writer.close()


def test_a_small_read_gives_whole_entries_only_and_at_least_one(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, SEGMENT, MOST)
    for size in (10, 5_000, 10):
        writer.append(b"y" * size)
    name = writer._current.path.name
    reader, position, sizes = SpoolReader(tmp_path), 0, []
    for _ in range(3):
        batch = reader.read(name, position, 20)
        sizes.append([len(payload) for _, payload in batch.entries])
        position = batch.end
    assert sizes == [[10], [5_000], [10]]
    writer.close()


def test_reservations_are_kept_when_the_bound_is_reached_and_room_comes_back(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, SEGMENT, 2 * SEGMENT)
    reserved = 0
    while writer.reserve(RESERVE):
        reserved += 1
    assert reserved >= 10
    assert not writer.reserve(1)
    for number in range(reserved):  # what was promised is there
        writer.append(secrets.token_bytes(RESERVE - 100) + b"%d" % number)
        writer.release(RESERVE)
    writer.tick()
    assert writer.full
    recorder = Recorder(tmp_path)
    assert len(recorder.read_all()) == reserved
    recorder.read(1)
    writer.tick()
    assert writer.reserve(RESERVE)
    writer.close()


def test_bodies_take_only_the_room_that_no_reservation_needs(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, SEGMENT, 2 * SEGMENT)
    assert writer.append_body(b"b" * 1_000)
    reserved = 0
    while writer.reserve(RESERVE):
        reserved += 1
    assert not writer.append_body(b"b" * 20_000)
    assert not writer.append_body(b"b" * SEGMENT)
    for _ in range(reserved):
        writer.append(b"r" * RESERVE)
        writer.release(RESERVE)
    kinds = [
        kind
        for name in SpoolReader(tmp_path).segments()
        for kind, _ in SpoolReader(tmp_path).read(name, 0, MOST).entries
    ]
    assert kinds == [BODY] + [RECORD] * reserved
    writer.close()


def test_a_full_disk_refuses_and_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = SpoolWriter(tmp_path, SEGMENT, MOST)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full)
        before = sorted(tmp_path.iterdir())
        while writer.reserve(RESERVE):
            pass
        assert sorted(tmp_path.iterdir()) == before
        assert not writer.reserve(RESERVE)
    writer.tick()
    assert writer.reserve(RESERVE)
    writer.close()


def test_only_what_was_written_is_left_when_a_writer_closes(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, SEGMENT, MOST)
    assert len(list(tmp_path.iterdir())) == 2
    writer.close()
    assert len(list(tmp_path.iterdir())) == 1
    (name,) = SpoolReader(tmp_path).segments()
    assert SpoolReader(tmp_path).read(name, 0, MOST)[2:] == (HEADER_BYTES, [], True, False)


def test_an_entry_larger_than_a_segment_is_an_error_that_spoils_nothing(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, SEGMENT, MOST)
    writer.append(b"before")
    with pytest.raises(OSError, match="does not fit"):
        writer.append(b"x" * SEGMENT)
    writer.append(b"after")
    writer.close()
    assert Recorder(tmp_path).read_all() == [b"before", b"after"]


def test_segments_are_for_their_owner_only_and_hold_their_space_in_advance(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path / "spool", SEGMENT, MOST)
    for path in (tmp_path / "spool").iterdir():
        assert path.stat().st_mode & 0o077 == 0
        assert path.stat().st_blocks * 512 >= SEGMENT
    assert (tmp_path / "spool").stat().st_mode & 0o077 == 0
    writer.close()


def test_a_folder_that_is_not_there_has_no_segments(tmp_path: Path) -> None:
    reader = SpoolReader(tmp_path / "nothing")
    assert reader.segments() == []
    assert reader.backlog_bytes({}) == 0


def test_an_empty_file_of_a_dead_writer_is_finished(tmp_path: Path) -> None:
    name = segment_name("0" * 16, 1)
    (tmp_path / name).write_bytes(b"")
    batch = SpoolReader(tmp_path).read(name, 0, 1 << 20)
    assert (batch.entries, batch.finished) == ([], True)
