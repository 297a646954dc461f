"""What callers send wrong, from carelessness or malice: a clear error, a stable code, one record, never a 500.

All cases run first; the tests then look at what came of each.
"""

import gzip
import json
import socket
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests.support import journey
from tests.support.instance import Instance, Reply, run_instance
from tests.support.vendor_process import Vendor

CHAT = "/v1/chat/completions"
MESSAGES = b'"messages":[{"role":"user","content":"x"}]'
MIB = 1024 * 1024
BOMB = gzip.compress(b'{"model":"chat"}' + b" " * 64 * MIB)


class Case(NamedTuple):
    """A request and what has to come of it."""

    codes: frozenset[str | None]
    """Stable codes that would be right; None is a call that the vendor gets."""
    status: int | None
    body: bytes | None
    method: str = "POST"
    path: str = CHAT
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed
    key: str | None = None


def refused(code: str, status: int, body: bytes | None, **others: Any) -> Case:
    return Case(frozenset([code]), status, body, **others)


def either(body: bytes, *codes: str, **others: Any) -> Case:
    """Refused with one of the codes, or passed on for the vendor to judge."""
    return Case(frozenset([None, *codes]), None, body, **others)


CASES = {
    "cut JSON": refused("invalid_json", 400, b'{"model":"chat","messages":['),
    "no JSON": refused("invalid_json", 400, b"hello"),
    "an empty body": refused("invalid_json", 400, b""),
    "two objects": refused("invalid_json", 400, b'{"model":"chat",' + MESSAGES + b"}{}"),
    "not UTF-8": refused("invalid_json", 400, b'{"model":"chat","messages":[{"role":"user","content":"\xff\xfe"}]}'),
    "NaN": refused("invalid_json", 400, b'{"model":"chat","temperature":NaN,' + MESSAGES + b"}"),
    "a list": Case(frozenset(["invalid_json", "invalid_field"]), 400, b"[1]"),
    "a deeply nested list": refused(
        "invalid_json", 400, b'{"model":"chat","messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    ),
    "deeply nested objects": refused(
        "invalid_json", 400, b'{"model":"chat","x":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001
    ),
    "two models": refused("duplicate_field", 400, b'{"model":"chat","model":"embed",' + MESSAGES + b"}"),
    "two models, one escaped": refused(
        "duplicate_field", 400, b'{"model":"chat","mod\\u0065l":"embed",' + MESSAGES + b"}"
    ),
    "a lone surrogate": either(b'{"model":"chat","messages":[{"role":"user","content":"\\ud800"}]}', "invalid_json"),
    "a lone surrogate in the model": Case(
        frozenset(["invalid_json", "invalid_field", "model_not_found"]), None, b'{"model":"\\udfff",' + MESSAGES + b"}"
    ),
    "a model that is a number": Case(
        frozenset(["invalid_field", "missing_model"]), 400, b'{"model":5,' + MESSAGES + b"}"
    ),
    "no model": refused("missing_model", 400, b"{" + MESSAGES + b"}"),
    "a null model": Case(frozenset(["invalid_field", "missing_model"]), 400, b'{"model":null,' + MESSAGES + b"}"),
    "a stream that is a word": either(b'{"model":"chat","stream":"yes",' + MESSAGES + b"}", "invalid_field"),
    "stream options that are a list": either(
        b'{"model":"chat","stream":true,"stream_options":[1],' + MESSAGES + b"}", "invalid_field"
    ),
    "metadata that is a list": either(b'{"model":"chat","metadata":[1],' + MESSAGES + b"}", "invalid_field"),
    "a user that is an object": either(b'{"model":"chat","user":{"a":1},' + MESSAGES + b"}", "invalid_field"),
    "an unknown model": refused("model_not_found", 404, b'{"model":"gpt-nobody",' + MESSAGES + b"}"),
    "a model with a line break": refused("model_not_found", 404, b'{"model":"chat\\r\\nX-Bad: 1",' + MESSAGES + b"}"),
    "a huge model": refused("model_not_found", 404, b'{"model":"' + b"m" * MIB + b'",' + MESSAGES + b"}"),
    "a string of 31 MiB": Case(
        frozenset([None]), 200, b'{"model":"chat","messages":[{"role":"user","content":"' + b"x" * 31 * MIB + b'"}]}'
    ),
    "a string of 33 MiB": refused(
        "body_too_large", 413, b'{"model":"chat","messages":[{"role":"user","content":"' + b"x" * 33 * MIB + b'"}]}'
    ),
    "a gzip body": refused(
        "unsupported_encoding", 415, gzip.compress(b'{"model":"chat"}'), headers={"Content-Encoding": "gzip"}
    ),
    "a gzip bomb": refused("unsupported_encoding", 415, BOMB, headers={"Content-Encoding": "gzip"}),
    "an unknown path": refused("unknown_path", 404, b"{}", path="/v1/nothing/here"),
    "a path outside": Case(
        frozenset(["unknown_path", "malformed_request"]), None, b"{}", path="/v1/chat/../../etc/passwd"
    ),
    "a wrong method": refused("method_not_allowed", 405, None, method="GET"),
    "another wrong method": refused("method_not_allowed", 405, b"{}", method="PUT", path="/v1/embeddings"),
    "no key": refused("missing_api_key", 401, b'{"model":"chat",' + MESSAGES + b"}", key=""),
    "a wrong key": refused("invalid_api_key", 401, b'{"model":"chat",' + MESSAGES + b"}", key="torana-nobody"),
    "two different keys": refused(
        "ambiguous_credentials", 400, b'{"model":"chat",' + MESSAGES + b"}", headers={"x-api-key": "torana-other"}
    ),
    "a long target": refused("target_too_long", 414, b"{}", path="/v1/" + "x" * 9_000),
    "a long header": refused("headers_too_large", 431, b"{}", headers={"X-Long": "x" * 40_000}),
    "many headers": refused("headers_too_large", 431, b"{}", headers={f"X-H-{n}": "1" for n in range(150)}),
    "a wrong expectation": refused("expectation_failed", 417, b"{}", headers={"Expect": "a-miracle"}),
}


class Outcome(NamedTuple):
    """What the caller got and what was recorded."""

    reply: Reply
    records: list[dict[str, Any]]


@pytest.fixture(scope="module")
def instance(vendor: Vendor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    services = [journey.service(name, limits=[{"concurrency": 1}] if name == "chat" else []) for name in journey.PLAIN]
    folder = tmp_path_factory.mktemp("bad")
    with run_instance(folder, journey.configuration(vendor, services), key=journey.KEY, env=journey.quick()) as running:
        yield running


def send(instance: Instance, case: Case) -> Reply:
    """A server may refuse and close before it has read everything: then http.client fails while it still sends."""
    try:
        return instance.request(case.method, case.path, case.body, case.headers, case.key)
    except (BrokenPipeError, ConnectionResetError):
        return refusal_while_sending(instance, case)


def refusal_while_sending(instance: Instance, case: Case) -> Reply:
    """Send only the head with the length, which is enough to be refused for it."""
    head = f"{case.method} {case.path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {instance.key}\r\n"
    with socket.create_connection(("127.0.0.1", instance.port), timeout=60) as connection:
        connection.sendall(f"{head}Content-Length: {len(case.body or b'')}\r\n\r\n".encode())
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
    lines, _, body = answer.partition(b"\r\n\r\n")
    status, *headers = lines.decode().split("\r\n")
    pairs = (line.split(": ", 1) for line in headers)
    return Reply(int(status.split(" ")[1]), {name.lower(): value for name, value in pairs}, body, True)


@pytest.fixture(scope="module")
def outcomes(instance: Instance) -> dict[str, Outcome]:
    replies = {name: send(instance, case) for name, case in CASES.items()}
    by_id = instance.records({reply.call_id for reply in replies.values()})
    return {name: Outcome(reply, by_id[reply.call_id]) for name, reply in replies.items()}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_has_a_clear_error_and_exactly_one_record(outcomes: dict[str, Outcome], name: str) -> None:
    reply, records = outcomes[name]
    case = CASES[name]
    assert reply.status < 500
    assert case.status in (None, reply.status), reply
    (record,) = records
    assert record["status"] == reply.status
    assert record["error"] in case.codes, (reply, record)
    if record["error"] is not None:
        assert reply.headers["content-type"].startswith("application/json")
        error = reply.error
        assert error["code"] == record["error"]
        assert error["call_id"] == reply.call_id
        assert error["type"]
        assert "param" in error
        assert len(error["message"]) < 2_000
        assert "Traceback" not in error["message"]


def test_an_unknown_model_names_those_that_the_key_may_call(outcomes: dict[str, Outcome]) -> None:
    message = outcomes["an unknown model"].reply.error["message"]
    assert all(name in message for name in ("gpt-nobody", *journey.PLAIN))
    assert outcomes["an unknown model"].reply.error["param"] == "model"


def test_a_wrong_method_names_the_right_one(outcomes: dict[str, Outcome]) -> None:
    assert "POST" in outcomes["a wrong method"].reply.headers["allow"]


def test_a_duplicate_field_is_named(outcomes: dict[str, Outcome]) -> None:
    assert outcomes["two models"].reply.error["param"] == "model"


def test_a_model_name_cannot_break_a_header_or_a_log_line(outcomes: dict[str, Outcome], instance: Instance) -> None:
    assert "x-bad" not in outcomes["a model with a line break"].reply.headers
    assert "\nX-Bad" not in instance.output()
    assert len(outcomes["a huge model"].records[0]["model_asked"]) <= 200


def test_after_all_that_the_service_still_answers(outcomes: dict[str, Outcome], instance: Instance) -> None:
    assert outcomes
    assert instance.chat("chat").status == 200  # it has a concurrency limit of one
    assert "Traceback" not in instance.output()


def test_a_request_whose_body_never_ends_is_refused_and_recorded(instance: Instance) -> None:
    before = {row["id"] for row in instance.calls()}
    with socket.create_connection(("127.0.0.1", instance.port), timeout=60) as connection:
        head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {instance.key}\r\nContent-Length: 100\r\n\r\n"
        connection.sendall(head.encode() + b'{"model"')
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
    if answer:
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "incomplete_request"
    instance.record(instance.chat("chat").call_id)
    (mine,) = [row for row in instance.calls() if row["id"] not in before and row["error"] is not None]
    assert mine["error"] in ("incomplete_request", "caller_left")
