"""The only place that starts asyncio tasks: named, referenced, and never failing in silence."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from torana.kit.log import logger

_running: set[asyncio.Task[Any]] = set()


def spawn(coroutine: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """Start a task that is kept alive until it ends and whose failure is logged."""
    task = asyncio.get_running_loop().create_task(coroutine, name=name)
    _running.add(task)
    task.add_done_callback(_ended)
    return task


def _ended(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        logger().error("task_failed", task=task.get_name(), exc_info=error)
