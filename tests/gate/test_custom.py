"""Calls of custom models: what the service is sent, what the caller gets, and how every failure ends."""

import asyncio
import json
import os
import signal
import socket
import struct
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.custom_service import SECRET, described, gate_before, pieces, published, running_service, whole
from tests.support.gate_here import Here, Reply, begin, chat_body, gate_here, request

pytestmark = pytest.mark.anyio

SAID = whole(b'{"text": "fine", "n": 3}')
STREAM = {"framing": "ndjson", "event": '{"text": t, "usage": n ? {"input": n, "output": 1}, "done": end}'}
LOOPING = "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}"
BUSY = "$reduce([1..100000], function($sum, $a) { $sum + $count($filter([1..10000], function($b) { $b > $a })) })"
"""Uses up all of the processor time."""
EMBED = described("vectors", content="embeddings", request={"body": None, "body_map": '{"inputs": inputs}'})


def gemini_body(text: str = "Hi") -> bytes:
    return json.dumps({"contents": [{"role": "user", "parts": [{"text": text}]}]}).encode()


def anthropic_body(model: str, **fields: Any) -> bytes:
    return chat_body(model, max_tokens=9, **fields)


async def one_record(here: Here, reply: Reply) -> Any:
    """The call's record, after checking that nothing is left reserved."""
    await here.until(lambda: not here.gate.listener.active)
    assert here.in_use() == {}
    return here.record(reply.call_id)


async def test_the_service_gets_what_the_description_makes_of_the_request(tmp_path: Path) -> None:
    model = described(
        request={"path": "/v/{{ model }}/call", "headers": {"x-user": "{{ parameters.user }}"}, "query": {"q": "a b"}}
    )
    async with gate_before(tmp_path, mood=model) as (here, service):
        service.answer = SAID
        reply = await here.post(chat_body("mood", user="me"), headers="traceparent: 00-a-b-01\r\n")
        (asked,) = service.asked
    assert reply.status == 200, reply.body
    assert asked.line == "POST /base/v/mood/call?q=a%20b HTTP/1.1"
    assert json.loads(asked.body) == {"text": "Hi"}
    assert asked.headers["x-user"] == "me"
    assert asked.headers["authorization"] == f"Bearer {SECRET}"
    assert asked.headers["traceparent"] == "00-a-b-01"
    assert (asked.headers["content-type"], asked.headers["accept-encoding"]) == ("application/json", "identity")
    assert reply.headers["x-torana-service"] == "mood"


async def test_every_dialect_gets_the_answer_in_its_own_form(tmp_path: Path) -> None:
    async with gate_before(tmp_path, mood=described()) as (here, service):
        service.answer = SAID
        chat = json.loads((await here.chat("mood")).body)
        legacy = json.loads(
            (await here.post(json.dumps({"model": "mood", "prompt": "Hi"}).encode(), "/v1/completions")).body
        )
        responses = json.loads(
            (
                await here.post(json.dumps({"model": "mood", "input": "Hi", "store": False}).encode(), "/v1/responses")
            ).body
        )
        messages = json.loads((await here.post(anthropic_body("mood"), "/v1/messages")).body)
        gemini = json.loads((await here.post(gemini_body(), "/v1beta/models/mood:generateContent")).body)
    assert chat["choices"][0]["message"]["content"] == "fine"
    assert legacy["choices"][0]["text"] == "fine"
    assert responses["output"][0]["content"][0]["text"] == "fine"
    assert messages["content"][0]["text"] == "fine"
    assert gemini["candidates"][0]["content"]["parts"][0]["text"] == "fine"
    assert [json.loads(asked.body) for asked in service.asked] == [{"text": "Hi"}] * 5


STREAMED = {
    "openai": ("/v1/chat/completions", chat_body("mood", stream=True)),
    "completions": ("/v1/completions", json.dumps({"model": "mood", "prompt": "Hi", "stream": True}).encode()),
    "responses": (
        "/v1/responses",
        json.dumps({"model": "mood", "input": "Hi", "stream": True, "store": False}).encode(),
    ),
    "anthropic": ("/v1/messages", anthropic_body("mood", stream=True)),
    "gemini": ("/v1beta/models/mood:streamGenerateContent?alt=sse", gemini_body()),
    "gemini array": ("/v1beta/models/mood:streamGenerateContent", gemini_body()),
}


