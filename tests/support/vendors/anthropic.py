"""Anthropic's messages.

Source: https://platform.claude.com/docs/en/build-with-claude/streaming and anthropic.types
"""

import json
from typing import Any

from anthropic.types.message_create_params import MessageCreateParamsNonStreaming, MessageCreateParamsStreaming
from pydantic import TypeAdapter

from tests.support.vendors.shape import INPUT, MODEL, OUTPUT, Answer, Simulated, exhaust, pieces, sse

_WHOLE: TypeAdapter[Any] = TypeAdapter(MessageCreateParamsNonStreaming)
_STREAMED: TypeAdapter[Any] = TypeAdapter(MessageCreateParamsStreaming)
# The SDK's types have lost what models before 2026 still take.
_OLDER = {"temperature", "top_p", "top_k"}
_KNOWN = MessageCreateParamsStreaming.__optional_keys__ | MessageCreateParamsStreaming.__required_keys__ | _OLDER


def check(body: bytes, path: str) -> None:
    assert path == "/messages"
    value = json.loads(body)
    assert not value.keys() - _KNOWN, value.keys() - _KNOWN
    exhaust((_STREAMED if value.get("stream") else _WHOLE).validate_python(value))
    calls: set[str] = set()
    for number, message in enumerate(value["messages"]):
        assert message["role"] == ("user" if number % 2 == 0 else "assistant")
        blocks = message["content"] if isinstance(message["content"], list) else []
        results = {block["tool_use_id"] for block in blocks if block["type"] == "tool_result"}
        assert results == calls, "every call is followed by its result"
        calls = {block["id"] for block in blocks if block["type"] == "tool_use"}


def _blocks(answer: Answer) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if answer.thought:
        blocks.append({"type": "thinking", "thinking": answer.thought, "signature": "c2ln"})
    if answer.text:
        blocks.append({"type": "text", "text": answer.text, "citations": None})
    if answer.call:
        ident, name, arguments = answer.call
        blocks.append({"type": "tool_use", "id": ident, "name": name, "input": json.loads(arguments)})
    return blocks


def _reason(answer: Answer) -> str:
    return "tool_use" if answer.call else "max_tokens" if answer.cut_short else "end_turn"


def _message(content: list[dict[str, Any]], reason: str | None, output: int) -> dict[str, Any]:
    usage = {"input_tokens": INPUT, "output_tokens": output}
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": MODEL, "content": content}
    return {**head, "stop_reason": reason, "stop_sequence": None, "usage": usage}


def whole(answer: Answer) -> bytes:
    return json.dumps(_message(_blocks(answer), _reason(answer), OUTPUT)).encode()


def events(answer: Answer) -> list[bytes]:
    told: list[dict[str, Any]] = [{"type": "message_start", "message": _message([], None, 1)}, {"type": "ping"}]
    for index, block in enumerate(_blocks(answer)):
        if block["type"] == "thinking":
            start = {**block, "thinking": "", "signature": ""}
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(block["thinking"])]
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
        elif block["type"] == "text":
            start = {**block, "text": ""}
            deltas = [{"type": "text_delta", "text": piece} for piece in pieces(block["text"])]
        else:
            start = {**block, "input": {}}
            assert answer.call is not None
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *pieces(answer.call[2]))]
        told.append({"type": "content_block_start", "index": index, "content_block": start})
        told += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        told.append({"type": "content_block_stop", "index": index})
    stop = {"stop_reason": _reason(answer), "stop_sequence": None}
    told.append({"type": "message_delta", "delta": stop, "usage": {"output_tokens": OUTPUT}})
    return sse(*told, {"type": "message_stop"}, name="type")


def error(status: int, message: str) -> bytes:
    kind = "invalid_request_error" if status < 500 else "api_error"
    return json.dumps({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}).encode()


VENDOR = Simulated(
    "claude-opus-4-7", check, whole, events, error, b"event: error\ndata: " + error(500, "broken") + b"\n\n"
)
