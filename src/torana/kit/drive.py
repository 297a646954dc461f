"""Runs a coroutine from callbacks, without a task, a future or a turn of the event loop.

A call's journey is written as one `async def`, because that reads as a story. Driving it as an asyncio task would cost several
microseconds a call; here a step that has to wait yields, and the callback that brings the answer resumes it in place.
"""

import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any


@types.coroutine
def pause() -> Generator[None, Any, Any]:
    """Give control back until `Driver.resume(value)`; returns that value."""
    return (yield)


class Driver:
    """Drives one coroutine. `resume` and `throw` are ignored after its end."""

    __slots__ = ("_coroutine", "_running", "_waiting")

    def __init__(self) -> None:
        self._coroutine: Coroutine[None, Any, None] | None = None
        self._running = False
        self._waiting: list[Callable[[], None]] = []

    def start(self, coroutine: Coroutine[None, Any, None]) -> None:
        """Run the coroutine up to its first pause."""
        self._coroutine = coroutine
        self._step(coroutine.send, None)

    def resume(self, value: Any = None) -> None:
        """Go on after `pause()`, which returns `value`. Called while the coroutine runs, it takes effect at its next pause."""
        if (coroutine := self._coroutine) is not None:
            self._step(coroutine.send, value)

    def throw(self, error: BaseException) -> None:
        """Go on after `pause()` by raising `error` there."""
        if (coroutine := self._coroutine) is not None:
            self._step(coroutine.throw, error)

    @property
    def ended(self) -> bool:
        """Whether the coroutine has returned or failed."""
        return self._coroutine is None

    def _step(self, go: Callable[[Any], Any], value: Any) -> None:
        if self._running:
            self._waiting.append(lambda: self._step(go, value))
            return
        self._running = True
        try:
            go(value)
        except StopIteration:
            self._coroutine = None
        except BaseException:
            self._coroutine = None
            raise
        finally:
            self._running = False
        if self._waiting and self._coroutine is not None:
            self._waiting.pop(0)()