@pytest.mark.parametrize("dialect", sorted(STREAMED))
@pytest.mark.parametrize("streams", [True, False])
async def test_a_caller_of_any_dialect_who_streams_gets_a_stream(tmp_path: Path, dialect: str, streams: bool) -> None:
    path, body = STREAMED[dialect]
    fields: dict[str, Any] = {"stream": STREAM} if streams else {"usage": '{"input": n, "output": 1}'}
    async with gate_before(tmp_path, mood=described(**fields)) as (here, service):
        service.answer = pieces(b'{"t": "fi"}\n{"t"', b': "ne"}\n', b'{"n": 3, "end": true}\n') if streams else SAID
        reply = await here.post(body, path)
        record = await one_record(here, reply)
    assert reply.status == 200
    assert reply.complete
    assert b"fi" in reply.body
    assert b"ne" in reply.body
    assert "error" not in reply.body.decode().replace('"error":null', "")
    assert (record.error, record.input_tokens, record.output_tokens, record.usage_estimated) == (None, 3, 1, False)
    assert record.streamed


async def test_a_stream_is_handed_on_as_it_comes(tmp_path: Path) -> None:
    more = asyncio.Event()

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(b'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{"t": "first"}\n')
        await writer.drain()
        await more.wait()
        writer.write(b'{"t": "second", "end": true}\n')

    async with gate_before(tmp_path, mood=described(stream=STREAM)) as (here, service):
        service.answer = answer
        reader, writer = await here.connect()
        writer.write(request(chat_body("mood", stream=True)))
        async with asyncio.timeout(30):
            got = await reader.readuntil(b"first")
            more.set()
            got += await reader.readuntil(b"[DONE]")
        writer.close()
    assert b"second" in got


async def test_embeddings_come_back_one_for_each_text(tmp_path: Path) -> None:
    async with gate_before(tmp_path, vectors=EMBED) as (here, service):
        service.answer = whole(b'{"vectors": [[0.5, 0.25], [1, 2]]}')
        openai = await here.post(json.dumps({"model": "vectors", "input": ["a", "b"]}).encode(), "/v1/embeddings")
        packed = await here.post(
            json.dumps({"model": "vectors", "input": ["a", "b"], "encoding_format": "base64"}).encode(),
            "/v1/embeddings",
        )
        texts = [{"model": "models/vectors", "content": {"parts": [{"text": text}]}} for text in "ab"]
        gemini = await here.post(json.dumps({"requests": texts}).encode(), "/v1beta/models/vectors:batchEmbedContents")
    assert json.loads(service.asked[0].body) == {"inputs": ["a", "b"]}
    assert [one["embedding"] for one in json.loads(openai.body)["data"]] == [[0.5, 0.25], [1, 2]]
    assert json.loads(packed.body)["data"][1]["embedding"] == "AACAPwAAAEA="
    assert [one["values"] for one in json.loads(gemini.body)["embeddings"]] == [[0.5, 0.25], [1, 2]]


async def test_a_model_of_the_other_kind_is_refused_by_name(tmp_path: Path) -> None:
    async with gate_before(tmp_path, mood=described(), vectors=EMBED) as (here, service):
        embed = await here.post(b'{"model": "mood", "input": "a"}', "/v1/embeddings")
        chat = await here.chat("vectors")
        count = await here.post(chat_body("mood"), "/v1/messages/count_tokens")
    assert (embed.status, embed.error["code"]) == (400, "endpoint_not_supported")
    assert (chat.status, chat.error["code"]) == (400, "endpoint_not_supported")
    assert (count.status, count.headers["x-torana-estimated"]) == (200, "true")
    assert service.asked == []


async def test_what_the_model_does_not_take_is_refused_or_dropped_by_the_services_policy(tmp_path: Path) -> None:
    async with running_service() as service:
        service.answer = SAID
        async with gate_here(tmp_path, published(service.url, {"mood": described()})) as here:
            refused = await here.chat("mood", logprobs=True)
            here.publish(published(service.url, {"mood": described()}, version=2, drop=True))
            dropped = await here.chat("mood", logprobs=True)
    assert (refused.status, refused.error["code"], refused.error["param"]) == (400, "unsupported_parameter", "logprobs")
    assert (dropped.status, dropped.headers["x-torana-dropped"]) == (200, "logprobs")


