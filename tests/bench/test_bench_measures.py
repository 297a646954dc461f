"""The benchmark's own instruments: what they say has to be true before anybody believes the figures."""

import contextlib
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench.load import Plan, unchunked
from bench.measure import CpuMeter, percentile, rss_bytes
from bench.processes import HOST, BenchError, Server, nothing_owed, running
from bench.report import Detail, Figure, Findings, render
from bench.rounds import loading, one_round, upstream
from bench.torana import declare, records_awaited

_SPIN = """
import time
while time.process_time() < 0.5: pass
print("spun", flush=True)
input()
"""
_SLEEP = "input()"


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[Server]:
    with upstream(tmp_path) as server:
        yield server


def _child(code: str, tmp_path: Path) -> "contextlib.AbstractContextManager[subprocess.Popen[bytes]]":
    return running([sys.executable, "-c", code], tmp_path / "child.log", piped=True)


def test_the_cpu_meter_attributes_a_busy_loop_to_its_process(tmp_path: Path) -> None:
    with _child(_SPIN, tmp_path) as busy, _child(_SLEEP, tmp_path) as idle:
        meter = CpuMeter([busy.pid, idle.pid])
        assert busy.stdout is not None
        assert busy.stdout.readline() == b"spun\n"
        assert meter.spent_us([busy.pid]) > 200_000
        assert meter.spent_us([idle.pid]) < meter.spent_us([busy.pid])
        assert meter.spent_us() >= meter.spent_us([busy.pid])
        assert rss_bytes(idle.pid) > 2**20


def test_a_process_that_ended_spoils_the_measurement(tmp_path: Path) -> None:
    with _child(_SLEEP, tmp_path) as child:
        meter = CpuMeter([child.pid])
    with pytest.raises(BenchError, match="ended during the measurement"):
        meter.spent_us()


def test_a_child_is_ended_when_the_run_is_interrupted(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), _child(_SLEEP, tmp_path) as child:
        raise KeyboardInterrupt
    assert child.returncode is not None


@pytest.mark.parametrize("mode", ["unary", "stream"])
def test_the_load_makes_exactly_the_planned_calls(mode: str, vendor: Server, tmp_path: Path) -> None:
    calls: list[int] = []
    server = vendor._replace(settle=calls.append)
    plan = Plan(port=vendor.port, mode="unary" if mode == "unary" else "stream", connections=3, calls=50, warm_calls=10)
    done = one_round(server, plan, tmp_path)
    assert done.calls == 50
    assert calls == [10, 50]
    assert 0 < done.p50_us <= done.p99_us
    assert done.workers_us > 0


def test_held_streams_are_all_open_before_they_are_counted(vendor: Server, tmp_path: Path) -> None:
    with loading(Plan(port=vendor.port, mode="hold", connections=20), tmp_path) as load:
        assert load.outcome().calls == 20
        load.tell(b"")


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 2\r\n\r\n{}", "429 Too Many Requests"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", "a reply without usage"),
        (b"", "closed a connection during a call"),
    ],
)
def test_a_reply_that_is_not_what_the_upstream_sent_fails_the_round(reply: bytes, reason: str, tmp_path: Path) -> None:
    with _answering(reply) as port, pytest.raises(BenchError, match=reason):
        one_round(Server("wrong", port, [], [], nothing_owed), Plan(port=port, calls=5, warm_calls=5), tmp_path)


@contextlib.contextmanager
def _answering(reply: bytes) -> Iterator[int]:
    with socket.create_server((HOST, 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(reply)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


def test_events_are_counted_without_the_framing_that_a_proxy_may_cut_anywhere() -> None:
    assert unchunked(b"HTTP/1.1 200 OK\r\n\r\n3\r\ndat\r\n5\r\na: x\n\r\n0\r\n\r\n") == b"data: x\n"


def test_the_percentile_is_the_nearest_rank() -> None:
    values = [float(number) for number in range(1, 101)]
    assert (percentile(values, 50), percentile(values, 99), percentile([7.0], 99)) == (50.0, 99.0, 7.0)


def test_the_report_says_which_figures_were_reached() -> None:
    figures = [
        Figure("low enough", 2.2, 2.19),
        Figure("too high", 1.0, 1.01),
        Figure("fast enough", 20_000, 21_000, at_least=True),
        Figure("unknown", 80, None, "MB", note="no nginx | here"),
    ]
    text = render([Findings(figures, [Detail("Rounds", ("a", "b"), [("1", "2")])])], {"CPU": "a fast one"}, "Today.")
    assert "| low enough | ≤ 2.20 | 2.19 | yes |  |" in text
    assert "| too high | ≤ 1.00 | 1.01 | **no** |  |" in text
    assert "| fast enough | ≥ 20,000 | 21,000 | yes |  |" in text
    assert "| unknown | ≤ 80.0 MB | not measured | - | no nginx \\| here |" in text
    assert "| CPU | a fast one |" in text
    assert "## Rounds" in text


def test_many_keys_are_declared_with_every_key_once_and_no_secret_in_the_file(tmp_path: Path) -> None:
    declared = declare(tmp_path / "config", 9001, keys=250, services=30)
    text = declared.path.read_text()
    assert len({key for key, _ in declared.callers}) == 250
    assert len({service for _, service in declared.callers}) == 30
    assert not any(key in text for key, _ in declared.callers)
    assert (tmp_path / "config" / "keys" / "249").read_text() == declared.callers[249][0]


def test_a_round_ends_when_there_is_one_record_for_each_call_and_fails_when_there_is_one_too_many(
    tmp_path: Path,
) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "torana.db")) as database:
        database.execute("CREATE TABLE calls (id TEXT)")
        database.execute("INSERT INTO calls VALUES ('from an earlier run')")
        database.commit()
        settle = records_awaited(tmp_path)
        database.executemany("INSERT INTO calls VALUES (?)", [("a",), ("b",)])
        database.commit()
        settle(2)
        database.executemany("INSERT INTO calls VALUES (?)", [("c",), ("c again",)])
        database.commit()
        with pytest.raises(BenchError, match="5 records are stored of 4 calls"):
            settle(1)
