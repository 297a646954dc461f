"""One sandbox for a whole test process: its worker takes longer to start than most evaluations."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import pytest

from torana.custom.jobs import Job, Limits, Step
from torana.custom.sandbox import Sandbox

Given = TypeVar("Given")


class Evaluator:
    """A sandbox and the loop that it lives on, for tests that are not coroutines."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.sandbox = Sandbox(Limits(wall_seconds=60), workers=1)

    def run(self, work: Coroutine[Any, Any, Given]) -> Given:
        """Wait for a coroutine on the sandbox's loop."""
        return self.loop.run_until_complete(work)

    async def evaluate(self, job: Job) -> tuple[bytes, ...]:
        """What steps take as their `Evaluate`."""
        return await self.sandbox.evaluate(job)

    def one(self, kind: Any, source: str, inputs: bytes = b"{}") -> bytes:
        """One step's value. Raises CustomError."""
        return self.run(self.sandbox.evaluate(Job((Step("step", kind, source),), (inputs,))))[0]


@pytest.fixture(scope="session")
def evaluator() -> Iterator[Evaluator]:
    one = Evaluator()
    yield one
    one.run(one.sandbox.close())
    one.loop.close()
