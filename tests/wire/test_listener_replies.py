"""How replies leave: streams, slow readers, callers who leave, CORS, TLS, shutdown."""

import asyncio
import errno
import socket
import ssl
from pathlib import Path
from time import monotonic_ns

import trustme

from tests.support.listening import SECOND, Notes, run, serving, until
from torana.gate.listen import tls_context
from torana.settings import Settings

GET = b"GET /x HTTP/1.1\r\nHost: gate\r\n\r\n"


def test_a_stream_is_chunked_and_its_connection_is_kept() -> None:
    async def main() -> None:
        notes = Notes(held=True)
        async with serving(notes) as door:
            caller = await door.connect()
            for number in range(2):
                await caller.send(GET)
                await until(lambda: len(notes.requests) > number)  # noqa: B023
                connection = notes.connections[-1]
                connection.start(200, b"content-type: text/event-stream\r\n")
                connection.send(b"data: 1\n\n")
                connection.send(b"")
                connection.finish(b"end")
                await caller.take(
                    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
                    b"9\r\ndata: 1\n\n\r\n3\r\nend\r\n0\r\n\r\n"
                )
            caller.writer.close()

    run(main())


def test_a_stream_to_http_1_0_ends_by_closing() -> None:
    async def main() -> None:
        notes = Notes(held=True)
        async with serving(notes) as door:
            caller = await door.connect()
            await caller.send(b"GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            await until(lambda: notes.requests)
            notes.connections[0].start(200, b"")
            notes.connections[0].send(b"one")
            notes.connections[0].finish(b"two")
            assert await caller.rest() == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nonetwo"
            caller.writer.close()

    run(main())


def test_an_aborted_stream_is_seen_to_be_incomplete() -> None:
    async def main() -> None:
        for version, sign in ((b"1.1", b"3\r\none\r\n"), (b"1.0", b"one")):
            notes = Notes(held=True)
            async with serving(notes) as door:
                caller = await door.connect()
                await caller.send(GET.replace(b"1.1", version))
                await until(lambda: notes.requests)  # noqa: B023
                notes.connections[0].start(200, b"")
                notes.connections[0].send(b"one")
                got = b""
                while not got.endswith(sign):
                    got += await caller.reader.read(1_000)
                notes.connections[0].abort()
                if version == b"1.1":
                    assert await caller.rest() == b""
                else:
                    reset = False
                    try:
                        await caller.reader.read()
                    except ConnectionResetError:
                        reset = True
                    assert reset
                caller.writer.close()
                assert notes.events[0].told == []

    run(main())


def test_a_slow_reader_holds_at_most_64_kib_and_is_told_about() -> None:
    async def main() -> None:
        notes = Notes(held=True)
        async with serving(notes) as door:
            caller = await door.connect(receive_bytes=4_096)
            await caller.send(GET)
            await until(lambda: notes.requests)
            connection, told = notes.connections[0], notes.events[0].told
            connection.start(200, b"")
            sent = 0
            while not told:
                connection.send(b"x" * 32_768)
                sent += 32_768
                await asyncio.sleep(0)
            assert told == ["paused"]
            assert connection._transport.get_write_buffer_size() <= 65_536
            got = 0
            while told == ["paused"]:
                got += len(await caller.reader.read(65_536))
            assert told == ["paused", "resumed"]
            connection.finish()
            while got < sent:
                got += len(await caller.reader.read(65_536))
            caller.writer.close()

    run(main())


def test_a_caller_that_takes_nothing_is_cut_at_the_write_deadline() -> None:
    async def main() -> None:
        notes = Notes(held=True)
        async with serving(notes) as door:
            caller = await door.connect(receive_bytes=4_096)
            await caller.send(GET)
            await until(lambda: notes.requests)
            notes.connections[0].start(200, b"")
            while not notes.events[0].told:
                notes.connections[0].send(b"x" * 32_768)
                await asyncio.sleep(0)
            now = monotonic_ns()
            door.listener.sweep(now)
            door.listener.sweep(now + 59 * SECOND)
            assert notes.events[0].told == ["paused"]
            door.listener.sweep(now + 61 * SECOND)
            assert notes.events[0].told == ["paused", "left"]
            await until(lambda: door.listener.open_connections == 0)
            caller.writer.close()

    run(main())


def test_a_caller_who_resets_the_connection_has_left_and_what_waited_is_accounted_for() -> None:
    async def main() -> None:
        notes = Notes(held=True)
        async with serving(notes) as door:
            caller = await door.connect()
            await caller.send(GET * 3 + b"GET /part HTTP/1.1\r\n")
            await until(lambda: notes.requests)
            caller.writer.transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0"
            )
            caller.writer.transport.abort()
            await until(lambda: door.listener.open_connections == 0)
            assert notes.events[0].told == ["left"]
            assert len(notes.requests) == 1
            assert notes.codes == ["caller_left", "caller_left", "incomplete_request"]
            assert door.listener.active == 0
            notes.connections[0].reply(200, b"", b"too late")

    run(main())


