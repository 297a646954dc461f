"""Ollama's own chat: a stream is one JSON object a line.

Source: https://github.com/ollama/ollama/blob/main/docs/api.md
"""

import json
from typing import Any

from tests.support.vendors.shape import INPUT, MODEL, OUTPUT, Answer, Simulated, pieces

_TOP = {"model", "messages", "stream", "tools", "format", "think", "options", "keep_alive", "logprobs", "top_logprobs"}
_ROLES = {
    "system": {"role", "content"},
    "user": {"role", "content", "images"},
    "assistant": {"role", "content", "thinking", "tool_calls"},
    "tool": {"role", "content", "tool_name", "tool_call_id"},
}
_HEAD = {"model": MODEL, "created_at": "2026-11-25T03:00:00.123456789Z"}
_COUNTS = {"prompt_eval_count": INPUT, "eval_count": OUTPUT, "total_duration": 5, "eval_duration": 3}


def check(body: bytes, path: str) -> None:
    assert path == "/chat"
    value = json.loads(body)
    assert not value.keys() - _TOP, value.keys() - _TOP
    for message in value["messages"]:
        assert not message.keys() - _ROLES[message["role"]], message
        assert isinstance(message["content"], str)
        for call in message.get("tool_calls", ()):
            assert isinstance(call["function"]["arguments"], dict)
    for tool in value.get("tools", ()):
        assert tool["type"] == "function"
        assert isinstance(tool["function"]["parameters"], dict)
    assert isinstance(value.get("format", {}), dict | str)


def _call(answer: Answer) -> list[dict[str, Any]]:
    assert answer.call is not None
    ident, name, arguments = answer.call
    return [{"id": ident, "function": {"index": 0, "name": name, "arguments": json.loads(arguments)}}]


def _reason(answer: Answer) -> str:
    return "length" if answer.cut_short else "stop"


def whole(answer: Answer) -> bytes:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text}
    if answer.thought:
        message["thinking"] = answer.thought
    if answer.call:
        message["tool_calls"] = _call(answer)
    return json.dumps({**_HEAD, "message": message, "done": True, "done_reason": _reason(answer), **_COUNTS}).encode()


def events(answer: Answer) -> list[bytes]:
    said: list[dict[str, Any]] = [{"content": "", "thinking": piece} for piece in pieces(answer.thought)]
    said += [{"content": piece} for piece in pieces(answer.text)]
    if answer.call:
        said.append({"content": "", "tool_calls": _call(answer)})
    lines: list[dict[str, Any]] = [
        {**_HEAD, "message": {"role": "assistant", **message}, "done": False} for message in said
    ]
    last = {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": _reason(answer)}
    lines.append({**_HEAD, **last, **_COUNTS})
    return [json.dumps(line).encode() + b"\n" for line in lines]


def error(status: int, message: str) -> bytes:
    return json.dumps({"error": message}).encode()


VENDOR = Simulated("qwen3:8b", check, whole, events, error, error(500, "broken") + b"\n", "application/x-ndjson")
