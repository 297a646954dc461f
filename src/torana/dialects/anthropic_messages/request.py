"""Requests, both ways. Source: https://platform.claude.com/docs/en/api/messages and the SDK's MessageCreateParams."""

from typing import Any, cast

import msgspec

from torana.core.errors import Refusal
from torana.core.exchange import Effort, Format, Message, ModelRequest, Opaque, Thinking, Tool, ToolChoice
from torana.core.losses import Losses
from torana.dialects.anthropic_messages.settings_out import write_settings
from torana.dialects.anthropic_messages.signatures import NAME
from torana.dialects.anthropic_messages.turns_in import read_cache, read_messages, read_system
from torana.dialects.anthropic_messages.turns_out import write_turns
from torana.dialects.fields import Fields, parse, wrong

DEFAULT_MAX_TOKENS = 8192
"""Of output, where the request says none; a budget for thinking comes on top.

Every model that Anthropic serves can write that much."""
SPELLING = {
    "stop": "stop_sequences",
    "parallel_tool_calls": "tool_choice.disable_parallel_tool_use",
    "format": "output_config.format",
    "user": "metadata.user_id",
    "cache": "cache_control",
    "title": "document.title",
    "citations": "text.citations",
    "reasoning": "messages.thinking",
    "signature": "thinking.signature",
    "tools.cache": "tools.cache_control",
    "tool_result.error": "tool_result.is_error",
    "thinking.budget_tokens": "thinking.budget_tokens",
    "thinking.visible": "thinking.display",
    ".cache": "cache_control",
    ".reasoning": "thinking",
    ".error": "is_error",
}
HARMLESS: frozenset[str] = frozenset(
    ("betas", "cache_control", "context_management", "diagnostics", "output_config.task_budget", "speed")
)
"""Names in `extra` whose loss changes no answer: how long a context is kept, how much may be spent on it, how fast it is served."""
_EFFORTS = frozenset(("low", "medium", "high", "xhigh", "max"))
_CHOICES = {"auto": "auto", "any": "required", "none": "none", "tool": "named"}
_encode = msgspec.json.Encoder().encode


def decode_request(body: bytes, model: str | None = None, stream: bool | None = None) -> ModelRequest:
    """A caller's request. Raises Refusal."""
    fields = parse(body)
    named = fields.text("model")
    asked = named if model is None else model
    if asked is None:
        raise wrong("model", "it is missing")
    streamed = fields.flag("stream")
    messages: list[Message] = [*read_system(fields), *read_messages(fields)]
    choice, parallel = _read_choice(fields)
    extra: dict[str, Any] = {}
    thinking, form = _read_thinking_and_format(fields, extra)
    user, metadata = _read_metadata(fields)
    return ModelRequest(
        dialect=NAME,
        model=asked,
        messages=tuple(messages),
        tools=_read_tools(fields),
        tool_choice=choice,
        parallel_tool_calls=parallel,
        max_tokens=fields.integer("max_tokens", 0),
        temperature=fields.number("temperature"),
        top_p=fields.number("top_p"),
        top_k=fields.integer("top_k"),
        stop=fields.texts("stop_sequences"),
        format=form,
        thinking=thinking,
        stream=bool(streamed) if stream is None else stream,
        user=user,
        metadata=metadata,
        service_tier=fields.text("service_tier"),
        extra={**fields.known(), **extra},
    )


def places(request: ModelRequest) -> list[str]:
    """Where each message stood in the body: instructions have a field of their own."""
    apart = bool(request.messages) and request.messages[0].role == "system"
    return ["system"] * apart + [f"messages[{number}]" for number in range(len(request.messages) - apart)]


def encode_request(request: ModelRequest, model: str, losses: Losses) -> bytes:
    """The request for a vendor of this dialect. Raises Refusal."""
    body = request_body(request, model, losses)
    budget = body.get("thinking", {}).get("budget_tokens", 0)
    head: dict[str, Any] = {"model": model, "max_tokens": request.max_tokens}
    if request.max_tokens is None:
        head["max_tokens"] = DEFAULT_MAX_TOKENS + (budget if isinstance(budget, int) else 0)
    if request.stream:
        head["stream"] = True
    return write_body({**head, **body})


