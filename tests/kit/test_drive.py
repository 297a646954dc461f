"""A coroutine that is moved on by whoever brings what it waits for."""

from torana.kit.drive import pause


def test_a_pause_returns_what_is_sent_into_the_coroutine() -> None:
    got: list[object] = []

    async def story() -> None:
        got.append(await pause())
        got.append(await pause())

    driven = story()
    driven.send(None)
    driven.send("first")
    assert got == ["first"]
    try:
        driven.send("second")
    except StopIteration:
        got.append("end")
    assert got == ["first", "second", "end"]
