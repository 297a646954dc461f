"""OpenAI's Responses API: https://platform.openai.com/docs/api-reference/responses and …/responses-streaming."""

import json
from typing import Any

from tests.support.simulated import mind
from tests.support.simulated.mind import Answer, Asked
from tests.support.simulated.wire import Reply, events, pieces, whole

USAGE = {
    "input_tokens": mind.INPUT,
    "input_tokens_details": {"cached_tokens": mind.CACHED},
    "output_tokens": mind.OUTPUT,
    "output_tokens_details": {"reasoning_tokens": mind.REASONING},
    "total_tokens": mind.INPUT + mind.OUTPUT,
}


def respond(body: dict[str, Any]) -> Reply:
    """A reply, streamed where that was asked."""
    asked = _asked(body)
    encrypted = "reasoning.encrypted_content" in (body.get("include") or ())
    shown = bool((body.get("reasoning") or {}).get("summary"))
    items = _items(mind.answer(asked), encrypted, shown)
    final = {**_head(body), "status": "completed", "output": items, "usage": USAGE}
    return _stream(_head(body), items, final) if body.get("stream") else whole(final)


def _asked(body: dict[str, Any]) -> Asked:
    found = Asked(body["model"], system=body.get("instructions") or "")
    given = body["input"]
    for item in [{"role": "user", "content": given}] if isinstance(given, str) else given:
        kind = item.get("type", "message")
        if kind == "message" and item["role"] == "user":
            content = item["content"]
            parts = [{"type": "input_text", "text": content}] if isinstance(content, str) else content
            found.text = "".join(part["text"] for part in parts if part["type"] == "input_text")
            found.images = [_media_type(part["image_url"]) for part in parts if part["type"] == "input_image"]
            found.results = []
        elif kind == "function_call_output":
            output = item["output"]
            found.results.append(output if isinstance(output, str) else output[0]["text"])
        elif kind == "reasoning" and item.get("encrypted_content"):
            found.proofs.append(item["encrypted_content"])
    found.tools = [(tool["name"], tool.get("parameters") or {}) for tool in body.get("tools") or ()]
    found.thinking = (body.get("reasoning") or {}).get("effort") not in (None, "none")
    form = (body.get("text") or {}).get("format") or {}
    if form.get("type") == "json_schema":
        found.schema = form["schema"]
    return found


def _media_type(url: str) -> str:
    return url.removeprefix("data:").partition(";")[0] if url.startswith("data:") else "url"


def _head(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "resp_sim",
        "object": "response",
        "created_at": mind.CREATED,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "model": "gpt-sim-2026-01-01",
        "output": [],
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "store": body.get("store", True),
        "temperature": 1.0,
        "text": body.get("text") or {"format": {"type": "text"}},
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools") or [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None,
        "metadata": {},
    }


def _items(said: Answer, encrypted: bool, shown: bool) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if said.thought:
        summary = [{"type": "summary_text", "text": said.thought}] if shown else []
        items.append({"id": "rs_sim", "type": "reasoning", "summary": summary})
        if encrypted:
            items[0]["encrypted_content"] = mind.PROOF
    for number, call in enumerate(said.calls):
        arguments = json.dumps(call.arguments)
        named = {"id": f"fc_{number}", "type": "function_call", "status": "completed", "call_id": call.id}
        items.append({**named, "name": call.name, "arguments": arguments})
    if said.text:
        text = {"type": "output_text", "text": said.text, "annotations": [], "logprobs": []}
        items.append(
            {"id": "msg_sim", "type": "message", "status": "completed", "role": "assistant", "content": [text]}
        )
    return items


def _stream(head: dict[str, Any], items: list[dict[str, Any]], final: dict[str, Any]) -> Reply:
    told: list[dict[str, Any]] = [
        {"type": "response.created", "response": head},
        {"type": "response.in_progress", "response": head},
    ]
    for index, item in enumerate(items):
        told += _item(index, item)
    told.append({"type": "response.completed", "response": final})
    return events((one["type"], {**one, "sequence_number": number}) for number, one in enumerate(told))


def _item(index: int, item: dict[str, Any]) -> list[dict[str, Any]]:
    at = {"output_index": index, "item_id": item["id"]}
    if item["type"] == "message":
        begun, inner = {**item, "status": "in_progress", "content": []}, _text(at, item["content"][0])
    elif item["type"] == "reasoning":
        begun, inner = {**item, "summary": []}, [e for part in item["summary"] for e in _summary(at, part)]
    else:
        begun = {**item, "status": "in_progress", "arguments": ""}
        kind = "response.function_call_arguments"
        inner = [{"type": f"{kind}.delta", **at, "delta": piece} for piece in pieces(item["arguments"])]
        inner.append({"type": f"{kind}.done", **at, "name": item["name"], "arguments": item["arguments"]})
    return [
        {"type": "response.output_item.added", "output_index": index, "item": begun},
        *inner,
        {"type": "response.output_item.done", "output_index": index, "item": item},
    ]


def _text(at: dict[str, Any], part: dict[str, Any]) -> list[dict[str, Any]]:
    at = {**at, "content_index": 0}
    return [
        {"type": "response.content_part.added", **at, "part": {**part, "text": ""}},
        *(
            {"type": "response.output_text.delta", **at, "delta": piece, "logprobs": []}
            for piece in pieces(part["text"])
        ),
        {"type": "response.output_text.done", **at, "text": part["text"], "logprobs": []},
        {"type": "response.content_part.done", **at, "part": part},
    ]


def _summary(at: dict[str, Any], part: dict[str, Any]) -> list[dict[str, Any]]:
    at, kind = {**at, "summary_index": 0}, "response.reasoning_summary"
    return [
        {"type": f"{kind}_part.added", **at, "part": {**part, "text": ""}},
        *({"type": f"{kind}_text.delta", **at, "delta": piece} for piece in pieces(part["text"])),
        {"type": f"{kind}_text.done", **at, "text": part["text"]},
        {"type": f"{kind}_part.done", **at, "part": part},
    ]
