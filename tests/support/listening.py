"""A real Listener on a loopback socket with a handler that notes what it is told, and byte scripts to drive it."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import uvloop

from torana.core.errors import Refusal
from torana.gate.listen import CallerEvents, Connection, Listener, Request
from torana.settings import Settings

DEADLINE_SECONDS = 60.0
SECOND = 1_000_000_000


class Events:
    """Notes what a running call is told about its caller."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def caller_left(self) -> None:
        self.told.append("left")

    def caller_paused(self) -> None:
        self.told.append("paused")

    def caller_resumed(self) -> None:
        self.told.append("resumed")

    def stop(self) -> None:
        self.told.append("stop")


class Notes:
    """Answers with the request's own words, or leaves the answer to the test when `held`."""

    def __init__(self, held: bool = False) -> None:
        self.held = held
        self.requests: list[Request] = []
        self.refusals: list[tuple[Request, Refusal]] = []
        self.connections: list[Connection] = []
        self.events: list[Events] = []

    def called(self, connection: Connection, request: Request) -> CallerEvents | None:
        self.requests.append(request)
        self.connections.append(connection)
        self.events.append(Events())
        if not self.held:
            connection.reply(200, b"", b"%b %b [%b]" % (request.method, request.target, request.body))
        return self.events[-1]

    def takes_uploads(self, request: Request) -> bool:
        return False

    def refused(self, connection: Connection, request: Request, refusal: Refusal) -> None:
        self.refusals.append((request, refusal))
        connection.reply(refusal.status, b"", refusal.code.encode(), close=True)

    @property
    def codes(self) -> list[str]:
        return [refusal.code for _, refusal in self.refusals]


class Door:
    """A listener that is serving, and its address."""

    def __init__(self, listener: Listener, port: int) -> None:
        self.listener = listener
        self.port = port

    async def connect(self, tls: ssl.SSLContext | None = None, receive_bytes: int | None = None) -> "Caller":
        sock = socket.socket()
        if receive_bytes:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        sock.connect(("127.0.0.1", self.port))
        sock.setblocking(False)
        reader, writer = await asyncio.open_connection(
            sock=sock, ssl=tls, server_hostname="localhost" if tls else None, limit=4096 if receive_bytes else 2**16
        )
        return Caller(reader, writer)

    async def exchange(self, *parts: bytes, end: bool = False) -> bytes:
        """Send the parts one read each, and return all that comes back until the listener closes."""
        caller = await self.connect()
        for part in parts:
            await caller.send(part)
        if end:
            caller.writer.write_eof()
        answer = await caller.rest()
        caller.writer.close()
        return answer


class Caller:
    """The other end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Write, and give the listener the time to read this part alone."""
        self.writer.write(data)
        await self.writer.drain()
        await asyncio.sleep(0.002)

    async def take(self, expected: bytes) -> None:
        """Read exactly these bytes."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            got = b""
            while len(got) < len(expected) and (more := await self.reader.read(len(expected) - len(got))):
                got += more
            assert got == expected

    async def rest(self) -> bytes:
        """Everything until the connection ends, also by a reset."""
        got = b""
        async with asyncio.timeout(DEADLINE_SECONDS):
            with contextlib.suppress(ConnectionResetError):
                while more := await self.reader.read(65_536):
                    got += more
        return got


@contextlib.asynccontextmanager
async def serving(handler: Notes, tls: ssl.SSLContext | None = None, **settings: Any) -> AsyncIterator[Door]:
    """Serve until the block ends."""
    listener = Listener(Settings(**settings), handler)
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    await listener.start(sock, tls)
    try:
        yield Door(listener, port)
    finally:
        listener.stop_accepting()


async def until(condition: Callable[[], object], does: Callable[[], object] | None = None) -> None:
    """Poll for something that must become true; `does` runs at each turn."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():
            if does is not None:
                does()
            await asyncio.sleep(0.01)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a test's coroutine on uvloop."""
    uvloop.run(main)
