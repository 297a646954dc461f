"""A request of any dialect, encoded for a target that speaks the Responses API.

What this API has no word for: `stop`, `seed`, penalties, `top_k`, `logit_bias`, several choices, spoken answers.
"""

from typing import Any

import msgspec

from torana.core.errors import Refusal
from torana.core.exchange import Effort, ModelRequest, Opaque, Thinking
from torana.core.losses import Losses
from torana.dialects.openai_responses import NAME
from torana.dialects.openai_responses.items_out import write_input
from torana.dialects.openai_responses.request_in import ENCRYPTED, LOGPROBS
from torana.dialects.openai_responses.response import write_format
from torana.dialects.openai_responses.tools import write_choice, write_tool

_encode = msgspec.json.Encoder().encode
_TIERS = {"standard_only": "default", "standard": "default"} | {
    name: name for name in ("auto", "default", "flex", "scale", "priority", "fast", "ultrafast")
}
_API = "the Responses API has no"


def encode_request(request: ModelRequest, model: str, losses: Losses) -> bytes:
    """The body for a target that calls the model `model`. Raises Refusal for what it cannot say."""
    own = request.dialect == NAME
    body: dict[str, Any] = {"model": model}
    instructions, items = write_input(request, losses)
    if instructions is not None:
        body["instructions"] = instructions
    # A stored prompt or conversation needs no input of its own.
    if items or not own:
        body["input"] = items
    _settings(request, body, losses, own)
    _tools(request, body, losses, own)
    _include(request, body, own)
    if request.thinking is not None:
        _thinking(request.thinking, body, losses)
    _text(request, body)
    _unsayable(request, losses)
    _extra(request, body, losses, own)
    try:
        return _encode(body)
    except (RecursionError, OverflowError, UnicodeEncodeError) as error:
        raise Refusal("invalid_json", reason=str(error)) from None


def _settings(request: ModelRequest, body: dict[str, Any], losses: Losses, own: bool) -> None:
    said = {
        "max_output_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "parallel_tool_calls": request.parallel_tool_calls,
        "user": request.user,
        "prompt_cache_key": request.cache_key,
        "safety_identifier": request.safety_id,
        "store": request.store,
        "top_logprobs": request.top_logprobs,
    }
    body.update({name: value for name, value in said.items() if value is not None})
    if request.stream:
        body["stream"] = True
    if (tier := request.service_tier) is not None:
        if own or tier in _TIERS:
            body["service_tier"] = tier if own else _TIERS[tier]
        else:
            losses.hint("service_tier")
    if (metadata := request.metadata) is not None:
        if own or all(isinstance(value, str) for value in metadata.values()):
            body["metadata"] = metadata
        else:
            losses.hint("metadata")


def _tools(request: ModelRequest, body: dict[str, Any], losses: Losses, own: bool) -> None:
    tools: list[Any] = []
    for number, tool in enumerate(request.tools):
        if isinstance(tool, Opaque):
            if tool.dialect != NAME:
                losses.need(f"tools[{number}].{tool.kind}", f"{_API} tool like it")
                continue
        elif tool.cache is not None:
            losses.hint("tools.cache")
        # Here a function is strict unless it says otherwise; in every other dialect it is not.
        tools.append(write_tool(tool, strict=None if own else False))
    if tools:
        body["tools"] = tools
    if (choice := write_choice(request.tool_choice, request.tools)) is not None:
        body["tool_choice"] = choice


def _include(request: ModelRequest, body: dict[str, Any], own: bool) -> None:
    include: list[str] = []
    thinking = request.thinking
    if thinking is not None:
        wanted = thinking.encrypted
        if wanted is None and not own:
            # Callers who get thoughts with signatures send them back; encrypted reasoning is what this API has of that kind.
            wanted = bool(thinking.enabled or thinking.adaptive or thinking.budget_tokens)
        if wanted:
            include.append(ENCRYPTED)
    if request.logprobs:
        include.append(LOGPROBS)
    if include:
        body["include"] = include


def _thinking(thinking: Thinking, body: dict[str, Any], losses: Losses) -> None:
    reasoning: dict[str, Any] = {}
    effort: Effort | None = thinking.effort
    if effort is None and thinking.enabled is False:
        effort = "none"
    if effort is None and thinking.budget_tokens is not None:
        effort = _effort(thinking.budget_tokens)
        losses.hint("thinking.budget_tokens")
    if effort is not None:
        reasoning["effort"] = effort
    if thinking.summary is not None:
        reasoning["summary"] = thinking.summary
    elif thinking.visible:
        reasoning["summary"] = "auto"
    if reasoning:
        body["reasoning"] = reasoning


def _effort(budget: int) -> Effort | None:
    """The effort that comes nearest to a budget; None where the model is to decide."""
    if budget < 0:
        return None
    if budget == 0:
        return "none"
    return "low" if budget <= 4096 else "medium" if budget <= 16_384 else "high"


def _text(request: ModelRequest, body: dict[str, Any]) -> None:
    text: dict[str, Any] = {}
    if (form := write_format(request)) is not None:
        text["format"] = form
    if request.verbosity is not None:
        text["verbosity"] = request.verbosity
    if text:
        body["text"] = text


def _unsayable(request: ModelRequest, losses: Losses) -> None:
    for name, asked, what in (
        ("top_k", request.top_k is not None, "top_k"),
        ("stop", bool(request.stop), "stop sequences"),
        ("seed", request.seed is not None, "seed"),
        ("frequency_penalty", bool(request.frequency_penalty), "penalties"),
        ("presence_penalty", bool(request.presence_penalty), "penalties"),
        ("choices", (request.choices or 1) != 1, "second choice"),
        ("logit_bias", bool(request.logit_bias), "logit bias"),
        ("modalities", any(kind != "text" for kind in request.modalities or ()), "answers other than text"),
        ("speech", request.speech is not None, "spoken answers"),
    ):
        if asked:
            losses.need(name, f"{_API} {what}")


def _extra(request: ModelRequest, body: dict[str, Any], losses: Losses, own: bool) -> None:
    for name, value in request.extra.items():
        if not own:
            losses.need(name, f"{_API} field for it")
        elif isinstance(value, dict) and isinstance(body.get(name), dict):
            body[name] = {**body[name], **value}
        elif isinstance(value, list) and isinstance(body.get(name), list):
            body[name] = body[name] + value
        else:
            body[name] = value
