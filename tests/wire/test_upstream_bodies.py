"""Requests whose body is given piece by piece."""

import asyncio
from time import monotonic_ns

from tests.support.gate_here import begin
from tests.wire.upstream_script import SMALL, Told, run, until
from torana.gate.upstream import Client, Endpoint
from torana.gate.upstream.connection import Connection
from torana.settings import Settings

HEAD = b"POST /v1/x HTTP/1.1\r\nhost: vendor\r\ncontent-length: %d\r\n\r\n"
LATER = 3_600_000_000_000


class Body:
    """A source that notes what it is told."""

    def __init__(self) -> None:
        self.connection: Connection | None = None
        self.told: list[str] = []
        self.done = False

    def attached(self, connection: Connection) -> None:
        self.connection = connection
        self.told.append("attached")

    def detached(self) -> None:
        self.connection = None
        self.told.append("detached")

    def pause(self) -> None:
        self.told.append("pause")

    def resume(self) -> None:
        self.told.append("resume")

    def give(self, data: bytes, done: bool = False) -> None:
        assert self.connection is not None
        self.done = done
        self.connection.write([data])


async def server(handle: object) -> tuple[asyncio.Server, Endpoint]:
    made = await asyncio.start_server(handle, "127.0.0.1", 0)  # type: ignore[arg-type]
    return made, Endpoint(scheme="http", host="127.0.0.1", port=made.sockets[0].getsockname()[1])


def test_pieces_arrive_in_order_and_the_connection_is_kept() -> None:
    async def story() -> None:
        got: list[bytes] = []

        async def vendor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for _ in range(2):
                await reader.readuntil(b"\r\n\r\n")
                got.append(await reader.readexactly(9))
                writer.write(SMALL)
            await reader.read()
            writer.close()

        made, endpoint = await server(vendor)
        client = Client(Settings())
        body, told = Body(), Told()
        client.send(endpoint, HEAD % 9, b"", told, monotonic_ns() + LATER, body)
        await until(lambda: body.connection is not None)
        for piece in (b"one", b"two"):
            body.give(piece)
            await asyncio.sleep(0.01)
        assert got == []
        body.give(b"end", done=True)
        await until(told.over.is_set)
        assert told.body == b"hello"
        assert got == [b"onetwoend"]
        assert body.told == ["attached", "detached"]
        assert client.counts().idle == 1
        again = Told()
        client.send(endpoint, HEAD % 9, b"onetwoend", again, monotonic_ns() + LATER)
        await until(again.over.is_set)
        assert client.counts().idle == 1
        client.close()
        made.close()

    run(story())


def test_a_body_is_never_given_to_a_kept_connection_that_may_be_lost() -> None:
    async def story() -> None:
        connections = 0

        async def vendor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(3)
            writer.write(SMALL)
            await reader.read()
            writer.close()

        made, endpoint = await server(vendor)
        client = Client(Settings())
        first = Told()
        client.send(endpoint, HEAD % 3, b"abc", first, monotonic_ns() + LATER)
        await until(first.over.is_set)
        body, told = Body(), Told()
        client.send(endpoint, HEAD % 3, b"", told, monotonic_ns() + LATER, body)
        await until(lambda: body.connection is not None)
        body.give(b"abc", done=True)
        await until(told.over.is_set)
        assert connections == 2
        client.close()
        made.close()

    run(story())


def test_a_reply_before_the_end_of_the_body_is_told_and_the_connection_is_not_kept() -> None:
    async def story() -> None:
        async def vendor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(SMALL)
            await reader.read()
            writer.close()

        made, endpoint = await server(vendor)
        client = Client(Settings())
        body, told = Body(), Told()
        client.send(endpoint, HEAD % 9, b"", told, monotonic_ns() + LATER, body)
        await until(told.over.is_set)
        assert told.story[3] == "end"
        assert body.told == ["attached", "detached"]
        assert client.counts() == (0, 0, 0)
        made.close()

    run(story())


def test_a_slow_peer_pauses_the_source_and_later_resumes_it() -> None:
    async def story() -> None:
        go = asyncio.Event()

        async def vendor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            await go.wait()
            left = 32 * 1_048_576
            while left:
                left -= len(await reader.read(1_048_576))
            writer.write(SMALL)
            await reader.read()
            writer.close()

        made, endpoint = await server(vendor)
        client = Client(Settings())
        body, told = Body(), Told()
        client.send(endpoint, HEAD % (32 * 1_048_576), b"", told, monotonic_ns() + LATER, body)
        await until(lambda: body.connection is not None)
        body.give(bytes(32 * 1_048_576), done=True)
        assert body.told == ["attached", "pause"]
        go.set()
        await until(told.over.is_set)
        assert body.told == ["attached", "pause", "resume", "detached"]
        client.close()
        made.close()

    run(story())


def test_while_the_source_has_nothing_to_give_the_peers_time_does_not_run() -> None:
    async def story() -> None:
        async def vendor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1_000)
            await reader.read()
            writer.close()

        made, endpoint = await server(vendor)
        client = Client(Settings())
        body, told = Body(), Told()
        now = monotonic_ns()
        client.send(endpoint, HEAD % 9, b"", told, now + LATER, body)
        await until(lambda: body.connection is not None)
        limit = endpoint.first_byte_timeout_ns
        for turn in range(1, 5):
            client.sweep(now + turn * limit)
        assert not told.failures
        body.give(b"x" * 9, done=True)
        client.sweep(now + 5 * limit)
        client.sweep(now + 6 * limit)
        assert told.story[3] == "upstream_first_byte_timeout"
        assert body.told == ["attached", "detached"]
        made.close()

    run(story())


def test_cancelling_lets_the_source_go_also_before_there_is_a_connection() -> None:
    async def story() -> None:
        async def vendor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        made, endpoint = await server(vendor)
        client = Client(Settings())
        early, body, told = Body(), Body(), Told()
        client.send(endpoint, HEAD % 9, b"", told, monotonic_ns() + LATER, early).cancel()
        exchange = client.send(endpoint, HEAD % 9, b"", told, monotonic_ns() + LATER, body)
        await until(lambda: body.connection is not None)
        exchange.cancel()
        await begin(asyncio.sleep(0.02))
        assert early.told == []
        assert body.told == ["attached", "detached"]
        assert not told.over.is_set()
        assert client.counts() == (0, 0, 0)
        made.close()

    run(story())
