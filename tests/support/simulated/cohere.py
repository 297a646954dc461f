"""Cohere: https://docs.cohere.com/v2/reference/chat, …/chat-stream, …/embed, …/rerank; and Jina's rerank: https://api.jina.ai/redoc."""

import json
from typing import Any

from tests.support.simulated import mind
from tests.support.simulated.check import check_cohere
from tests.support.simulated.mind import Answer, Asked
from tests.support.simulated.openai import media_type, text_of
from tests.support.simulated.wire import Refused, Reply, Request, demand, events, pieces, whole

KEY = "sim-cohere-key"
_USAGE = {
    "billed_units": {"input_tokens": mind.INPUT, "output_tokens": mind.OUTPUT},
    "tokens": {"input_tokens": mind.INPUT, "output_tokens": mind.OUTPUT},
    "cached_tokens": mind.CACHED,
}


def respond(request: Request) -> Reply:
    """A reply of Cohere."""
    demand(request.headers.get("authorization"), f"Bearer {KEY}", "api token")
    body = request.json
    check_cohere(request.path, body)
    if request.path == "/embed":
        mind.answer(Asked(body["model"]))
        vectors = [list(mind.VECTOR) for _ in body.get("texts") or body["inputs"]]
        meta = {"api_version": {"version": "2"}, "billed_units": {"input_tokens": mind.INPUT}}
        made = {"id": "emb-sim", "embeddings": {"float": vectors}, "texts": body.get("texts"), "meta": meta}
        return whole({**made, "response_type": "embeddings_by_type"})
    if request.path == "/rerank":
        meta = {"api_version": {"version": "2"}, "billed_units": {"search_units": 1}}
        return whole({"id": "rr-sim", "results": _ranked(body), "meta": meta})
    if request.path != "/chat":
        raise Refused(404, f"There is no {request.path}.")
    said = mind.answer(_asked(body))
    return _stream(said) if body.get("stream") else _chat(said)


def respond_as_jina(request: Request) -> Reply:
    """A reply of Jina."""
    demand(request.headers.get("authorization"), f"Bearer {KEY}", "API key")
    if request.path != "/rerank":
        raise Refused(404, "Not Found")
    usage = {"total_tokens": mind.INPUT}
    return whole({"model": "jina-sim-001", "object": "list", "usage": usage, "results": _ranked(request.json)})


def _ranked(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Longer texts first."""
    mind.answer(Asked(body["model"]))
    texts = [(len(text), number) for number, text in enumerate(body["documents"])]
    rows: list[dict[str, Any]] = [
        {"index": number, "relevance_score": size / 100} for size, number in sorted(texts, reverse=True)
    ]
    if body.get("relevant_spans"):
        for row in rows:
            row["relevant_spans"] = [{"start": 0, "end": 3, "score": 0.5}]
    return rows[: body.get("top_n")]


def refusal(status: int, message: str) -> Reply:
    """An error."""
    headers = (("retry-after", str(mind.RETRY_AFTER)),) if status == 429 else ()
    return whole({"id": "err-sim", "message": message}, status, headers)


def _asked(body: dict[str, Any]) -> Asked:
    found = Asked(body["model"], thinking=(body.get("thinking") or {}).get("type") == "enabled")
    for message in body["messages"]:
        role, content = message["role"], message.get("content") or ""
        if role == "system":
            found.system += text_of(content)
        elif role == "tool":
            found.results.append(content if isinstance(content, str) else _tool_text(content))
        else:
            found.results = []
            if role == "user":
                found.text = text_of(content)
                parts = [] if isinstance(content, str) else content
                found.images = [media_type(p["image_url"]["url"]) for p in parts if p["type"] == "image_url"]
            else:
                parts = [] if isinstance(content, str) else content
                found.proofs += [part["thinking"] for part in parts if part["type"] == "thinking"]
                # Thoughts that a caller was shown in pieces come back as one with the plan behind them.
                found.proofs += [mind.THOUGHT] if mind.THOUGHT in message.get("tool_plan", "") else []
    found.tools = [(t["function"]["name"], t["function"].get("parameters") or {}) for t in body.get("tools") or ()]
    found.forced = body.get("tool_choice") == "REQUIRED"
    if body.get("tool_choice") == "NONE":
        found.tools = []
    form = body.get("response_format") or {}
    found.schema = form.get("json_schema") if form.get("type") == "json_object" else None
    return found


def _tool_text(content: list[dict[str, Any]]) -> str:
    return "".join(part["text"] if part["type"] == "text" else str(part["document"]["data"]) for part in content)


def _calls(said: Answer) -> list[dict[str, Any]]:
    return [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": json.dumps(call.arguments)}}
        for call in said.calls
    ]


def _content(said: Answer) -> list[dict[str, Any]]:
    thought = [{"type": "thinking", "thinking": said.thought}] if said.thought else []
    return [*thought, *([{"type": "text", "text": said.text}] if said.text else [])]


def _finish(said: Answer) -> str:
    return "TOOL_CALL" if said.calls else "COMPLETE"


def _chat(said: Answer) -> Reply:
    message: dict[str, Any] = {"role": "assistant"}
    if said.calls:
        message.update(tool_plan="I will call the tool.", tool_calls=_calls(said))
    if content := _content(said):
        message["content"] = content
    return whole({"id": "chat-sim", "finish_reason": _finish(said), "message": message, "usage": _USAGE})


def _stream(said: Answer) -> Reply:
    told: list[dict[str, Any]] = [
        {"type": "message-start", "id": "chat-sim", "delta": {"message": {"role": "assistant", "content": []}}}
    ]
    for index, part in enumerate(_content(said)):
        kind = part["type"]
        told.append(_told("content-start", index, "content", {"type": kind, kind: ""}))
        told += [_told("content-delta", index, "content", {kind: piece}) for piece in pieces(part[kind])]
        told.append({"type": "content-end", "index": index})
    if said.calls:
        told += [{"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "I will "}}}]
    for index, call in enumerate(_calls(said)):
        function = call["function"]
        begun = {**call, "function": {**function, "arguments": ""}}
        told.append(_told("tool-call-start", index, "tool_calls", begun))
        for piece in pieces(function["arguments"]):
            told.append(_told("tool-call-delta", index, "tool_calls", {"function": {"arguments": piece}}))
        told.append({"type": "tool-call-end", "index": index})
    told.append({"type": "message-end", "delta": {"finish_reason": _finish(said), "usage": _USAGE}})
    return events((one["type"], one) for one in told)


def _told(kind: str, index: int, name: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "index": index, "delta": {"message": {name: value}}}
