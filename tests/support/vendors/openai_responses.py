"""OpenAI's Responses API.

Source: https://platform.openai.com/docs/api-reference/responses-streaming and openai.types.responses
"""

import json
from typing import Any

from openai.types.responses.response_create_params import (
    ResponseCreateParamsNonStreaming,
    ResponseCreateParamsStreaming,
)
from pydantic import TypeAdapter

from tests.support.vendors.openai_chat import error
from tests.support.vendors.shape import CREATED, INPUT, MODEL, OUTPUT, Answer, Simulated, exhaust, pieces, sse

_WHOLE: TypeAdapter[Any] = TypeAdapter(ResponseCreateParamsNonStreaming)
_STREAMED: TypeAdapter[Any] = TypeAdapter(ResponseCreateParamsStreaming)
_KNOWN = ResponseCreateParamsStreaming.__optional_keys__ | ResponseCreateParamsStreaming.__required_keys__
USAGE = {
    "input_tokens": INPUT,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": OUTPUT,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": INPUT + OUTPUT,
}


def check(body: bytes, path: str) -> None:
    assert path == "/responses"
    value = json.loads(body)
    assert not value.keys() - _KNOWN, value.keys() - _KNOWN
    exhaust((_STREAMED if value.get("stream") else _WHOLE).validate_python(value))


def _response(answer: Answer, status: str, output: list[dict[str, Any]]) -> dict[str, Any]:
    done = status != "in_progress"
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "instructions": None,
        "model": MODEL,
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": USAGE if done else None,
        "metadata": {},
    }


def _items(answer: Answer) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if answer.thought:
        summary = [{"type": "summary_text", "text": answer.thought}]
        items.append({"id": "rs_1", "type": "reasoning", "summary": summary, "encrypted_content": "ZW5j"})
    if answer.text:
        content = [{"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}]
        message = {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": content}
        items.append(message)
    if answer.call:
        ident, name, arguments = answer.call
        call = {"id": "fc_1", "type": "function_call", "status": "completed", "call_id": ident, "name": name}
        items.append({**call, "arguments": arguments})
    return items


def whole(answer: Answer) -> bytes:
    status = "incomplete" if answer.cut_short else "completed"
    return json.dumps(_response(answer, status, _items(answer))).encode()


def _item_events(item: dict[str, Any], index: int) -> list[dict[str, Any]]:
    at = {"item_id": item["id"], "output_index": index}
    if item["type"] == "function_call":
        begun = {**item, "status": "in_progress", "arguments": ""}
        inner = [
            *({"type": "response.function_call_arguments.delta", **at, "delta": p} for p in pieces(item["arguments"])),
            {"type": "response.function_call_arguments.done", **at, "arguments": item["arguments"]},
        ]
    elif item["type"] == "reasoning":
        begun, part = {**item, "summary": [], "encrypted_content": ""}, item["summary"][0]
        here = {**at, "summary_index": 0}
        inner = [
            {"type": "response.reasoning_summary_part.added", **here, "part": {**part, "text": ""}},
            *({"type": "response.reasoning_summary_text.delta", **here, "delta": p} for p in pieces(part["text"])),
            {"type": "response.reasoning_summary_text.done", **here, "text": part["text"]},
            {"type": "response.reasoning_summary_part.done", **here, "part": part},
        ]
    else:
        begun, part = {**item, "status": "in_progress", "content": []}, item["content"][0]
        here = {**at, "content_index": 0}
        inner = [
            {"type": "response.content_part.added", **here, "part": {**part, "text": ""}},
            *({"type": "response.output_text.delta", **here, "delta": p, "logprobs": []} for p in pieces(part["text"])),
            {"type": "response.output_text.done", **here, "text": part["text"], "logprobs": []},
            {"type": "response.content_part.done", **here, "part": part},
        ]
    added = {"type": "response.output_item.added", "output_index": index, "item": begun}
    return [added, *inner, {"type": "response.output_item.done", "output_index": index, "item": item}]


def events(answer: Answer) -> list[bytes]:
    started = _response(answer, "in_progress", [])
    items = _items(answer)
    status = "incomplete" if answer.cut_short else "completed"
    told: list[dict[str, Any]] = [
        {"type": "response.created", "response": started},
        {"type": "response.in_progress", "response": started},
        *(event for index, item in enumerate(items) for event in _item_events(item, index)),
        {"type": f"response.{status}", "response": _response(answer, status, items)},
    ]
    return sse(*({**event, "sequence_number": number} for number, event in enumerate(told)), name="type")


_ERROR = {"type": "error", "code": "server_error", "message": "broken", "param": None, "sequence_number": 9}
VENDOR = Simulated("gpt-5", check, whole, events, error, sse(_ERROR, name="type")[0])
