"""`torana vendors test`: each fault of a simulated vendor is named for what it is."""

import asyncio
import json
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
import typer
from typer.testing import CliRunner, Result

from tests.support.loopback import WAIT, Answer, answering, whole
from torana.cli import plan_apply, vendors
from torana.control import init
from torana.control.publish.publish import Publisher
from torana.gate.probe import CAUSES
from torana.settings import Settings
from torana.stores.secrets import master
from torana.stores.sql import engine as sql
from torana.stores.sql.migrate import upgrade

CANARY = "sk-canary-77c2d1e0aa55ff00"
CHAT = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-x-2026",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "H"}, "finish_reason": "length"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
MESSAGE = {
    "id": "m1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [{"type": "text", "text": "H"}],
    "stop_reason": "max_tokens",
    "usage": {"input_tokens": 1, "output_tokens": 1},
}


class Desk:
    """Somebody at a terminal, whose vendor is on loopback."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._app = typer.Typer()
        for commands in (plan_apply, vendors):
            commands.register(self._app)

    def types(self, *words: str, **environment: str) -> Result:
        result = CliRunner().invoke(self._app, [*words, "--data", str(self.data)], env=environment)
        assert CANARY not in result.output
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return result

    def tests(self, name: str, *words: str, **environment: str) -> dict[str, Any]:
        """What the command reports, as JSON; its exit status has to be that of the cause."""
        result = self.types("vendors", "test", name, *words, "--json", **environment)
        assert result.stdout, result.output
        report = json.loads(result.stdout)
        assert isinstance(report, dict)
        assert result.exit_code == (0 if report["ok"] else CAUSES[report["cause"]].status)
        return report

    def meets(self, answer: Answer | bytes, *words: str, scheme: str = "http", **environment: str) -> dict[str, Any]:
        """The report on a vendor that answers so."""
        with answering(answer if callable(answer) else lambda _: answer) as server:
            address = f"{scheme}://127.0.0.1:{server.port}/v1"
            report = self.tests("openai", "--base-url", address, *words, OPENAI_API_KEY=CANARY, **environment)
            self.requests = server.requests
            return report

    def declares(self, **provider: Any) -> None:
        """An instance with this provider account, whose model a service offers."""
        asyncio.run(_set_up(self.data))
        content = {
            "providers": [{"name": "own", "vendor": "openai-compatible", "api_key": {"env": "OWN_KEY"}, **provider}],
            "services": [{"name": "house", "deployments": [{"provider": "own", "model": "gpt-x"}]}],
        }
        file = self.data / "torana.yaml"
        file.write_text(json.dumps(content))
        done = self.types("apply", "--yes", "-f", str(file), OWN_KEY=CANARY)
        assert done.exit_code == 0, done.output


async def _set_up(data: Path) -> None:
    engine = sql.create(Settings(data=str(data)))
    await upgrade(engine)
    await init.first_start(Publisher(engine, master.load_or_create(data), data / "snapshot"), {})
    await engine.dispose()


def error(status: int, message: str, *headers: str, **fields: str) -> bytes:
    return whole(status, json.dumps({"error": {"message": message, **fields}}).encode(), "application/json", *headers)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    for name in ("TORANA_UPSTREAM_PROXY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return Desk(tmp_path)


def test_a_vendor_that_answers_is_well_and_was_asked_for_one_token_with_its_key(desk: Desk) -> None:
    report = desk.meets(
        whole(200, json.dumps(CHAT).encode(), "application/json", "x-request-id: req_1"), "--model", "gpt-x"
    )
    assert report["ok"]
    assert report["says"] == "gpt-x answers, as gpt-x-2026: address, key, quota and model are good."
    assert report["status"] == 200
    assert report["request_id"] == "req_1"
    (request,) = desk.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
    assert f"authorization: Bearer {CANARY}".encode() in head
    sent = json.loads(body)
    assert sent["model"] == "gpt-x"
    assert 1 in (sent.get("max_tokens"), sent.get("max_completion_tokens"))


def test_the_text_form_says_the_same_in_lines(desk: Desk) -> None:
    with answering(lambda _: error(401, "Bad key.")) as server:
        words = ("vendors", "test", "openai", "--base-url", f"http://127.0.0.1:{server.port}/v1", "--model", "gpt-x")
        done = desk.types(*words, OPENAI_API_KEY=CANARY)
    assert done.exit_code == CAUSES["key"].status
    lines = done.stdout.splitlines()
    assert lines[0] == "WRONG  key: The vendor does not accept the key (401)."
    assert lines[1] == "  it says:  Bad key."
    assert lines[3].startswith(f"  called:   openai at http://127.0.0.1:{server.port}/v1, openai_chat, for gpt-x")


def test_a_name_that_does_not_resolve_is_dns(desk: Desk) -> None:
    report = desk.tests("openai", "--base-url", "http://nothing.invalid/v1", OPENAI_API_KEY=CANARY)
    assert report["cause"] == "dns"
    assert "The name nothing.invalid cannot be resolved" in report["says"]


def test_a_closed_port_is_connect(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    report = desk.tests("openai", "--base-url", f"http://127.0.0.1:{port}/v1", OPENAI_API_KEY=CANARY)
    assert report["cause"] == "connect"
    assert report["says"] == f"No connection to 127.0.0.1:{port}: connection refused."


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]"])
def test_an_address_that_must_not_be_called_is_egress(desk: Desk, host: str) -> None:
    assert desk.tests("openai", "--base-url", f"http://{host}/v1", OPENAI_API_KEY=CANARY)["cause"] == "egress"


def test_an_address_that_the_operator_denies_is_egress(desk: Desk) -> None:
    report = desk.meets(whole(200, b"{}"), TORANA_EGRESS_DENY="127.0.0.0/8")
    assert report["cause"] == "egress"
    assert desk.requests == []


def test_silence_is_a_timeout(desk: Desk) -> None:
    report = desk.meets(WAIT, TORANA_UPSTREAM_FIRST_BYTE_TIMEOUT_SECONDS="0.2")
    assert report["cause"] == "timeout"
    assert "did not answer it within 0.2 s" in report["says"]


def test_hanging_up_is_the_vendors_fault(desk: Desk) -> None:
    assert desk.meets(b"")["cause"] == "vendor"


def test_something_that_is_not_http_is_the_address(desk: Desk) -> None:
    report = desk.meets(b"SSH-2.0-OpenSSH_9.6\r\n")
    assert report["cause"] == "address"
    assert "not HTTP" in report["says"]


def test_a_server_without_tls_at_an_https_address_is_tls(desk: Desk) -> None:
    report = desk.meets(whole(400, b"{}"), scheme="https", TORANA_UPSTREAM_CONNECT_TIMEOUT_SECONDS="1")
    assert report["cause"] in ("tls", "timeout")
    assert "HTTP" in report["says"] or "http://" in report["says"]


def test_an_unknown_authority_is_tls_and_a_known_one_with_another_name_too(desk: Desk, tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("vendor.example").configure_cert(context)
    (tmp_path / "ca.pem").write_bytes(authority.cert_pem.bytes())
    with answering(lambda _: whole(200, json.dumps(CHAT).encode()), context) as server:
        address = f"https://127.0.0.1:{server.port}/v1"
        unknown = desk.tests("openai", "--base-url", address, OPENAI_API_KEY=CANARY)
        desk.declares(base_url=address, ca={"file": str(tmp_path / "ca.pem")})
        other_name = desk.tests("own")
        assert server.requests == []
    assert unknown["cause"] == other_name["cause"] == "tls"
    assert "an authority that is not trusted" in unknown["says"]
    assert "is for another name" in other_name["says"]


def test_a_provider_account_is_called_with_its_sealed_key_its_authority_and_its_model(
    desk: Desk, tmp_path: Path
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    (tmp_path / "ca.pem").write_bytes(authority.cert_pem.bytes())
    with answering(lambda _: whole(200, json.dumps(CHAT).encode()), context) as server:
        desk.declares(base_url=f"https://127.0.0.1:{server.port}/v1", ca={"file": str(tmp_path / "ca.pem")})
        report = desk.tests("own")
        (request,) = server.requests
    assert report["ok"]
    assert report["provider"] == "own"
    assert report["model"] == "gpt-x"
    assert CANARY.encode() in request


@pytest.mark.parametrize(
    ("reply", "cause", "says"),
    [
        (error(401, "Incorrect API key provided"), "key", "does not accept the key (401)"),
        (error(403, "Your project may not use this"), "key", "does not allow it this (403)"),
        (error(402, "Payment required"), "quota", "no quota or credit left (402)"),
        (error(429, "You exceeded your current quota", code="insufficient_quota"), "quota", "no quota or credit left (429)"),
        (error(429, "Rate limit reached", "retry-after: 7"), "rate", "try again in 7 s"),
        (error(404, "The model `gpt-x` does not exist", code="model_not_found"), "model", "does not serve the model gpt-x"),
        (error(400, "gpt-x is not a valid model ID"), "model", "does not serve the model gpt-x"),
        (whole(404, b"<html>nothing here</html>", "text/html"), "address", "no such endpoint at this address (404)"),
        (error(404, "Invalid URL (POST /v1/chat/completions)"), "address", "no such endpoint at this address (404)"),
        (whole(200, b"<html>Welcome</html>", "text/html"), "address", "answers 200 with text/html instead of JSON"),
        (whole(301, b"", "text/html", "location: https://elsewhere.example/"), "address", "(301) to https://elsewhere.example/"),
        (whole(200, json.dumps(MESSAGE).encode()), "dialect", "It looks like anthropic_messages."),
        (whole(200, b"{"), "dialect", "not in the dialect openai_chat"),
        (error(503, "overloaded"), "vendor", "itself is in trouble (503)"),
        (error(400, "temperature is missing"), "request", "refuses the test's request (400)"),
    ],
)  # fmt: skip
def test_a_reply_is_named_for_what_it_means(desk: Desk, reply: bytes, cause: str, says: str) -> None:
    report = desk.meets(reply, "--model", "gpt-x")
    assert (report["cause"], says in report["says"]) == (cause, True), report


def test_a_model_that_wanted_more_room_has_answered(desk: Desk) -> None:
    said = "Could not finish the message because max_tokens or model output limit was reached."
    assert desk.meets(error(400, said), "--model", "gpt-x")["ok"]


def test_the_vendors_own_words_are_shown_without_the_key_and_without_control_characters(desk: Desk) -> None:
    def leak(request: bytes) -> bytes:
        return error(401, f"Wrong: {request.decode('latin-1')} \x1b[2J \u202e end")

    report = desk.meets(leak)
    assert report["cause"] == "key"
    assert "•••" in report["vendor_says"]
    assert not [c for c in report["vendor_says"] if c < " " or c == "\u202e"]


def test_a_proxy_that_refuses_and_one_that_is_not_there_are_the_proxy(desk: Desk) -> None:
    with answering(lambda _: b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") as proxy:
        environment = {"OPENAI_API_KEY": CANARY, "TORANA_UPSTREAM_PROXY": f"http://127.0.0.1:{proxy.port}"}
        refused = desk.tests("openai", "--base-url", "https://203.0.114.1/v1", **environment)
    absent = desk.tests("openai", "--base-url", "https://203.0.114.1/v1", **environment)
    assert refused["cause"] == absent["cause"] == "proxy"
    assert "the proxy answered 407" in refused["says"]
    assert refused["proxy"]


def test_without_a_model_the_list_of_models_is_asked_for(desk: Desk) -> None:
    with answering(lambda _: whole(200, b'{"object": "list", "data": [{"id": "a"}, {"id": "b"}]}')) as server:
        report = desk.tests("vllm", "--base-url", f"http://127.0.0.1:{server.port}/v1")
        assert server.requests[0].startswith(b"GET /v1/models HTTP/1.1\r\n")
    assert report["ok"]
    assert report["says"].startswith("It lists 2 models")
    assert report["model"] is None


GEMINI = {"candidates": [{"content": {"role": "model", "parts": [{"text": "H"}]}, "finishReason": "MAX_TOKENS"}]}
COHERE = {
    "id": "1",
    "finish_reason": "MAX_TOKENS",
    "message": {"role": "assistant", "content": [{"type": "text", "text": "H"}]},
}


@pytest.mark.parametrize(
    ("vendor", "variable", "header", "path", "reply"),
    [
        ("anthropic", "ANTHROPIC_API_KEY", "x-api-key", "/v1/messages", MESSAGE),
        ("google", "GEMINI_API_KEY", "x-goog-api-key", "/v1/models/m:generateContent", GEMINI),
        ("cohere", "CO_API_KEY", "authorization: Bearer", "/v1/chat", COHERE),
    ],
)
def test_each_vendor_is_asked_in_its_own_dialect(
    desk: Desk, vendor: str, variable: str, header: str, path: str, reply: dict[str, Any]
) -> None:
    with answering(lambda _: whole(200, json.dumps(reply).encode())) as server:
        words = ("--base-url", f"http://127.0.0.1:{server.port}/v1", "--model", "m")
        report = desk.tests(vendor, *words, **{variable: CANARY})
        (request,) = server.requests
    assert report["ok"], report
    assert request.startswith(f"POST {path} HTTP/1.1\r\n".encode())
    assert header.encode() in request
    assert CANARY.encode() in request
    assert b'"Hi"' in request


def test_a_credential_whose_token_is_refused_is_the_credential(desk: Desk) -> None:
    with answering(lambda _: whole(400, b'{"errorCode": "BXNIM0415E", "errorMessage": "No such key."}')) as server:
        desk.declares(
            vendor="watsonx",
            base_url=f"http://127.0.0.1:{server.port}/v1",
            options={"token_url": "https://127.0.0.1:1/t"},
        )
        report = desk.tests("own")
        assert server.requests == []
    assert report["cause"] == "credential"


def test_the_demo_is_well(desk: Desk) -> None:
    asyncio.run(_set_up(desk.data))
    assert desk.tests("demo")["ok"]


def test_what_cannot_be_tested_is_said_in_one_line(desk: Desk) -> None:
    for words, said in (
        (("nobody",), "nobody is neither a provider account of this instance nor a vendor."),
        (("openai",), "there is no provider account openai in this instance, and OPENAI_API_KEY is not set."),
        (("aws",), "the credential of aws has several parts"),
        (("openai", "--base-url", "ftp://x"), "expected http:// or https://"),
    ):
        environment = {"OPENAI_API_KEY": CANARY} if len(words) > 1 else {}
        done = desk.types("vendors", "test", *words, **environment)
        assert done.exit_code == 1
        assert said in done.stderr
        assert done.stderr.count("\n") == 1
