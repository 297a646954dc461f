"""The supervisor with scripted children: what a dying, refusing or replaced child means for those who connect."""

import json
import os
import re
import signal
import socket
import threading
from pathlib import Path
from typing import Any

from tests.supervisor.instance import Instance, alive, ask, until, who


def _title(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").strip()


def test_every_process_names_itself(instance: Instance) -> None:
    instance.start()
    instance.ready()
    until(lambda: instance.events(role="control") and instance.events(role="recorder"), "control and recorder")
    pids = [*instance.events(), *instance.events(role="control"), *instance.events(role="recorder")]

    def titles() -> set[str]:
        return {_title(instance.pid), *(_title(event.pid) for event in pids)}

    expected = {"torana: supervisor", "torana: gate 0", "torana: gate 1", "torana: control", "torana: recorder"}
    until(lambda: titles() == expected, "the names of all processes")


def test_a_gate_that_dies_is_restarted_and_its_queued_callers_are_answered(instance: Instance) -> None:
    instance.start(workers=1)
    address = instance.ready()
    dead = who(address)
    with socket.create_connection(address) as doomed:
        doomed.sendall(b"die\n")
        until(lambda: not alive(dead), "the gate's end")
    assert who(address) != dead
    (ended,) = until(lambda: instance.logged("child_ended"), "a log line of it")
    assert (ended["title"], ended["status"], ended["restart_in_seconds"]) == ("torana: gate 0", -signal.SIGKILL, 0.0)


def test_a_child_that_keeps_dying_is_restarted_less_and_less_often(instance: Instance) -> None:
    instance.start(workers=1)
    instance.ready()
    until(lambda: instance.events(role="recorder"), "the recorder")
    instance.script(recorder={"exit": 3})
    os.kill(instance.events(role="recorder")[0].pid, signal.SIGKILL)
    ended = until(lambda: len(found := instance.logged("child_ended")) >= 4 and found, "four restarts")
    waits = [line["restart_in_seconds"] for line in ended[:4]]
    assert waits[0] == 0.0
    assert waits[1] < waits[2] < waits[3]
    assert who(instance.ready()) == instance.events()[0].pid
    instance.script()
    until(lambda: _up(instance).get("recorder") == 1, "the recorder that stays")


def test_a_fatal_child_stops_the_start_with_its_line(instance: Instance) -> None:
    instance.script(control={"fatal": "the database is from the future"})
    instance.start()
    assert instance.wait() == 1
    assert "torana: the database is from the future\n" in instance.stderr()
    assert "Traceback" not in instance.stderr()
    assert not [event for event in instance.events() if alive(event.pid)]


def test_a_child_that_never_gets_ready_stops_the_start(instance: Instance) -> None:
    instance.script(gate={"exit": 9})
    instance.start(workers=1)
    assert instance.wait() == 1
    assert re.search(
        r"^torana: gate 0 ended 3 times before it was ready \(exit status 9\)\.$", instance.stderr(), re.MULTILINE
    )


def test_a_fatal_restart_does_not_stop_an_instance_that_serves(instance: Instance) -> None:
    instance.start(workers=1)
    address = instance.ready()
    until(lambda: instance.events(role="control"), "control")
    until(lambda: _up(instance).get("control") == 1, "control that is ready")
    instance.script(control={"fatal": "the database is from the future"})
    os.kill(instance.events(role="control")[0].pid, signal.SIGKILL)
    ended = until(lambda: len(found := instance.logged("child_ended")) >= 2 and found, "the refusal")
    assert ended[1]["reason"] == "the database is from the future"
    assert who(address) == instance.events()[0].pid


def test_a_stop_drains_gates_then_the_recorder_then_control(instance: Instance) -> None:
    instance.start(workers=1)
    address = instance.ready()
    until(lambda: instance.events(role="control") and instance.events(role="recorder"), "all children")
    with socket.create_connection(address) as running:
        running.sendall(b"hold\n")
        assert who(address)
        instance.signal(signal.SIGTERM)
        until(lambda: instance.events("term"), "the gate's drain")
        until(lambda: _refused(address), "the refusal of new connections")
        assert not instance.events("term", "recorder")
        (instance.folder / "release").touch()
        assert running.recv(100) == b"released\n"
    assert instance.wait() == 0
    lines = [
        line.rsplit(" ", 1)[0] for line in instance.events_file.read_text().splitlines() if not line.startswith("start")
    ]
    assert lines == [
        "term gate 0",
        "end gate 0",
        "term recorder -1",
        "end recorder -1",
        "term control -1",
        "end control -1",
    ]


def test_a_second_signal_stops_at_once(instance: Instance) -> None:
    instance.start(workers=1)
    address = instance.ready()
    with socket.create_connection(address) as running:
        running.sendall(b"hold\n")
        assert who(address)
        instance.signal(signal.SIGINT)
        until(lambda: instance.events("term"), "the gate's drain")
        instance.signal(signal.SIGINT)
        assert instance.wait() == 0
        assert not instance.events("end")
    assert not alive(instance.events()[0].pid)


def test_a_gate_that_does_not_end_within_the_grace_time_is_killed(instance: Instance) -> None:
    instance.start("--grace-seconds", "0.1", workers=1)
    address = instance.ready()
    with socket.create_connection(address) as running:
        running.sendall(b"hold\n")
        assert who(address)
        instance.signal(signal.SIGTERM)
        assert instance.wait() == 0
    assert [line["title"] for line in instance.logged("child_killed")] == ["torana: gate 0"]


def test_replacing_gates_refuses_and_resets_no_connection(instance: Instance) -> None:
    instance.start()
    address = instance.ready()
    done = threading.Event()
    faults: list[str] = []
    answered: set[int] = set()

    def call() -> None:
        while not done.is_set():
            try:
                answered.add(who(address))
            except (OSError, ValueError, IndexError) as error:
                faults.append(repr(error))

    callers = [threading.Thread(target=call) for _ in range(2)]
    for caller in callers:
        caller.start()
    try:
        for count in range(1, 6):
            instance.signal(signal.SIGHUP)
            _reloads(instance, count)
    finally:
        done.set()
        for caller in callers:
            caller.join()
    assert faults == []
    assert len(instance.events()) == 12
    assert len(answered) >= 6
    until(lambda: len(instance.events("end")) == 10, "the end of the replaced gates")


def test_a_replaced_gate_finishes_its_calls_beside_its_successor(instance: Instance) -> None:
    instance.start(workers=1)
    address = instance.ready()
    old = who(address)
    with socket.create_connection(address) as running:
        running.sendall(b"hold\n")
        assert who(address) == old
        instance.signal(signal.SIGHUP)
        until(lambda: instance.logged("reload_done"), "the replacement")
        assert {event.slot for event in instance.events()} == {0, 1}
        assert until(lambda: (pid := who(address)) != old and pid, "an answer of the new gate")
        assert alive(old)
        (instance.folder / "release").touch()
        assert running.recv(100) == b"released\n"
    until(lambda: not alive(old), "the old gate's end")


def test_a_replacement_that_fails_leaves_the_old_gate_in_place(instance: Instance) -> None:
    instance.start(workers=1)
    address = instance.ready()
    old = who(address)
    instance.script(gate={"fatal": "tls_key cannot be read"})
    instance.signal(signal.SIGHUP)
    (cut_short,) = until(lambda: instance.logged("reload_cut_short"), "the failure")
    assert cut_short["reason"] == "tls_key cannot be read"
    assert who(address) == old


def test_a_reload_applies_the_configuration_first_and_stops_if_it_does_not_fit(instance: Instance) -> None:
    (instance.folder / "torana.yaml").write_text("services: []\n")
    instance.start("--config", str(instance.folder / "torana.yaml"), workers=1)
    old = who(instance.ready())
    instance.script(apply={"fatal": "line 1: no such field"})
    instance.signal(signal.SIGHUP)
    (refused,) = until(lambda: instance.logged("reload_refused"), "the refusal")
    assert refused["reason"] == "line 1: no such field"
    instance.script()
    instance.signal(signal.SIGHUP)
    until(lambda: instance.logged("reload_done"), "the reload")
    assert len(instance.events(role="apply")) == 2
    until(lambda: not alive(old), "the old gate's end")


def test_children_end_when_their_supervisor_is_killed(instance: Instance) -> None:
    instance.start()
    instance.ready()
    until(lambda: instance.events(role="control") and instance.events(role="recorder"), "all children")
    children = [*instance.events(), *instance.events(role="control"), *instance.events(role="recorder")]
    instance.signal(signal.SIGKILL)
    until(lambda: not any(alive(event.pid) for event in children), "the end of all children")


def test_a_killed_instance_can_be_started_again_on_its_port(instance: Instance) -> None:
    instance.start()
    host, port = instance.ready()
    instance.signal(signal.SIGKILL)
    instance.wait()
    instance.start(listen=f"{host}:{port}")
    assert instance.ready() == (host, port)
    assert who((host, port))


def test_an_instance_serves_ipv6(instance: Instance) -> None:
    instance.start(listen="[::1]:0", workers=1)
    assert who(instance.ready())


def test_restarts_and_children_are_reported_each_second(instance: Instance) -> None:
    instance.start()
    address = instance.ready()
    until(lambda: _up(instance) == {"gate": 2, "control": 1, "recorder": 1}, "the figures of all children")
    ask(address, b"die\n")
    until(lambda: _figures(instance)["restarts"] == {"gate": 1, "control": 0, "recorder": 0}, "the restart")
    until(lambda: _up(instance)["gate"] == 2, "the new gate")
    assert _figures(instance)["pid"] == instance.pid


def _reloads(instance: Instance, count: int) -> None:
    until(lambda: len(instance.logged("reload_done")) == count, f"replacement {count}")


def _figures(instance: Instance) -> dict[str, Any]:
    file = instance.data / "run" / "metrics" / "supervisor.json"
    found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return found


def _up(instance: Instance) -> dict[str, int]:
    found: dict[str, int] = _figures(instance).get("up", {})
    return found


def _refused(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        return False  # it still waited to be accepted when the listener closed
    return False
