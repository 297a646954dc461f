"""A scripted vendor on loopback and a sink that remembers the story it was told."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from time import monotonic_ns
from typing import Any

import uvloop

from torana.gate.upstream import Client, Endpoint, Exchange, Failure
from torana.settings import Settings

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

HEAD = b"POST /v1/x HTTP/1.1\r\nhost: vendor\r\naccept-encoding: identity\r\ncontent-length: 2\r\n\r\n"
BODY = b"{}"
SMALL = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nhello"


def run(story: Coroutine[Any, Any, None]) -> None:
    """Run one test on uvloop within a generous time."""

    async def bounded() -> None:
        async with asyncio.timeout(60):
            await story

    uvloop.run(bounded())


async def until(condition: Callable[[], bool]) -> None:
    """Poll; the deadline is the test's."""
    while not condition():
        await asyncio.sleep(0.005)


class Told:
    """What a sink was told. `then` may react to a head or a piece of body."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.pieces: list[bytes] = []
        self.ended = 0
        self.failures: list[Failure] = []
        self.over = asyncio.Event()
        self.on_head: Callable[[], None] = lambda: None
        self.on_body: Callable[[], None] = lambda: None

    def upstream_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        assert not self.status
        assert not self.over.is_set()
        self.status, self.headers = status, headers
        self.on_head()

    def upstream_body(self, data: bytes, end: bool) -> None:
        assert self.status
        assert not self.over.is_set()
        assert data or end
        self.pieces.append(data)
        if end:
            self.ended += 1
            self.over.set()
        self.on_body()

    def upstream_failed(self, failure: Failure) -> None:
        assert not self.over.is_set()
        self.failures.append(failure)
        self.over.set()

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def story(self) -> tuple[int, tuple[tuple[bytes, bytes], ...], bytes, str]:
        """Everything that must not depend on how the bytes were split."""
        end = self.failures[0].code if self.failures else "end" if self.ended else "open"
        return self.status, tuple(self.headers), self.body, end


class Vendor:
    """A server that runs a script for every connection and counts what it read."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.connections = 0
        self.closed = 0
        self.requests = 0
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            await self._script(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client hung up, which many tests are about
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()
            self.closed += 1
            self._tasks.discard(task)

    async def request(self, reader: asyncio.StreamReader) -> bytes:
        """The next whole request, counted."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        body = await reader.readexactly(length)
        self.requests += 1
        return head + body

    @contextlib.asynccontextmanager
    async def listening(self, tls: ssl.SSLContext | None = None) -> AsyncIterator["Vendor"]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await asyncio.sleep(0)

    def endpoint(self, **changes: Any) -> Endpoint:
        """This vendor's, with the given changes."""
        return Endpoint(**{"scheme": "http", "host": "127.0.0.1", "port": self.port, "name": "local", **changes})


def replies(*pieces: bytes, then_close: bool = False) -> Vendor:
    """A vendor that answers every request with these pieces, each in a write of its own."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await vendor.request(reader)
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.001 if len(pieces) > 1 else 0)
            if then_close:
                return

    vendor = Vendor(script)
    return vendor


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextlib.asynccontextmanager
async def client(**settings: Any) -> AsyncIterator[Client]:
    """A client that is swept as a worker does it, and leaves nothing open."""
    made = Client(Settings(**settings))

    async def sweep() -> None:
        while True:
            made.sweep(monotonic_ns())
            await asyncio.sleep(0.02)

    sweeping = asyncio.get_running_loop().create_task(sweep())
    try:
        yield made
    finally:
        sweeping.cancel()
        made.close()
        await asyncio.sleep(0.01)


def send(
    made: Client, endpoint: Endpoint, told: Told, head: bytes = HEAD, body: bytes = BODY, within: float = 10.0
) -> Exchange:
    """Send with a total deadline in seconds."""
    return made.send(endpoint, head, body, told, monotonic_ns() + int(within * 1e9))


async def ask(made: Client, endpoint: Endpoint, head: bytes = HEAD, body: bytes = BODY, within: float = 10.0) -> Told:
    """One whole exchange."""
    told = Told()
    send(made, endpoint, told, head, body, within)
    await told.over.wait()
    return told
