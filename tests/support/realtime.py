"""A scripted vendor of realtime connections, and a caller that writes its own bytes: for a gate in the test's process."""

import asyncio
import base64
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

from tests.support.gate_here import DEADLINE_SECONDS, KEY, Here, Reply, parse, rest
from tests.support.listening import until
from torana.dialects.websocket import CLOSE, TEXT, frame

CALLER_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPTED = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""Key and answer of RFC 6455, section 1.3."""
NORMAL_CLOSE = frame(CLOSE, (1000).to_bytes(2, "big"), mask=False)
Script = Callable[["Visit"], Awaitable[None]]


class Frame(NamedTuple):
    """One frame, its mask taken off."""

    first: int
    payload: bytes
    masked: bool

    @property
    def opcode(self) -> int:
        return self.first & 0x0F

    @property
    def code(self) -> int:
        """Of a close frame."""
        return int.from_bytes(self.payload[:2], "big")

    @property
    def reason(self) -> str:
        return self.payload[2:].decode()


async def read_frame(reader: asyncio.StreamReader) -> Frame:
    """The next whole frame."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        first, second = await reader.readexactly(2)
        size = second & 0x7F
        if size > 125:
            size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
        mask = await reader.readexactly(4) if second & 0x80 else bytes(4)
        payload = await reader.readexactly(size)
    return Frame(first, bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload)), bool(second & 0x80))


class Visit:
    """One connection of the gate, as the vendor sees it."""

    def __init__(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.head = head
        self.reader = reader
        self.writer = writer
        line, *fields = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        self.line = line
        self.headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
        self.raw = b""
        """What followed the head, to the last byte; filled by `rest`."""

    def accept(self) -> str:
        digest = hashlib.sha1(
            self.headers["sec-websocket-key"].encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        ).digest()
        return base64.b64encode(digest).decode()

    async def switch(self, extra: str = "", then: bytes = b"") -> None:
        """Answer with a 101."""
        self.writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + f"Sec-WebSocket-Accept: {self.accept()}\r\n{extra}\r\n".encode()
            + then
        )
        await self.writer.drain()

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def event(self, value: dict[str, Any]) -> None:
        """One event in one frame."""
        await self.send(frame(TEXT, json.dumps(value).encode(), mask=False))

    async def frame(self) -> Frame:
        return await read_frame(self.reader)

    async def rest(self) -> bytes:
        """Everything until the gate closes."""
        self.raw += await rest(self.reader)
        return self.raw


class RealtimeVendor:
    """Runs a script for every connection."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.visits: list[Visit] = []
        self.left = 0
        self.problems: list[Exception] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = Visit(await reader.readuntil(b"\r\n\r\n"), reader, writer)
        self.visits.append(visit)
        try:
            await self._script(visit)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the gate hung up, which many tests are about
        except Exception as error:
            self.problems.append(error)
        finally:
            writer.close()
            self.left += 1

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator["RealtimeVendor"]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await until(lambda: self.left == len(self.visits))
            assert not self.problems


async def echo(visit: Visit) -> None:
    """Send every message back as it came, and answer the close frame."""
    await visit.switch()
    while (one := await visit.frame()).opcode != CLOSE:
        await visit.send(frame(one.opcode, one.payload, mask=False, final=bool(one.first & 0x80)))
    await visit.send(frame(CLOSE, one.payload, mask=False))


def handshake(model: str = "voice", key: str = KEY, extra: str = "", target: str = "") -> bytes:
    """A caller's request to open a connection."""
    authorization = f"Authorization: Bearer {key}\r\n" if key else ""
    return (
        f"GET {target or f'/v1/realtime?model={model}'} HTTP/1.1\r\nHost: gate\r\nConnection: keep-alive, Upgrade\r\n"
        f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {CALLER_KEY}\r\n{authorization}{extra}\r\n"
    ).encode()


class Talk:
    """An open connection, as the caller sees it."""

    def __init__(
        self, head: str, headers: dict[str, str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.head = head
        self.headers = headers
        self.call_id = headers["x-torana-call-id"]
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def say(self, text: str) -> None:
        """One text message in one frame."""
        await self.send(frame(TEXT, text.encode(), mask=True))

    async def frame(self) -> Frame:
        return await read_frame(self.reader)

    async def end(self) -> Frame:
        """The next frame, which is a close frame with nothing behind it."""
        last = await self.frame()
        assert last.opcode == CLOSE
        async with asyncio.timeout(DEADLINE_SECONDS):
            assert await rest(self.reader) == b""
        return last


@contextlib.asynccontextmanager
async def talk(here: Here, request: bytes | None = None) -> AsyncIterator[Talk]:
    """Open a connection through the gate."""
    reader, writer = await here.connect()
    try:
        writer.write(handshake() if request is None else request)
        async with asyncio.timeout(DEADLINE_SECONDS):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        assert head.startswith("HTTP/1.1 101 Switching Protocols\r\n"), head
        fields = [line.partition(": ") for line in head.removesuffix("\r\n\r\n").split("\r\n")[1:]]
        yield Talk(head, {name.lower(): value for name, _, value in fields}, reader, writer)
    finally:
        writer.close()


async def refused(here: Here, request: bytes) -> Reply:
    """The HTTP reply to a request that must not be taken up; the gate closes behind it."""
    return parse(await here.exchange(request))
