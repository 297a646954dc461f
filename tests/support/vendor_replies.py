"""What the test vendor answers when nothing is wrong, in OpenAI's form; tests import it to know the exact bytes.

The JSON has spaces, numbers such as 1.10 and an unknown field on purpose: a gateway that re-encodes a reply shows at once.
"""

import base64
import json
import struct
from typing import Any

CREATED = 1_700_000_000
PROMPT_TOKENS, CACHED_TOKENS, COMPLETION_TOKENS, REASONING_TOKENS = 11, 4, 7, 2
USAGE = {
    "prompt_tokens": PROMPT_TOKENS,
    "completion_tokens": COMPLETION_TOKENS,
    "total_tokens": PROMPT_TOKENS + COMPLETION_TOKENS,
    "prompt_tokens_details": {"cached_tokens": CACHED_TOKENS},
    "completion_tokens_details": {"reasoning_tokens": REASONING_TOKENS},
}
TEXT = "Hello from the vendor — naïve 😀 text."
VECTOR = (0.5, -0.5, 0.5, 0.5)
_KEPT = b', "x_vendor": {"exact": 1.10, "big": 123456789012345678901234567890}}'
DONE = b"data: [DONE]\n\n"


def _with_unknown_field(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()[:-1] + _KEPT


def _content(request: dict[str, Any]) -> str:
    form = request.get("response_format") or {}
    return '{"answer": "yes", "score": 3}' if form.get("type") in ("json_schema", "json_object") else TEXT


def _tool_calls(request: dict[str, Any]) -> list[dict[str, Any]]:
    if not request.get("tools") or request["messages"][-1]["role"] == "tool":
        return []
    name = request["tools"][0]["function"]["name"]
    return [{"id": "call_1", "type": "function", "function": {"name": name, "arguments": '{"city": "Paris"}'}}]


def chat(request: dict[str, Any]) -> bytes:
    """The body of a chat reply that is not streamed."""
    calls = _tool_calls(request)
    message: dict[str, Any] = {"role": "assistant", "content": None if calls else _content(request), "refusal": None}
    if calls:
        message["tool_calls"] = calls
    finish = "tool_calls" if calls else "stop"
    choices = [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}]
    return _with_unknown_field({**_head(request, "chat.completion"), "choices": choices, "usage": USAGE})


def _head(request: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-vendor", "object": kind, "created": CREATED, "model": request.get("model")}


def _deltas(request: dict[str, Any]) -> list[tuple[dict[str, Any], str | None]]:
    deltas: list[tuple[dict[str, Any], str | None]] = [({"role": "assistant", "content": ""}, None)]
    calls = _tool_calls(request)
    for index, call in enumerate(calls):
        deltas.append(
            ({"tool_calls": [{"index": index, **call, "function": {**call["function"], "arguments": ""}}]}, None)
        )
        deltas.extend(
            ({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}, None)
            for piece in ('{"city": ', '"Paris"}')
        )
    if not calls:
        text = _content(request)
        deltas.extend(({"content": text[at : at + 9]}, None) for at in range(0, len(text), 9))
    return [*deltas, ({}, "tool_calls" if calls else "stop")]


def chat_events(request: dict[str, Any], include_usage: bool) -> list[bytes]:
    """The server-sent events of a streamed chat reply, the end mark last."""
    events = []
    for delta, finish in _deltas(request):
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        value: dict[str, Any] = {**_head(request, "chat.completion.chunk"), "choices": [choice]}
        if include_usage:
            value["usage"] = None
        events.append(b"data: " + _with_unknown_field(value) + b"\n\n")
    if include_usage:
        last = {**_head(request, "chat.completion.chunk"), "choices": [], "usage": USAGE}
        events.append(b"data: " + _with_unknown_field(last) + b"\n\n")
    return [*events, DONE]


def completion(request: dict[str, Any]) -> bytes:
    """The body of a text completion."""
    choices = [{"index": 0, "text": TEXT, "logprobs": None, "finish_reason": "stop"}]
    return _with_unknown_field({**_head(request, "text_completion"), "choices": choices, "usage": USAGE})


def completion_events(request: dict[str, Any], include_usage: bool) -> list[bytes]:
    """The events of a streamed text completion."""
    extra: dict[str, Any] = {"usage": None} if include_usage else {}
    head = _head(request, "text_completion")
    rows = [
        {"index": 0, "text": piece, "logprobs": None, "finish_reason": end}
        for piece, end in (("one ", None), ("two", "stop"))
    ]
    values = [{**head, "choices": [row], **extra} for row in rows]
    if include_usage:
        values.append({**head, "choices": [], "usage": USAGE})
    return [*(b"data: " + _with_unknown_field(value) + b"\n\n" for value in values), DONE]


def embeddings(request: dict[str, Any]) -> bytes:
    """The body of an embeddings reply: the same vector for each input, as floats or base64."""
    given = request.get("input")
    count = len(given) if isinstance(given, list) else 1
    packed = base64.b64encode(struct.pack("<4f", *VECTOR)).decode()
    vector: Any = packed if request.get("encoding_format") == "base64" else list(VECTOR)
    data = [{"object": "embedding", "index": index, "embedding": vector} for index in range(count)]
    usage = {"prompt_tokens": PROMPT_TOKENS, "total_tokens": PROMPT_TOKENS}
    return _with_unknown_field({"object": "list", "data": data, "model": request.get("model"), "usage": usage})


def error(status: int, message: str) -> bytes:
    """An error body as OpenAI's API sends it."""
    value = {"error": {"message": message, "type": "vendor_error", "param": None, "code": f"vendor_{status}"}}
    return json.dumps(value).encode()
