"""A caller's request, decoded."""

from typing import Any, get_args

from torana.core.exchange import Effort, Format, Message, ModelRequest, Text, Thinking
from torana.dialects.fields import Fields, parse, wrong
from torana.dialects.openai_responses import NAME
from torana.dialects.openai_responses.items_in import read_input
from torana.dialects.openai_responses.tools import read_choice, read_tool

ENCRYPTED = "reasoning.encrypted_content"
LOGPROBS = "message.output_text.logprobs"
_EFFORTS: frozenset[str] = frozenset(get_args(Effort))
# What these say is what leaving them out says.
_SAYS_NOTHING: dict[str, Any] = {"background": False, "truncation": "disabled"}


def decode_request(body: bytes, model: str | None, stream: bool | None) -> ModelRequest:
    """The request in the neutral form. `model` and `stream` where the gate knows them better. Raises Refusal."""
    fields = parse(body)
    instructions = fields.text("instructions")
    messages = read_input(fields)
    if instructions:
        messages.insert(0, Message(role="system", parts=(Text(text=instructions),), apart=True))
    asked_model = fields.text("model")
    asked_stream = fields.flag("stream")
    extra: dict[str, Any] = {}
    include = list(fields.texts("include"))
    thinking = _thinking(fields, include, extra)
    logprobs = _take(include, LOGPROBS)
    if include:
        extra["include"] = include
    form, verbosity = _text_settings(fields, extra)
    choice_raw = fields.take("tool_choice")
    choice = None if choice_raw is None else read_choice(choice_raw, "tool_choice")
    if choice_raw is not None and choice is None:
        extra["tool_choice"] = choice_raw
    request = ModelRequest(
        dialect=NAME,
        model=model if model is not None else asked_model or "",
        messages=tuple(messages),
        tools=tuple([read_tool(tool) for tool in fields.objects("tools")]),
        tool_choice=choice,
        parallel_tool_calls=fields.flag("parallel_tool_calls"),
        max_tokens=fields.integer("max_output_tokens", 1),
        temperature=fields.number("temperature"),
        top_p=fields.number("top_p"),
        logprobs=True if logprobs else None,
        top_logprobs=fields.integer("top_logprobs", 0),
        format=form,
        verbosity=verbosity,
        thinking=thinking,
        stream=stream if stream is not None else asked_stream or False,
        user=fields.text("user"),
        metadata=fields.json_object("metadata"),
        service_tier=fields.text("service_tier"),
        cache_key=fields.text("prompt_cache_key"),
        safety_id=fields.text("safety_identifier"),
        store=fields.flag("store"),
        extra=extra,
    )
    said = fields.known().items()
    extra.update({name: value for name, value in said if name not in _SAYS_NOTHING or value != _SAYS_NOTHING[name]})
    return request


def _thinking(fields: Fields, include: list[str], extra: dict[str, Any]) -> Thinking | None:
    encrypted = _take(include, ENCRYPTED)
    given = fields.inner("reasoning")
    if given is None:
        return Thinking(encrypted=True) if encrypted else None
    effort = given.text("effort")
    if effort is not None and effort not in _EFFORTS:
        raise wrong(given.place("effort"), f"it has to be one of {', '.join(get_args(Effort))}")
    # `generate_summary` is the older name.
    older = given.text("generate_summary")
    summary = given.text("summary") or older
    if rest := given.known():
        extra["reasoning"] = rest
    if effort is None and summary is None and not encrypted:
        return None
    return Thinking(
        effort=effort,  # type: ignore[arg-type]  # one of its words, as checked above
        summary=summary,
        visible=True if summary else None,
        encrypted=True if encrypted else None,
    )


def _text_settings(fields: Fields, extra: dict[str, Any]) -> tuple[Format | None, str | None]:
    settings = fields.inner("text")
    if settings is None:
        return None, None
    verbosity = settings.text("verbosity")
    given = settings.inner("format")
    if rest := settings.known():
        extra["text"] = rest
    if given is None:
        return None, verbosity
    match given.need_text("type"):
        case "text":
            return Format(kind="text"), verbosity
        case "json_object":
            return Format(kind="json"), verbosity
        case "json_schema":
            form = Format(
                kind="schema",
                schema=given.json_object("schema"),
                name=given.text("name"),
                description=given.text("description"),
                strict=given.flag("strict"),
            )
            if form.schema is None:
                raise wrong(given.place("schema"), "it is missing")
            return form, verbosity
        case kind:
            # A grammar, say: only this dialect's vendors know what it means.
            extra.setdefault("text", {})["format"] = {"type": kind, **given.known()}
            return None, verbosity


def _take(include: list[str], name: str) -> bool:
    found = name in include
    while name in include:
        include.remove(name)
    return found
