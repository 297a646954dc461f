"""Requests, both ways. Source: the structure ConverseRequest of the Converse API."""

import re
from typing import Any

import msgspec

from torana.core.errors import Refusal
from torana.core.exchange import ModelRequest, Opaque, Tool
from torana.core.losses import Losses
from torana.dialects.bedrock_converse import NAME
from torana.dialects.bedrock_converse.content import Conversation, cache_point
from torana.dialects.bedrock_converse.ends import TIERS
from torana.dialects.bedrock_converse.families import add_for_family, is_claude
from torana.dialects.bedrock_converse.request_in import decode_request
from torana.dialects.fields import wrong

__all__ = ["HARMLESS", "SPELLING", "decode_request", "encode_request", "places"]

SPELLING = {
    "tools": "toolConfig.tools",
    "tool_choice": "toolConfig.toolChoice",
    "max_tokens": "inferenceConfig.maxTokens",
    "temperature": "inferenceConfig.temperature",
    "top_p": "inferenceConfig.topP",
    "top_k": "additionalModelRequestFields.top_k",
    "stop": "inferenceConfig.stopSequences",
    "format": "outputConfig.textFormat",
    "thinking": "additionalModelRequestFields.thinking",
    "thinking.budget_tokens": "additionalModelRequestFields.thinking.budget_tokens",
    "metadata": "requestMetadata",
    "service_tier": "serviceTier",
    "cache": "cachePoint",
    "tools.cache": "toolConfig.tools.cachePoint",
    "tools.strict": "toolConfig.tools.toolSpec.strict",
    "tool_result.error": "toolResult.status",
    "title": "document.name",
    "reasoning": "messages.reasoningContent",
    "signature": "reasoningText.signature",
    ".cache": "cachePoint",
    ".reasoning": "reasoningContent",
    ".error": "status",
    ".tool_calls": "toolUse",
    ".tool_result": "toolResult",
}
"""Fields of the exchange as Converse's callers call them."""
HARMLESS = frozenset(("additionalModelResponseFieldPaths", "performanceConfig", "projectIdentifier"))
"""What only Bedrock knows and whose loss changes no answer: what else is told of a reply, how fast it is served, who is billed."""
_encode = msgspec.json.Encoder().encode
_OWN: dict[str, type[Any]] = {
    "guardrailConfig": dict,
    "additionalModelRequestFields": dict,
    "additionalModelResponseFieldPaths": list,
    "performanceConfig": dict,
    "promptVariables": dict,
    "requestMetadata": dict,
    "projectIdentifier": str,
}
"""Converse's own fields, which a caller of any dialect may send under Converse's names: they reach it as they were written."""
_METADATA = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}")
_ANY_OBJECT = {"type": "object", "properties": {}}


def places(request: ModelRequest) -> list[str]:
    """Where each message stood in the body: instructions have a field of their own."""
    apart = bool(request.messages) and request.messages[0].role == "system" and request.dialect == NAME
    return ["system"] * apart + [f"messages[{number}]" for number in range(len(request.messages) - apart)]


def encode_request(request: ModelRequest, model: str, losses: Losses) -> bytes:
    """The body of Converse and of ConverseStream, which are the same; the model stands in the path.

    Raises Refusal for what Converse cannot carry, unless `losses` drops it.
    """
    conversation = Conversation(losses, is_claude(model))
    for number, message in enumerate(request.messages):
        conversation.add(message, f"messages[{number}]")
    body: dict[str, Any] = {"messages": conversation.messages}
    if conversation.system:
        body["system"] = conversation.system
    inference = _inference(request)
    if inference:
        body["inferenceConfig"] = inference
    tools = _tool_config(request, conversation, losses)
    if tools:
        body["toolConfig"] = tools
    _lose(request, losses)
    _put_output(request, model, losses, body)
    _put_rest(request, losses, body)
    try:
        return _encode(body)
    except UnicodeEncodeError:
        raise Refusal("invalid_json", reason="it holds half a surrogate pair") from None
    except RecursionError:
        raise Refusal("invalid_json", reason="it is nested too deeply") from None


