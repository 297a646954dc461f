"""Puts a simulated vendor behind a port of the test's own process, and a gate before it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec

from tests.support.gate_here import MASTER, Here, gate_here, snapshot
from tests.support.vendors import VENDORS, google
from tests.support.vendors.shape import Answer
from torana.core.secret import Secret
from torana.core.snapshot import Account, Deployment, Door, Snapshot

SERVICE = "the-model"


class Served:
    """A vendor that is being called."""

    def __init__(self, dialect: str) -> None:
        self.simulated = VENDORS[dialect]
        self.answer = Answer("Hello")
        self.status = 200
        self.headers: dict[str, str] = {}
        """Of its refusals."""
        self.broken: str | None = None
        """How a stream goes wrong after half of it: `error`, `cut` or `garbage`."""
        self.streams = True
        """Whether it streams where a stream is asked for."""
        self.bodies: list[bytes] = []
        self.wrong: list[str] = []
        """What is not valid in the requests it got."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One call on a connection of its own."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        path = head.split(b" ", 2)[1].decode()
        self.bodies.append(body)
        try:
            self.simulated.check(body, path)
        except Exception as error:
            self.wrong.append(f"{error!r}: {body.decode()}")
        writer.write(self._reply(unquote(path), body))
        await writer.drain()
        writer.close()

    def _reply(self, path: str, body: bytes) -> bytes:
        simulated = self.simulated
        if self.status != 200:
            return _http(
                self.status, "application/json", simulated.error(self.status, "the vendor says no"), self.headers
            )
        if not (self.streams and _wants_stream(path, body)):
            return _http(200, "application/json", simulated.whole(self.answer))
        if path.endswith(":streamGenerateContent"):
            return _http(200, "application/json", google.array(self.answer))
        events = simulated.events(self.answer)
        half = events[: len(events) // 2]
        if self.broken is not None:
            events = [*half, {"error": simulated.error_event, "cut": b"", "garbage": b"\n\ndata: }{\n\n"}[self.broken]]
        return _http(200, simulated.stream_type, b"".join(events))


def _wants_stream(path: str, body: bytes) -> bool:
    return b'"stream":true' in body or b'"stream": true' in body or "stream" in path


def _http(status: int, kind: str, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    fields = {"content-type": kind, "connection": "close", "content-length": str(len(body)), **(headers or {})}
    lines = [f"HTTP/1.1 {status} Status", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def content(url: str, dialect: str, drop: bool, **account: Any) -> Snapshot:
    """A service whose one deployment speaks this dialect."""
    model = VENDORS[dialect].model
    made = snapshot(url, [SERVICE])
    made.accounts["vendor"] = Account(
        "vendor",
        "vendor",
        dialect,
        url,
        "bearer",
        MASTER.seal(Secret("sk-vendor-key"), "vendor"),
        doors=(Door(dialect, url, "bearer"),),
        **account,
    )
    deployment = Deployment("d-1", f"vendor/{model}", "vendor", model)
    made.services[SERVICE] = msgspec.structs.replace(
        made.services[SERVICE], deployments=(deployment,), drop_unsupported=drop
    )
    return made


@contextlib.asynccontextmanager
async def gate_before(
    folder: Path, dialect: str, drop: bool = False, **account: Any
) -> AsyncIterator[tuple[Here, Served]]:
    """A gate whose service SERVICE is a vendor of this dialect."""
    served = Served(dialect)
    server = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        async with gate_here(folder, content(url, dialect, drop, **account)) as here:
            yield here, served
    finally:
        server.close()
