"""Requests for chat completions, both ways. Source: https://platform.openai.com/docs/api-reference/chat/create"""

from collections.abc import Callable, Mapping
from typing import Any, get_args

import msgspec

from torana.core.errors import Refusal
from torana.core.exchange import Effort, ModelRequest, Speech, Thinking, ToolResult
from torana.core.losses import Losses
from torana.dialects.fields import Fields, parse, wrong
from torana.dialects.openai_chat.parts import NAME, Target
from torana.dialects.openai_chat.tools import (
    read_format,
    read_tool_choice,
    read_tools,
    write_format,
    write_tool_choice,
    write_tools,
)
from torana.dialects.openai_chat.turns import read_messages, write_messages

SPELLING = {
    "max_tokens": "max_completion_tokens",
    "choices": "n",
    "format": "response_format",
    "thinking": "reasoning_effort",
    "speech": "audio",
    "stream_usage": "stream_options",
    "cache_key": "prompt_cache_key",
    "safety_id": "safety_identifier",
    "cache": "prompt_cache_breakpoint",
    "reasoning": "reasoning_content",
    "signature": "extra_content.google.thought_signature",
    "detail": "image_url.detail",
    "title": "file.filename",
    "speech.format": "audio.format",
    "tools.strict": "tools.function.strict",
    "tools.cache": "tools.cache_control",
    ".cache": "prompt_cache_breakpoint",
    ".reasoning": "reasoning_content",
    ".signature": "extra_content.google.thought_signature",
}
"""Fields of the exchange → names in this dialect, where they differ."""
FAMILY = ("openai_chat", "openai_responses", "openai_completions")
"""Dialects of OpenAI's: service tiers, storage and the like mean the same in each."""
_EFFORTS = get_args(Effort)
_TIERS = {
    "standard_only": "default",
    "standard": "default",
    "default": "default",
    "flex": "flex",
    "priority": "priority",
}
"""Service tiers of Anthropic, Gemini and Bedrock in OpenAI's words."""
_HARMLESS = ("anthropic_version", "anthropic_beta", "betas", "safe_prompt", "include", "truncation")
"""Fields of other dialects whose loss changes no answer."""
_PLAIN = ("temperature", "top_p", "frequency_penalty", "presence_penalty", "parallel_tool_calls", "user")
_ONE_FAMILY = (("verbosity", "verbosity"), ("cache_key", "prompt_cache_key"), ("safety_id", "safety_identifier"))
_STORED = (("metadata", "metadata"), ("store", "store"))
_encode = msgspec.json.Encoder().encode
_Reader = Callable[[Fields, str], Any]


def decode_request(body: bytes, model: str | None = None, stream: bool | None = None) -> ModelRequest:
    """What the caller asks. Raises Refusal, naming the field at fault."""
    fields = parse(body)
    named = fields.text("model")
    if model is None and named is None:
        raise wrong("model", "it is missing")
    rest = fields.rest
    given = {field: read(fields, name) for name, (field, read) in _READERS.items() if name in rest}
    for name, field in _OLDER.items():
        # The newer name goes before the older one.
        if name in rest and (value := fields.integer(name, 0)) is not None and given.get(field) is None:
            given[field] = value
    streamed = given.pop("stream", None)
    return ModelRequest(
        dialect=NAME,
        model=model or named or "",
        messages=read_messages(fields),
        stream=bool(streamed) if stream is None else stream,
        thinking=_read_thinking(fields),
        tools=read_tools(fields) if "tools" in rest or "functions" in rest else (),
        tool_choice=read_tool_choice(fields) if "tool_choice" in rest or "function_call" in rest else None,
        **given,
        extra=fields.known(),
    )


def places(request: ModelRequest) -> list[str]:
    """Where each message stood in the body. Results of tools, each a message there, have become one."""
    found: list[str] = []
    number = 0
    for message in request.messages:
        found.append(f"messages[{number}]")
        number += max(1, sum(isinstance(part, ToolResult) for part in message.parts))
    return found


def _read_stream_usage(fields: Fields, name: str) -> bool | None:
    options = fields.inner(name)
    return None if options is None else options.flag("include_usage")


def read_stop(fields: Fields, name: str = "stop") -> tuple[str, ...]:
    """`stop`, one or several. Raises Refusal."""
    if isinstance(stop := fields.rest.get(name), str):
        fields.rest.pop(name)
        return (stop,)
    return fields.texts(name)


