"""What a gate no longer needs, let go of a little at a time.

To free the hundred thousand principals of a view that was swapped takes a quarter of a second. Every call would wait for it.
"""

import asyncio
from collections import deque
from typing import Any

AT_ONCE = 500
"""Entries: about a millisecond."""
PAUSE_SECONDS = 0.004


class Remains:
    """Dictionaries that nobody looks anything up in any more, or that may forget."""

    def __init__(self) -> None:
        self._left: deque[dict[Any, Any]] = deque()
        self._handle: asyncio.TimerHandle | None = None

    def add(self, *dictionaries: dict[Any, Any]) -> None:
        """Empty these in the time to come; at once where there is no event loop, and so nobody who waits."""
        self._left += dictionaries
        if self._handle is not None:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            while self.free():
                pass
        else:
            self._handle = loop.call_later(PAUSE_SECONDS, self._step, loop)

    def free(self, most: int = AT_ONCE) -> bool:
        """Let go of so many entries; whether there are more."""
        while self._left:
            entries = self._left[0]
            while entries and most > 0:
                entries.popitem()
                most -= 1
            if entries:
                return True
            self._left.popleft()
        return False

    def _step(self, loop: asyncio.AbstractEventLoop) -> None:
        self._handle = loop.call_later(PAUSE_SECONDS, self._step, loop) if self.free() else None
