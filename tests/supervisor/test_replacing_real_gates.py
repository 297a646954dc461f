"""SIGHUP with real gates under load: nobody who calls notices, and every call has its record."""

import http.client
import json
import re
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.support import journey
from tests.support.instance import Instance, run_instance
from tests.support.polling import eventually, kill
from tests.support.vendor_process import run_vendor

REPLACEMENTS = 5
BODY = {"messages": [{"role": "user", "content": "Hi"}]}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with run_vendor() as vendor:
        config = journey.configuration(vendor, [journey.service("chat"), journey.service("fault:slow-events")])
        folder = tmp_path_factory.mktemp("replacing")
        env = {**journey.environment(), "TORANA_LOG_FORMAT": "json"}
        with run_instance(folder, config, key=journey.KEY, env=env, grace_seconds=20) as started:
            yield started


class Load:
    """Callers that go on until told to stop, and what they saw."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self.done = threading.Event()
        self.answered: list[str] = []
        """Call ids."""
        self.faults: list[str] = []

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._instance.port, timeout=60)

    def _call(self, connection: http.client.HTTPConnection, model: str, streamed: bool) -> bool:
        """One whole call; whether the connection may be used again."""
        headers = {"Authorization": f"Bearer {self._instance.key}", "Content-Type": "application/json"}
        body = json.dumps({"model": model, "stream": streamed, **BODY})
        connection.request("POST", "/v1/chat/completions", body, headers)
        reply = connection.getresponse()
        content = reply.read()
        if reply.status != 200 or (streamed and not content.endswith(b"data: [DONE]\n\n")):
            self.faults.append(f"{reply.status} {content[-200:]!r}")
        self.answered.append(reply.headers["x-torana-call-id"])
        return not reply.will_close

    def on_new_connections(self, model: str = "chat", streamed: bool = False) -> None:
        while not self.done.is_set():
            connection = self._connection()
            try:
                self._call(connection, model, streamed)
            except (OSError, http.client.HTTPException) as error:
                self.faults.append(f"new connection: {error!r}")
            finally:
                connection.close()
            self.done.wait(0.03)

    def on_silent_connections(self) -> None:
        """Connect, and send the request only a moment later."""
        while not self.done.is_set():
            connection = self._connection()
            try:
                connection.connect()
                self.done.wait(0.2)
                self._call(connection, "chat", streamed=False)
            except (OSError, http.client.HTTPException) as error:
                self.faults.append(f"silent connection: {error!r}")
            finally:
                connection.close()

    def on_kept_connections(self) -> None:
        """Use a connection until the gate says that it closes it."""
        while not self.done.is_set():
            connection = self._connection()
            try:
                while self._call(connection, "chat", streamed=False) and not self.done.is_set():
                    self.done.wait(0.05)
            except (OSError, http.client.HTTPException) as error:
                self.faults.append(f"kept connection: {error!r}")
            finally:
                connection.close()


def _logged(instance: Instance, event: str) -> int:
    return len(re.findall(f'"event":"{event}"', instance.output()))


def _replace(instance: Instance) -> None:
    before = _logged(instance, "reload_done")
    instance.process.send_signal(signal.SIGHUP)
    eventually(lambda: _logged(instance, "reload_done") > before, "the replacement of all gates", 90)


def counted(instance: Instance) -> float:
    """The sum of torana_calls_total over everything."""
    shown = instance.request("GET", "/metrics", key="").body.decode()
    return sum(float(line.rpartition(" ")[2]) for line in shown.splitlines() if line.startswith("torana_calls_total{"))


def test_replacing_gates_costs_no_call_and_no_record(running: Instance) -> None:
    load = Load(running)
    callers: list[Callable[[], None]] = [
        load.on_new_connections,
        load.on_new_connections,
        lambda: load.on_new_connections("fault:slow-events", streamed=True),
        load.on_silent_connections,
        load.on_kept_connections,
    ]
    first = {gate.pid for gate in running.gates()}
    counts = []
    with ThreadPoolExecutor(len(callers)) as pool:
        threads = [pool.submit(caller) for caller in callers]
        try:
            for _ in range(REPLACEMENTS):
                before = len(load.answered)
                _replace(running)
                eventually(lambda before=before: len(load.answered) >= before + 10, "calls go on", 60)  # type: ignore[misc]
                counts.append(counted(running))
        finally:
            load.done.set()
    for thread in threads:
        thread.result()
    assert load.faults == []
    assert not first & {gate.pid for gate in running.gates()}
    assert counts == sorted(counts)
    assert len(load.answered) > 50
    rows = running.records(set(load.answered))
    assert [call_id for call_id in load.answered if len(rows[call_id]) != 1] == []
    assert max(Counter(load.answered).values()) == 1
    # A gate's own numbers are at once in its answer, another's within about a second.
    eventually(lambda: counted(running) >= len(load.answered), "every call is counted", 30)


def test_no_counter_falls_whichever_gate_is_asked_and_whatever_becomes_of_it(running: Instance) -> None:
    seen = [counted(running)]
    for _ in range(3):
        for _ in range(5):
            assert running.chat("chat").status == 200
            seen.append(counted(running))
        victim = eventually(running.gates, "a gate lives")[0]
        kill(victim)
        eventually(lambda: len(running.gates()) == 2, "its successor", 60)
        seen.append(counted(running))
    assert seen == sorted(seen)


def test_a_replacement_serves_the_configuration_that_was_applied_with_it(running: Instance) -> None:
    file = running.folder / "torana.yaml"
    config = json.loads(file.read_text())
    for turn in range(2):
        name = f"added-{turn}"
        config["services"].append({**config["services"][0], "name": name})
        config["teams"][0]["apps"][0]["subscriptions"].append(name)
        file.write_text(json.dumps(config))
        _replace(running)
        assert {running.chat(name).status for _ in range(6)} == {200}