def _read_speech(fields: Fields, name: str) -> Speech | None:
    given = fields.rest.get(name)
    if isinstance(given, dict) and isinstance(given.get("voice"), dict):
        # A voice of the caller's own, named by an object: left as it is.
        return None
    audio = fields.inner(name)
    return None if audio is None else Speech(voice=audio.text("voice"), format=audio.text("format"))


def _read_thinking(fields: Fields) -> Thinking | None:
    """`reasoning_effort`, and `thinking` as DeepSeek, Z.ai and others took it over from Anthropic."""
    effort = fields.rest.get("reasoning_effort")
    known = effort is None or not isinstance(effort, str) or effort in _EFFORTS
    effort = fields.text("reasoning_effort") if known else None
    given = fields.rest.get("thinking")
    if (
        not isinstance(given, dict)
        or not set(given) <= {"type", "budget_tokens"}
        or given.get("type") not in ("enabled", "disabled")
    ):
        return None if effort is None else Thinking(effort=effort)  # type: ignore[arg-type]  # looked up in _EFFORTS
    fields.take("thinking")
    inner = Fields(given, "thinking")
    enabled = inner.need_text("type") == "enabled"
    return Thinking(enabled=enabled, budget_tokens=inner.integer("budget_tokens"), effort=effort)  # type: ignore[arg-type]  # as above


_READERS: Mapping[str, tuple[str, _Reader]] = {
    "stream": ("stream", Fields.flag),
    "stream_options": ("stream_usage", _read_stream_usage),
    "max_completion_tokens": ("max_tokens", lambda fields, name: fields.integer(name, 0)),
    "temperature": ("temperature", Fields.number),
    "top_p": ("top_p", Fields.number),
    "top_k": ("top_k", Fields.integer),
    "stop": ("stop", read_stop),
    "seed": ("seed", Fields.integer),
    "frequency_penalty": ("frequency_penalty", Fields.number),
    "presence_penalty": ("presence_penalty", Fields.number),
    "n": ("choices", lambda fields, name: fields.integer(name, 1)),
    "logprobs": ("logprobs", Fields.flag),
    "top_logprobs": ("top_logprobs", lambda fields, name: fields.integer(name, 0)),
    "logit_bias": ("logit_bias", Fields.json_object),
    "response_format": ("format", lambda fields, _: read_format(fields)),
    "verbosity": ("verbosity", Fields.text),
    "modalities": ("modalities", lambda fields, name: fields.texts(name) or None),
    "audio": ("speech", _read_speech),
    "parallel_tool_calls": ("parallel_tool_calls", Fields.flag),
    "user": ("user", Fields.text),
    "metadata": ("metadata", Fields.json_object),
    "service_tier": ("service_tier", Fields.text),
    "prompt_cache_key": ("cache_key", Fields.text),
    "safety_identifier": ("safety_id", Fields.text),
    "store": ("store", Fields.flag),
}
"""By the body's name: the field of the exchange, and how it is read. What a body does not have is not looked for."""
_OLDER = {"max_tokens": "max_tokens", "random_seed": "seed"}


def encode_request(request: ModelRequest, model: str, losses: Losses, quirks: frozenset[str] = frozenset()) -> bytes:
    """The body for a vendor that has these quirks of the catalogue. Raises Refusal for what it cannot carry."""
    target = Target(request.dialect == NAME, losses, quirks)
    body: dict[str, Any] = {"model": model, "messages": write_messages(request, target)}
    _write_tools(body, request, target)
    write_sampling(body, request, target)
    _write_form(body, request, target)
    _write_thinking(body, request, target)
    write_account(body, request, target)
    if request.stream:
        body["stream"] = True
        if request.stream_usage is not None and "no_stream_options" not in quirks:
            body["stream_options"] = {"include_usage": request.stream_usage}
    write_extra(body, request, target, NAME)
    return encode_body(body)


def encode_body(body: dict[str, Any]) -> bytes:
    """The body as JSON. Raises Refusal where it is nested too deeply."""
    try:
        return _encode(body)
    except RecursionError:
        raise Refusal("invalid_json", reason="it is nested too deeply") from None


def _write_tools(body: dict[str, Any], request: ModelRequest, target: Target) -> None:
    if request.tools and (tools := write_tools(request.tools, target)):
        body["tools"] = tools
    if request.tool_choice is not None:
        choice = write_tool_choice(request, request.tool_choice, target)
        if choice is not None:
            body["tool_choice"] = choice


