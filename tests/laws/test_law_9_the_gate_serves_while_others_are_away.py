"""Law 9: the gate serves from its last good snapshot while control, the recorder and the database are away, and says so."""

import signal
import time
from collections.abc import Iterator

import psutil
import pytest

from tests.support.instance import Instance, run_instance
from tests.support.polling import eventually, kill


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with run_instance(tmp_path_factory.mktemp("law9"), workers=1) as running:
        shown = (running.folder / "stdout").read_text()
        running.key = shown.partition("Authorization: Bearer ")[2].partition("'")[0]
        eventually(lambda: _degraded(running) == [], "everything is up", 60)
        yield running


def _degraded(instance: Instance) -> list[str]:
    reply = instance.request("GET", "/readyz", key="")
    assert reply.status == 200, reply
    assert reply.json["ready"] is True
    found = reply.json["degraded"]
    assert isinstance(found, list)
    return [one.partition(" is away")[0] for one in found]


def _metric(instance: Instance, name: str) -> float:
    shown = instance.request("GET", "/metrics", key="").body.decode()
    return next(float(line.rpartition(" ")[2]) for line in shown.splitlines() if line.startswith(f"{name} "))


def _calls(instance: Instance, count: int) -> set[str]:
    replies = [instance.chat("demo/chat", stream=turn % 2 == 1) for turn in range(count)]
    assert {reply.status for reply in replies} == {200}
    return {reply.call_id for reply in replies}


def _only(instance: Instance, title: str) -> psutil.Process:
    return eventually(lambda: instance.children(title), f"{title} lives", 60)[0]


def _recorded_once(instance: Instance, ids: set[str]) -> None:
    rows = instance.records(ids)
    assert [call_id for call_id in ids if len(rows[call_id]) != 1] == []
    assert [call_id for call_id, times in rows.items() if len(times) != 1] == []


def test_calls_go_on_without_control_and_the_recorder_and_are_recorded_afterwards(instance: Instance) -> None:
    ids = _calls(instance, 4)
    # Stopped, not only killed: the supervisor would have them back before anybody could look.
    supervisor = psutil.Process(instance.process.pid)
    control, recorder = _only(instance, "torana: control"), _only(instance, "torana: recorder")
    supervisor.suspend()
    try:
        control.kill()
        recorder.kill()
        ids |= _calls(instance, 6)
    finally:
        supervisor.resume()
    ids |= _calls(instance, 4)
    names = [f'torana_restarts_total{{process="{name}"}}' for name in ("control", "recorder")]
    eventually(lambda: all(_metric(instance, name) >= 1 for name in names), "both were restarted", 60)
    eventually(lambda: _degraded(instance) == [], "both are back", 90)
    eventually(lambda: _metric(instance, "torana_spool_lag_bytes") == 0, "nothing waits in the spool", 60)
    _recorded_once(instance, ids)


def test_what_cannot_be_restarted_is_named_while_calls_go_on(instance: Instance) -> None:
    database = instance.data / "torana.db"
    hidden = instance.data / "away"
    ids = _calls(instance, 4)
    _recorded_once(instance, ids)
    # A folder in the place of the database: unreadable for everybody, also for a test that runs as root.
    for name in ("torana.db", "torana.db-wal", "torana.db-shm"):
        if (instance.data / name).exists():
            (instance.data / name).rename(hidden.with_suffix(name.removeprefix("torana")))
    database.mkdir()
    for title in ("torana: control", "torana: recorder"):
        _only(instance, title).send_signal(signal.SIGKILL)
    try:
        eventually(lambda: {"control", "the recorder"} <= set(_degraded(instance)), "both are said to be away", 60)
        ids |= _calls(instance, 6)
        assert _metric(instance, 'torana_processes_up{process="control"}') == 0
        gate = _only(instance, "torana: gate")
        kill(gate)
        # Its successor starts from the snapshot alone.
        ids |= _calls(instance, 6)
        assert "control" in _degraded(instance)
    finally:
        database.rmdir()
        for name in (".db", ".db-wal", ".db-shm"):
            if hidden.with_suffix(name).exists():
                hidden.with_suffix(name).rename(instance.data / f"torana{name}")
    eventually(lambda: _degraded(instance) == [], "everything is back", 90)
    _recorded_once(instance, ids)


def test_a_supervisor_that_hangs_is_named(instance: Instance) -> None:
    file = instance.data / "run" / "metrics" / "supervisor.json"
    supervisor = psutil.Process(instance.process.pid)
    supervisor.suspend()
    try:
        # As if it had hung for long: its last word is what tells.
        text = file.read_text()
        before = text.partition('"written_us":')[2].partition(",")[0]
        file.write_text(text.replace(before, str((time.time_ns() // 1000) - 60_000_000)))
        assert "the supervisor" in _degraded(instance)
        assert instance.chat("demo/chat").status == 200
    finally:
        supervisor.resume()
    eventually(lambda: _degraded(instance) == [], "it has spoken again", 60)
