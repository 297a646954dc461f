"""Callers who leave and gates that are killed: laws 2 and 3 at the door."""

import http.client
import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support import journey
from tests.support.instance import Instance, Reply, run_instance
from tests.support.polling import eventually, kill
from tests.support.vendor_process import Vendor

ONE = [{"concurrency": 1}]


@pytest.fixture(scope="module")
def instance(vendor: Vendor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    services = [
        journey.service("chat"),
        journey.service("fault:slow-events"),
        journey.service("fault:endless", limits=ONE),
        journey.service("fault:hang", limits=ONE),
    ]
    config = journey.configuration(vendor, services)
    folder = tmp_path_factory.mktemp("leave")
    with run_instance(folder, config, key=journey.KEY, env=journey.environment()) as running:
        yield running


def begin(instance: Instance, model: str, user: str, streamed: bool) -> http.client.HTTPConnection:
    """Send a call and wait for nothing."""
    connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=60)
    body = {"model": model, "stream": streamed, "user": user, "messages": [{"role": "user", "content": "x"}]}
    headers = {"Authorization": f"Bearer {instance.key}", "Content-Type": "application/json"}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    return connection


def only_record(instance: Instance, user: str) -> dict[str, object]:
    """The record of the one call with this `user` tag."""
    (row,) = eventually(
        lambda: [row for row in instance.calls() if row["user"] == user], f"the call of {user} is recorded"
    )
    assert isinstance(row, dict)
    return row


def test_a_caller_who_leaves_a_stream_ends_the_vendors_call_and_is_recorded_once(
    instance: Instance, vendor: Vendor
) -> None:
    connection = begin(instance, "fault:endless", "left-a-stream", streamed=True)
    answer = connection.getresponse()
    assert answer.readline().startswith(b"data: ")
    connection.close()
    answer.close()
    vendor.await_close(b"left-a-stream")
    record = only_record(instance, "left-a-stream")
    assert record["error"] == "caller_left"
    assert record["id"] == answer.headers["x-torana-call-id"]
    assert record["usage_estimated"] is True


def test_a_caller_who_leaves_before_the_answer_is_recorded_as_499(instance: Instance, vendor: Vendor) -> None:
    connection = begin(instance, "fault:hang", "left-early", streamed=False)
    eventually(lambda: vendor.seen(b"left-early"), "the vendor has the call")
    connection.close()
    vendor.await_close(b"left-early")
    record = only_record(instance, "left-early")
    assert (record["status"], record["error"]) == (499, "caller_left")


def begin_once_admitted(instance: Instance, user: str) -> http.client.HTTPConnection:
    """A stream that goes on until the connection is closed, begun as soon as the only place is free."""

    def admitted() -> http.client.HTTPConnection | None:
        connection = begin(instance, "fault:endless", user, streamed=True)
        if connection.getresponse().status == 200:
            return connection
        connection.close()
        return None

    return eventually(admitted, "the only place is free")


def test_the_place_of_a_caller_who_left_is_free_again(instance: Instance, vendor: Vendor) -> None:
    for turn in range(3):
        begin_once_admitted(instance, f"left-and-back-{turn}").close()
        vendor.await_close(f"left-and-back-{turn}".encode())


def test_a_second_caller_is_refused_while_the_first_one_holds_the_only_place(
    instance: Instance, vendor: Vendor
) -> None:
    holder = begin_once_admitted(instance, "the-holder")
    refusals = [instance.chat("fault:endless", stream=True) for _ in range(6)]
    holder.close()
    assert {reply.error["code"] for reply in refusals} == {"concurrency_limit_exceeded"}
    vendor.await_close(b"the-holder")


class Callers:
    """Threads that call until told to stop; they note every call whose reply they saw the end of."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._stop = threading.Event()
        self.ended: list[Reply] = []

    def run(self, streamed: bool) -> None:
        while not self._stop.is_set():
            fields: dict[str, Any] = {"stream": True} if streamed else {}
            try:
                reply = self._instance.chat("fault:slow-events" if streamed else "chat", **fields)
            except (OSError, http.client.HTTPException):
                continue  # the gate was killed before or during this reply
            if reply.complete and (not streamed or reply.body.endswith(b"data: [DONE]\n\n")):
                self.ended.append(reply)
            self._stop.wait(0.01)

    def await_more(self, count: int) -> None:
        """Wait until so many more calls have ended."""
        before = len(self.ended)
        eventually(lambda: len(self.ended) >= before + count, "calls get through", 60)

    def stop(self) -> None:
        self._stop.set()


def test_killing_gates_loses_no_record_of_a_reply_that_ended_and_stores_none_twice(instance: Instance) -> None:
    callers = Callers(instance)
    with ThreadPoolExecutor(8) as pool:
        running = [pool.submit(callers.run, streamed) for streamed in (True, False) * 4]
        try:
            for _ in range(4):
                callers.await_more(20)
                kill(eventually(instance.gates, "a gate lives")[0])
                eventually(lambda: len(instance.gates()) == 2, "the gate is restarted", 60)
        finally:
            callers.stop()
    for done in running:
        done.result()
    ids = {reply.call_id for reply in callers.ended if reply.status == 200}
    assert len(ids) > 80
    by_id = instance.records(ids)
    assert [call_id for call_id in ids if len(by_id[call_id]) != 1] == []
    assert [call_id for call_id, count in Counter(row["id"] for row in instance.calls()).items() if count > 1] == []


def test_killing_the_recorder_loses_and_doubles_nothing(instance: Instance) -> None:
    ids: set[str] = set()
    for _ in range(3):
        ids |= {instance.chat("chat").call_id for _ in range(10)}
        kill(eventually(lambda: instance.children("torana: recorder"), "a recorder lives", 60)[0])
        ids |= {instance.chat("chat").call_id for _ in range(10)}
    eventually(lambda: instance.children("torana: recorder"), "the recorder is restarted", 60)
    assert len(ids) == 60
    by_id = instance.records(ids)
    assert [call_id for call_id in ids if len(by_id[call_id]) != 1] == []


def test_gates_answer_while_control_is_away(instance: Instance) -> None:
    for control in instance.children("torana: control"):
        kill(control)
    assert instance.chat("chat").status == 200
    eventually(lambda: instance.children("torana: control"), "control is restarted", 60)
