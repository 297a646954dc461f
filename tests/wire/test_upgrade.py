"""A request for a WebSocket, byte by byte: what a handshake needs, and that HTTP ends where it is taken up."""

import asyncio
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.support.gate_here import KEY, MASTER, gate_here, parse, snapshot
from tests.support.listening import run, until
from tests.support.realtime import ACCEPTED, NORMAL_CLOSE, RealtimeVendor, Visit, echo, handshake, read_frame, talk
from torana.dialects.websocket import TEXT, close_frame, frame
from torana.gate.listen.tls import tls_context
from torana.gate.worker import Gate
from torana.settings import Settings
from torana.stores.snapshots.file import write

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """On the loop that gates run on: another protocol for a transport is the loop's business."""
    return "asyncio", {"use_uvloop": True}


FINE = handshake()
WRONG = {
    "no upgrade": ((b"Upgrade: websocket\r\n", b""), "upgrade", 426),
    "another protocol": ((b"Upgrade: websocket", b"Upgrade: h2c"), "upgrade", 426),
    "HTTP/1.0": ((b"HTTP/1.1", b"HTTP/1.0"), "upgrade", 426),
    "no connection option": ((b"Connection: keep-alive, Upgrade\r\n", b""), "connection", 426),
    "another connection option": ((b"keep-alive, Upgrade", b"keep-alive"), "connection", 426),
    "no version": ((b"Sec-WebSocket-Version: 13\r\n", b""), "sec-websocket-version", 426),
    "an old version": ((b"Version: 13", b"Version: 8"), "sec-websocket-version", 426),
    "two versions": ((b"Version: 13", b"Version: 13, 8"), "sec-websocket-version", 426),
    "no key": ((b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", b""), "sec-websocket-key", 400),
    "a short key": ((b"dGhlIHNhbXBsZSBub25jZQ==", b"dGhlIHNhbXBsZQ=="), "sec-websocket-key", 400),
    "a key that is not base64": ((b"dGhlIHNhbXBsZSBub25jZQ==", b"dGhlIHNhbXBsZSBub25j!!=="), "sec-websocket-key", 400),
    "two keys": ((b"\r\n\r\n", b"\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"), "sec-websocket-key", 400),
    "a body": ((b"\r\n\r\n", b"\r\nContent-Length: 2\r\n\r\n{}"), "content-length", 400),
}


@pytest.mark.parametrize("case", WRONG)
async def test_a_handshake_that_lacks_something_is_an_http_error_that_names_it(tmp_path: Path, case: str) -> None:
    change, header, status = WRONG[case]
    async with RealtimeVendor(echo).listening() as vendor:
        async with gate_here(tmp_path, snapshot(vendor.base_url, ["voice"])) as here:
            reply = parse(await here.exchange(FINE.replace(*change), end=True))
            (record,) = here.records()
            assert not here.in_use()
        assert not vendor.visits
    assert (reply.status, reply.error["code"], reply.error["param"]) == (status, "invalid_field", header)
    assert (record.status, record.error, record.endpoint) == (status, "invalid_field", "/v1/realtime")
    assert reply.headers.get("sec-websocket-version") == ("13" if "version" in header else None)


async def test_other_methods_are_refused(tmp_path: Path) -> None:
    async with gate_here(tmp_path, snapshot("http://127.0.0.1:1/v1", ["voice"])) as here:
        reply = parse(await here.exchange(FINE.replace(b"GET", b"POST"), end=True))
    assert (reply.status, reply.error["code"], reply.headers["allow"]) == (405, "method_not_allowed", "GET")


async def test_an_upgrade_at_any_other_path_is_answered_as_plain_http(tmp_path: Path) -> None:
    async with gate_here(tmp_path, snapshot("http://127.0.0.1:1/v1", ["voice"])) as here:
        both = FINE.replace(b"/v1/realtime", b"/v1/models") + FINE.replace(b"/v1/realtime", b"/healthz")
        answer = await here.exchange(both, end=True)
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 2


async def test_a_handshake_may_arrive_in_any_pieces(tmp_path: Path) -> None:
    async with (
        RealtimeVendor(echo).listening() as vendor,
        gate_here(tmp_path, snapshot(vendor.base_url, ["voice"])) as here,
    ):
        reader, writer = await here.connect()
        for byte in FINE:
            writer.write(bytes((byte,)))
            await asyncio.sleep(0)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
        assert f"sec-websocket-accept: {ACCEPTED}\r\n".encode() in head
        for byte in frame(TEXT, b"slowly", mask=True) + close_frame(1000, "", mask=True):
            writer.write(bytes((byte,)))
            await asyncio.sleep(0)
        assert (await read_frame(reader)).payload == b"slowly"
        assert (await read_frame(reader)).code == 1000
        writer.close()


async def test_a_connection_that_served_calls_before_can_become_one(tmp_path: Path) -> None:
    async with (
        RealtimeVendor(echo).listening() as vendor,
        gate_here(tmp_path, snapshot(vendor.base_url, ["voice"])) as here,
    ):
        reader, writer = await here.connect()
        writer.write(f"GET /v1/models HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode())
        first = await reader.readuntil(b"\r\n\r\n")
        length = int(first.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        writer.write(FINE)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        writer.close()
        await here.until(lambda: len(here.records()) == 2 and not here.in_use())


async def test_what_looks_like_http_inside_a_connection_is_no_request(tmp_path: Path) -> None:
    async with (
        RealtimeVendor(echo).listening() as vendor,
        gate_here(tmp_path, snapshot(vendor.base_url, ["voice"])) as here,
    ):
        async with talk(here) as call:
            await call.send(FINE)
            assert (await call.end()).code == 1002
        await here.until(lambda: not here.in_use())
        assert len(here.records()) == 1


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certificate(authority: trustme.CA, tmp_path: Path) -> Settings:
    issued = authority.issue_cert("localhost", "127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "chain.pem"))
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    return Settings(data=str(tmp_path), tls_certificate=str(tmp_path / "chain.pem"), tls_key=str(tmp_path / "key.pem"))


def test_both_sides_may_be_encrypted(authority: trustme.CA, certificate: Settings, tmp_path: Path) -> None:
    async def story() -> None:
        vendor = RealtimeVendor(echo)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        server = await asyncio.start_server(vendor.serve, "127.0.0.1", 0, ssl=context)
        base_url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        write(tmp_path / "snapshot", snapshot(base_url, ["voice"], ca_pem=authority.cert_pem.bytes().decode()))
        gate = Gate(certificate, 0, MASTER)
        sock = socket.socket()
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        await gate.listener.start(sock, tls_context(certificate))
        await _talk_encrypted(port, authority)
        await until(lambda: not gate.listener.open_connections)
        assert gate.listener.active == 0
        server.close()
        gate.listener.stop_accepting()
        gate.close()
        await asyncio.sleep(0.05)

    run(story())


async def _talk_encrypted(port: int, authority: trustme.CA) -> None:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
    async with asyncio.timeout(30):
        for byte in FINE:
            writer.write(bytes((byte,)))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        writer.write(frame(TEXT, b"secret" * 20_000, mask=True) + close_frame(1000, "", mask=True))
        assert (await read_frame(reader)).payload == b"secret" * 20_000
        assert (await read_frame(reader)).code == 1000
        assert await reader.read() == b""
    writer.close()


async def test_a_forward_proxy_is_asked_for_a_tunnel_also_without_tls(tmp_path: Path) -> None:
    asked: list[bytes] = []

    async def script(visit: Visit) -> None:
        asked.append(visit.head)
        await visit.send(b"HTTP/1.1 200 OK\r\n\r\n")
        inner = Visit(await visit.reader.readuntil(b"\r\n\r\n"), visit.reader, visit.writer)
        asked.append(inner.head)
        await inner.switch(then=NORMAL_CLOSE)
        await inner.rest()

    async with RealtimeVendor(script).listening() as proxy:
        account: dict[str, Any] = {"proxy": f"http://user:word@127.0.0.1:{proxy.port}"}
        content = snapshot("http://vendor.example:8001/v1", ["voice"], **account)
        async with gate_here(tmp_path, content) as here, talk(here) as call:
            await call.end()
    assert asked[0].startswith(b"CONNECT vendor.example:8001 HTTP/1.1\r\n")
    assert b"proxy-authorization: Basic dXNlcjp3b3Jk\r\n" in asked[0]
    assert asked[1].startswith(b"GET /v1/realtime?model=voice HTTP/1.1\r\nhost: vendor.example:8001\r\n")
    assert b"proxy-authorization" not in asked[1]


async def test_addresses_that_must_not_be_called_are_not_called(tmp_path: Path) -> None:
    async with gate_here(tmp_path, snapshot("http://169.254.169.254/v1", ["voice"])) as here:
        reply = parse(await here.exchange(FINE))
        (record,) = here.records()
        assert not here.in_use()
    assert (reply.status, record.error) == (502, "upstream_address_refused")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"nonsense\r\n\r\n", "upstream_malformed"),
        (b"HTTP/1.1 101 Yes\r\n\r\n", "upstream_malformed"),
        (b"HTTP/1.1 101 Yes\r\n" + b"x: y\r\n" * 300 + b"\r\n", "upstream_malformed"),
        (b"HTTP/1.1 103 Early\r\n\r\n" * 30, "upstream_malformed"),
        (b"HTTP/1.1 101 Yes\r\nx: " + b"y" * 400_000, "upstream_malformed"),
        (b"HTTP/1.1 404 No\r\ncontent-length: 400000\r\n\r\n" + b"y" * 400_000, "upstream_reply_too_large"),
        (b"HTTP/1.1 404 No\r\ncontent-length: 9\r\n\r\nshort", "upstream_cut"),
        (b"HTTP/1.1 101 Yes\r\nUpgrade: webso", "upstream_cut"),
        (b"HTTP/1.1 404 No\r\n\r\nplain text to the end", "upstream_refused"),
        (b"", "upstream_cut"),
    ],
)
async def test_replies_of_a_vendor_that_are_not_what_was_asked_for(tmp_path: Path, answer: bytes, code: str) -> None:
    async def script(visit: Visit) -> None:
        await visit.send(answer)

    async with (
        RealtimeVendor(script).listening() as vendor,
        gate_here(tmp_path, snapshot(vendor.base_url, ["voice"])) as here,
    ):
        reply = parse(await here.exchange(FINE))
        (record,) = here.records()
        assert not here.in_use()
    assert record.error == code
    assert reply.error["code"] == code


async def test_a_vendor_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    async def script(visit: Visit) -> None:
        await visit.rest()

    async with RealtimeVendor(script).listening() as vendor:
        content = snapshot(vendor.base_url, ["voice"], first_byte_timeout_seconds=0.1)
        async with gate_here(tmp_path, content) as here:
            reply = parse(await here.exchange(FINE))
    assert (reply.status, reply.error["code"]) == (504, "upstream_first_byte_timeout")


async def test_interim_replies_of_a_vendor_are_passed_over(tmp_path: Path) -> None:
    async def script(visit: Visit) -> None:
        await visit.send(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n")
        await echo(visit)

    async with (
        RealtimeVendor(script).listening() as vendor,
        gate_here(tmp_path, snapshot(vendor.base_url, ["voice"])) as here,
        talk(here) as call,
    ):
        await call.say("after the hints")
        assert (await call.frame()).payload == b"after the hints"