FAILURES: dict[str, tuple[dict[str, Any], Any, int, str, str]] = {
    "a caller's mistake": (
        {"error": '{"message": body.why, "code": body.kind}'},
        whole(b'{"why": "too long", "kind": "length"}', "422 No"),
        422, "upstream_refused", "too long (length)",
    ),
    "a mistake told with 500": (
        {"error": '{"message": body.why, "retryable": false}'},
        whole(b'{"why": "bad row"}', "500 No"),
        400, "upstream_refused", "bad row",
    ),
    "trouble": ({}, whole(b'{"message": "the pool is empty."}', "503 No"), 502, "upstream_failed", "503: the pool is empty. Try"),
    "trouble told with 409": (
        {"error": '{"message": "locked", "retryable": true}'}, whole(b"{}", "409 No"), 502, "upstream_failed", "409: locked",
    ),
    "trouble told with 200": (
        {"response": '{"error": {"message": why, "retryable": true}}'}, whole(b'{"why": "no disk"}'),
        502, "upstream_failed", "no disk",
    ),
    "limited": ({}, whole(b"slow down", "429 No", "retry-after: 7\r\n"), 429, "upstream_rate_limited", "in 7 s"),
    "refused credentials": ({}, whole(b"{}", "401 No"), 502, "upstream_auth_failed", "401"),
    "moved": ({}, whole(b"", "302 No", "location: /x\r\n"), 502, "upstream_redirect", "302"),
    "a broken error mapping": (
        {"error": "$error('oops')"}, whole(b'{"message": "too much"}', "400 No"), 400, "upstream_refused", "too much",
    ),
    "no JSON": ({}, whole(b"<html>"), 502, "upstream_bad_reply", "response: it is not JSON"),
    "paths that match nothing": ({"response": "nowhere"}, whole(b"{}"), 502, "custom_template_failed", "response"),
    "an input that is not there": (
        {"request": {"body": "{{ parameters.temperature }}"}}, whole(b"{}"), 502, "custom_template_failed", "request.body",
    ),
    "cut": ({}, pieces(), 502, "upstream_bad_reply", "response"),
    "a stream without its end": (
        {"stream": STREAM}, pieces(b'{"t": "a"}\n'), 200, "upstream_failed", "before its reply was complete",
    ),
    "a stream with an error": (
        {"stream": {"framing": "ndjson", "event": '{"error": why}'}}, whole(b'{"why": "no ' + SECRET.encode() + b'"}\n'),
        200, "upstream_failed", "no •••",
    ),
    "a stream of something else": (
        {"stream": STREAM}, whole(b"<html>\n"), 502, "upstream_bad_reply", "stream.event: it is not JSON",
    ),
    "a stream that the mapping cannot take": (
        {"stream": {"framing": "ndjson", "event": '{"txt": t}'}}, whole(b'{"t": "a"}\n'), 502, "custom_template_failed", "txt",
    ),
    "a secret in an error": (
        {}, whole(b'{"message": "no ' + SECRET.encode() + b'"}', "400 No"), 400, "upstream_refused", "no •••",
    ),
    "a secret in a 200": (
        {"response": '{"error": why}'}, whole(b'{"why": "no ' + SECRET.encode() + b'"}'), 400, "upstream_refused", "no •••",
    ),
}  # fmt: skip


@pytest.mark.parametrize("failure", sorted(FAILURES))
async def test_every_failure_has_its_code_and_words_and_one_record(tmp_path: Path, failure: str) -> None:
    fields, answer, status, code, words = FAILURES[failure]
    async with gate_before(tmp_path, mood=described(**fields)) as (here, service):
        service.answer = answer
        reply = await here.chat("mood", stream="stream" in fields)
        record = await one_record(here, reply)
    assert reply.status == status, reply.body
    assert words in reply.body.decode(), reply.body
    assert SECRET not in reply.body.decode()
    assert record.error == code
    assert code in reply.body.decode() or status == 200


