"""Shared counters: never over the limit, whoever takes, dies or lets go; refused takes cost nothing."""

import os
import subprocess
import sys
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torana.core.snapshot import Limit
from torana.stores.counters.shared import EXACT_BELOW, SharedCounters, clear_slot

SECOND = 1_000_000_000


def requests(amount: int, period: int = 60) -> Limit:
    return Limit(f"app:requests:{period}", "requests", amount, period, "app")


def at_once(amount: int) -> Limit:
    return Limit("app:concurrency:0", "concurrency", amount, 0, "app")


@contextmanager
def gates(count: int) -> Iterator[list[SharedCounters]]:
    """Views as separate processes have them. Their locks exclude nobody in one process, but here nobody takes at the same time."""
    with TemporaryDirectory() as folder:
        views = [SharedCounters(Path(folder) / "counters.bin", slot) for slot in range(count)]
        yield views
        for view in views:
            view.close()


@settings(deadline=None, max_examples=30)
@given(
    st.sampled_from([1, 2, 5, 20, 1_000, 1_023, 1_024, 3_000]),
    st.sampled_from([1, 60, 3600]),
    st.lists(
        st.tuples(
            st.integers(0, 2), st.integers(0, 80), st.integers(1, 1_200), st.sampled_from(["take", "undo", "tick"])
        ),
        max_size=12,
    ),
)
def test_no_window_holds_more_than_the_limit(amount: int, period: int, script: list[tuple[int, int, int, str]]) -> None:
    """Steps: which gate, sixtieths of the period that pass, how many takes, and what follows."""
    limit, now = requests(amount, period), 1_000 * SECOND + 7
    taken: list[int] = []
    with gates(3) as views:
        rates = [view.rate(limit) for view in views]
        for gate, sixtieths, count, then in script:
            now += sixtieths * period * SECOND // 60
            took = False
            for _ in range(count):
                took = rates[gate].take(now)
                if took:
                    taken.append(now)
                    assert len(taken) - bisect_right(taken, now - period * SECOND) <= amount
                elif amount < EXACT_BELOW:
                    # The oldest bucket counts whole, so up to a sixtieth of the period more than the window is looked at.
                    assert len(taken) - bisect_right(taken, now - period * SECOND * 62 // 60) >= amount
                    break
                else:
                    break
            if then == "undo" and took:
                # A refused call gives back what it took of other limits: its own units, of the same moment.
                rates[gate].give_back()
                taken.pop()
            if then != "take":
                views[gate].tick(now)


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 30), st.lists(st.integers(0, 3 * SECOND), min_size=1, max_size=40))
def test_after_the_time_that_a_refusal_names_there_is_a_unit_again(amount: int, pauses: list[int]) -> None:
    with gates(1) as (view,):
        rate, now = view.rate(requests(amount)), 1_000 * SECOND
        for pause in pauses:
            now += pause
            if not rate.take(now):
                wait = rate.retry_ns(now)
                assert 0 < wait <= 62 * SECOND
                assert not rate.take(now + wait - 1)
                now += wait
                assert rate.take(now)


@settings(deadline=None, max_examples=30)
@given(
    st.sampled_from([1, 2, 7, 1_023, 1_024, 5_000]),
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["take", "take", "release", "die", "tick"]), st.integers(1, 200)),
        max_size=14,
    ),
)
def test_running_calls_never_exceed_the_limit_and_a_dead_gates_come_back(
    amount: int, script: list[tuple[int, str, int]]
) -> None:
    limit = at_once(amount)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "counters.bin"
        views = [SharedCounters(path, slot) for slot in range(4)]
        running = [0] * 4
        for gate, action, count in script:
            gauge = views[gate].gauge(limit)
            for _ in range(count):
                if action == "take":
                    taken = gauge.take()
                    assert not taken or sum(running) < amount
                    assert taken or amount >= EXACT_BELOW or sum(running) >= amount
                    running[gate] += taken
                elif action == "release" and running[gate]:
                    gauge.release()
                    running[gate] -= 1
            if action == "die":
                clear_slot(path, gate)
                views[gate] = SharedCounters(path, gate)
                running[gate] = 0
            elif action == "tick":
                views[gate].tick(0)
        for gate, held in enumerate(running):
            for _ in range(held):
                views[gate].gauge(limit).release()
            views[gate].tick(0)
        last = views[0].gauge(limit)
        if amount < EXACT_BELOW:
            assert all(last.take() for _ in range(amount))
            assert not last.take()


