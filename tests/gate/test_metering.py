"""What a call is said to have used, where the vendor's own account is missing or odd."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.gate_here import Here, gate_here, snapshot

pytestmark = pytest.mark.anyio

TEXT = "word " * 80


@asynccontextmanager
async def gate_before(
    folder: Path, *replies: bytes, models: Sequence[str] = ("chat",), **settings: Any
) -> AsyncIterator[Here]:
    """A gate before a vendor that gives these replies in turn, each on a connection of its own."""
    waiting = list(replies)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        writer.write(waiting.pop(0))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    async with gate_here(folder, snapshot(url, models), **settings) as here:
        yield here
    server.close()


def whole(body: bytes, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def stream(*events: dict[str, Any]) -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
    return head + b"".join(b"data: %b\n\n" % json.dumps(event).encode() for event in events) + b"data: [DONE]\n\n"


def completion(**fields: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": TEXT}
    return {"id": "c", "model": "served", "choices": [{"index": 0, "message": message}], **fields}


async def test_a_whole_reply_without_usage_is_estimated_from_its_size(tmp_path: Path) -> None:
    body = json.dumps(completion()).encode()
    async with gate_before(tmp_path, whole(body)) as here:
        reply = await here.chat("chat")
        record = here.record(reply.call_id)
    assert reply.body == body
    assert record.usage_estimated
    assert record.output_tokens == len(body) // 4
    assert record.input_tokens == record.request_bytes // 4


async def test_what_is_no_reply_of_a_model_counts_no_tokens(tmp_path: Path) -> None:
    async with gate_before(tmp_path, whole(b"[]")) as here:
        reply = await here.chat("chat")
        record = here.record(reply.call_id)
    assert reply.error["code"] == "upstream_bad_reply"
    assert (record.input_tokens, record.output_tokens, record.usage_estimated) == (None, None, False)


ODD = {
    "prompt_tokens": 12,
    "completion_tokens": 3,
    "total_tokens": "15",
    "prompt_tokens_details": [],
    "completion_tokens_details": {"reasoning_tokens": -1},
}


async def test_one_odd_number_costs_only_itself(tmp_path: Path) -> None:
    async with gate_before(tmp_path, whole(json.dumps(completion(usage=ODD)).encode())) as here:
        record = here.record((await here.chat("chat")).call_id)
    assert (record.input_tokens, record.output_tokens, record.reasoning_tokens) == (12, 3, None)
    assert record.model_served == "served"
    assert not record.usage_estimated


async def test_a_streams_usage_stays_hidden_and_counted_when_a_number_in_it_is_odd(tmp_path: Path) -> None:
    chunk = {"model": "served", "choices": [{"index": 0, "delta": {"content": "x"}}]}
    async with gate_before(tmp_path, stream(chunk, {"model": "served", "choices": [], "usage": ODD})) as here:
        reply = await here.chat("chat", stream=True)
        record = here.record(reply.call_id)
    assert b"usage" not in reply.body
    assert (record.input_tokens, record.output_tokens) == (12, 3)


@pytest.mark.parametrize("escape", [rb"\ud83d", rb"\uDE00\ud83d", rb"\\\ud83d"])
async def test_a_reply_with_half_an_escaped_character_passes_and_is_metered(tmp_path: Path, escape: bytes) -> None:
    usage = {"prompt_tokens": 4, "completion_tokens": 2}
    body = json.dumps(completion(usage=usage)).encode().replace(b"word ", escape)
    async with gate_before(tmp_path, whole(body)) as here:
        reply = await here.chat("chat")
        record = here.record(reply.call_id)
    assert (reply.status, reply.body) == (200, body)
    assert (record.input_tokens, record.output_tokens, record.model_served) == (4, 2, "served")
