"""Ollama's own API: https://docs.ollama.com/api/chat and …/api/embed."""

import base64
import json
from typing import Any

from tests.support.simulated import mind
from tests.support.simulated.check import check_ollama
from tests.support.simulated.mind import Answer, Asked
from tests.support.simulated.wire import Refused, Reply, Request, pieces, whole

_TIME = "2026-01-01T00:00:00.000000Z"


def respond(request: Request) -> Reply:
    """A reply of Ollama."""
    body = request.json
    check_ollama(request.path, body)
    if request.path == "/embed":
        mind.answer(Asked(body["model"]))
        count = len(body["input"]) if isinstance(body["input"], list) else 1
        vectors = [list(mind.VECTOR)] * count
        return whole({"model": "qwen3-sim", "embeddings": vectors, "prompt_eval_count": mind.INPUT})
    if request.path != "/chat":
        raise Refused(404, "404 page not found")
    said = mind.answer(_asked(body))
    end = {"done": True, "done_reason": "stop", "prompt_eval_count": mind.INPUT, "eval_count": mind.OUTPUT}
    head = {"model": "qwen3-sim", "created_at": _TIME}
    if body.get("stream", True):
        lines = [{**head, "message": message, "done": False} for message in _messages(said)]
        lines.append({**head, "message": {"role": "assistant", "content": ""}, **end})
        parts = tuple(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)
        return Reply(type="application/x-ndjson", parts=parts)
    message = {"role": "assistant", "content": said.text, **_calls(said)}
    if said.thought:
        message["thinking"] = said.thought
    return whole({**head, "message": message, **end})


def refusal(status: int, message: str) -> Reply:
    """An error."""
    return whole({"error": message}, status)


def _asked(body: dict[str, Any]) -> Asked:
    found = Asked(body["model"], thinking=bool(body.get("think")))
    for message in body["messages"]:
        role = message["role"]
        if role == "system":
            found.system += message["content"]
        elif role == "tool":
            found.results.append(message["content"])
        else:
            found.results = []
            if role == "user":
                found.text = message["content"]
                found.images = [_sort(data) for data in message.get("images") or ()]
            elif message.get("thinking"):
                found.proofs.append(message["thinking"])
    found.tools = [(tool["function"]["name"], tool["function"]["parameters"]) for tool in body.get("tools") or ()]
    found.schema = body["format"] if isinstance(body.get("format"), dict) else None
    return found


def _sort(data: str) -> str:
    return "image/png" if base64.b64decode(data, validate=True).startswith(b"\x89PNG") else "image"


def _calls(said: Answer) -> dict[str, Any]:
    calls = [{"id": call.id, "function": {"name": call.name, "arguments": call.arguments}} for call in said.calls]
    return {"tool_calls": calls} if calls else {}


def _messages(said: Answer) -> list[dict[str, Any]]:
    messages = [{"role": "assistant", "content": "", "thinking": piece} for piece in pieces(said.thought)]
    messages += [{"role": "assistant", "content": piece} for piece in pieces(said.text)]
    if said.calls:
        messages.append({"role": "assistant", "content": "", **_calls(said)})
    return messages
