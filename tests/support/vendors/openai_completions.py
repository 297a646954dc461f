"""OpenAI's legacy completions: text alone.

Source: https://platform.openai.com/docs/api-reference/completions and openai.types
"""

import json
from typing import Any

from openai.types.completion_create_params import CompletionCreateParamsNonStreaming, CompletionCreateParamsStreaming
from pydantic import TypeAdapter

from tests.support.vendors.openai_chat import USAGE, error
from tests.support.vendors.shape import CREATED, MODEL, Answer, Simulated, exhaust, pieces, sse

_WHOLE: TypeAdapter[Any] = TypeAdapter(CompletionCreateParamsNonStreaming)
_STREAMED: TypeAdapter[Any] = TypeAdapter(CompletionCreateParamsStreaming)
_HEAD = {"id": "cmpl-1", "created": CREATED, "model": MODEL, "object": "text_completion"}


def check(body: bytes, path: str) -> None:
    assert path == "/completions"
    value = json.loads(body)
    exhaust((_STREAMED if value.get("stream") else _WHOLE).validate_python(value))


def whole(answer: Answer) -> bytes:
    reason = "length" if answer.cut_short else "stop"
    choice = {"index": 0, "text": answer.text, "finish_reason": reason, "logprobs": None}
    return json.dumps({**_HEAD, "choices": [choice], "usage": USAGE}).encode()


def events(answer: Answer) -> list[bytes]:
    chunks: list[dict[str, Any]] = [
        {**_HEAD, "choices": [{"index": 0, "text": piece, "finish_reason": None, "logprobs": None}]}
        for piece in pieces(answer.text)
    ]
    reason = "length" if answer.cut_short else "stop"
    chunks.append({**_HEAD, "choices": [{"index": 0, "text": "", "finish_reason": reason, "logprobs": None}]})
    chunks.append({**_HEAD, "choices": [], "usage": USAGE})
    return [*sse(*chunks), b"data: [DONE]\n\n"]


VENDOR = Simulated("gpt-3.5-turbo-instruct", check, whole, events, error, b"data: " + error(500, "broken") + b"\n\n")
