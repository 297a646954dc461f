"""When a connection is kept, used again, paused, left or given up."""

import asyncio
import contextlib
import socket

import pytest

from tests.wire.upstream_script import BODY, HEAD, SMALL, Told, Vendor, ask, client, replies, reset, run, send, until
from torana.gate.upstream import client as client_module

STREAM = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def left_idle(vendor: Vendor) -> None:
    await until(lambda: vendor.closed == vendor.connections)


def test_calls_one_after_another_share_a_connection_and_calls_at_once_do_not() -> None:
    async def story() -> None:
        async with replies(SMALL).listening() as vendor, client() as made:
            for _ in range(5):
                assert (await ask(made, vendor.endpoint())).body == b"hello"
            assert vendor.connections == 1
            await asyncio.gather(*(ask(made, vendor.endpoint()) for _ in range(4)))
            assert vendor.connections == 4

    run(story())


def test_the_sink_is_never_called_within_send() -> None:
    async def story() -> None:
        async with replies(SMALL).listening() as vendor, client() as made:
            await ask(made, vendor.endpoint())
            told = Told()
            send(made, vendor.endpoint(), told)
            assert told.story == (0, (), b"", "open")
            await told.over.wait()

    run(story())


def test_a_changed_account_gets_connections_of_its_own_but_changed_time_limits_do_not_matter() -> None:
    async def story() -> None:
        async with replies(SMALL).listening() as vendor, client() as made:
            await ask(made, vendor.endpoint())
            await ask(made, vendor.endpoint(idle_timeout_ns=5_000_000_000))
            assert vendor.connections == 1
            await ask(made, vendor.endpoint(name="other"))
            assert vendor.connections == 2
            assert vendor.endpoint() == vendor.endpoint(idle_timeout_ns=1)
            assert hash(vendor.endpoint()) != hash(vendor.endpoint(ca_pem="x"))

    run(story())


def test_idle_connections_are_bounded_and_closed_after_the_keepalive_time() -> None:
    async def story() -> None:
        limits = {"upstream_max_idle_connections": 2, "upstream_keepalive_seconds": 0.2}
        async with replies(SMALL).listening() as vendor, client(**limits) as made:
            await asyncio.gather(*(ask(made, vendor.endpoint()) for _ in range(5)))
            await until(lambda: vendor.closed >= 3)
            await left_idle(vendor)

    run(story())


def test_a_connection_that_the_vendor_closed_while_idle_is_not_used() -> None:
    async def story() -> None:
        async with replies(SMALL, then_close=True).listening() as vendor, client() as made:
            await ask(made, vendor.endpoint())
            await left_idle(vendor)
            assert (await ask(made, vendor.endpoint())).body == b"hello"
            assert vendor.requests == 2

    run(story())


