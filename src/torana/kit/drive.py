"""Runs a coroutine from callbacks, without a task, a future or a turn of the event loop.

A call's journey is written as one `async def`, because that reads as a story. Driving it as an asyncio task would cost several
microseconds a call; here a step that has to wait yields, and the callback that brings the answer resumes it in place.
"""

import types
from collections.abc import Generator
from typing import Any


@types.coroutine
def pause() -> Generator[None, Any, Any]:
    """Give control back; returns what the callback that resumes the coroutine sends into it."""
    return (yield)
