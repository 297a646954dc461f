"""No room for records: calls are refused with a clear answer, no record of an admitted call is lost, and it recovers by itself."""

import contextlib
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import uvloop

from tests.support import journey
from tests.support.gate_here import gate_here, snapshot
from tests.support.instance import Instance, run_instance
from tests.support.polling import eventually
from tests.support.vendor_process import Vendor

SMALL = {"TORANA_SPOOL_SEGMENT_BYTES": "65536", "TORANA_SPOOL_MAX_BYTES": "131072"}
TAGS = {f"tag-{number}": "x" * 400 for number in range(9)}
"""Makes a record of nearly 4 KiB, so that few of them fill a spool."""


@pytest.fixture
def instance(vendor: Vendor, tmp_path: Path) -> Iterator[Instance]:
    config = journey.configuration(vendor, [journey.service("chat")])
    env = {**journey.environment(), **SMALL}
    with run_instance(tmp_path, config, key=journey.KEY, env=env, workers=1) as running:
        yield running


def test_while_the_recorder_stands_still_calls_are_refused_and_later_all_records_are_there(instance: Instance) -> None:
    (recorder,) = eventually(lambda: instance.children("torana: recorder"), "the recorder lives")
    statuses: Counter[int] = Counter()
    admitted: set[str] = set()
    recorder.send_signal(signal.SIGSTOP)
    try:

        def refused() -> bool:
            reply = instance.chat("chat", metadata=TAGS)
            statuses[reply.status] += 1
            if reply.status == 200:
                admitted.add(reply.call_id)
                return False
            assert reply.error["code"] == "record_space_exhausted"
            assert reply.headers["retry-after"] == "1"
            return True

        eventually(refused, "a call is refused", 60)
        assert instance.request("GET", "/readyz", key="").status == 503
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            recorder.send_signal(signal.SIGCONT)
    assert len(admitted) >= 5
    eventually(lambda: instance.chat("chat").status == 200, "calls are accepted again", 60)
    by_id = instance.records(admitted)
    assert [call_id for call_id in admitted if len(by_id[call_id]) != 1] == []


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", str(folder)]
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, timeout=10)


def test_a_disk_that_is_full_refuses_calls_loses_no_record_and_recovers(
    tmp_path: Path, tiny_disk: Path, vendor: Vendor
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "spool").symlink_to(tiny_disk)
    settings = {"spool_segment_bytes": 65_536, "spool_max_bytes": 1 << 30}

    async def main() -> None:
        async with gate_here(data, snapshot(vendor.base_url, ["chat"]), **settings) as gate:
            ballast = tiny_disk / "ballast"
            ballast.write_bytes(b"x" * (1_048_576 - 4 * 65_536))
            admitted = set()
            reply = await gate.chat("chat")
            for _ in range(200):
                reply = await gate.chat("chat", metadata=TAGS)
                if reply.status == 503:
                    break
                admitted.add(reply.call_id)
            assert reply.error["code"] == "record_space_exhausted"
            assert len(admitted) >= 20
            ballast.unlink()
            gate.gate.sweep()
            again = await gate.chat("chat")
            assert again.status == 200
            counts = Counter(record.id for record in gate.records())
            assert {call_id: counts[call_id] for call_id in admitted | {again.call_id}} == dict.fromkeys(
                admitted | {again.call_id}, 1
            )
            assert gate.in_use() == {}

    uvloop.run(main())
