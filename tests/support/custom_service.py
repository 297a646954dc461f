"""An in-house service before a gate in the test's own process: what it is asked, and what it answers piece by piece."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tests.support.gate_here import MASTER, Here, Reply, gate_here, snapshot
from torana.core.record import CallRecord
from torana.core.secret import Secret
from torana.core.snapshot import Snapshot

SECRET = "in-house-secret-0123456789"


class Asked(NamedTuple):
    """One request as it arrived."""

    line: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Service:
    """Answers every request with `answer`, each on a connection of its own, and keeps what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Asked] = []
        self.answer: Answer = whole(b"{}")
        self.left = asyncio.Event()
        """Set when a caller has closed the connection while an answer was being written."""


def whole(body: bytes, status: str = "200 OK", headers: str = "") -> Answer:
    """A reply in one piece."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status}\r\n{headers}connection: close\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)

    return answer


def pieces(*parts: bytes, pause: float = 0.01) -> Answer:
    """A reply that ends with the connection, in pieces."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)

    return answer


SAID = whole(b'{"text": "fine", "n": 3}')
STREAM = {"framing": "ndjson", "event": '{"text": t, "usage": n ? {"input": n, "output": 1}, "done": end}'}
"""Of replies in lines such as `{"t": "text"}`, `{"n": 3}`, `{"end": true}`."""


@asynccontextmanager
async def running_service() -> AsyncIterator[Service]:
    """A service on a free loopback port."""
    service = Service()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            fields = [line.partition(": ") for line in head[1:] if line]
            headers = {name.lower(): value for name, _, value in fields}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            service.asked.append(Asked(head[0], headers, body))
            await service.answer(writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            service.left.set()
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/base"
    yield service
    server.close()


def described(response: str = "text", **fields: Any) -> bytes:
    """A description as snapshots carry it."""
    request = {"path": "/call", "body": '{"text": {{ last_user }}}'} | fields.pop("request", {})
    return msgspec.json.encode({"request": request, "response": response, "auth": {"style": "bearer"}, **fields})


def published(url: str, models: Mapping[str, bytes], *, version: int = 1, drop: bool = False) -> Snapshot:
    """Services of kind custom with these descriptions, all at one provider account."""
    content = snapshot(url, list(models), version=version)
    key = MASTER.seal(Secret(SECRET), "vendor")
    content.accounts["vendor"] = msgspec.structs.replace(content.accounts["vendor"], sealed_key=key)
    for name, description in models.items():
        content.services[name] = msgspec.structs.replace(
            content.services[name], kind="custom", custom=description, drop_unsupported=drop
        )
    return content


@asynccontextmanager
async def gate_before(
    folder: Path, *, settings: dict[str, Any] | None = None, **models: bytes
) -> AsyncIterator[tuple[Here, Service]]:
    """A gate with custom models before a service. Only processor time bounds an evaluation."""
    async with (
        running_service() as service,
        gate_here(folder, published(service.url, models), **settings or {}) as here,
    ):
        # On a loaded machine the wall clock would stop an evaluation that has not used up its processor time.
        here.gate.sandbox.limits = msgspec.structs.replace(here.gate.sandbox.limits, wall_seconds=60)
        yield here, service


async def one_record(here: Here, reply: Reply) -> CallRecord:
    """The call's record, after checking that nothing is left reserved."""
    await here.until(lambda: not here.gate.listener.active)
    assert here.in_use() == {}
    return here.record(reply.call_id)
