"""Opening a connection: TLS, proxies, unix sockets, and what is said when it does not work."""

import asyncio
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.wire.upstream_script import BODY, HEAD, SMALL, Told, Vendor, ask, client, replies, run, send, until
from torana.gate.upstream import Endpoint
from torana.gate.upstream import connect as connect_module


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def pem(authority: trustme.CA) -> str:
    return authority.cert_pem.bytes().decode()


def server_context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


async def ask_tls(vendor: Vendor, context: ssl.SSLContext, **changes: Any) -> Told:
    async with vendor.listening(context), client() as made:
        return await ask(made, vendor.endpoint(**{"scheme": "https", **changes}))


def test_an_own_authority_is_trusted_where_the_account_names_it_and_its_connection_is_kept(
    authority: trustme.CA,
) -> None:
    async def story() -> None:
        vendor = replies(SMALL)
        async with vendor.listening(server_context(authority, "127.0.0.1")), client() as made:
            for _ in range(3):
                assert (await ask(made, vendor.endpoint(scheme="https", ca_pem=pem(authority)))).body == b"hello"
            assert vendor.connections == 1

    run(story())


def test_an_own_authority_is_refused_where_only_the_system_is_trusted(authority: trustme.CA) -> None:
    async def story() -> None:
        vendor = replies(SMALL)
        told = await ask_tls(vendor, server_context(authority, "127.0.0.1"))
        assert told.failures[0].code == "upstream_tls_failed"
        assert "issuer" in str(told.failures[0].detail["reason"])
        assert not told.failures[0].sent
        assert vendor.requests == 0

    run(story())


def test_a_certificate_for_another_host_is_refused(authority: trustme.CA) -> None:
    async def story() -> None:
        told = await ask_tls(replies(SMALL), server_context(authority, "other.example"), ca_pem=pem(authority))
        assert told.failures[0].code == "upstream_tls_failed"
        assert "mismatch" in str(told.failures[0].detail["reason"])

    run(story())


def test_the_host_name_is_shown_to_the_server(authority: trustme.CA) -> None:
    shown: list[str | None] = []

    async def story() -> None:
        context = server_context(authority, "localhost")
        context.sni_callback = lambda _, name, __: shown.append(name)
        told = await ask_tls(replies(SMALL), context, host="localhost", ca_pem=pem(authority))
        assert told.body == b"hello"
        assert shown == ["localhost"]

    run(story())


def test_tls_older_than_1_2_is_not_spoken(authority: trustme.CA) -> None:
    context = connect_module.trust(pem(authority))
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED


def test_a_server_without_tls_and_certificates_that_cannot_be_read_are_named() -> None:
    async def story() -> None:
        async with replies(SMALL).listening() as vendor, client() as made:
            plain = await ask(made, vendor.endpoint(scheme="https", connect_timeout_ns=1_000_000_000))
            assert plain.failures[0].code in {"upstream_tls_failed", "upstream_connect_timeout"}
            unreadable = await ask(made, vendor.endpoint(scheme="https", ca_pem="nothing"))
            assert unreadable.failures[0].code == "upstream_tls_failed"
            assert "`ca`" in str(unreadable.failures[0].detail["reason"])

    run(story())


def test_a_paused_tls_stream_holds_little(authority: trustme.CA) -> None:
    async def story() -> None:
        size = 8_000_000
        vendor = replies(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size + b"x" * size)
        async with vendor.listening(server_context(authority, "127.0.0.1")), client() as made:
            told = Told()
            exchange = send(made, vendor.endpoint(scheme="https", ca_pem=pem(authority)), told)
            told.on_body = exchange.pause
            await until(lambda: bool(told.pieces))
            await asyncio.sleep(0.1)
            assert len(told.body) <= 65_536
            told.on_body = lambda: None
            exchange.resume()
            await told.over.wait()
            assert len(told.body) == size
            assert max(map(len, told.pieces)) <= 32_768

    run(story())


