"""Calls of custom models: what the service is sent, and what the caller gets."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.custom_service import (
    SAID,
    SECRET,
    STREAM,
    described,
    gate_before,
    one_record,
    pieces,
    published,
    running_service,
    whole,
)
from tests.support.gate_here import chat_body, gate_here, request

pytestmark = pytest.mark.anyio

BASIC = base64.b64encode(SECRET.encode()).decode()
EMBED = described("vectors", content="embeddings", request={"body": None, "body_map": '{"inputs": inputs}'})


def gemini_body(text: str = "Hi") -> bytes:
    return json.dumps({"contents": [{"role": "user", "parts": [{"text": text}]}]}).encode()


def converse_body() -> bytes:
    return json.dumps({"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}).encode()


def anthropic_body(model: str, **fields: Any) -> bytes:
    return chat_body(model, max_tokens=9, **fields)


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
        converse = json.loads((await here.post(converse_body(), "/model/mood/converse")).body)
    assert chat["choices"][0]["message"]["content"] == "fine"
    assert legacy["choices"][0]["text"] == "fine"
    assert responses["output"][0]["content"][0]["text"] == "fine"
    assert messages["content"][0]["text"] == "fine"
    assert gemini["candidates"][0]["content"]["parts"][0]["text"] == "fine"
    assert converse["output"]["message"]["content"] == [{"text": "fine"}]
    assert [json.loads(asked.body) for asked in service.asked] == [{"text": "Hi"}] * 6


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
    "converse": ("/model/mood/converse-stream", converse_body()),
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
    assert "error" not in reply.body.decode("latin-1").replace('"error":null', "")
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


async def test_a_service_may_be_asked_with_get_and_basic_credentials(tmp_path: Path) -> None:
    model = described(
        request={"method": "GET", "path": "/find", "query": {"q": "{{ last_user }}"}, "body": None},
        auth={"style": "basic"},
    )
    async with gate_before(tmp_path, search=model) as (here, service):
        service.answer = SAID
        reply = await here.chat("search")
        service.answer = whole(json.dumps({"message": "no " + BASIC}).encode(), "400 No")
        refused = await here.chat("search")
        (asked, _) = service.asked
    assert reply.status == 200
    assert asked.line == "GET /base/find?q=Hi HTTP/1.1"
    assert asked.headers["authorization"] == f"Basic {BASIC}"
    assert "content-length" not in asked.headers
    assert BASIC not in refused.body.decode()


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


async def test_a_changed_description_holds_for_the_next_call(tmp_path: Path) -> None:
    async with gate_before(tmp_path, mood=described()) as (here, service):
        service.answer = SAID
        before = await here.chat("mood")
        here.publish(published(service.url, {"mood": described('"changed"')}, version=2))
        after = await here.chat("mood")
    assert json.loads(before.body)["choices"][0]["message"]["content"] == "fine"
    assert json.loads(after.body)["choices"][0]["message"]["content"] == "changed"


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
