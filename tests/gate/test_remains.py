"""Letting go of what many calls have left."""

import asyncio

import pytest

from torana.gate.remains import AT_ONCE, Remains


def test_without_an_event_loop_everything_is_let_go_of_at_once() -> None:
    entries = dict.fromkeys(range(3 * AT_ONCE))
    Remains().add(entries, {1: 1})
    assert not entries


def test_a_slice_is_never_larger_than_asked_for() -> None:
    async def run() -> list[int]:
        remains, entries, others = Remains(), dict.fromkeys(range(10)), dict.fromkeys(range(3))
        remains.add(entries, others)
        sizes = []
        while remains.free(4):
            sizes.append(len(entries) + len(others))
        return [*sizes, len(entries) + len(others)]

    assert asyncio.run(run()) == [9, 5, 1, 0]


@pytest.mark.parametrize("later", [False, True])
def test_in_an_event_loop_everything_is_let_go_of_in_the_end(later: bool) -> None:
    async def run() -> int:
        remains, entries = Remains(), dict.fromkeys(range(2 * AT_ONCE))
        remains.add(entries)
        assert len(entries) == 2 * AT_ONCE
        more = {1: 1}
        if later:
            remains.add(more)
        else:
            more.clear()
        async with asyncio.timeout(30):
            while entries or more:
                await asyncio.sleep(0.001)
        return len(entries)

    assert asyncio.run(run()) == 0
