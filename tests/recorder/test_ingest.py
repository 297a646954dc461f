import fcntl
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select

from tests.recorder.records import encoded, record
from torana.core.record import BodyRecord
from torana.recorder import query
from torana.recorder.ingest import Ingest
from torana.recorder.price import Prices
from torana.recorder.run import node_of
from torana.recorder.store import RecordStore
from torana.settings import Settings
from torana.stores.bodies import files
from torana.stores.spool.reader import SpoolReader
from torana.stores.spool.segment import BODY
from torana.stores.spool.writer import SpoolWriter
from torana.stores.sql.call_tables import call_places, call_rollups, calls, spool_offsets
from torana.stores.sql.engine import Engine, reading, writing
from torana.stores.sql.issuer_tables import key_uses

pytestmark = pytest.mark.anyio


class Killed(Exception):
    """Stands for a kill at this very point."""


class KilledBeforeRemoving(SpoolReader):
    def remove(self, segment: str) -> None:
        raise Killed


@pytest.fixture
def data(settings: Settings) -> Path:
    return Path(settings.data)


@pytest.fixture
def writer(data: Path) -> SpoolWriter:
    return SpoolWriter(data / "spool", 65_536, 4 * 1024 * 1024)


async def opened(engine: Engine, data: Path, reader: SpoolReader | None = None) -> Ingest:
    made = Ingest(reader or SpoolReader(data / "spool"), RecordStore(engine, node_of(data / "spool")), Prices(), data)
    await made.load_offsets()
    return made


async def drained(ingest: Ingest) -> None:
    while await ingest.round():
        pass


async def count(engine: Engine, table: Any = calls) -> int:
    async with reading(engine) as connection:
        return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())


async def test_a_record_is_stored_as_the_gate_wrote_it(engine: Engine, data: Path, writer: SpoolWriter) -> None:
    made = record(1, vendor="demo", user="zoë", tags=None, first_byte_us=None)
    writer.append(msgspec.msgpack.encode(made))
    await drained(await opened(engine, data))
    async with reading(engine) as connection:
        (row,) = await query.list_calls(connection, None, query.Filters())
    assert row | msgspec.structs.asdict(made) == row
    assert (row["cost_picos"], row["price_source"]) == (0, "demo")


async def test_fields_that_a_newer_gate_adds_are_left_out(engine: Engine, data: Path, writer: SpoolWriter) -> None:
    writer.append(msgspec.msgpack.encode([*msgspec.structs.astuple(record()), "new"]))
    ingest = await opened(engine, data)
    await drained(ingest)
    assert (ingest.counts.stored, ingest.counts.rejected) == (1, 0)


async def test_a_kill_between_commit_and_removal_stores_nothing_twice(
    engine: Engine, data: Path, writer: SpoolWriter
) -> None:
    for number in range(300):
        writer.append(encoded(number))
    writer.close()
    first = await opened(engine, data, KilledBeforeRemoving(data / "spool"))
    with pytest.raises(Killed):
        await drained(first)
    await drained(await opened(engine, data))
    assert await count(engine) == 300
    assert await count(engine, spool_offsets) == 0
    assert SpoolReader(data / "spool").segments() == []


async def test_offsets_of_segments_that_a_killed_recorder_had_removed_are_forgotten_but_not_other_nodes(
    engine: Engine, data: Path, writer: SpoolWriter
) -> None:
    writer.append(encoded())
    await drained(await opened(engine, data))
    async with writing(engine) as connection:
        await connection.execute(spool_offsets.insert().values(segment="elsewhere.seg", node="another", offset=9))
    for segment in SpoolReader(data / "spool").segments():
        (data / "spool" / segment).unlink()
    await opened(engine, data)
    async with reading(engine) as connection:
        assert (await connection.execute(select(spool_offsets.c.segment))).scalars().all() == ["elsewhere.seg"]


async def test_two_recorders_on_one_folder_store_everything_once(
    engine: Engine, data: Path, writer: SpoolWriter
) -> None:
    one, two = await opened(engine, data), await opened(engine, data)
    for number in range(200):
        writer.append(encoded(number))
        if number % 20 == 0:
            await (one if number % 40 else two).round()
    await drained(one)
    await drained(two)
    assert await count(engine) == 200
    assert one.counts.stored + two.counts.stored == 200
    assert one.counts.rejected + two.counts.rejected == 0


async def test_a_record_that_cannot_be_read_is_set_aside_and_the_others_are_stored(
    engine: Engine, data: Path, writer: SpoolWriter
) -> None:
    bad = [
        b"\xc1",
        msgspec.msgpack.encode(["x"]),
        encoded(id="../../../../etc/passwd"),
        encoded(request_bytes=2**64 - 1),
    ]
    for payload in [encoded(1), *bad, encoded(2)]:
        writer.append(payload)
    ingest = await opened(engine, data)
    await drained(ingest)
    assert (ingest.counts.stored, ingest.counts.rejected) == (2, 4)
    assert sorted(path.read_bytes() for path in (data / "spool" / "rejected").iterdir()) == sorted(bad)
    async with reading(engine) as connection:
        minutes = select(func.sum(call_rollups.c.calls)).where(call_rollups.c.size == 60)
        assert (await connection.execute(minutes)).scalar_one() == 2


