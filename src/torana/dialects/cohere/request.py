"""Requests of any dialect as Cohere's chat takes them."""

import re
from typing import Any

import msgspec

from torana.core.errors import Refusal
from torana.core.exchange import ModelRequest, Opaque, Thinking, Tool
from torana.core.losses import Losses
from torana.dialects.cohere import NAME
from torana.dialects.cohere.content import Conversation
from torana.dialects.fields import wrong

_encode = msgspec.json.Encoder().encode
_OWN: dict[str, type[Any]] = {
    "documents": list,
    "citation_options": dict,
    "safety_mode": str,
    "strict_tools": bool,
    "priority": int,
}
"""Cohere's own fields, which a caller of any dialect may send: they reach it as they were written."""
_NO_THINKER = re.compile(r"command(?:-light|-nightly|-r|-a-(?:\d|vision|translate)|$)|c4ai-|aya")
"""Models that refuse `thinking`: all from before Command A Reasoning (https://docs.cohere.com/docs/reasoning)."""


def encode_request(request: ModelRequest, model: str, losses: Losses) -> bytes:
    """The body of `/v2/chat`. Raises Refusal for what Cohere cannot carry, unless `losses` drops it."""
    conversation = Conversation(losses)
    for number, message in enumerate(request.messages):
        conversation.add(message, f"messages[{number}]")
    body: dict[str, Any] = {"model": model, "messages": conversation.messages}
    if request.stream:
        body["stream"] = True
    if conversation.documents:
        body["documents"] = conversation.documents
    _put_tools(request, losses, body)
    _put_settings(request, model, losses, body)
    _lose(request, losses)
    for name, value in request.extra.items():
        kind = _OWN.get(name)
        if kind is None:
            losses.need(name, "Cohere has no such field")
        elif not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise wrong(name, "it has the wrong type for Cohere")
        elif name == "documents":
            body[name] = [*value, *conversation.documents]
        else:
            body[name] = value
    return write(body)


def write(body: dict[str, Any]) -> bytes:
    """JSON. Raises Refusal for what cannot be written."""
    try:
        return _encode(body)
    except UnicodeEncodeError:
        raise Refusal("invalid_json", reason="it holds half a surrogate pair") from None
    except RecursionError:
        raise Refusal("invalid_json", reason="it is nested too deeply") from None


def _put_tools(request: ModelRequest, losses: Losses, body: dict[str, Any]) -> None:
    choice = request.tool_choice
    tools = _tools(request, losses)
    if not tools:
        return
    body["tools"] = tools
    if any(isinstance(tool, Tool) and tool.strict for tool in request.tools):
        body["strict_tools"] = True
    if choice is not None and choice.mode != "auto":
        body["tool_choice"] = "NONE" if choice.mode == "none" else "REQUIRED"
    if request.parallel_tool_calls is False:
        # It cannot forbid calls side by side; a caller who gets two answers both, or the first.
        losses.hint("parallel_tool_calls")


def _tools(request: ModelRequest, losses: Losses) -> list[dict[str, Any]]:
    choice = request.tool_choice
    only: frozenset[str] | None = None
    if choice is not None and choice.mode == "named":
        # One tool that must be called is the only one there is.
        only = frozenset((choice.name or "",))
    elif choice is not None and choice.allowed is not None:
        only = frozenset(choice.allowed)
    tools: list[dict[str, Any]] = []
    for number, tool in enumerate(request.tools):
        if isinstance(tool, Opaque):
            if tool.dialect == NAME:
                tools.append(tool.raw)
            else:
                losses.need(f"tools[{number}].{tool.kind}", "only its own dialect understands it")
        elif tool.custom:
            losses.need(f"tools[{number}]", "Cohere has no free-text tools")
        elif only is None or tool.name in only:
            tools.append(_tool(tool))
            if tool.cache is not None:
                losses.hint(f"tools[{number}].cache")
    return tools


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    function["parameters"] = {"type": "object", "properties": {}} if tool.parameters is None else tool.parameters
    return {"type": "function", "function": function}


def _put_settings(request: ModelRequest, model: str, losses: Losses, body: dict[str, Any]) -> None:
    said = {
        "max_tokens": request.max_tokens,
        "stop_sequences": list(request.stop) or None,
        "temperature": request.temperature,
        "seed": request.seed,
        "frequency_penalty": request.frequency_penalty,
        "presence_penalty": request.presence_penalty,
        "k": request.top_k,
        "p": request.top_p,
        "logprobs": request.logprobs,
    }
    body.update({name: value for name, value in said.items() if value is not None})
    if request.format is not None and request.format.kind != "text":
        body["response_format"] = {"type": "json_object"}
        if request.format.schema is not None:
            body["response_format"]["json_schema"] = request.format.schema
    if request.thinking is not None:
        _put_thinking(request.thinking, model, losses, body)


def _put_thinking(thinking: Thinking, model: str, losses: Losses, body: dict[str, Any]) -> None:
    if _NO_THINKER.match(model):
        if (thinking.budget_tokens or 0) > 0:
            losses.need("thinking", "this model of Cohere's cannot think")
        elif thinking.enabled or thinking.adaptive or thinking.effort not in (None, "none"):
            losses.hint("thinking")
    elif thinking.enabled is False or thinking.effort == "none" or thinking.budget_tokens == 0:
        body["thinking"] = {"type": "disabled"}
    elif thinking.enabled or thinking.effort or thinking.budget_tokens or thinking.adaptive:
        body["thinking"] = {"type": "enabled"}
        if thinking.budget_tokens is not None and thinking.budget_tokens > 0:
            body["thinking"]["token_budget"] = thinking.budget_tokens
        elif thinking.effort not in (None, "high"):
            # It thinks, but knows no degrees of it.
            losses.hint("thinking")


def _lose(request: ModelRequest, losses: Losses) -> None:
    if request.choices is not None and request.choices != 1:
        losses.need("choices", "Cohere gives one answer only")
    if request.top_logprobs:
        losses.need("top_logprobs", "Cohere tells the log-probability of the chosen tokens only")
    if request.logit_bias:
        losses.need("logit_bias", "Cohere has no bias of tokens")
    if request.modalities and any(kind != "text" for kind in request.modalities):
        losses.need("modalities", "Cohere answers in text")
    elif request.speech is not None:
        losses.need("speech", "Cohere does not speak")
    for name in ("verbosity", "user", "metadata", "cache_key", "safety_id"):
        if getattr(request, name) is not None:
            losses.hint(name)
    if request.service_tier not in (None, "auto"):
        losses.hint("service_tier")
    if request.store:
        losses.hint("store")
