"""Cohere's chat, version 2.

Source: https://docs.cohere.com/reference/chat-stream and cohere.types
"""

import json
from typing import Any

from tests.dialects.cohere.sdk import through_sdk
from tests.support.vendors.shape import INPUT, OUTPUT, Answer, Simulated, pieces, sse

_USAGE = {
    "billed_units": {"input_tokens": INPUT, "output_tokens": OUTPUT},
    "tokens": {"input_tokens": INPUT, "output_tokens": OUTPUT},
}


def check(body: bytes, path: str) -> None:
    assert path == "/chat"
    value = json.loads(body)
    sent, _ = through_sdk("chat", body, json.loads(whole(Answer("ok"))))
    assert sent == {name: inner for name, inner in value.items() if name != "stream"}


def _reason(answer: Answer) -> str:
    return "TOOL_CALL" if answer.call else "MAX_TOKENS" if answer.cut_short else "COMPLETE"


def _call(answer: Answer, arguments: str) -> dict[str, Any]:
    assert answer.call is not None
    ident, name, _ = answer.call
    return {"id": ident, "type": "function", "function": {"name": name, "arguments": arguments}}


def whole(answer: Answer) -> bytes:
    content: list[dict[str, Any]] = []
    if answer.thought:
        content.append({"type": "thinking", "thinking": answer.thought})
    if answer.text:
        content.append({"type": "text", "text": answer.text})
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if answer.call:
        message["tool_calls"] = [_call(answer, answer.call[2])]
    reply = {"id": "c-1", "finish_reason": _reason(answer), "message": message, "usage": _USAGE}
    return json.dumps(reply).encode()


def events(answer: Answer) -> list[bytes]:
    start = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    told: list[dict[str, Any]] = [{"id": "c-1", "type": "message-start", "delta": {"message": start}}]
    index = 0
    for kind, text in (("thinking", answer.thought), ("text", answer.text)):
        if text:
            empty = {"content": {"type": kind, kind: ""}}
            told.append({"type": "content-start", "index": index, "delta": {"message": empty}})
            told += [
                {"type": "content-delta", "index": index, "delta": {"message": {"content": {kind: piece}}}}
                for piece in pieces(text)
            ]
            told.append({"type": "content-end", "index": index})
            index += 1
    if answer.call:
        call = {"tool_calls": _call(answer, "")}
        told.append({"type": "tool-call-start", "index": 0, "delta": {"message": call}})
        told += [
            {
                "type": "tool-call-delta",
                "index": 0,
                "delta": {"message": {"tool_calls": {"function": {"arguments": piece}}}},
            }
            for piece in pieces(answer.call[2])
        ]
        told.append({"type": "tool-call-end", "index": 0})
    told.append({"type": "message-end", "delta": {"finish_reason": _reason(answer), "usage": _USAGE}})
    return sse(*told, name="type")


def error(status: int, message: str) -> bytes:
    return json.dumps({"id": "e-1", "message": message}).encode()


_ENDED = {"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "broken"}}
VENDOR = Simulated(
    "command-a-reasoning-08-2025", check, whole, events, error, sse(_ENDED, name="type")[0], terminated=True
)
