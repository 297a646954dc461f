"""Streams of Gemini without `alt=sse`: what the caller gets is one JSON array, whatever goes wrong on the way."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.support.gate_here import Here, gate_here, snapshot
from torana.core.snapshot import Door

pytestmark = pytest.mark.anyio

PATH = "/v1beta/models/chat:streamGenerateContent"
BODY = json.dumps({"contents": [{"parts": [{"text": "Hi"}]}]}).encode()


@asynccontextmanager
async def gate_before(folder: Path, dialect: str, kind: str, body: bytes) -> AsyncIterator[Here]:
    """A gate before a vendor that speaks this dialect, answers with these bytes and closes the connection."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\nconnection: close\r\n\r\n%b" % (kind.encode(), body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    content = snapshot(url, ["chat"])
    account = replace(content.accounts["vendor"], doors=(Door(dialect, url, "bearer"),))
    async with gate_here(folder, replace(content, accounts={**content.accounts, "vendor": account})) as here:
        yield here
    server.close()


def chunk(text: str, **fields: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": [{"text": text}], "role": "model"}, "index": 0, **fields}]}


def texts(body: bytes) -> list[str]:
    chunks = [one for one in json.loads(body) if "candidates" in one]
    return [part["text"] for one in chunks for part in one["candidates"][0]["content"]["parts"] if part["text"]]


async def test_a_translated_stream_that_is_cut_is_an_array_that_ends_with_the_error(tmp_path: Path) -> None:
    told = {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"content": "Hello"}}]}
    async with gate_before(
        tmp_path, "openai_chat", "text/event-stream", b"data: %b\n\n" % json.dumps(told).encode()
    ) as here:
        reply = await here.post(BODY, PATH)
        record = here.record(reply.call_id)
    assert (reply.status, reply.complete, reply.headers["content-type"].partition(";")[0]) == (
        200,
        True,
        "application/json",
    )
    assert texts(reply.body) == ["Hello"]
    assert json.loads(reply.body)[-1]["error"]["status"] == "UNAVAILABLE"
    assert record.error


@pytest.mark.parametrize("rest", [b"", b"\n,\r\n", b"\n,\r\n{", b'\n,\r\n{"candidates": [{"con'])
async def test_a_passed_stream_that_is_cut_is_an_array_that_ends_with_the_error(tmp_path: Path, rest: bytes) -> None:
    told = b"[%b%b" % (json.dumps(chunk("Hello")).encode(), rest)
    async with gate_before(tmp_path, "gemini", "application/json", told) as here:
        reply = await here.post(BODY, PATH)
        record = here.record(reply.call_id)
    assert (reply.status, reply.complete) == (200, True)
    assert texts(reply.body) == ["Hello"]
    error = json.loads(reply.body)[-1]["error"]
    assert error["details"][0]["metadata"] == {"code": "upstream_cut", "callId": reply.call_id}
    assert record.error == "upstream_cut"


async def test_a_stream_that_is_cut_before_its_first_element_is_a_plain_error(tmp_path: Path) -> None:
    async with gate_before(tmp_path, "gemini", "application/json", b"[\r\n") as here:
        reply = await here.post(BODY, PATH)
    assert (reply.status, json.loads(reply.body)["error"]["code"]) == (502, 502)


@pytest.mark.parametrize("space", [b"", b" \r\n"])
async def test_an_object_alone_becomes_an_array_of_one(tmp_path: Path, space: bytes) -> None:
    whole = json.dumps(chunk("Hello", finishReason="STOP")).encode()
    async with gate_before(tmp_path, "gemini", "application/json", space + whole + space) as here:
        reply = await here.post(BODY, PATH)
        record = here.record(reply.call_id)
    assert json.loads(reply.body) == [json.loads(whole)]
    assert record.error is None