async def test_a_service_that_cannot_be_reached_or_answers_too_late_fails_as_any_other(tmp_path: Path) -> None:
    async def silent(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    settings = {"upstream_first_byte_timeout_seconds": 0.3}
    async with gate_before(tmp_path, settings=settings, mood=described()) as (here, service):
        service.answer = silent
        late = await here.chat("mood")
        here.publish(published("http://127.0.0.1:1", {"mood": described()}, version=2))
        away = await here.chat("mood")
    assert (late.status, late.error["code"]) == (504, "upstream_first_byte_timeout")
    assert (away.status, away.error["code"]) == (502, "upstream_connect_failed")


async def test_a_template_that_loops_is_stopped_while_others_are_answered(tmp_path: Path) -> None:
    hostile = described(request={"body": LOOPING})
    busy = described(request={"body": None, "body_map": BUSY})
    settings = {"custom_workers": 2}
    async with gate_before(tmp_path, settings=settings, hostile=hostile, busy=busy, mood=described()) as (
        here,
        service,
    ):
        service.answer = SAID
        stopped = [begin(here.chat(name)) for name in ("busy", "hostile", "hostile")]
        fine = await asyncio.gather(*(here.chat("mood") for _ in range(10)))
        replies = [await one for one in stopped]
        records = [await one_record(here, reply) for reply in replies]
    assert [reply.status for reply in fine] == [200] * 10
    for reply, record in zip(replies, records, strict=True):
        assert (reply.status, reply.error["code"]) == (502, "custom_template_failed")
        assert "request.body" in reply.error["message"]
        assert reply.headers["x-should-retry"] == "false"
        assert (record.error, record.input_tokens, record.output_tokens) == ("custom_template_failed", None, None)


async def test_an_expression_killed_from_outside_fails_its_call_and_the_next_one_is_answered(tmp_path: Path) -> None:
    slow = described(request={"body": None, "body_map": BUSY})
    async with gate_before(tmp_path, settings={"custom_workers": 1}, slow=slow, mood=described()) as (here, service):
        service.answer = SAID
        assert (await here.chat("mood")).status == 200
        (process,) = here.gate.sandbox.processes
        running = begin(here.chat("slow"))
        await here.until(lambda: here.gate.listener.active)
        os.kill(process, signal.SIGKILL)
        reply = await running
        after = await here.chat("mood")
        record = await one_record(here, reply)
    assert (reply.status, reply.error["code"]) == (502, "custom_template_failed")
    assert "request: stopped: its worker ended with status -9" in reply.error["message"]
    assert after.status == 200
    assert record.error == "custom_template_failed"


async def test_more_evaluations_than_may_wait_are_refused_with_a_time_to_come_back(tmp_path: Path) -> None:
    hostile = described(request={"body": None, "body_map": BUSY})
    settings = {"custom_workers": 1, "custom_waiting": 1}
    async with gate_before(tmp_path, settings=settings, hostile=hostile) as (here, _):
        replies = await asyncio.gather(*(here.chat("hostile") for _ in range(4)))
        records = [await one_record(here, reply) for reply in replies]
    refused = [reply for reply in replies if reply.status == 503]
    assert refused
    assert {reply.error["code"] for reply in refused} == {"custom_sandbox_unavailable"}
    assert {reply.headers["retry-after"] for reply in refused} == {"1"}
    assert len({record.id for record in records}) == 4


async def test_a_caller_who_leaves_takes_its_evaluation_out_of_the_line(tmp_path: Path) -> None:
    hostile = described(request={"body": None, "body_map": BUSY})
    settings = {"custom_workers": 1, "custom_waiting": 2}
    async with gate_before(tmp_path, settings=settings, hostile=hostile, mood=described()) as (here, service):
        service.answer = SAID
        assert (await here.chat("mood")).status == 200
        running = begin(here.chat("hostile"))
        await here.until(lambda: here.gate.listener.active == 1)
        writers = []
        for _ in range(2):
            _, writer = await here.connect()
            writer.write(request(chat_body("hostile")))
            writers.append(writer)
        await here.until(lambda: here.gate.listener.active == 3)
        for writer in writers:
            leave(writer)
        await here.until(lambda: here.gate.listener.active == 1)
        reply = await here.chat("mood")
        await running
        await here.until(lambda: not here.gate.listener.active)
        assert here.in_use() == {}
        errors = sorted(record.error or "" for record in here.records())
    assert reply.status == 200
    assert errors == ["", "", "caller_left", "caller_left", "custom_template_failed"]


async def test_a_caller_who_leaves_a_stream_ends_the_call_of_the_service(tmp_path: Path) -> None:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
        while True:
            writer.write(b'{"t": "more"}\n' * 50)
            await writer.drain()
            await asyncio.sleep(0.001)

    async with gate_before(tmp_path, mood=described(stream=STREAM)) as (here, service):
        service.answer = answer
        reader, writer = await here.connect()
        writer.write(request(chat_body("mood", stream=True)))
        async with asyncio.timeout(30):
            await reader.readuntil(b"more")
            leave(writer)
            await service.left.wait()
        await here.until(lambda: not here.gate.listener.active)
        assert here.in_use() == {}
        (record,) = here.records()
    assert record.error == "caller_left"
    assert record.usage_estimated


async def test_a_slow_caller_holds_the_service_back(tmp_path: Path) -> None:
    sent = 0

    async def answer(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.transport.set_write_buffer_limits(high=0)
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
        for number in range(400):
            writer.write(json.dumps({"t": "x" * 100_000}).encode() + b"\n")
            await writer.drain()
            sent = number + 1
        writer.write(b'{"end": true}\n')

    async with gate_before(tmp_path, mood=described(stream=STREAM)) as (here, service):
        service.answer = answer
        reader, writer = await here.connect()
        writer.write(request(chat_body("mood", stream=True)))
        async with asyncio.timeout(60):
            await here.until(lambda: service.asked)
            before = -1
            while before != sent:
                before = sent
                await asyncio.sleep(0.7)
            assert sent < 400
            size = 0
            while data := await reader.read(1 << 20):
                size += len(data)
        writer.close()
    assert size > 400 * 100_000


async def test_the_account_s_secret_goes_to_no_other_server_than_the_account_s(tmp_path: Path) -> None:
    async with running_service() as service, running_service() as other:
        service.answer = other.answer = SAID
        own, foreign = service.url.removesuffix("/base"), other.url.removesuffix("/base")
        models = {
            "own": described(request={"path": None, "url": f"{own}/else"}),
            "foreign": described(request={"path": None, "url": f"{foreign}/else"}),
            "open": described(request={"path": None, "url": f"{foreign}/open"}, auth={"style": "none"}),
            "metadata": described(
                request={"path": None, "url": "http://169.254.169.254/latest"}, auth={"style": "none"}
            ),
        }
        async with gate_here(tmp_path, published(service.url, models)) as here:
            replies = {name: await here.chat(name) for name in models}
    assert replies["own"].status == 200
    assert service.asked[0].line == "POST /else HTTP/1.1"
    assert replies["foreign"].error["code"] == "upstream_credential_unusable"
    assert replies["open"].status == 200
    assert [asked.line for asked in other.asked] == ["POST /open HTTP/1.1"]
    assert "authorization" not in other.asked[0].headers
    assert replies["metadata"].error["code"] == "upstream_address_refused"


async def test_a_changed_description_holds_for_the_next_call(tmp_path: Path) -> None:
    async with gate_before(tmp_path, mood=described()) as (here, service):
        service.answer = SAID
        before = await here.chat("mood")
        here.publish(published(service.url, {"mood": described('"changed"')}, version=2))
        after = await here.chat("mood")
    assert json.loads(before.body)["choices"][0]["message"]["content"] == "fine"
    assert json.loads(after.body)["choices"][0]["message"]["content"] == "changed"


async def test_a_description_that_this_version_cannot_read_says_so_and_hurts_nobody_else(tmp_path: Path) -> None:
    newer = msgspec.json.encode({"request": {"path": "/"}, "response": "$", "new_field": 1})
    async with gate_before(tmp_path, newer=newer, mood=described()) as (here, service):
        service.answer = SAID
        reply, other = await here.chat("newer"), await here.chat("mood")
    assert (reply.status, reply.error["code"]) == (502, "custom_template_failed")
    assert other.status == 200


async def test_a_reply_that_tells_no_usage_is_estimated(tmp_path: Path) -> None:
    async with gate_before(tmp_path, mood=described()) as (here, service):
        service.answer = SAID
        reply = await here.chat("mood")
        record = await one_record(here, reply)
    assert record.usage_estimated
    assert record.output_tokens == len(reply.body) // 4
    assert record.model_served == "mood"
    assert (record.dialect, record.target_dialect) == ("openai_chat", "custom")


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
async def test_any_split_of_a_stream_gives_the_same_answer(tmp_path: Path, size: int) -> None:
    body = b'{"t": "\xc3\xa9"}\r\n\n{"t": "b"}\n{"end": true}'
    async with gate_before(tmp_path, mood=described(stream=STREAM)) as (here, service):
        service.answer = pieces(*(body[at : at + size] for at in range(0, len(body), size)), pause=0)
        reply = await here.chat("mood", stream=True)
    texts = [
        json.loads(line[6:])["choices"][0]["delta"].get("content") or ""
        for line in reply.body.decode().split("\n\n")
        if line.startswith("data: {")
    ]
    assert "".join(texts) == "éb"


def leave(writer: asyncio.StreamWriter) -> None:
    """End the connection with RST."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