def write_sampling(body: dict[str, Any], request: ModelRequest, target: Target) -> None:
    """How tokens are chosen and counted: what chat completions and completions share."""
    losses, quirks = target.losses, target.quirks
    for name in _PLAIN:
        if (value := getattr(request, name)) is not None:
            body[name] = value
    if request.max_tokens is not None:
        body["max_tokens" if "max_tokens_only" in quirks else "max_completion_tokens"] = request.max_tokens
    if request.top_k is not None:
        if target.own:
            body["top_k"] = request.top_k
        else:
            losses.need("top_k", "OpenAI's chat completions have no such limit")
    if request.stop:
        body["stop"] = list(request.stop)
    if request.seed is not None:
        body["random_seed" if "random_seed" in quirks else "seed"] = request.seed
    if request.choices is not None:
        if request.choices > 1 and "one_choice" in quirks:
            losses.need("choices", "this vendor makes one choice")
        else:
            body["n"] = request.choices
    if request.logit_bias is not None:
        if "no_logit_bias" in quirks:
            losses.need("logit_bias", "this vendor takes none")
        else:
            body["logit_bias"] = request.logit_bias


def _write_form(body: dict[str, Any], request: ModelRequest, target: Target) -> None:
    losses = target.losses
    for name in ("logprobs", "top_logprobs"):
        if (value := getattr(request, name)) is not None:
            if "no_logprobs" in target.quirks:
                losses.need(name, "this vendor tells no log-probabilities")
            else:
                body[name] = value
    if request.format is not None:
        body["response_format"] = write_format(request.format, target)
    if request.modalities is not None and (target.own or request.modalities != ("text",)):
        if target.own or set(request.modalities) <= {"text", "audio"}:
            body["modalities"] = list(request.modalities)
        else:
            losses.need("modalities", "OpenAI's chat completions answer with text and audio only")
    if (speech := request.speech) is not None:
        if target.own:
            said = (("voice", speech.voice), ("format", speech.format))
            body["audio"] = {name: value for name, value in said if value is not None}
        else:
            losses.need("speech", "voices differ from vendor to vendor")


def _write_thinking(body: dict[str, Any], request: ModelRequest, target: Target) -> None:
    thinking = request.thinking
    if thinking is None:
        return
    effort = thinking.effort
    if target.own:
        if thinking.enabled is not None:
            budget = {} if thinking.budget_tokens is None else {"budget_tokens": thinking.budget_tokens}
            body["thinking"] = {"type": "enabled" if thinking.enabled else "disabled", **budget}
    else:
        if effort is None and thinking.budget_tokens is not None and thinking.enabled is not False:
            effort = _effort_of(thinking.budget_tokens)
        for field, lost in (
            ("", effort is None),
            (".visible", thinking.visible is False),
            (".encrypted", thinking.encrypted),
        ):
            if lost:
                target.losses.hint(f"thinking{field}")
    if effort is not None:
        body["reasoning_effort"] = effort


def _effort_of(budget: int) -> Effort | None:
    """The effort for a budget of thinking tokens, as the vendors' own compatible endpoints count: 1k low, 8k medium, 24k high.

    Source: https://ai.google.dev/gemini-api/docs/openai#thinking
    """
    if budget < 0:
        return None
    return "none" if budget == 0 else "low" if budget <= 4096 else "medium" if budget <= 16_384 else "high"


def write_account(body: dict[str, Any], request: ModelRequest, target: Target) -> None:
    """What concerns the caller's account and no answer; outside of OpenAI's own dialects mostly lost."""
    strict = "unknown_fields_refused" in target.quirks and not target.own
    if strict and body.pop("user", None) is not None:
        target.losses.hint("user")
    in_family = request.dialect in FAMILY
    kept = (*_ONE_FAMILY, *_STORED) if in_family else _ONE_FAMILY
    for field, name in (*_ONE_FAMILY, *_STORED):
        if (value := getattr(request, field)) is None:
            continue
        if strict or (field, name) not in kept:
            target.losses.hint(field)
        else:
            body[name] = value
    if (tier := request.service_tier) is not None:
        spelled = tier if in_family else _TIERS.get(tier)
        if spelled is None or strict:
            target.losses.hint("service_tier")
        else:
            body["service_tier"] = spelled


def write_extra(body: dict[str, Any], request: ModelRequest, target: Target, dialect: str) -> None:
    """Fields that only the caller's dialect knows: written back to it, lost for another."""
    for name, value in request.extra.items():
        if request.dialect == dialect:
            body.setdefault(name, value)
        elif name in _HARMLESS:
            target.losses.hint(name)
        else:
            target.losses.need(name, "OpenAI's chat completions have no such field")