def _inference(request: ModelRequest) -> dict[str, Any]:
    said = {
        "maxTokens": request.max_tokens,
        "temperature": request.temperature,
        "topP": request.top_p,
        "stopSequences": list(request.stop) or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _tool_config(request: ModelRequest, conversation: Conversation, losses: Losses) -> dict[str, Any]:
    choice = request.tool_choice
    used = conversation.tool_names
    if choice is not None and choice.mode == "none":
        if not used:
            # Tools that must not be called are as good as none.
            return {}
        losses.need("tool_choice", "Bedrock cannot forbid the tools that the conversation has used")
    if not request.tools and used:
        # Converse refuses a conversation with tool calls that defines no tools.
        losses.need("tools", "Bedrock wants the tools that the conversation has used to be defined")
        return {"tools": [{"toolSpec": {"name": name, "inputSchema": {"json": _ANY_OBJECT}}} for name in used]}
    tools = _tools(request, losses)
    if not tools:
        return {}
    config: dict[str, Any] = {"tools": tools}
    if choice is not None and choice.mode == "named":
        config["toolChoice"] = {"tool": {"name": choice.name or ""}}
    elif choice is not None and choice.mode != "none":
        config["toolChoice"] = {"any": {}} if choice.mode == "required" else {"auto": {}}
    if request.parallel_tool_calls is False:
        # It cannot forbid calls side by side; a caller who gets two answers both, or the first.
        losses.hint("parallel_tool_calls")
    return config


def _tools(request: ModelRequest, losses: Losses) -> list[dict[str, Any]]:
    choice = request.tool_choice
    allowed = None if choice is None or choice.allowed is None else frozenset(choice.allowed)
    tools: list[dict[str, Any]] = []
    for number, tool in enumerate(request.tools):
        if isinstance(tool, Opaque):
            if tool.dialect == NAME:
                tools.append(tool.raw)
            else:
                losses.need(f"tools[{number}].{tool.kind}", "only its own dialect understands it")
        elif allowed is None or tool.name in allowed:
            tools += _tool(tool, number, losses)
    return tools


def _tool(tool: Tool, number: int, losses: Losses) -> list[dict[str, Any]]:
    if tool.custom:
        losses.need(f"tools[{number}]", "Bedrock has no free-text tools")
        return []
    spec: dict[str, Any] = {"name": tool.name}
    if tool.description:
        spec["description"] = tool.description
    spec["inputSchema"] = {"json": _ANY_OBJECT if tool.parameters is None else tool.parameters}
    if tool.strict:
        # Said only where it is wanted: models that do not know the field refuse it.
        spec["strict"] = True
    written = [{"toolSpec": spec}]
    return written if tool.cache is None else [*written, cache_point(tool.cache)]


_NOWHERE = {
    "frequency_penalty": "Bedrock has no penalties",
    "presence_penalty": "Bedrock has no penalties",
    "logprobs": "Bedrock gives no log-probabilities",
    "top_logprobs": "Bedrock gives no log-probabilities",
    "logit_bias": "Bedrock has no bias of tokens",
}
"""Fields without a place, where they say something, and why."""


def _lose(request: ModelRequest, losses: Losses) -> None:
    """What Converse has no place for."""
    if request.seed is not None:
        losses.need("seed", "Bedrock has no seed")
    for name, reason in _NOWHERE.items():
        if getattr(request, name):
            losses.need(name, reason)
    if request.choices is not None and request.choices != 1:
        losses.need("choices", "Bedrock gives one answer only")
    if request.modalities and any(kind != "text" for kind in request.modalities):
        losses.need("modalities", "Bedrock's Converse answers in text")
    elif request.speech is not None:
        losses.need("speech", "Bedrock's Converse does not speak")
    for name in ("verbosity", "user", "cache_key", "safety_id"):
        if getattr(request, name) is not None:
            losses.hint(name)
    if request.store:
        losses.hint("store")


def _put_output(request: ModelRequest, model: str, losses: Losses, body: dict[str, Any]) -> None:
    output: dict[str, Any] = {}
    wanted = request.format
    if wanted is not None and wanted.kind == "schema":
        schema: dict[str, Any] = {"schema": _schema_text(wanted.schema or {})}
        if wanted.name is not None:
            schema["name"] = wanted.name
        if wanted.description is not None:
            schema["description"] = wanted.description
        output["textFormat"] = {"type": "json_schema", "structure": {"jsonSchema": schema}}
    elif wanted is not None and wanted.kind == "json":
        losses.need("format", "Bedrock answers in JSON only by a JSON Schema")
    additions = add_for_family(request, model, losses)
    if additions.effort is not None:
        output["effort"] = additions.effort
    if output:
        body["outputConfig"] = output
    if additions.fields:
        body["additionalModelRequestFields"] = additions.fields


def _schema_text(schema: dict[str, Any]) -> str:
    try:
        return _encode(schema).decode()
    except UnicodeEncodeError:
        raise Refusal("invalid_json", reason="it holds half a surrogate pair") from None
    except RecursionError:
        raise Refusal("invalid_json", reason="it is nested too deeply") from None


def _put_rest(request: ModelRequest, losses: Losses, body: dict[str, Any]) -> None:
    if request.service_tier in TIERS:
        body["serviceTier"] = {"type": request.service_tier}
    elif request.service_tier not in (None, "auto"):
        losses.hint("service_tier")
    if request.metadata:
        if _may_be_metadata(request.metadata):
            body["requestMetadata"] = request.metadata
        else:
            losses.hint("metadata")
    for name, value in request.extra.items():
        kind = _OWN.get(name)
        if kind is None and request.dialect != NAME:
            losses.need(name, "Bedrock's Converse has no such field")
        elif kind is not None and not isinstance(value, kind):
            raise wrong(name, "it has the wrong type for Bedrock's Converse")
        elif name == "additionalModelRequestFields":
            body[name] = {**body.get(name, {}), **value}
        else:
            body[name] = value


def _may_be_metadata(metadata: dict[str, Any]) -> bool:
    return len(metadata) <= 16 and all(
        key and isinstance(value, str) and _METADATA.fullmatch(key) and _METADATA.fullmatch(value)
        for key, value in metadata.items()
    )
