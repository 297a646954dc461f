"""Requests of Converse's callers. The model and whether it streams are said by the path."""

from typing import Any, cast

import msgspec

from torana.core.exchange import Effort, Format, ModelRequest, Opaque, Thinking, Tool, ToolChoice
from torana.dialects.bedrock_converse import NAME
from torana.dialects.bedrock_converse.turns_in import (
    marked,
    nothing_more,
    only_member,
    read_cache,
    read_messages,
    read_system,
)
from torana.dialects.fields import Fields, parse, wrong

_EFFORTS = frozenset(("none", "minimal", "low", "medium", "high", "xhigh", "max"))
_MODES = {"auto": "auto", "any": "required", "tool": "named"}
_MODELS_OWN = "additionalModelRequestFields"
_schema = msgspec.json.Decoder(dict[str, Any]).decode


def decode_request(body: bytes, model: str | None, stream: bool | None) -> ModelRequest:
    """A caller's body; `model` and `stream` are the path's. Raises Refusal: invalid_json or invalid_field."""
    fields = parse(body)
    messages = [*read_system(fields), *read_messages(fields)]
    said: dict[str, Any] = {}
    _read_inference(fields, said)
    tools, choice = _read_tools(fields)
    _read_models_own(fields, said)
    _read_output(fields, said)
    tier = fields.inner("serviceTier")
    if tier is not None:
        said["service_tier"] = tier.need_text("type")
        nothing_more(tier)
    metadata = fields.json_object("requestMetadata")
    return ModelRequest(
        dialect=NAME,
        model=model or "",
        messages=tuple(messages),
        tools=tools,
        tool_choice=choice,
        stream=bool(stream),
        metadata=metadata,
        extra=fields.known(),
        **said,
    )


def _read_inference(fields: Fields, said: dict[str, Any]) -> None:
    config = fields.inner("inferenceConfig")
    if config is None:
        return
    said["max_tokens"] = config.integer("maxTokens", 1)
    said["temperature"] = config.number("temperature")
    said["top_p"] = config.number("topP")
    said["stop"] = config.texts("stopSequences")
    nothing_more(config)


def _read_tools(fields: Fields) -> tuple[tuple[Tool | Opaque, ...], ToolChoice | None]:
    config = fields.inner("toolConfig")
    if config is None:
        return (), None
    tools: list[Tool | Opaque] = []
    for tool in config.objects("tools"):
        kind, raw = only_member(tool), tool.known()
        inner = tool.inner(kind) if kind in ("toolSpec", "cachePoint") else None
        if inner is None:
            tools.append(Opaque(dialect=NAME, kind=kind, raw=raw))
        elif kind == "toolSpec":
            tools.append(_read_tool(inner))
        else:
            cache = read_cache(inner)
            before = marked(tools[-1], cache) if tools and isinstance(tools[-1], Tool) else None
            if before is None:
                tools.append(Opaque(dialect=NAME, kind=kind, raw=raw))
            else:
                tools[-1] = before
    choice = _read_choice(config)
    nothing_more(config)
    return tuple(tools), choice


def _read_tool(spec: Fields) -> Tool:
    schema = spec.inner("inputSchema")
    if schema is None:
        raise wrong(spec.place("inputSchema"), "it is missing")
    parameters = schema.json_object("json")
    if parameters is None:
        raise wrong(schema.place("json"), "it is missing")
    nothing_more(schema)
    tool = Tool(
        name=spec.need_text("name"),
        description=spec.text("description"),
        parameters=parameters,
        strict=spec.flag("strict"),
    )
    nothing_more(spec)
    return tool


def _read_choice(config: Fields) -> ToolChoice | None:
    choice = config.inner("toolChoice")
    if choice is None:
        return None
    kind = only_member(choice)
    mode, inner = _MODES.get(kind), choice.inner(kind)
    if mode is None or inner is None:
        raise wrong(choice.at, "it has to be auto, any or tool")
    name = inner.need_text("name") if mode == "named" else None
    nothing_more(inner)
    return ToolChoice(mode=cast(Any, mode), name=name)


def _read_models_own(fields: Fields, said: dict[str, Any]) -> None:
    """What a family of models has of its own and others have too: thinking and top-k. The rest stays together."""
    own = fields.inner(_MODELS_OWN)
    if own is None:
        return
    thinking = _claudes_thinking(own) or _novas_thinking(own) or _openais_effort(own)
    if thinking is not None:
        said["thinking"] = thinking
    if isinstance(own.rest.get("top_k"), int):
        said["top_k"] = own.integer("top_k")
    elif isinstance(config := own.rest.get("inferenceConfig"), dict) and config.keys() == {"topK"}:
        said["top_k"] = Fields(own.take("inferenceConfig"), own.place("inferenceConfig")).integer("topK")
    if rest := own.known():
        fields.rest[_MODELS_OWN] = rest


def _claudes_thinking(own: Fields) -> Thinking | None:
    raw = own.rest.get("thinking")
    if not isinstance(raw, dict):
        return None
    kind, budget = raw.get("type"), raw.get("budget_tokens")
    counted = budget is None or (isinstance(budget, int) and not isinstance(budget, bool))
    if kind not in ("enabled", "adaptive", "disabled") or not counted or raw.keys() - {"type", "budget_tokens"}:
        return None
    own.take("thinking")
    return Thinking(enabled=kind != "disabled", adaptive=kind == "adaptive", budget_tokens=budget)


def _novas_thinking(own: Fields) -> Thinking | None:
    raw = own.rest.get("reasoningConfig")
    if not isinstance(raw, dict):
        return None
    kind, effort = raw.get("type"), raw.get("maxReasoningEffort")
    if kind not in ("enabled", "disabled") or raw.keys() - {"type", "maxReasoningEffort"}:
        return None
    if effort is not None and (kind == "disabled" or effort not in ("low", "medium", "high")):
        return None
    own.take("reasoningConfig")
    return Thinking(enabled=kind == "enabled", effort=effort)


def _openais_effort(own: Fields) -> Thinking | None:
    effort = own.rest.get("reasoning_effort")
    if not isinstance(effort, str) or effort not in _EFFORTS:
        return None
    return Thinking(effort=cast(Effort, own.text("reasoning_effort")))


def _read_output(fields: Fields, said: dict[str, Any]) -> None:
    config = fields.inner("outputConfig")
    if config is None:
        return
    effort = config.text("effort")
    if effort is not None:
        if effort not in _EFFORTS:
            raise wrong(config.place("effort"), f"it has to be one of {', '.join(sorted(_EFFORTS))}")
        said["thinking"] = msgspec.structs.replace(said.get("thinking") or Thinking(), effort=cast(Effort, effort))
    form = config.inner("textFormat")
    if form is not None:
        said["format"] = _read_format(form)
    nothing_more(config)


def _read_format(form: Fields) -> Format:
    if form.need_text("type") != "json_schema":
        raise wrong(form.place("type"), "it has to be json_schema")
    structure = form.inner("structure")
    described = None if structure is None else structure.inner("jsonSchema")
    if described is None:
        raise wrong(form.place("structure.jsonSchema"), "it is missing")
    written = described.need_text("schema")
    try:
        schema = _schema(written)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise wrong(described.place("schema"), "it is not the JSON of an object") from None
    found = Format(kind="schema", schema=schema, name=described.text("name"), description=described.text("description"))
    nothing_more(described)
    nothing_more(form)
    return found