def request_body(request: ModelRequest, model: str, losses: Losses) -> dict[str, Any]:
    """Everything but model, max_tokens and stream."""
    system, messages = write_turns(request, losses)
    body = write_settings(request, losses)
    if system:
        plain = len(system) == 1 and system[0].keys() == {"type", "text"}
        body["system"] = system[0]["text"] if plain else system
    body["messages"] = messages
    return body


def write_body(body: dict[str, Any]) -> bytes:
    """The bytes. Raises Refusal for what JSON in UTF-8 cannot hold."""
    try:
        return _encode(body)
    except (UnicodeError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Refusal("invalid_json", reason=str(error)) from None


def _read_tools(fields: Fields) -> tuple[Tool | Opaque, ...]:
    tools: list[Tool | Opaque] = []
    for tool in fields.objects("tools"):
        raw = dict(tool.rest)
        kind = tool.text("type")
        callers = raw.get("allowed_callers")
        if kind not in (None, "custom") or (isinstance(callers, list) and "direct" not in callers):
            tools.append(Opaque(dialect=NAME, kind=kind or "custom", raw=raw))
            continue
        tools.append(
            Tool(
                name=tool.need_text("name"),
                description=tool.text("description"),
                parameters=tool.json_object("input_schema"),
                strict=tool.flag("strict"),
                cache=read_cache(tool),
                extra=tool.known(),
            )
        )
    return tuple(tools)


def _read_choice(fields: Fields) -> tuple[ToolChoice | None, bool | None]:
    choice = fields.inner("tool_choice")
    if choice is None:
        return None, None
    mode = _CHOICES.get(choice.need_text("type"))
    if mode is None:
        raise wrong(choice.place("type"), "it has to be auto, any, tool or none")
    name = choice.need_text("name") if mode == "named" else None
    single = choice.flag("disable_parallel_tool_use")
    if choice.known():
        raise wrong(choice.place(next(iter(choice.known()))), "it is not known")
    return ToolChoice(mode=cast(Any, mode), name=name), None if single is None else not single


def _read_metadata(fields: Fields) -> tuple[str | None, dict[str, Any] | None]:
    metadata = fields.inner("metadata")
    if metadata is None:
        return None, None
    return metadata.text("user_id"), metadata.known() or None


def _read_thinking_and_format(fields: Fields, extra: dict[str, Any]) -> tuple[Thinking | None, Format | None]:
    said = _read_thinking(fields, extra)
    config = fields.inner("output_config")
    form = _read_format(fields, "output_format")
    effort: Effort | None = None
    if config is not None:
        wanted = config.rest.get("effort")
        if isinstance(wanted, str) and wanted in _EFFORTS:
            effort = cast(Effort, config.text("effort"))
        form = _read_format(config, "format") or form
        extra.update({f"output_config.{name}": value for name, value in config.known().items()})
    if effort is not None:
        said = {**(said or {}), "effort": effort}
    return None if said is None else Thinking(**said), form


def _read_thinking(fields: Fields, extra: dict[str, Any]) -> dict[str, Any] | None:
    raw = fields.json_object("thinking")
    if raw is None:
        return None
    thinking = Fields(raw, "thinking")
    kind = thinking.need_text("type")
    budget = thinking.integer("budget_tokens", 0)
    display = thinking.text("display")
    known = kind in ("enabled", "adaptive", "disabled") and display in (None, "summarized", "omitted")
    if not known or thinking.known():
        extra["thinking"] = raw
        return None
    return {
        "enabled": kind != "disabled",
        "adaptive": kind == "adaptive",
        "budget_tokens": budget,
        "visible": None if display is None else display == "summarized",
    }


def _read_format(fields: Fields, name: str) -> Format | None:
    form = fields.inner(name)
    if form is None:
        return None
    if form.need_text("type") != "json_schema":
        raise wrong(form.place("type"), "it has to be json_schema")
    schema = form.json_object("schema")
    if schema is None:
        raise wrong(form.place("schema"), "it is missing")
    if form.known():
        raise wrong(form.place(next(iter(form.known()))), "it is not known")
    return Format(kind="schema", schema=schema)
