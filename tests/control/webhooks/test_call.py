"""A webhook is called at an address that was checked, signed as receivers expect it, and never for long."""

import base64
import hmac
import socket
import ssl
from typing import Any

import pytest
import trustme

from tests.support.loopback import WAIT, answering, whole
from torana.control.webhooks import call, sign
from torana.control.webhooks.address import check_url, without_query
from torana.control.webhooks.call import Caller
from torana.core.errors import Refusal
from torana.core.secret import Secret
from torana.settings import Settings

pytestmark = pytest.mark.anyio

LOCAL = Settings(webhooks_loopback=True)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.org", "https://hooks.example.org:8443/a/b?token=1&x=%20", "https://10.0.0.7/in",
        "https://[2a00::1]:9/x", "https://xn--bcher-kva.example/",
    ],
)  # fmt: skip
def test_an_address_of_a_receiver_is_taken(url: str) -> None:
    check_url(url, loopback=False)


@pytest.mark.parametrize(
    "url",
    [
        "", "hooks.example.org", "http://hooks.example.org/", "ftp://hooks.example.org", "https://", "https:///x",
        "https://user@hooks.example.org/", "https://user:pw@hooks.example.org/", "https://a.example#f", "https://a.example:0/",
        "https://a.example:99999/", "https://a b.example/", "https://a.example/ b", "https://a.example\\@b.example/",
        "https://bücher.example/", "https://a.example/\n", "https://[::1", "https://[fe80::1]/", "https://[v1.x]/",
        "https://127.0.0.1/", "https://localhost/", "https://app.localhost:1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/latest/meta-data", "https://100.100.100.200/", "https://[fd00:ec2::254]/", "https://0.0.0.0/",
        "https://224.0.0.1/", "https://[::ffff:169.254.169.254]/", "unix:///tmp/socket", "javascript:alert(1)",
        "https://a.example/" + "x" * 2_000,
    ],
)  # fmt: skip
def test_an_address_that_none_can_have_is_refused(url: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_url(url, loopback=False)
    assert (refused.value.code, refused.value.param) == ("invalid_field", "url")


def test_this_machine_is_reached_only_where_the_setting_allows_it() -> None:
    for url in ("http://127.0.0.1:9/x", "http://localhost/x", "https://localhost/x", "http://[::1]:9/"):
        check_url(url, loopback=True)
        with pytest.raises(Refusal):
            check_url(url, loopback=False)
    with pytest.raises(Refusal):
        check_url("http://hooks.example.org/", loopback=True)
    with pytest.raises(Refusal):
        Caller(Settings(egress_deny="10.0.0.0/8")).check("https://10.1.2.3/")


def test_the_query_of_an_address_is_not_shown() -> None:
    assert without_query("https://a.example/x?token=1") == "https://a.example/x?…"
    assert without_query("https://a.example/x") == "https://a.example/x"


def test_a_signature_is_that_of_the_specification() -> None:
    # The example of https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    secret = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    headers = sign.headers([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    both = sign.headers([sign.new_secret(), secret], "msg_1", 1, body)["webhook-signature"].split(" ")
    assert len(both) == 2
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    digest = base64.b64encode(hmac.digest(key, b"msg_1.1." + body, "sha256")).decode()
    assert both[1] == f"v1,{digest}"


def test_a_new_secret_has_256_random_bits() -> None:
    made = {sign.new_secret().reveal() for _ in range(20)}
    assert len(made) == 20
    assert {len(base64.b64decode(one.removeprefix("whsec_"))) for one in made} == {32}


@pytest.mark.parametrize(
    ("status", "taken"), [(200, True), (204, True), (302, False), (400, False), (410, False), (500, False)]
)
async def test_a_receiver_that_answers_2xx_has_it_and_any_other_has_not(status: int, taken: bool) -> None:
    with answering(lambda _: whole(status, b"no", "text/plain", "location: http://127.0.0.1:1/")) as server:
        outcome = await Caller(LOCAL).call(f"http://127.0.0.1:{server.port}/in?x=1", {"webhook-id": "m"}, b"{}")
    assert (outcome.status, outcome.taken, outcome.gone) == (status, taken, status == 410)
    # A redirect is an answer like any other, and not followed.
    (request,) = server.requests
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert lines[0] == b"post /in?x=1 http/1.1"
    assert {b"webhook-id: m", b"content-type: application/json", b"user-agent: torana"} <= set(lines)
    assert f"host: 127.0.0.1:{server.port}".encode() in lines
    assert body == b"{}"


async def test_a_receiver_that_does_not_answer_or_is_not_there_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call, "SECONDS", 0.2)
    with answering(lambda _: WAIT) as server:
        outcome = await Caller(LOCAL).call(f"http://127.0.0.1:{server.port}/", {}, b"{}")
    assert (outcome.status, outcome.error) == (None, "it did not answer in time")
    outcome = await Caller(LOCAL).call(f"http://127.0.0.1:{server.port}/", {}, b"{}")
    assert "could not be reached" in (outcome.error or "")
    with answering(lambda _: b"") as server:
        outcome = await Caller(LOCAL).call(f"http://127.0.0.1:{server.port}/", {}, b"{}")
    assert not outcome.taken


async def test_a_name_that_leads_to_a_forbidden_address_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolves_to(*addresses: str) -> None:
        def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)

    with answering(lambda _: whole(200, b"")) as server:
        for addresses in (("169.254.169.254",), ("127.0.0.1",), ("0.0.0.0", "127.0.0.1")):
            resolves_to(*addresses)
            outcome = await Caller(Settings()).call(f"https://evil.example:{server.port}/", {}, b"{}")
            assert "must not be called" in (outcome.error or "")
        assert server.requests == []


async def test_tls_is_verified_for_the_name_though_the_address_is_dialled() -> None:
    authority = trustme.CA()
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)

    def server_context(name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        return context

    with answering(lambda _: whole(200, b""), server_context("localhost")) as server:
        outcome = await Caller(LOCAL, trusted).call(f"https://localhost:{server.port}/", {}, b"{}")
    assert (outcome.status, outcome.error) == (200, None)
    assert f"host: localhost:{server.port}".encode() in server.requests[0].lower()
    with answering(lambda _: whole(200, b""), server_context("other.example")) as server:
        outcome = await Caller(LOCAL, trusted).call(f"https://localhost:{server.port}/", {}, b"{}")
    assert "mismatch" in (outcome.error or "")
    assert server.requests == []
