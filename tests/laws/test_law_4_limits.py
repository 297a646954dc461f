"""Law 4: a limit is never exceeded, however many workers and callers; a reservation cannot leak. (Budgets come later.)

tests/stores/counters has the same for the counters alone, process by process and window by window.
"""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests.support import journey
from tests.support.instance import Instance, run_instance
from tests.support.polling import eventually
from tests.support.vendor_process import Vendor

PER_DAY, AT_ONCE, CALLERS = 20, 5, 100


@pytest.fixture(scope="module")
def instance(vendor: Vendor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    services = [
        journey.service("rated", "chat", limits=[{"requests": PER_DAY, "per": "minute"}]),
        journey.service("both", "chat", limits=[{"requests": 3, "per": "minute"}, {"concurrency": AT_ONCE}]),
        journey.service("fault:hang", limits=[{"concurrency": AT_ONCE}]),
        journey.service("chat"),
    ]
    folder: Path = tmp_path_factory.mktemp("limits")
    env = {**journey.environment(), "TORANA_UPSTREAM_FIRST_BYTE_TIMEOUT_SECONDS": "15"}
    with run_instance(folder, journey.configuration(vendor, services), key=journey.KEY, env=env) as running:
        yield running


def test_exactly_as_many_of_a_hundred_concurrent_calls_succeed_as_the_limit_says(instance: Instance) -> None:
    with ThreadPoolExecutor(CALLERS) as pool:
        replies = list(pool.map(lambda _: instance.chat("rated"), range(CALLERS)))
    assert Counter(reply.status for reply in replies) == {200: PER_DAY, 429: CALLERS - PER_DAY}
    fine = [reply for reply in replies if reply.status == 200]
    assert {reply.headers["x-ratelimit-limit-requests"] for reply in fine} == {str(PER_DAY)}
    # What remains when the reply leaves: other calls may have been admitted since.
    remaining = [int(reply.headers["x-ratelimit-remaining-requests"]) for reply in fine]
    assert min(remaining) == 0
    assert max(remaining) < PER_DAY
    for reply in replies:
        if reply.status == 429:
            assert reply.error["code"] == "rate_limit_exceeded"
            assert 1 <= int(reply.headers["retry-after"]) <= 61
            assert f"Try again in {reply.headers['retry-after']} s" in reply.error["message"]


def test_exactly_as_many_calls_run_at_once_as_the_limit_says_and_refused_ones_use_nothing(
    instance: Instance, vendor: Vendor
) -> None:
    vendor.clear()
    with ThreadPoolExecutor(CALLERS) as pool:
        replies = list(pool.map(lambda _: instance.chat("fault:hang", user="at-once"), range(CALLERS)))
    assert len(vendor.seen(b"at-once")) == AT_ONCE
    assert Counter(reply.status for reply in replies) == {504: AT_ONCE, 429: CALLERS - AT_ONCE}
    assert {reply.error["code"] for reply in replies} == {"upstream_first_byte_timeout", "concurrency_limit_exceeded"}
    assert {reply.headers.get("retry-after") for reply in replies if reply.status == 429} == {"1"}
    with ThreadPoolExecutor(10) as pool:
        replies = list(pool.map(lambda _: instance.chat("both"), range(10)))
    assert Counter(reply.status for reply in replies)[200] == 3


def test_the_places_of_a_killed_gate_are_free_again(instance: Instance, vendor: Vendor) -> None:
    vendor.clear()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(instance.chat, "fault:hang", user="killed") for _ in range(AT_ONCE)]
        eventually(lambda: len(vendor.seen(b"killed")) == AT_ONCE, "all places are taken")
        assert instance.chat("fault:hang").status == 429
        gates: list[psutil.Process] = instance.gates()
        for gate in gates:
            gate.kill()
        eventually(lambda: len(instance.gates()) == 2 and not set(gates) & set(instance.gates()), "new gates", 60)
        for call in running:
            with pytest.raises(ConnectionError):
                call.result()
    vendor.clear()

    def all_taken() -> bool:
        try:
            instance.chat("chat")
        except OSError:
            return False
        return True

    eventually(all_taken, "a gate answers", 60)
    with ThreadPoolExecutor(2 * AT_ONCE) as pool:
        again = [pool.submit(instance.chat, "fault:hang", user="again") for _ in range(2 * AT_ONCE)]
        statuses = Counter(call.result().status for call in again)
    assert statuses == {504: AT_ONCE, 429: AT_ONCE}
