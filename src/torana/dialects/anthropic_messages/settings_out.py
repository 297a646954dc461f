"""Writes everything of a request but its messages: tools, thinking, the form of the answer, sampling."""

from typing import Any

from torana.core.exchange import Format, ModelRequest, Opaque, Thinking, Tool, ToolChoice
from torana.core.losses import Losses
from torana.dialects.anthropic_messages.signatures import NAME
from torana.dialects.anthropic_messages.turns_out import cache_marker

LEAST_BUDGET = 1024
"""Of tokens for thinking: less is refused."""
HARMLESS = frozenset(
    (
        "client_metadata",
        "include_obfuscation",
        "prompt_cache_options",
        "prompt_cache_retention",
        "safety_identifier",
        "stream_options",
        "truncation",
    )
)
"""Fields of other dialects without which the answer is the same."""
_CONFIG = "output_config."
_TIERS = {"auto": "auto", "default": "standard_only", "standard_only": "standard_only"}
_EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max"}
_MODES = {"auto": "auto", "none": "none", "required": "any", "named": "tool"}

_NOWHERE = {
    "frequency_penalty": "Anthropic's messages have no penalties",
    "presence_penalty": "Anthropic's messages have no penalties",
    "logprobs": "Anthropic's messages have no log-probabilities",
    "top_logprobs": "Anthropic's messages have no log-probabilities",
    "logit_bias": "Anthropic's messages have no logit bias",
}
"""Fields without a place, where they say something, and why."""


def write_settings(request: ModelRequest, losses: Losses) -> dict[str, Any]:
    """The fields that the request fills."""
    own = request.dialect == NAME
    body: dict[str, Any] = {}
    _write_sampling(request, own, losses, body)
    _write_tools(request, own, losses, body)
    config: dict[str, Any] = {}
    if request.thinking is not None:
        _write_thinking(request, request.thinking, own, body, config)
    if request.format is not None and (form := _write_format(request.format, losses)) is not None:
        config["format"] = form
    _write_identity(request, own, losses, body)
    if own:
        for name, value in request.extra.items():
            if name.startswith(_CONFIG):
                config.setdefault(name[len(_CONFIG) :], value)
            else:
                body.setdefault(name, value)
    else:
        _lose(request, losses)
    if config:
        body["output_config"] = config
    return body


def _write_sampling(request: ModelRequest, own: bool, losses: Losses, body: dict[str, Any]) -> None:
    if request.temperature is not None:
        if request.temperature > 1 and not own:
            losses.need("temperature", "Anthropic's goes from 0 to 1")
        else:
            body["temperature"] = request.temperature
    if request.top_p is not None:
        body["top_p"] = request.top_p
    if request.top_k is not None:
        body["top_k"] = request.top_k
    stop = request.stop
    if not own and any(not sequence.strip() for sequence in stop):
        losses.need("stop", "Anthropic takes no stop sequence of white space alone")
        stop = tuple(sequence for sequence in stop if sequence.strip())
    if stop:
        body["stop_sequences"] = stop
    _lose_sampling(request, losses)


def _lose_sampling(request: ModelRequest, losses: Losses) -> None:
    if request.seed is not None:
        losses.need("seed", "Anthropic's messages have no seed")
    for name, reason in _NOWHERE.items():
        if getattr(request, name):
            losses.need(name, reason)
    if request.choices is not None and request.choices != 1:
        losses.need("choices", "Anthropic gives one answer")
    if request.modalities is not None and any(kind != "text" for kind in request.modalities):
        losses.need("modalities", "Anthropic answers in text only")
    elif request.speech is not None:
        losses.need("speech", "Anthropic answers in text only")
    for name in ("verbosity", "cache_key"):
        if getattr(request, name) is not None:
            losses.hint(name)
    if request.store:
        losses.hint("store")


def _lose(request: ModelRequest, losses: Losses) -> None:
    for name in request.extra:
        if name in HARMLESS:
            losses.hint(name)
        else:
            losses.need(name, f"only {request.dialect} understands it")


def _write_identity(request: ModelRequest, own: bool, losses: Losses, body: dict[str, Any]) -> None:
    user = request.user if request.user is not None else request.safety_id
    metadata: dict[str, Any] = {} if user is None else {"user_id": user}
    if own:
        metadata.update(request.metadata or {})
    elif request.metadata:
        losses.hint("metadata")
    if request.user is not None and request.safety_id is not None:
        losses.hint("safety_id")
    if metadata:
        body["metadata"] = metadata
    if request.service_tier is not None:
        tier = request.service_tier if own else _TIERS.get(request.service_tier)
        if tier is None:
            losses.hint("service_tier")
        else:
            body["service_tier"] = tier