def test_a_half_closed_caller_still_gets_its_answers() -> None:
    async def main() -> None:
        notes = Notes(held=True)
        async with serving(notes) as door:
            caller = await door.connect()
            await caller.send(GET * 2)
            caller.writer.write_eof()
            await until(lambda: notes.requests and door.listener._half_closed)
            now = monotonic_ns()
            for quarter in range(8):
                door.listener.sweep(now + quarter * SECOND // 4)
                await asyncio.sleep(0.01)
            assert notes.events[0].told == []
            notes.connections[0].reply(200, b"", b"one")
            await until(lambda: len(notes.requests) == 2)
            notes.connections[0].reply(200, b"", b"two")
            assert await caller.rest() == (
                b"HTTP/1.1 100 Continue\r\n\r\n"
                b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\none"
                b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 3\r\n\r\ntwo"
            )
            caller.writer.close()

    run(main())


def test_a_caller_who_closed_is_noticed_while_its_call_runs() -> None:
    async def main() -> None:
        notes = Notes(held=True)
        async with serving(notes) as door:
            caller = await door.connect()
            await caller.send(GET)
            await until(lambda: notes.requests)
            caller.writer.close()
            await until(lambda: notes.events[0].told, lambda: door.listener.sweep(monotonic_ns()))
            assert notes.events[0].told == ["left"]
            await until(lambda: door.listener.open_connections == 0)

    run(main())


def test_a_caller_who_closes_in_the_middle_of_a_stream_has_left_at_once() -> None:
    async def main() -> None:
        notes = Notes(held=True)
        async with serving(notes) as door:
            caller = await door.connect()
            await caller.send(GET)
            await until(lambda: notes.requests)
            notes.connections[0].start(200, b"")
            notes.connections[0].send(b"one")
            caller.writer.write_eof()
            await until(lambda: notes.events[0].told)
            assert notes.events[0].told == ["left"]
            caller.writer.close()

    run(main())


def test_idle_connections_close_at_their_deadline() -> None:
    async def main() -> None:
        async with serving(Notes()) as door:
            caller = await door.connect()
            await until(lambda: door.listener.open_connections)
            now = monotonic_ns()
            for seconds in (0, 74):
                door.listener.sweep(now + seconds * SECOND)
                await asyncio.sleep(0.01)
                assert door.listener.open_connections == 1
            door.listener.sweep(now + 76 * SECOND)
            assert await caller.rest() == b""
            caller.writer.close()

    run(main())


def test_one_connection_too_many_is_told_so() -> None:
    async def main() -> None:
        notes = Notes()
        async with serving(notes, max_connections=1) as door:
            first = await door.connect()
            await until(lambda: door.listener.open_connections)
            got = await door.exchange()
            assert got.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
            assert b'"code":"overloaded"' in got
            first.writer.close()
        assert notes.refusals == []

    run(main())


def test_draining_answers_what_runs_and_closes_the_rest() -> None:
    async def main() -> None:
        notes = Notes(held=True)
        async with serving(notes) as door:
            busy, idle = await door.connect(), await door.connect()
            await busy.send(GET)
            await until(lambda: notes.requests and door.listener.open_connections == 2)
            door.listener.stop_accepting()
            door.listener.close_idle()
            assert await idle.rest() == b""
            idle.writer.close()
            notes.connections[0].reply(200, b"", b"last")
            assert await busy.rest() == b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 4\r\n\r\nlast"
            busy.writer.close()
            async with asyncio.timeout(10):
                await door.listener.drained()
            assert door.listener.open_connections == 0
            with socket.socket() as late:
                assert late.connect_ex(("127.0.0.1", door.port)) == errno.ECONNREFUSED

    run(main())


def test_cors_is_answered_for_the_origins_of_the_settings_alone() -> None:
    preflight = (
        b"OPTIONS /x HTTP/1.1\r\nHost: gate\r\nOrigin: %b\r\nAccess-Control-Request-Method: POST\r\n"
        b"Access-Control-Request-Headers: authorization\r\nConnection: close\r\n\r\n"
    )

    async def main() -> None:
        notes = Notes()
        async with serving(notes, cors_origins="https://app.example, https://b.example") as door:
            got = await door.exchange(preflight % b"https://app.example")
            assert got.startswith(b"HTTP/1.1 204 No Content\r\n")
            assert b"access-control-allow-origin: https://app.example\r\n" in got
            assert b"access-control-allow-headers: authorization\r\n" in got
            assert b"content-length" not in got
            assert b"access-control-allow-" not in await door.exchange(preflight % b"https://evil.example")
            assert notes.requests == []
            for origin, allowed in ((b"https://b.example", True), (b"https://evil.example", False)):
                got = await door.exchange(
                    b"GET /x HTTP/1.1\r\nHost: gate\r\nOrigin: %b\r\nConnection: close\r\n\r\n" % origin
                )
                assert (b"access-control-allow-origin: %b\r\n" % origin in got) is allowed
                assert b"vary: Origin\r\n" in got
        async with serving(notes) as door:
            assert (await door.exchange(preflight % b"https://app.example")).startswith(b"HTTP/1.1 200 OK\r\n")

    run(main())


def test_tls_serves_and_refuses_versions_before_1_2(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    (tmp_path / "chain.pem").write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    (tmp_path / "key.pem").write_bytes(issued.private_key_pem.bytes())
    server = tls_context(Settings(tls_certificate=str(tmp_path / "chain.pem"), tls_key=str(tmp_path / "key.pem")))
    client = ssl.create_default_context()
    authority.configure_trust(client)

    async def main() -> None:
        notes = Notes()
        assert server is not None
        assert server.minimum_version == ssl.TLSVersion.TLSv1_2
        async with serving(notes, tls=server) as door:
            caller = await door.connect(tls=client)
            await caller.send(GET)
            await caller.take(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nGET /x []")
            notes.held = True
            await caller.send(GET)
            await until(lambda: len(notes.requests) == 2)
            caller.writer.close()
            await until(lambda: notes.events[1].told)
            assert notes.events[1].told == ["left"]

    run(main())
    assert tls_context(Settings()) is None
