"""How a journey waits for the sandbox and for the service. Each resumes it only where it waits for that one."""

from typing import TYPE_CHECKING

from torana.core.errors import Refusal
from torana.kit.drive import pause

if TYPE_CHECKING:
    from torana.custom.jobs import Job
    from torana.custom.sandbox import Result
    from torana.gate.call import Call
    from torana.gate.target import Target
    from torana.gate.upstream.failure import Failure


async def evaluated(call: "Call", job: "Job") -> tuple[bytes, ...]:
    """A job's values. Raises CustomError. A caller who leaves takes the job out of the line."""
    result: Result | None = None

    def take(given: "Result") -> None:
        nonlocal result
        result = given
        call.wake()

    sandbox = call.gate.sandbox
    ticket = sandbox.submit(job, take)
    try:
        while result is None:
            await pause()
    finally:
        sandbox.cancel(ticket)
    if isinstance(result, Exception):
        raise result
    return result


class Feed:
    """The sink of a service's reply: keeps what comes while the journey waits for something else, and holds the service back."""

    __slots__ = ("_call", "_ended", "_failure", "_parts", "_target", "_waiting")

    def __init__(self, call: "Call", target: "Target") -> None:
        self._call = call
        self._target = target
        self._parts: list[bytes] = []
        self._ended = False
        self._failure: Failure | None = None
        self._waiting = False

    def upstream_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Note it on the call."""
        self._call.upstream_head(status, headers)

    def upstream_body(self, data: bytes, end: bool) -> None:
        """Resume the journey with it, or keep it."""
        self._parts.append(data)
        self._ended = end
        self._go_on()

    def upstream_failed(self, failure: "Failure") -> None:
        """Resume the journey with it, or keep it: what came before still counts."""
        self._call.exchange = None
        self._failure = failure
        self._go_on()

    def _go_on(self) -> None:
        call = self._call
        if self._waiting:
            self._waiting = False
            call.wake()
        elif call.exchange is not None:
            call.exchange.pause()

    async def read(self) -> tuple[bytes, bool]:
        """All bytes since the last time, at least those of one read, and whether they are the last. Raises Refusal."""
        if not self._parts:
            self._check()
            exchange = self._call.exchange
            if exchange is not None and not self._call.caller_is_slow:
                exchange.resume()
            self._waiting = True
            try:
                await pause()
            finally:
                self._waiting = False
            if not self._parts:
                self._check()
        data = b"".join(self._parts)
        self._parts.clear()
        return data, self._ended

    async def rest(self, data: bytes, most: int) -> bytes:
        """The whole body, of which `data` has come. Raises Refusal: upstream_reply_too_large, and how the upstream failed."""
        parts, size, end = [data], len(data), False
        while not end:
            data, end = await self.read()
            parts.append(data)
            size += len(data)
            if size > most:
                raise Refusal("upstream_reply_too_large", target=self._target.name, limit=most)
        return b"".join(parts)

    def _check(self) -> None:
        if self._failure is not None:
            detail = self._failure.detail
            raise Refusal(self._failure.code, target=self._target.name, **detail)  # type: ignore[arg-type]