@pytest.mark.parametrize("how", ["close", "reset", "talk"])
def test_a_stale_connection_is_noticed_before_anything_is_sent(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The vendor ends the connection while the client's loop is busy, so that nothing but the look before use can show it."""
    monkeypatch.setattr(client_module, "STALE_NS", 0)

    async def story() -> None:
        server = socket.create_server(("127.0.0.1", 0))
        loop = asyncio.get_running_loop()
        server.setblocking(False)
        async with client() as made:
            vendor = replies(SMALL)
            vendor.port = server.getsockname()[1]
            first = Told()
            send(made, vendor.endpoint(), first)
            peer, _ = await loop.sock_accept(server)
            await loop.sock_recv(peer, 65_536)
            await loop.sock_sendall(peer, SMALL)
            await first.over.wait()
            second = Told()
            if how == "talk":
                peer.send(SMALL)
            elif how == "reset":
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                peer.close()
            else:
                peer.shutdown(socket.SHUT_WR)
            send(made, vendor.endpoint(), second)
            fresh, _ = await loop.sock_accept(server)
            assert await loop.sock_recv(fresh, 65_536) == HEAD + BODY
            await loop.sock_sendall(fresh, SMALL)
            await second.over.wait()
            assert second.body == b"hello"
            if how != "reset":
                # Unread bytes make the kernel close with a reset.
                with contextlib.suppress(ConnectionResetError):
                    assert await loop.sock_recv(peer, 65_536) == b""
                peer.close()
            fresh.close()
        server.close()

    run(story())


def test_a_request_that_was_sent_is_never_sent_again() -> None:
    async def story() -> None:
        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await vendor.request(reader)
            writer.write(SMALL)
            await vendor.request(reader)
            reset(writer)

        vendor = Vendor(script)
        async with vendor.listening(), client() as made:
            await ask(made, vendor.endpoint())
            told = await ask(made, vendor.endpoint())
            assert told.failures[0].code == "upstream_cut"
            assert told.failures[0].sent
            await asyncio.sleep(0.05)
            assert (vendor.requests, vendor.connections) == (2, 1)

    run(story())


def test_bytes_that_nobody_asked_for_close_an_idle_connection() -> None:
    async def story() -> None:
        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await vendor.request(reader)
            writer.write(SMALL)
            await writer.drain()
            await asyncio.sleep(0.05)
            writer.write(SMALL.replace(b"hello", b"other"))
            await reader.read()

        vendor = Vendor(script)
        async with vendor.listening(), client() as made:
            assert (await ask(made, vendor.endpoint())).body == b"hello"
            await left_idle(vendor)
            assert (await ask(made, vendor.endpoint())).body == b"hello"
            assert vendor.connections == 2

    run(story())


@pytest.mark.parametrize(
    "moment", ["at once", "connecting", "before the head", "in the head", "in the body", "after the end"]
)
def test_a_caller_who_leaves_closes_the_connection_and_hears_nothing_more(moment: str) -> None:
    async def story() -> None:
        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await vendor.request(reader)
            if moment != "before the head":
                writer.write(STREAM + chunk(b"one") + (b"0\r\n\r\n" if moment == "after the end" else b""))
            await reader.read()

        vendor = Vendor(script)
        async with vendor.listening(), client() as made:
            told = Told()
            exchange = send(made, vendor.endpoint(), told)
            if moment == "in the head":
                told.on_head = exchange.cancel
            elif moment == "in the body":
                told.on_body = exchange.cancel
            elif moment == "connecting":
                await asyncio.sleep(0)
                exchange.cancel()
            elif moment == "at once":
                exchange.cancel()
            elif moment == "before the head":
                await until(lambda: vendor.requests == 1)
                exchange.cancel()
            else:
                await told.over.wait()
                exchange.cancel()
                made.close()
            await asyncio.sleep(0.05)
            await left_idle(vendor)
            await until(lambda: made.counts() == (0, 0, 0))
            assert not told.failures
            assert told.body == {"in the body": b"one", "after the end": b"one"}.get(moment, b"")
            assert told.ended == (moment == "after the end")

    run(story())


@pytest.mark.parametrize("tail", ["ends", "hangs", "floods"])
def test_a_stream_let_go_is_kept_only_if_it_ends_soon_and_quietly(tail: str) -> None:
    async def story() -> None:
        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                await vendor.request(reader)
                writer.write(STREAM + chunk(b"data: [DONE]\n\n"))
                await writer.drain()
                await asyncio.sleep(0.02)
                if tail == "ends":
                    writer.write(b"0\r\n\r\n")
                elif tail == "floods":
                    while not writer.is_closing():
                        writer.write(chunk(b"x" * 9000))
                        await writer.drain()
                if tail != "ends":
                    await reader.read()
                    return

        vendor = Vendor(script)
        async with vendor.listening(), client() as made:
            told = Told()
            exchange = send(made, vendor.endpoint(), told)
            told.on_body = exchange.let_go
            await until(lambda: bool(told.pieces))
            if tail == "ends":
                await until(lambda: made.counts() == (0, 1, 0))
                again = Told()
                send(made, vendor.endpoint(), again)
                await until(lambda: bool(again.pieces))
                assert vendor.connections == 1
            else:
                await left_idle(vendor)
            assert told.body == b"data: [DONE]\n\n"
            assert not told.over.is_set()

    run(story())


def test_a_paused_stream_holds_one_read_and_the_vendor_has_to_wait() -> None:
    written = 0

    async def story() -> None:
        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal written
            await vendor.request(reader)
            writer.write(STREAM)
            for _ in range(3_000):
                writer.write(chunk(b"x" * 10_000))
                await writer.drain()
                written += 10_000
            writer.write(b"0\r\n\r\n")
            await writer.drain()

        vendor = Vendor(script)
        async with vendor.listening(), client() as made:
            told = Told()
            exchange = send(made, vendor.endpoint(idle_timeout_ns=100_000_000), told)
            told.on_body = exchange.pause
            await until(lambda: bool(told.pieces))
            await asyncio.sleep(0.4)
            assert len(told.body) <= 32_768
            assert not told.failures
            held = written
            await asyncio.sleep(0.1)
            assert written == held < 30_000_000
            told.on_body = lambda: None
            exchange.resume()
            await told.over.wait()
            assert len(told.body) == 30_000_000
            assert not told.failures

    run(story())


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ("first_byte_timeout_ns", "upstream_first_byte_timeout"),
        ("idle_timeout_ns", "upstream_idle_timeout"),
        ("total", "upstream_total_timeout"),
    ],
)
def test_a_vendor_that_hangs_fails_by_the_limit_that_passed(limit: str, code: str) -> None:
    async def story() -> None:
        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await vendor.request(reader)
            if limit == "idle_timeout_ns":
                writer.write(STREAM + chunk(b"one"))
            elif limit == "total":
                writer.write(STREAM[:1])
            await reader.read()

        vendor = Vendor(script)
        async with vendor.listening(), client() as made:
            changes = {limit: 150_000_000} if limit != "total" else {"total_timeout_ns": 150_000_000}
            told = await ask(made, vendor.endpoint(**changes), within=0.15 if limit == "total" else 10)
            assert [failure.code for failure in told.failures] == [code]
            assert told.failures[0].detail == {"seconds": "0.15"}
            assert told.body == (b"one" if limit == "idle_timeout_ns" else b"")
            await left_idle(vendor)

    run(story())


