"""Collects what is written while one turn of the event loop handles its events, and writes it when all are handled.

Written at once, each small message wakes its receiver, which is done with it and asleep again before the next one is ready: on a
busy gate that costs more than making the message. Back to back, one wake-up serves many. Nothing waits longer than the turn.
"""

import asyncio


class Outbox:
    """One per event loop. What goes to a transport by other ways needs a `flush` first, to keep the order."""

    __slots__ = ("_items", "_loop", "_scheduled", "turn")

    def __init__(self) -> None:
        self._items: list[tuple[asyncio.WriteTransport, bytes]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._scheduled = False
        self.turn = 0
        """Counts flushes: what was handed in during the present turn has not left yet."""

    def write(self, transport: asyncio.WriteTransport, data: bytes) -> None:
        """Write at the end of this turn."""
        self._items.append((transport, data))
        if not self._scheduled:
            self.end_turn()

    def end_turn(self) -> None:
        """Have `turn` counted on when this turn of the loop ends, whether anything is written or not."""
        if not self._scheduled:
            self._scheduled = True
            if self._loop is None:
                self._loop = asyncio.get_running_loop()
            self._loop.call_soon(self._end)

    def _end(self) -> None:
        self._scheduled = False
        self.flush()

    def flush(self) -> None:
        """Write now."""
        self.turn += 1
        if self._items:
            items, self._items = self._items, []
            for transport, data in items:
                # It may have been aborted since; there is nobody to write to then.
                if not transport.is_closing():
                    transport.write(data)
