"""Law 2: no record twice, none lost, and sums that agree with the rows, whenever the recorder is killed."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import msgspec
import pytest
from sqlalchemy import func, select

from tests.recorder.records import record
from torana.settings import Settings
from torana.stores.spool.writer import SpoolWriter
from torana.stores.sql.call_tables import ROLLUP_SUMS, call_rollups, calls, spool_offsets
from torana.stores.sql.engine import Engine, reading

pytestmark = pytest.mark.anyio

ROUNDS = 14
DEADLINE_SECONDS = 60


class Recorders:
    """Starts and kills recorders, one at a time."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.support.recorder_process"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def start(self, settings: Settings) -> int:
        stdin = _there(self._process.stdin)
        stdin.write(msgspec.json.encode(settings).decode() + "\n")
        stdin.flush()
        return int(self._answer("started"))

    def end(self, pid: int, how: signal.Signals) -> int:
        os.kill(pid, how)
        return int(self._answer("ended"))

    def close(self) -> None:
        _there(self._process.stdin).close()
        self._process.wait(DEADLINE_SECONDS)
        _there(self._process.stdout).close()

    def _answer(self, word: str) -> str:
        said, value = _there(self._process.stdout).readline().split()
        assert said == word
        return str(value)


def _there(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


@pytest.fixture
def recorders() -> Iterator[Recorders]:
    made = Recorders()
    yield made
    made.close()


async def test_every_record_is_stored_once_however_often_the_recorder_is_killed(
    engine: Engine, settings: Settings, recorders: Recorders
) -> None:
    rng = random.Random(20261123)
    written: list[Any] = []
    spool = Path(settings.data) / "spool"
    writer = SpoolWriter(spool, 65_536, 16 * 1024 * 1024)
    for number in range(ROUNDS):
        pid = recorders.start(settings)
        until = time.monotonic() + rng.uniform(0.0, 0.35)
        while time.monotonic() < until:
            for _ in range(rng.randrange(60)):
                written.append(made := record(len(written)))
                writer.append(msgspec.msgpack.encode(made))
            time.sleep(0.002)
        writer.tick()
        recorders.end(pid, signal.SIGKILL)
        if number % 5 == 4:
            writer.close()  # as a gate that was replaced: its last segment is sealed
            writer = SpoolWriter(spool, 65_536, 16 * 1024 * 1024)
    writer.close()
    assert recorders.end(recorders.start(settings), signal.SIGTERM) == 0

    async with reading(engine) as connection:
        stored = [row.id for row in await connection.execute(select(calls.c.id).order_by(calls.c.seq))]
        assert sorted(stored) == sorted(made.id for made in written)
        await _sums_agree(connection, written)
        offsets = (await connection.execute(select(spool_offsets.c.segment))).scalars().all()
    # Nothing is left over but, at most, segments so young and empty that a writer could be about to use them.
    assert set(offsets) <= {path.name for path in spool.glob("*.seg")}
    assert not (spool / "rejected").exists()


async def _sums_agree(connection: Any, written: list[Any]) -> None:
    cost = (await connection.execute(select(func.sum(calls.c.cost_picos)))).scalar_one()
    assert cost > 0
    for size in (60, 3_600, 86_400):
        sums = [func.sum(call_rollups.c[name]) for name in ROLLUP_SUMS]
        row = (await connection.execute(select(*sums).where(call_rollups.c.size == size))).one()
        found = dict(zip(ROLLUP_SUMS, row, strict=True))
        assert found["calls"] == len(written)
        assert found["input_tokens"] == sum(made.input_tokens for made in written)
        assert found["output_tokens"] == sum(made.output_tokens for made in written)
        assert found["total_us"] == sum(made.total_us for made in written)
        assert found["cost_picos"] == cost
        assert sum(value for name, value in found.items() if name.startswith("latency_")) == len(written)