def test_a_reply_that_comes_before_the_request_is_all_written_is_told_and_the_connection_closed() -> None:
    async def story() -> None:
        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig")
            await writer.drain()
            await asyncio.sleep(0.2)

        vendor = Vendor(script)
        async with vendor.listening(), client() as made:
            size = 30_000_000
            told = await ask(made, vendor.endpoint(), HEAD.replace(b"length: 2", b"length: %d" % size), b"x" * size)
            assert told.story[0] == 413
            assert told.story[2:] == (b"big", "end")
            await left_idle(vendor)

    run(story())


def test_a_large_request_arrives_whole_at_a_slow_vendor() -> None:
    async def story() -> None:
        size = 8_000_000
        async with replies(SMALL).listening() as vendor, client() as made:
            for _ in range(2):
                told = await ask(made, vendor.endpoint(), HEAD.replace(b"length: 2", b"length: %d" % size), b"x" * size)
                assert told.body == b"hello"
            assert (vendor.requests, vendor.connections) == (2, 1)

    run(story())


def test_closing_the_client_ends_running_calls_and_every_connection() -> None:
    async def story() -> None:
        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await vendor.request(reader)
            await reader.read()

        vendor = Vendor(script)
        async with vendor.listening(), client() as made:
            running, opening = Told(), Told()
            send(made, vendor.endpoint(), running)
            await until(lambda: vendor.requests == 1)
            send(made, vendor.endpoint(), opening)
            made.close()
            assert [told.story[3] for told in (running, opening)] == ["upstream_cut", "upstream_cut"]
            assert not opening.failures[0].sent
            await asyncio.sleep(0.05)
            await left_idle(vendor)

    run(story())


def test_a_reply_before_a_reset_that_stops_the_request_is_still_told() -> None:
    async def story() -> None:
        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig")
            await writer.drain()
            writer.transport.abort()  # what is unread makes this a reset

        vendor = Vendor(script)
        async with vendor.listening(), client() as made:
            size = 30_000_000
            for _ in range(10):
                told = await ask(made, vendor.endpoint(), HEAD.replace(b"length: 2", b"length: %d" % size), b"x" * size)
                assert (told.status, told.body, told.ended) == (413, b"big", 1)

    run(story())
