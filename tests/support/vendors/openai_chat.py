"""OpenAI's chat completions, and vendors that are compatible: thoughts come as `reasoning_content` there.

Source: https://platform.openai.com/docs/api-reference/chat and openai.types.chat
"""

import json
from typing import Any

from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
)
from pydantic import TypeAdapter

from tests.support.vendors.shape import CREATED, INPUT, MODEL, OUTPUT, Answer, Simulated, exhaust, pieces, sse

_WHOLE: TypeAdapter[Any] = TypeAdapter(CompletionCreateParamsNonStreaming)
_STREAMED: TypeAdapter[Any] = TypeAdapter(CompletionCreateParamsStreaming)
USAGE = {"prompt_tokens": INPUT, "completion_tokens": OUTPUT, "total_tokens": INPUT + OUTPUT}
_HEAD = {"id": "chatcmpl-1", "created": CREATED, "model": MODEL}


def check(body: bytes, path: str) -> None:
    assert path == "/chat/completions"
    value = json.loads(body)
    adapter = _STREAMED if value.get("stream") else _WHOLE
    unknown = value.keys() - {*CompletionCreateParamsNonStreaming.__annotations__, *_base(), "stream"}
    assert not unknown, unknown
    exhaust(adapter.validate_python(value))


def _base() -> set[str]:
    return set(CompletionCreateParamsStreaming.__optional_keys__ | CompletionCreateParamsStreaming.__required_keys__)


def _reason(answer: Answer) -> str:
    return "tool_calls" if answer.call else "length" if answer.cut_short else "stop"


def whole(answer: Answer) -> bytes:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
    if answer.thought:
        message["reasoning_content"] = answer.thought
    if answer.call:
        ident, name, arguments = answer.call
        message["tool_calls"] = [{"id": ident, "type": "function", "function": {"name": name, "arguments": arguments}}]
    choice = {"index": 0, "message": message, "finish_reason": _reason(answer), "logprobs": None}
    return json.dumps({**_HEAD, "object": "chat.completion", "choices": [choice], "usage": USAGE}).encode()


def events(answer: Answer) -> list[bytes]:
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"reasoning_content": piece} for piece in pieces(answer.thought)]
    deltas += [{"content": piece} for piece in pieces(answer.text)]
    if answer.call:
        ident, name, arguments = answer.call
        start = {"index": 0, "id": ident, "type": "function", "function": {"name": name, "arguments": ""}}
        deltas.append({"tool_calls": [start]})
        deltas += [{"tool_calls": [{"index": 0, "function": {"arguments": p}}]} for p in pieces(arguments)]
    head = {**_HEAD, "object": "chat.completion.chunk"}
    chunks = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": _reason(answer)}]})
    chunks.append({**head, "choices": [], "usage": USAGE})
    return [*sse(*chunks), b"data: [DONE]\n\n"]


def error(status: int, message: str) -> bytes:
    return json.dumps(
        {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}
    ).encode()


VENDOR = Simulated("gpt-5", check, whole, events, error, b"data: " + error(500, "broken") + b"\n\n")