def test_a_changed_amount_holds_at_once_for_what_is_counted_already() -> None:
    with gates(2) as (one, other):
        rate = one.rate(requests(10))
        assert all(rate.take(SECOND) for _ in range(6))
        assert not other.rate(requests(5)).take(SECOND)
        assert sum(other.rate(requests(8)).take(SECOND) for _ in range(9)) == 2
        gauge = one.gauge(at_once(4))
        assert all(gauge.take() for _ in range(3))
        assert not other.gauge(at_once(3)).take()
        assert other.gauge(at_once(4)).take()


def test_what_a_gate_took_of_a_limit_in_advance_is_anothers_after_a_second() -> None:
    with gates(2) as (one, other):
        limit, now = requests(3_000, 3600), 1_000 * SECOND
        assert one.rate(limit).take(now)
        one.tick(now)
        taken = 1 + sum(other.rate(limit).take(now) for _ in range(3_000))
        assert taken < 3_000
        one.tick(now + SECOND)
        assert taken + sum(other.rate(limit).take(now + SECOND) for _ in range(3_000)) == 3_000


def test_places_that_a_gate_holds_in_reserve_go_back_when_nobody_wants_them_or_few_others_are_free() -> None:
    for amount, wanted in ((3_000, False), (3_000, True)):
        with gates(2) as (one, other):
            mine, others = one.gauge(at_once(amount)), other.gauge(at_once(amount))
            assert mine.take()
            mine.release()
            one.tick(0)
            assert mine.held
            if wanted:
                assert mine.take()
                taken = sum(others.take() for _ in range(amount))
                assert taken < amount - 1
                one.tick(SECOND)
                assert taken + sum(others.take() for _ in range(amount)) == amount - 1
            else:
                one.tick(SECOND)
                assert not mine.held
                assert all(others.take() for _ in range(amount))


def test_different_limits_do_not_touch_each_other() -> None:
    with gates(1) as (view,):
        some = [Limit(f"app_{number}:requests:60", "requests", 1, 60, "app") for number in range(300)]
        assert all(view.rate(limit).take(SECOND) for limit in some)
        assert not any(view.rate(limit).take(SECOND) for limit in some)


_TAKER = """
import sys, time
from pathlib import Path
from torana.core.snapshot import Limit
from torana.stores.counters.shared import CountersBusyError, SharedCounters
path, slot, amount, tries = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
counters = SharedCounters(path, slot)
rate = counters.rate(Limit("app:requests:86400", "requests", amount, 86_400, "app"))
gauge = counters.gauge(Limit("app:concurrency:0", "concurrency", amount, 0, "app"))
sys.stdin.read(1)
def taken(take):
    while True:
        try:
            return take()
        except CountersBusyError:
            continue
rated = sum(taken(lambda: rate.take(time.monotonic_ns())) for _ in range(tries))
gauged = sum(taken(gauge.take) for _ in range(tries))
print(rated, gauged, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("amount", [1, 10, 500, 1_023, 4_000])
def test_processes_that_take_at_the_same_time_share_one_limit(tmp_path: Path, amount: int) -> None:
    path = tmp_path / "counters.bin"
    command = [sys.executable, "-c", _TAKER, str(path)]
    takers = [
        subprocess.Popen(
            [*command, str(slot), str(amount), str(amount)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ},
        )
        for slot in range(4)
    ]
    try:
        for taker in takers:
            assert taker.stdin is not None
            taker.stdin.write("x")
            taker.stdin.flush()
        totals, of_the_killed = [0, 0], 0
        for taker in takers:
            assert taker.stdout is not None
            for index, word in enumerate(taker.stdout.readline().split()):
                totals[index] += int(word)
            if taker is takers[0]:
                of_the_killed = totals[1]
        if amount < EXACT_BELOW:
            assert totals == [amount, amount]
        else:
            assert all(amount // 2 < total <= amount for total in totals)
        takers[0].kill()
        takers[0].wait(10)
        survivor = SharedCounters(path, 10)
        gauge = survivor.gauge(at_once(amount))
        before = gauge.take()
        assert not before or amount >= EXACT_BELOW
        clear_slot(path, 0)
        if amount < EXACT_BELOW:
            assert gauge.take() is (of_the_killed > 0)
        survivor.close()
    finally:
        for taker in takers:
            taker.kill()
            taker.communicate(timeout=10)
