"""OpenAI: https://platform.openai.com/docs/api-reference (chat, completions, embeddings); responses.py has the Responses API.

Mistral's API is of the same form (https://docs.mistral.ai/api); what it does differently is said by `strict`.
"""

import base64
import json
import struct
from typing import Any

from tests.support.simulated import mind, responses
from tests.support.simulated.check import check_mistral, check_openai
from tests.support.simulated.mind import Answer, Asked
from tests.support.simulated.wire import Refused, Reply, Request, demand, events, pieces, whole

KEY = "sim-openai-key"
USAGE = {
    "prompt_tokens": mind.INPUT,
    "completion_tokens": mind.OUTPUT,
    "total_tokens": mind.INPUT + mind.OUTPUT,
    "prompt_tokens_details": {"cached_tokens": mind.CACHED, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": mind.REASONING, "audio_tokens": 0},
}


def respond(request: Request) -> Reply:
    """A reply of OpenAI."""
    demand(request.headers.get("authorization"), f"Bearer {KEY}", "API key")
    check_openai(request.path, request.json)
    if request.path == "/responses":
        return responses.respond(request.json)
    return _respond(request)


def respond_as_mistral(request: Request) -> Reply:
    """A reply of Mistral."""
    demand(request.headers.get("authorization"), f"Bearer {KEY}", "API key")
    check_mistral(request.path, request.json)
    return _respond(request, as_mistral=True)


def refusal(status: int, message: str) -> Reply:
    """An error."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    headers = (("retry-after", str(mind.RETRY_AFTER)),) if status == 429 else ()
    error = {"message": message, "type": kind, "param": None, "code": f"vendor_{status}"}
    return whole({"error": error}, status, (("x-request-id", "req_sim"), *headers))


def _respond(request: Request, as_mistral: bool = False) -> Reply:
    body = request.json
    if request.path == "/embeddings":
        return _embeddings(body, {"id": "embd-sim"} if as_mistral else {})
    if request.path == "/completions":
        return _completions(body)
    if request.path != "/chat/completions":
        raise Refused(404, f"There is no {request.path}.")
    said = mind.answer(asked(body))
    if as_mistral and body.get("stream"):
        # Mistral tells the usage in the chunk that finishes, and a call in one piece.
        return _stream(said, {}, {"usage": USAGE}, whole_calls=True)
    options = body.get("stream_options") or {}
    return _stream(said, options, {}) if body.get("stream") else _chat(body, said)


def asked(body: dict[str, Any]) -> Asked:
    """What a chat request wants."""
    found = Asked(body["model"])
    for message in body["messages"]:
        role, content = message["role"], message.get("content") or ""
        if role in ("system", "developer"):
            found.system += text_of(content)
        elif role == "tool":
            found.results.append(text_of(content))
        else:
            found.results = []
            if role == "user":
                found.text, found.images = text_of(content), _images(content)
    _check_pairs(body["messages"])
    found.tools = [(t["function"]["name"], t["function"].get("parameters") or {}) for t in body.get("tools") or ()]
    choice = body.get("tool_choice")
    found.forced = choice == "required" or isinstance(choice, dict)
    if choice == "none":
        found.tools = []
    form = body.get("response_format") or {}
    if form.get("type") == "json_schema":
        found.schema = form["json_schema"]["schema"]
    return found


def text_of(content: Any) -> str:
    """The text of a message."""
    if isinstance(content, str):
        return content
    return "".join(part.get("text") or "" for part in content)


def _images(content: Any) -> list[str]:
    if isinstance(content, str):
        return []
    urls = [part["image_url"] for part in content if part["type"] == "image_url"]
    return [media_type(url if isinstance(url, str) else url["url"]) for url in urls]


def media_type(url: str) -> str:
    """`image/png` of a data URL, which has to hold base64; `url` of any other."""
    if not url.startswith("data:"):
        return "url"
    kind, _, data = url.removeprefix("data:").partition(";base64,")
    base64.b64decode(data, validate=True)
    return kind


def _check_pairs(messages: list[dict[str, Any]]) -> None:
    """Every call has to be followed by its result, as OpenAI demands."""
    waiting: set[str] = set()
    for message in messages:
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                raise Refused(
                    400, "messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
                )
            waiting.discard(message["tool_call_id"])
            continue
        if waiting:
            break
        waiting = {call["id"] for call in message.get("tool_calls") or ()}
    if waiting:
        raise Refused(400, f"tool_call_ids did not have response messages: {', '.join(sorted(waiting))}")


def _head(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-sim", "object": kind, "created": mind.CREATED, "model": "gpt-sim-2026-01-01"}


def _calls(said: Answer) -> list[dict[str, Any]]:
    return [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": json.dumps(call.arguments)}}
        for call in said.calls
    ]


def _chat(body: dict[str, Any], said: Answer) -> Reply:
    message: dict[str, Any] = {"role": "assistant", "content": said.text or None, "refusal": None, "annotations": []}
    if said.calls:
        message["tool_calls"] = _calls(said)
    finish = "tool_calls" if said.calls else "stop"
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    made = {**_head("chat.completion"), "choices": [choice], "usage": USAGE, "service_tier": "default"}
    return whole(made, headers=(("x-request-id", "req_sim"),))


def _stream(said: Answer, options: dict[str, Any], last: dict[str, Any], whole_calls: bool = False) -> Reply:
    deltas: list[tuple[dict[str, Any], str | None]] = [({"role": "assistant", "content": "", "refusal": None}, None)]
    deltas += [({"content": piece}, None) for piece in pieces(said.text)]
    for index, call in enumerate(_calls(said)):
        function = call["function"]
        if whole_calls:
            deltas.append(({"tool_calls": [{"index": index, **call}]}, None))
            continue
        first = {"index": index, **call, "function": {"name": function["name"], "arguments": ""}}
        deltas.append(({"tool_calls": [first]}, None))
        for piece in pieces(function["arguments"]):
            deltas.append(({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}, None))
    deltas.append(({}, "tool_calls" if said.calls else "stop"))
    head = _head("chat.completion.chunk")
    chunks = [
        {**head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]}
        for delta, finish in deltas
    ]
    chunks[-1].update(last)
    if options.get("include_usage"):
        chunks = [{**chunk, "usage": None} for chunk in chunks]
        chunks.append({**head, "choices": [], "usage": USAGE})
    return events((("", chunk) for chunk in chunks), b"data: [DONE]\n\n")


def _completions(body: dict[str, Any]) -> Reply:
    said = mind.answer(Asked(body["model"], str(body["prompt"])))
    head = {**_head("text_completion"), "id": "cmpl-sim"}
    if not body.get("stream"):
        choice = {"text": said.text, "index": 0, "logprobs": None, "finish_reason": "stop"}
        return whole({**head, "choices": [choice], "usage": USAGE})
    last = len(pieces(said.text)) - 1
    chunks: list[dict[str, Any]] = []
    for number, piece in enumerate(pieces(said.text)):
        finish = "stop" if number == last else None
        chunks.append({**head, "choices": [{"text": piece, "index": 0, "logprobs": None, "finish_reason": finish}]})
    if (body.get("stream_options") or {}).get("include_usage"):
        chunks.append({**head, "choices": [], "usage": USAGE})
    return events((("", chunk) for chunk in chunks), b"data: [DONE]\n\n")


def _embeddings(body: dict[str, Any], head: dict[str, Any]) -> Reply:
    mind.answer(Asked(body["model"]))
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    vector: Any = list(mind.VECTOR)
    if body.get("encoding_format") == "base64":
        vector = base64.b64encode(struct.pack("<3f", *mind.VECTOR)).decode()
    data = [{"object": "embedding", "index": n, "embedding": vector} for n in range(len(texts))]
    usage = {"prompt_tokens": mind.INPUT, "total_tokens": mind.INPUT}
    return whole({**head, "object": "list", "data": data, "model": "embed-sim", "usage": usage})
