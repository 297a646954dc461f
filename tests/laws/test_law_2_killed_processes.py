"""Law 2: a caller who has seen the end of a reply finds its record, even if the gate or the recorder is killed right then; no
record twice, none lost."""

import http.client
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support import journey
from tests.support.instance import Instance, run_instance
from tests.support.polling import eventually, kill
from tests.support.vendor_process import Vendor

ROUNDS = 6
CALLERS = 6


@pytest.fixture
def instance(vendor: Vendor, tmp_path: Path) -> Iterator[Instance]:
    services = [journey.service(name) for name in ("chat", "fault:slow-events")]
    config = journey.configuration(vendor, services)
    with run_instance(tmp_path, config, key=journey.KEY, env=journey.environment()) as running:
        yield running


class Callers:
    """Threads that call and stream until told to stop, and note each reply whose end they saw."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.over = threading.Event()
        self.ended: list[str] = []

    def run(self, number: int) -> None:
        streamed = number % 2 == 0
        while not self.over.wait(0.005):
            try:
                if streamed:
                    reply = self.instance.chat("fault:slow-events", stream=True)
                else:
                    reply = self.instance.chat("chat")
            except (OSError, http.client.HTTPException):
                continue
            if reply.complete and reply.status == 200 and (not streamed or b"data: [DONE]" in reply.body):
                self.ended.append(reply.call_id)


def kill_one(instance: Instance, title: str, rng: random.Random) -> None:
    victim = rng.choice(eventually(lambda: instance.children(title), f"{title} lives", 60))
    kill(victim)


def test_killing_gates_and_the_recorder_while_calls_and_streams_run_loses_and_doubles_no_record(
    instance: Instance,
) -> None:
    rng = random.Random(7)
    callers = Callers(instance)
    with ThreadPoolExecutor(CALLERS) as pool:
        running = [pool.submit(callers.run, number) for number in range(CALLERS)]
        try:
            for turn in range(ROUNDS):
                before = len(callers.ended)
                eventually(lambda: len(callers.ended) >= before + 5, "calls get through", 60)  # noqa: B023
                time.sleep(rng.uniform(0, 0.2))
                for title in (("torana: gate",), ("torana: recorder",), ("torana: recorder", "torana: gate"))[turn % 3]:
                    kill_one(instance, title, rng)
            eventually(lambda: len(instance.gates()) == 2, "both gates are back", 60)
        finally:
            callers.over.set()
    for done in running:
        done.result()
    ended = set(callers.ended)
    assert len(ended) == len(callers.ended)
    instance.records(ended)
    counts = Counter(row["id"] for row in instance.calls())
    assert {call_id for call_id in ended if counts[call_id] != 1} == set()
    assert [call_id for call_id, count in counts.items() if count != 1] == []