async def test_nul_characters_of_a_caller_do_not_stop_recording(
    engine: Engine, data: Path, writer: SpoolWriter
) -> None:
    for user in ("before", "a\0b", "after"):
        writer.append(encoded(user=user))
    await drained(await opened(engine, data))
    async with reading(engine) as connection:
        users = (await connection.execute(select(calls.c.user).order_by(calls.c.seq))).scalars().all()
    assert [users[0], users[2]] == ["before", "after"]
    assert users[1] in ("a\0b", "a\ufffdb")


async def test_a_damaged_tail_of_a_dead_writer_is_set_aside(engine: Engine, data: Path, writer: SpoolWriter) -> None:
    for number in range(3):
        writer.append(encoded(number))
    writer.close()
    (segment,) = SpoolReader(data / "spool").segments()
    path = data / "spool" / segment
    written = path.read_bytes().rstrip(b"\0\xff")
    path.write_bytes(written[:-5] + b"#####" + bytes(100))
    ingest = await opened(engine, data)
    await drained(ingest)
    assert (ingest.counts.stored, ingest.counts.damaged) == (2, 1)
    assert (data / "spool" / "rejected" / segment).exists()
    assert await count(engine, spool_offsets) == 0


async def test_bodies_go_to_files(engine: Engine, data: Path, writer: SpoolWriter) -> None:
    made = record(bodies_kept=True)
    kept = BodyRecord(made.id, b"ask", b"answer", False, False)
    writer.append(msgspec.msgpack.encode(kept), BODY)
    writer.append(b"\xc1", BODY)
    writer.append(msgspec.msgpack.encode(made))
    ingest = await opened(engine, data)
    await drained(ingest)
    assert files.read(data / "bodies", made.id) == kept
    assert (ingest.counts.stored, ingest.counts.bodies, ingest.counts.rejected) == (1, 1, 1)


async def test_only_old_unfinished_segments_of_dead_writers_are_removed(engine: Engine, data: Path) -> None:
    spool = data / "spool"
    spool.mkdir()
    young, old, living = (spool / f".0123456789abcdef-0000000{number}.seg.new" for number in range(3))
    for path in (young, old, living):
        path.touch()
    for path in (old, living):
        os.utime(path, (0, 0))
    with living.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        await drained(await opened(engine, data))
        assert set(spool.glob(".*")) == {young, living}


async def test_a_segment_has_its_name_only_once_its_writer_has_locked_it(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    allocate = os.posix_fallocate

    def allocated(*arguments: Any) -> None:
        seen.extend(SpoolReader(data / "spool").segments())
        allocate(*arguments)

    monkeypatch.setattr(os, "posix_fallocate", allocated)
    writer = SpoolWriter(data / "spool", 65_536, 4 * 1024 * 1024)
    made = SpoolReader(data / "spool").segments()
    assert (len(seen), len(made)) == (1, 2)
    assert not any(SpoolReader(data / "spool").read(name, 0, 100).finished for name in made)
    writer.close()


async def test_calls_alike_share_one_place(engine: Engine, data: Path, writer: SpoolWriter) -> None:
    for _ in range(2):
        ingest = await opened(engine, data)
        for number in range(60):
            writer.append(encoded(number))
            if number % 20 == 0:
                await ingest.round()
        await drained(ingest)
    assert (await count(engine), await count(engine, call_places)) == (120, 30)


async def test_a_busy_gate_does_not_keep_the_records_of_another_waiting(
    engine: Engine, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torana.recorder.ingest.MOST_RECORDS", 1)
    writers = sorted(
        (SpoolWriter(data / "spool", 65_536, 4 * 1024 * 1024) for _ in range(2)), key=lambda one: one._name
    )
    ingest = await opened(engine, data)
    for number in range(8):
        writers[0].append(encoded(number))
        if number == 0:
            writers[1].append(encoded(user="the other"))
        await ingest.round()
    async with reading(engine) as connection:
        assert "the other" in (await connection.execute(select(calls.c.user))).scalars().all()


async def test_when_each_key_was_last_used_is_kept_whatever_the_order_of_the_batches(
    engine: Engine, data: Path, writer: SpoolWriter
) -> None:
    ingest = await opened(engine, data)
    used = ((("a", 7_000_000), ("a", 130_000_000), ("b", 5)), (("a", 60_000_000), ("b", 6), (None, 9), ("c", 4)))
    for batch in used:
        for key_id, started_us in batch:
            writer.append(encoded(key_id=key_id, started_us=started_us))
        await drained(ingest)
    async with reading(engine) as connection:
        rows = (await connection.execute(select(key_uses).order_by(key_uses.c.key_id))).all()
    assert [tuple(row) for row in rows] == [("a", 130_000_000), ("b", 6), ("c", 4)]
