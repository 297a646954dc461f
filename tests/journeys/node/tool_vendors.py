"""Vendors of two dialects that call the first fitting tool, and then say what it gave them.

The replies are those of https://platform.openai.com/docs/api-reference/chat/streaming and
https://docs.anthropic.com/en/docs/build-with-claude/streaming.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

from tests.support.loopback import whole

Arguments = Callable[[dict[str, Any]], dict[str, Any]]
"""What to call a tool with, from its definition."""
Wanted = dict[str, Arguments]
"""By a tool's name."""


def chat(wanted: Wanted) -> Callable[[bytes], bytes]:
    """A vendor of OpenAI's chat completions."""

    def answer(request: bytes) -> bytes:
        body = _body(request)
        results = [_text(m["content"]) for m in body["messages"] if m["role"] == "tool"]
        call = None if results else _call(wanted, [tool["function"] for tool in body.get("tools") or []])
        delta: dict[str, Any] = {"role": "assistant", "content": _said(results)}
        if call is not None:
            function = {"name": call[0], "arguments": json.dumps(call[1])}
            delta = {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}],
            }
        finish = "stop" if call is None else "tool_calls"
        usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
        base = {"id": "chatcmpl-1", "created": 1, "model": "tool-model"}
        if not body.get("stream"):
            choice = {"index": 0, "message": delta, "finish_reason": finish}
            reply = {**base, "object": "chat.completion", "choices": [choice], "usage": usage}
            return whole(200, json.dumps(reply).encode())
        base["object"] = "chat.completion.chunk"
        chunks = [
            {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
            {**base, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]},
            {**base, "choices": [], "usage": usage},
        ]
        events = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
        return _stream([*events, "data: [DONE]\n\n"])

    return answer


def messages(wanted: Wanted) -> Callable[[bytes], bytes]:
    """A vendor of Anthropic's Messages."""

    def answer(request: bytes) -> bytes:
        body = _body(request)
        parts = [part for m in body["messages"] if isinstance(m["content"], list) for part in m["content"]]
        results = [_text(part.get("content", "")) for part in parts if part["type"] == "tool_result"]
        call = None if results else _call(wanted, body.get("tools") or [])
        block: dict[str, Any] = {"type": "text", "text": _said(results)}
        if call is not None:
            block = {"type": "tool_use", "id": "toolu_1", "name": call[0], "input": call[1]}
        stop = "end_turn" if call is None else "tool_use"
        usage = {"input_tokens": 11, "output_tokens": 7}
        reply = {"id": "msg_1", "type": "message", "role": "assistant", "model": "tool-model", "usage": usage}
        if not body.get("stream"):
            done = {**reply, "content": [block], "stop_reason": stop, "stop_sequence": None}
            return whole(200, json.dumps(done).encode())
        start = {**block, "text": ""} if call is None else {**block, "input": {}}
        delta = {"type": "text_delta", "text": _said(results)}
        if call is not None:
            delta = {"type": "input_json_delta", "partial_json": json.dumps(call[1])}
        events: list[dict[str, Any]] = [
            {"type": "message_start", "message": {**reply, "content": [], "stop_reason": None, "stop_sequence": None}},
            {"type": "content_block_start", "index": 0, "content_block": start},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": usage},
            {"type": "message_stop"},
        ]
        return _stream([f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events])

    return answer


def _call(wanted: Wanted, tools: Iterable[dict[str, Any]]) -> tuple[str, dict[str, Any]] | None:
    by_name = {tool.get("name"): tool for tool in tools}
    for name, arguments in wanted.items():
        if name in by_name:
            return name, arguments(by_name[name])
    return None


def _said(results: list[str]) -> str:
    return f"The tool says: {results[-1]}" if results else "Hello from afar."


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content or ())


def _body(request: bytes) -> dict[str, Any]:
    body = json.loads(request.partition(b"\r\n\r\n")[2])
    assert isinstance(body, dict)
    return body


def _stream(events: Iterable[str]) -> bytes:
    return whole(200, "".join(events).encode(), "text/event-stream")
