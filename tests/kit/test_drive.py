"""The coroutine driver: steps in order, however resumptions arrive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torana.kit.drive import Driver, pause


@given(st.lists(st.integers(), max_size=20))
def test_values_arrive_in_order(values: list[int]) -> None:
    got: list[int] = []

    async def story() -> None:
        while len(got) < len(values):
            got.append(await pause())

    driver = Driver()
    driver.start(story())
    for value in values:
        assert not driver.ended
        driver.resume(value)
    assert driver.ended
    assert got == values
    driver.resume(1)
    driver.throw(ValueError())


def test_a_resumption_while_it_runs_takes_effect_at_the_next_pause() -> None:
    got: list[object] = []
    driver = Driver()

    async def story() -> None:
        driver.resume("early")
        driver.throw(KeyError("also early"))
        got.append("running")
        got.append(await pause())
        with pytest.raises(KeyError):
            await pause()
        got.append("end")

    driver.start(story())
    assert got == ["running", "early", "end"]
    assert driver.ended


def test_a_failure_ends_it_and_reaches_who_resumed_it() -> None:
    async def story() -> None:
        await pause()
        raise LookupError("broken")

    driver = Driver()
    driver.start(story())
    with pytest.raises(LookupError):
        driver.resume()
    assert driver.ended