def _write_tools(request: ModelRequest, own: bool, losses: Losses, body: dict[str, Any]) -> None:
    choice = request.tool_choice
    allowed = None if choice is None else choice.allowed
    tools: list[dict[str, Any]] = []
    for number, tool in enumerate(request.tools):
        if isinstance(tool, Opaque):
            if tool.dialect != NAME:
                losses.need(f"tools[{number}]", f"only {tool.dialect} understands {tool.kind}")
            elif allowed is None or tool.raw.get("name") in allowed:
                tools.append(tool.raw)
        elif tool.custom:
            losses.need(f"tools[{number}]", "Anthropic has no tools that take free text")
        elif allowed is None or tool.name in allowed:
            tools.append(_tool(tool, own))
    if tools:
        body["tools"] = tools
    # A choice among no tools is refused, and there is nothing to choose.
    if choice is not None and (tools or own or choice.mode in ("required", "named")):
        body["tool_choice"] = _choice(choice, request.parallel_tool_calls, own)
    elif request.parallel_tool_calls is False and tools:
        body["tool_choice"] = {"type": "auto", "disable_parallel_tool_use": True}


def _tool(tool: Tool, own: bool) -> dict[str, Any]:
    schema = tool.parameters or {}
    if "type" not in schema:
        schema = {"type": "object", **schema} if schema else {"type": "object", "properties": {}}
    written: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        written["description"] = tool.description
    written["input_schema"] = schema
    if tool.strict or (own and tool.strict is not None):
        written["strict"] = tool.strict
    if own:
        written.update(tool.extra)
    if tool.cache is not None:
        written["cache_control"] = cache_marker(tool.cache)
    return written


def _choice(choice: ToolChoice, parallel: bool | None, own: bool) -> dict[str, Any]:
    written: dict[str, Any] = {"type": _MODES[choice.mode]}
    if choice.mode == "named":
        written["name"] = choice.name
    if choice.mode != "none" and parallel is not None and (own or not parallel):
        written["disable_parallel_tool_use"] = not parallel
    return written


def _write_thinking(
    request: ModelRequest, thinking: Thinking, own: bool, body: dict[str, Any], config: dict[str, Any]
) -> None:
    effort = _EFFORTS.get(thinking.effort) if thinking.effort is not None else None
    if effort is not None:
        config["effort"] = effort
    written = _own_thinking(thinking) if own else _foreign_thinking(request, thinking)
    if written is not None:
        if thinking.visible is not None and written["type"] != "disabled":
            written["display"] = "summarized" if thinking.visible else "omitted"
        elif thinking.summary is not None and written["type"] != "disabled":
            written["display"] = "summarized"
        body["thinking"] = written


def _own_thinking(thinking: Thinking) -> dict[str, Any] | None:
    if thinking.enabled is None:
        return None
    kind = "disabled" if not thinking.enabled else "adaptive" if thinking.adaptive else "enabled"
    if thinking.budget_tokens is None:
        return {"type": kind}
    return {"type": kind, "budget_tokens": thinking.budget_tokens}


def _foreign_thinking(request: ModelRequest, thinking: Thinking) -> dict[str, Any] | None:
    """`thinking` for what another dialect asked: a budget where it names one, else as much as the model finds right."""
    budget = thinking.budget_tokens
    if thinking.enabled is False or thinking.effort == "none" or budget == 0:
        return {"type": "disabled"}
    if budget is not None and budget > 0:
        return {"type": "enabled", "budget_tokens": max(budget, LEAST_BUDGET)}
    asked = thinking.enabled or thinking.adaptive or budget is not None
    if asked:
        return {"type": "adaptive"}
    if thinking.effort is None and not thinking.visible and thinking.summary is None:
        return None
    # An effort alone does not insist on thinking, which Anthropic refuses beside a forced tool or another temperature.
    choice = request.tool_choice
    forced = choice is not None and choice.mode in ("required", "named")
    return None if forced or request.temperature not in (None, 1) else {"type": "adaptive"}


def _write_format(form: Format, losses: Losses) -> dict[str, Any] | None:
    if form.kind == "text":
        return None
    if form.schema is None:
        losses.need("format", "Anthropic's messages give JSON only for a schema")
        return None
    schema = form.schema
    if form.description is not None and "description" not in schema:
        schema = {**schema, "description": form.description}
    return {"type": "json_schema", "schema": schema}
