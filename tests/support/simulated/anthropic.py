"""Anthropic: https://docs.anthropic.com/en/api/messages, …/messages-count-tokens, …/docs/build-with-claude/streaming."""

import json
from typing import Any

from tests.support.simulated import mind
from tests.support.simulated.check import check_anthropic
from tests.support.simulated.mind import Answer, Asked
from tests.support.simulated.wire import Refused, Reply, Request, demand, events, pieces, whole

KEY = "sim-anthropic-key"
COUNTED = 42
_KINDS = {400: "invalid_request_error", 401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}
_USAGE = {
    "input_tokens": mind.INPUT - mind.CACHED,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": mind.CACHED,
    "service_tier": "standard",
}


def respond(request: Request) -> Reply:
    """A reply of Anthropic."""
    given = request.headers.get("x-api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")
    demand(given, KEY, "x-api-key")
    if not request.headers.get("anthropic-version"):
        raise Refused(400, "anthropic-version: header is required")
    check_anthropic(request.path, request.json)
    asked = _asked(request.json)
    if request.path == "/messages/count_tokens":
        mind.answer(asked)
        return whole({"input_tokens": COUNTED})
    if request.path != "/messages":
        raise Refused(404, f"There is no {request.path}.")
    blocks = _blocks(mind.answer(asked))
    return _stream(blocks) if request.json.get("stream") else _message(blocks)


def refusal(status: int, message: str) -> Reply:
    """An error."""
    error = {"type": _KINDS.get(status, "api_error"), "message": message}
    headers = (("retry-after", str(mind.RETRY_AFTER)),) if status == 429 else ()
    body = {"type": "error", "error": error, "request_id": "req_sim"}
    return whole(body, status, (("request-id", "req_sim"), *headers))


def _asked(body: dict[str, Any]) -> Asked:
    found = Asked(body["model"], thinking=(body.get("thinking") or {}).get("type") in ("enabled", "adaptive"))
    system = body.get("system") or ""
    found.system = system if isinstance(system, str) else "".join(part["text"] for part in system)
    before: list[dict[str, Any]] = []
    for message in body["messages"]:
        content = message["content"]
        parts: list[dict[str, Any]] = [{"type": "text", "text": content}] if isinstance(content, str) else list(content)
        if message["role"] == "user":
            _check_results(parts, before)
            found.results = [_text(part) for part in parts if part["type"] == "tool_result"]
            found.text = "".join(part["text"] for part in parts if part["type"] == "text") or found.text
            found.images = [_image(part["source"]) for part in parts if part["type"] == "image"]
        else:
            found.proofs += [part["signature"] for part in parts if part["type"] == "thinking"]
        before = parts
    for proof in found.proofs:
        if proof != mind.PROOF:
            raise Refused(400, "messages: Invalid `signature` in `thinking` block")
    found.tools = [(tool["name"], tool["input_schema"]) for tool in body.get("tools") or ()]
    choice = (body.get("tool_choice") or {}).get("type")
    found.forced = choice in ("any", "tool")
    if choice == "none":
        found.tools = []
    found.schema = ((body.get("output_config") or {}).get("format") or {}).get("schema")
    return found


def _check_results(parts: list[dict[str, Any]], before: list[dict[str, Any]]) -> None:
    calls = {part["id"] for part in before if part["type"] == "tool_use"}
    results = [part["tool_use_id"] for part in parts if part["type"] == "tool_result"]
    if calls != set(results) or len(results) != len(set(results)):
        raise Refused(400, "`tool_use` ids were found without `tool_result` blocks immediately after, or the reverse")
    if any(part["type"] != "tool_result" for part in parts[: len(results)]):
        raise Refused(400, "`tool_result` blocks have to come first in the content")


def _text(part: dict[str, Any]) -> str:
    content = part.get("content") or ""
    return content if isinstance(content, str) else "".join(one["text"] for one in content)


def _image(source: dict[str, Any]) -> str:
    return str(source["media_type"]) if source["type"] == "base64" else "url"


def _blocks(said: Answer) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if said.thought:
        blocks.append({"type": "thinking", "thinking": said.thought, "signature": mind.PROOF})
    if said.text:
        blocks.append({"type": "text", "text": said.text, "citations": None})
    blocks += [{"type": "tool_use", "id": f"toolu_{c.id}", "name": c.name, "input": c.arguments} for c in said.calls]
    return blocks


def _head() -> dict[str, Any]:
    return {
        "id": "msg_sim",
        "type": "message",
        "role": "assistant",
        "model": "claude-sim-20260101",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {**_USAGE, "output_tokens": 1},
    }


def _stop(blocks: list[dict[str, Any]]) -> str:
    return "tool_use" if blocks[-1]["type"] == "tool_use" else "end_turn"


def _message(blocks: list[dict[str, Any]]) -> Reply:
    usage = {**_USAGE, "output_tokens": mind.OUTPUT}
    made = {**_head(), "content": blocks, "stop_reason": _stop(blocks), "usage": usage}
    return whole(made, headers=(("request-id", "req_sim"),))


def _stream(blocks: list[dict[str, Any]]) -> Reply:
    told: list[dict[str, Any]] = [{"type": "message_start", "message": _head()}, {"type": "ping"}]
    for index, block in enumerate(blocks):
        begun, deltas = _deltas(block)
        told.append({"type": "content_block_start", "index": index, "content_block": begun})
        told += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        told.append({"type": "content_block_stop", "index": index})
    ending = {"stop_reason": _stop(blocks), "stop_sequence": None}
    told.append({"type": "message_delta", "delta": ending, "usage": {"output_tokens": mind.OUTPUT}})
    told.append({"type": "message_stop"})
    return events((one["type"], one) for one in told)


def _deltas(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    if block["type"] == "text":
        return {"type": "text", "text": ""}, [{"type": "text_delta", "text": p} for p in pieces(block["text"])]
    if block["type"] == "thinking":
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(block["thinking"])]
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
        return {"type": "thinking", "thinking": "", "signature": ""}, deltas
    arguments = json.dumps(block["input"])
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *pieces(arguments))]
    return {**block, "input": {}}, deltas
