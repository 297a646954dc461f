"""The `response` object as it is written: what the vendor said, and the request's fields that every response repeats."""

import time
from typing import Any, NamedTuple

import msgspec

from torana.core.exchange import ModelRequest, Text
from torana.core.usage import Usage
from torana.dialects.openai_responses.tools import write_choice, write_tool

_encode = msgspec.json.Encoder().encode
_TIERS = frozenset(("auto", "default", "flex", "scale", "priority", "fast", "ultrafast"))
_NOTHING = b"null"


class Head(NamedTuple):
    """What is known when a response begins."""

    id: str
    model: str
    created: int | None
    """Seconds since 1970; None is now."""
    service_tier: str | None = None


def write_response(
    head: Head,
    status: str,
    output: bytes,
    *,
    usage: bytes = _NOTHING,
    error: bytes = _NOTHING,
    incomplete: bytes = _NOTHING,
    repeated: bytes | None = None,
) -> bytes:
    """The object. `output` is its items, with commas between them; `repeated` is what `repeat` gave for the request."""
    tier = head.service_tier if head.service_tier in _TIERS else None
    return (
        b'{"id":%b,"object":"response","created_at":%d,"status":"%b","error":%b,"incomplete_details":%b,"model":%b,'
        b'"output":[%b],"usage":%b,"service_tier":%b,%b}'
    ) % (
        _encode(head.id),
        int(time.time()) if head.created is None else head.created,
        status.encode(),
        error,
        incomplete,
        _encode(head.model),
        output,
        usage,
        _encode(tier),
        _UNKNOWN_REQUEST if repeated is None else repeated,
    )


def write_usage(usage: Usage) -> bytes:
    """`usage`, whose every number is required: an unknown part is 0. null where nothing is known."""
    if usage.input is None and usage.output is None:
        return _NOTHING
    read, wrote = usage.input or 0, usage.output or 0
    return (
        b'{"input_tokens":%d,"input_tokens_details":{"cached_tokens":%d,"cache_write_tokens":%d},"output_tokens":%d,'
        b'"output_tokens_details":{"reasoning_tokens":%d},"total_tokens":%d}'
    ) % (read, usage.cached_input or 0, usage.cache_write or 0, wrote, usage.reasoning or 0, read + wrote)


def repeat(request: ModelRequest) -> bytes:
    """The request's fields as a response repeats them, without braces. What was not said has the API's own default."""
    return _encode(_repeated(request))[1:-1]


def _repeated(request: ModelRequest) -> dict[str, Any]:
    extra = request.extra
    effort, summary = None, None
    if request.thinking is not None:
        effort, summary = request.thinking.effort, request.thinking.summary
    whole = extra.get("max_tool_calls")
    return {
        "background": False,
        "instructions": _instructions(request),
        "max_output_tokens": request.max_tokens,
        "max_tool_calls": whole if isinstance(whole, int) else None,
        "metadata": {name: value for name, value in (request.metadata or {}).items() if isinstance(value, str)},
        "parallel_tool_calls": request.parallel_tool_calls is not False,
        "previous_response_id": None,
        "prompt_cache_key": request.cache_key,
        "reasoning": {
            "effort": effort,
            "summary": summary if summary in ("auto", "concise", "detailed") else None,
        },
        "safety_identifier": request.safety_id,
        # Nothing that was translated is kept anywhere under this id.
        "store": False,
        "temperature": 1.0 if request.temperature is None else request.temperature,
        "text": _text_settings(request),
        "tool_choice": extra.get("tool_choice") or write_choice(request.tool_choice, request.tools) or "auto",
        "tools": [write_tool(tool, spelled_out=True) for tool in request.tools],
        "top_logprobs": request.top_logprobs or 0,
        "top_p": 1.0 if request.top_p is None else request.top_p,
        "truncation": "auto" if extra.get("truncation") == "auto" else "disabled",
        "user": request.user,
    }


def _instructions(request: ModelRequest) -> str | None:
    for message in request.messages:
        if message.apart:
            return "".join(part.text for part in message.parts if isinstance(part, Text))
    return None


def _text_settings(request: ModelRequest) -> dict[str, Any]:
    settings: dict[str, Any] = {"format": write_format(request) or {"type": "text"}}
    if request.verbosity in ("low", "medium", "high"):
        settings["verbosity"] = request.verbosity
    return settings


def write_format(request: ModelRequest) -> dict[str, Any] | None:
    """`text.format`; None where the request says nothing of it."""
    form = request.format
    if form is None:
        return None
    if form.kind == "text":
        return {"type": "text"}
    if form.kind == "json":
        return {"type": "json_object"}
    written: dict[str, Any] = {"type": "json_schema", "name": form.name or "answer", "schema": form.schema or {}}
    if form.description is not None:
        written["description"] = form.description
    if form.strict is not None:
        written["strict"] = form.strict
    return written


_UNKNOWN_REQUEST = repeat(ModelRequest(dialect="openai_responses", model=""))