def test_a_caller_who_leaves_a_tls_stream_closes_it(authority: trustme.CA) -> None:
    async def story() -> None:
        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await vendor.request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\n\r\nhalf")
            await reader.read()

        vendor = Vendor(script)
        async with vendor.listening(server_context(authority, "127.0.0.1")), client() as made:
            told = Told()
            exchange = send(made, vendor.endpoint(scheme="https", ca_pem=pem(authority)), told)
            await until(lambda: bool(told.pieces))
            exchange.cancel()
            await until(lambda: vendor.closed == 1)
            assert not told.over.is_set()

    run(story())


def test_a_handshake_that_hangs_ends_with_the_connect_timeout_and_leaves_nothing() -> None:
    async def story() -> None:
        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await reader.read(65_536):
                pass

        vendor = Vendor(script)
        async with vendor.listening(), client() as made:
            told = await ask(made, vendor.endpoint(scheme="https", connect_timeout_ns=150_000_000))
            assert told.failures[0].code == "upstream_connect_timeout"
            assert told.failures[0].detail == {"seconds": "0.15"}
            assert not told.failures[0].sent
            await until(lambda: vendor.closed == 1)

    run(story())


def proxy_script(answer: bytes, seen: list[bytes], port: list[int]) -> Vendor:
    """A CONNECT proxy that answers as told and then carries bytes to the port."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
        writer.close()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        for byte in answer:
            writer.write(bytes([byte]))
            await writer.drain()
        if port:
            onward_reader, onward = await asyncio.open_connection("127.0.0.1", port[0])
            await asyncio.gather(carry(reader, onward), carry(onward_reader, writer))
            await onward.wait_closed()

    return Vendor(script)


def test_https_goes_through_a_proxy_by_connect_with_the_proxys_own_credentials(authority: trustme.CA) -> None:
    async def story() -> None:
        seen: list[bytes] = []
        vendor = replies(SMALL)
        async with vendor.listening(server_context(authority, "127.0.0.1")), client() as made:
            proxy = proxy_script(b"HTTP/1.1 200 Connection established\r\nx: y\r\n\r\n", seen, [vendor.port])
            async with proxy.listening():
                place = f"http://me:p%40ss@127.0.0.1:{proxy.port}"
                endpoint = vendor.endpoint(scheme="https", ca_pem=pem(authority), proxy=place)
                for _ in range(2):
                    assert (await ask(made, endpoint)).body == b"hello"
                made.close()
                line = b"127.0.0.1:%d" % vendor.port
                wanted = b"CONNECT %b HTTP/1.1\r\nhost: %b\r\nproxy-authorization: Basic bWU6cEBzcw==\r\n\r\n"
                assert seen == [wanted % (line, line)]
                assert "p%40ss" not in repr(endpoint)
                assert "p@ss" not in repr(endpoint)
                await until(lambda: proxy.closed == 1)

    run(story())


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 407 Who are you\r\n\r\n", "the proxy answered 407"),
        (b"HTTP/1.1 200 OK\r\n\r\nsurplus", "valid HTTP"),
        (b"nonsense\r\n\r\n", "valid HTTP"),
        (b"", "valid HTTP"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 20_000, "valid HTTP"),
    ],
)
def test_a_proxy_that_will_not_or_cannot_is_named(answer: bytes, reason: str) -> None:
    async def story() -> None:
        proxy = proxy_script(answer, [], [])
        async with proxy.listening(), client() as made:
            told = await ask(
                made, Endpoint(scheme="https", host="vendor.example", port=443, proxy=f"http://127.0.0.1:{proxy.port}")
            )
            assert told.failures[0].code in {"upstream_connect_failed", "upstream_tls_failed"}
            if b"surplus" not in answer:
                assert reason in str(told.failures[0].detail["reason"])
            assert not told.failures[0].sent

    run(story())


def test_http_goes_through_a_proxy_in_absolute_form() -> None:
    async def story() -> None:
        seen: list[bytes] = []

        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            seen.append(await proxy.request(reader))
            writer.write(SMALL)

        proxy = Vendor(script)
        async with proxy.listening(), client() as made:
            place = f"http://u:p@127.0.0.1:{proxy.port}"
            told = await ask(made, Endpoint(scheme="http", host="vendor.example", port=80, proxy=place))
            assert told.body == b"hello"
            line = b"POST http://vendor.example:80/v1/x HTTP/1.1\r\nproxy-authorization: Basic dTpw\r\n"
            assert seen == [HEAD.replace(b"POST /v1/x HTTP/1.1\r\n", line) + BODY]

    run(story())


@pytest.mark.parametrize(
    "place", ["https://h:1", "h:1", "http://h", "http://h:1/x", "http://h:99999", "socks5://u:secret@h:1"]
)
def test_a_proxy_that_cannot_be_used_is_refused_without_showing_it(place: str) -> None:
    with pytest.raises(ValueError, match="a proxy has to be") as caught:
        Endpoint(scheme="http", host="h", port=1, proxy=place)
    assert "secret" not in str(caught.value)


def test_a_unix_socket_is_called_like_a_host_and_may_encode_its_replies(tmp_path: Path) -> None:
    async def story() -> None:
        vendor = replies(b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ncontent-length: 5\r\n\r\nhello")
        server = await asyncio.start_unix_server(vendor.serve, tmp_path / "c.sock")
        async with client() as made:
            endpoint = Endpoint(scheme="unix", unix_path=str(tmp_path / "c.sock"))
            for _ in range(2):
                assert (await ask(made, endpoint)).body == b"hello"
            assert vendor.connections == 1
            made.close()
            await until(lambda: vendor.closed == 1)
            missing = await ask(made, Endpoint(scheme="unix", unix_path=str(tmp_path / "no.sock")))
            assert missing.failures[0].code == "upstream_connect_failed"
        server.close()

    run(story())


def test_a_closed_port_and_an_unknown_name_are_said_to_be_so() -> None:
    async def story() -> None:
        # Bound for the length of the test, so that nobody else listens there.
        with socket.socket() as closed_port:
            closed_port.bind(("127.0.0.1", 0))
            port = closed_port.getsockname()[1]
            async with client() as made:
                closed = await ask(made, Endpoint(scheme="http", host="127.0.0.1", port=port))
                assert closed.failures[0].code == "upstream_connect_failed"
                assert "refused" in str(closed.failures[0].detail["reason"])
                unknown = await ask(made, Endpoint(scheme="http", host="no such host.invalid", port=port))
                assert unknown.failures[0].code == "upstream_connect_failed"
                assert "resolved" in str(unknown.failures[0].detail["reason"])
                assert not unknown.failures[0].sent
                for changes in ({"port": 70_000}, {"host": "." + "x" * 70}, {"host": ""}):
                    odd = await ask(made, Endpoint(**{"scheme": "https", "host": "127.0.0.1", "port": port, **changes}))
                    assert odd.failures[0].code == "upstream_connect_failed"
                await until(lambda: made.counts() == (0, 0, 0))

    run(story())


@pytest.mark.parametrize("host", ["169.254.169.254", "::ffff:169.254.169.254", "2852039166", "0xa9fea9fe", "0.0.0.0"])
def test_no_connection_is_opened_to_a_refused_address_however_it_is_written(host: str) -> None:
    async def story() -> None:
        async with client() as made:
            told = await ask(made, Endpoint(scheme="http", host=host, port=80))
            assert told.failures[0].code == "upstream_address_refused"
            assert not told.failures[0].sent

    run(story())


def test_denied_networks_are_refused_also_behind_a_name_and_a_proxy() -> None:
    async def story() -> None:
        async with replies(SMALL).listening() as vendor, client(egress_deny="127.0.0.0/8, ::1/128") as made:
            assert (await ask(made, vendor.endpoint(host="localhost"))).failures[0].code == "upstream_address_refused"
            assert vendor.connections == 0
        async with replies(SMALL).listening() as proxy, client() as made:
            endpoint = Endpoint(scheme="http", host="169.254.169.254", port=80, proxy=f"http://127.0.0.1:{proxy.port}")
            assert (await ask(made, endpoint)).failures[0].code == "upstream_address_refused"
            assert proxy.connections == 0

    run(story())


def test_the_next_address_is_tried_and_only_checked_addresses_are_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        tried: list[object] = []
        connect = connect_module._connect

        async def resolve(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
            found = ["169.254.169.254", "127.0.0.2", "127.0.0.1"]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

        async def note(family: int, address: Any) -> socket.socket:
            tried.append(address[0])
            return await connect(family, address)

        monkeypatch.setattr(connect_module, "_connect", note)
        monkeypatch.setattr(connect_module, "_resolve", resolve)
        async with replies(SMALL).listening() as vendor, client() as made:
            assert (await ask(made, vendor.endpoint(host="vendor.example"))).body == b"hello"
            assert tried == ["127.0.0.2", "127.0.0.1"]

    run(story())


def test_small_writes_are_sent_at_once(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    flags: list[int] = []
    attach = connect_module._attach

    async def look(sock: socket.socket, *rest: Any) -> Any:
        made = await attach(sock, *rest)
        flags.append(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        return made

    monkeypatch.setattr(connect_module, "_attach", look)

    async def story() -> None:
        async with replies(SMALL).listening() as vendor, client() as made:
            await ask(made, vendor.endpoint())
        vendor = replies(SMALL)
        async with vendor.listening(server_context(authority, "127.0.0.1")), client() as made:
            await ask(made, vendor.endpoint(scheme="https", ca_pem=pem(authority)))

    run(story())
    assert len(flags) == 2
    assert all(flags)


@pytest.mark.parametrize("scheme", ["http", "https", "proxied"])
def test_leaving_at_any_moment_of_connecting_leaves_no_socket(authority: trustme.CA, scheme: str) -> None:
    async def story() -> None:
        context = None if scheme == "http" else server_context(authority, "127.0.0.1")
        vendor = replies(SMALL)
        proxy = proxy_script(b"HTTP/1.1 200 OK\r\n\r\n", [], [])
        async with proxy.listening(), vendor.listening(context), client() as made:
            endpoint = vendor.endpoint(scheme="http" if scheme == "http" else "https", ca_pem=pem(authority))
            if scheme == "proxied":
                endpoint = vendor.endpoint(scheme="https", proxy=f"http://127.0.0.1:{proxy.port}")
            before = len(list(Path("/proc/self/fd").iterdir()))
            for turns in range(40):
                told = Told()
                exchange = send(made, endpoint, told)
                for _ in range(turns):
                    await asyncio.sleep(0.0002 * (turns % 3))
                exchange.cancel()
                await asyncio.sleep(0)
            made.close()
            await until(lambda: made.counts() == (0, 0, 0))
            await until(lambda: vendor.closed == vendor.connections and proxy.closed == proxy.connections)
            await until(lambda: len(list(Path("/proc/self/fd").iterdir())) <= before)

    run(story())


@pytest.mark.parametrize(
    ("host", "said"), [("127.0.0.1", "its proxy does not answer"), ("no such.invalid", "its proxy's name")]
)
def test_a_proxy_that_cannot_be_reached_is_named_and_not_the_vendor(host: str, said: str) -> None:
    async def story() -> None:
        with socket.socket() as unheard:
            unheard.bind(("127.0.0.1", 0))
            proxy = f"http://{host}:{unheard.getsockname()[1]}"
            async with client() as made:
                told = await ask(made, Endpoint(scheme="http", host="127.0.0.1", port=80, proxy=proxy))
        assert told.failures[0].code == "upstream_connect_failed"
        assert said in str(told.failures[0].detail["reason"])

    run(story())
