"""What the listener reads and answers, byte by byte."""

import asyncio
import itertools
import socket

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.listening import Notes, run, serving, until

HEAD = b"Host: gate\r\n"


def answer(text: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(text), text)


def test_one_connection_serves_one_request_after_another() -> None:
    async def main() -> None:
        notes = Notes()
        async with serving(notes) as door:
            caller = await door.connect()
            for _ in range(3):
                await caller.send(b"POST /v1/x?a=1 HTTP/1.1\r\nHost: gate\r\nContent-Length: 3\r\n\r\nabc")
                await caller.take(answer(b"POST /v1/x?a=1 [abc]"))
            assert door.listener.open_connections == 1
            assert door.listener.active == 0
            assert door.listener.buffered == 0
            caller.writer.close()
        first = notes.requests[0]
        assert (first.path, first.query, first.http10, first.keep_alive) == ("/v1/x", b"a=1", False, True)
        assert first.headers == {b"host": b"gate"}
        assert first.started_ns > 0
        assert notes.connections[0].peer == "127.0.0.1"

    run(main())


def test_pipelined_requests_are_answered_strictly_in_order() -> None:
    async def main() -> None:
        notes = Notes(held=True)
        async with serving(notes) as door:
            caller = await door.connect()
            await caller.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: gate\r\n\r\n" % number for number in range(40)))
            for number in range(40):
                await until(lambda: len(notes.requests) > number)  # noqa: B023
                assert len(notes.requests) == number + 1
                notes.connections[-1].reply(200, b"", b"%d" % number)
            for number in range(40):
                await caller.take(answer(b"%d" % number))
            caller.writer.close()

    run(main())


def test_reading_stops_while_sixteen_requests_wait() -> None:
    async def main() -> None:
        notes = Notes(held=True)
        async with serving(notes) as door:
            caller = await door.connect()
            caller.writer.write(b"GET /x HTTP/1.1\r\nHost: gate\r\n\r\n" * 200_000)
            await until(lambda: notes.requests)
            await asyncio.sleep(0.1)
            assert caller.writer.transport.get_write_buffer_size() > 0
            notes.held = False
            notes.connections[0].reply(200, b"", b"")
            got = 0
            while len(notes.requests) < 200_000:
                got += len(await caller.reader.read(65_536))
            assert got > 0
            caller.writer.close()

    run(main())


BODIES = b"".join(
    [
        b"\r\nPOST /a HTTP/1.1\r\nHost: gate\r\nContent-Length: 5\r\n\r\nhello",
        b"GET /b?q HTTP/1.1\r\nHost: gate\r\nX-One: 1\r\nx-one: 2\r\nX_Two: 3\r\n\r\n",
        b"POST /c HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"3;note=x\r\nabc\r\nA\r\n0123456789\r\n0\r\nAuthorization: Bearer trailer\r\n\r\n",
        b"\r\nPOST http://gate/d?z HTTP/1.1\r\nHost: gate\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
    ]
)


@settings(max_examples=30, deadline=None)
@given(cuts=st.sets(st.integers(1, len(BODIES) - 1), max_size=25))
def test_any_split_of_the_same_bytes_gives_the_same_requests(cuts: set[int]) -> None:
    edges = [0, *sorted(cuts), len(BODIES)]

    async def main() -> None:
        notes = Notes()
        async with serving(notes) as door:
            got = await door.exchange(*(BODIES[start:end] for start, end in itertools.pairwise(edges)))
        assert notes.refusals == []
        assert [(one.method, one.target, one.path, one.query, one.body) for one in notes.requests] == [
            (b"POST", b"/a", "/a", b"", b"hello"),
            (b"GET", b"/b?q", "/b", b"q", b""),
            (b"POST", b"/c", "/c", b"", b"abc0123456789"),
            (b"POST", b"/d?z", "/d", b"z", b"hi"),
        ]
        assert notes.requests[1].headers == {b"host": b"gate", b"x-one": b"1, 2"}
        assert b"authorization" not in notes.requests[2].headers
        assert got.count(b"HTTP/1.1 200 OK") == 4

    run(main())


def test_a_continue_is_sent_only_to_a_caller_that_waits_for_it() -> None:
    async def main() -> None:
        notes = Notes()
        async with serving(notes) as door:
            caller = await door.connect()
            head = b"POST /x HTTP/1.1\r\nHost: gate\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
            await caller.send(head)
            await caller.take(b"HTTP/1.1 100 Continue\r\n\r\n")
            await caller.send(b"hi")
            await caller.take(answer(b"POST /x [hi]"))
            await caller.send(head + b"hi")
            await caller.take(answer(b"POST /x [hi]"))
            await caller.send(head.replace(b"Content-Length: 2", b"Content-Length: 99999999"))
            assert (await caller.rest()).startswith(b"HTTP/1.1 413 ")
            caller.writer.close()

    run(main())


def test_a_head_request_gets_the_length_without_the_body() -> None:
    async def main() -> None:
        async with serving(Notes()) as door:
            got = await door.exchange(b"HEAD /x HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n")
        assert got == b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 10\r\n\r\n"

    run(main())


def test_http_1_0_may_leave_out_host_and_closes_unless_asked() -> None:
    async def main() -> None:
        async with serving(Notes()) as door:
            got = await door.exchange(b"GET /x HTTP/1.0\r\n\r\n")
            assert got == b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 9\r\n\r\nGET /x []"
            caller = await door.connect()
            await caller.send(b"GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            await caller.take(b"HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: 9\r\n\r\nGET /x []")
            caller.writer.close()

    run(main())


def test_bytes_after_a_request_that_closes_are_not_a_request() -> None:
    async def main() -> None:
        notes = Notes()
        async with serving(notes) as door:
            got = await door.exchange(
                b"GET /x HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\nGET /y HTTP/1.1\r\nHost: gate\r\n\r\n"
            )
        assert got.endswith(b"\r\n\r\nGET /x []")
        assert len(notes.requests) == 1
        assert notes.refusals == []

    run(main())


def test_an_upgrade_is_answered_as_plain_http() -> None:
    async def main() -> None:
        notes = Notes()
        async with serving(notes) as door:
            caller = await door.connect()
            await caller.send(b"GET /x HTTP/1.1\r\nHost: gate\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            await caller.take(answer(b"GET /x []"))
            await caller.send(b"\x81\x05hello")
            assert (await caller.rest()).startswith(b"HTTP/1.1 400 ")
            caller.writer.close()
        assert notes.codes == ["malformed_request"]

    run(main())


def test_small_writes_are_not_delayed() -> None:
    async def main() -> None:
        notes = Notes()
        async with serving(notes) as door:
            caller = await door.connect()
            await caller.send(b"GET /x HTTP/1.1\r\nHost: gate\r\n\r\n")
            await until(lambda: notes.connections)
            sock = notes.connections[0]._transport.get_extra_info("socket")
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
            caller.writer.close()

    run(main())
