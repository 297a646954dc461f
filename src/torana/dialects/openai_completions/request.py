"""Requests for completions, both ways. Source: https://platform.openai.com/docs/api-reference/completions/create"""

from typing import Any

from torana.core.exchange import Message, ModelRequest, Opaque, Text
from torana.core.losses import Losses
from torana.dialects.fields import Fields, parse, wrong
from torana.dialects.openai_chat.parts import Target
from torana.dialects.openai_chat.request import encode_body, read_stop, write_account, write_sampling

NAME = "openai_completions"
SPELLING = {
    "messages": "prompt",
    "choices": "n",
    "top_logprobs": "logprobs",
    "stream_usage": "stream_options",
    "safety_id": "safety_identifier",
    "cache_key": "prompt_cache_key",
}
"""Fields of the exchange → names in this dialect, where they differ."""
_NOT_HERE = ("tools", "tool_choice", "modalities", "speech")


def decode_request(body: bytes, model: str | None = None, stream: bool | None = None) -> ModelRequest:
    """What the caller asks: each prompt a message of the user. Raises Refusal.

    Of several prompts every one is answered by itself, which only this dialect can say: `prompt` in `extra` remembers it.
    """
    fields = parse(body)
    named = fields.text("model")
    if model is None and named is None:
        raise wrong("model", "it is missing")
    messages = _read_prompt(fields)
    streamed, logprobs = fields.flag("stream"), fields.integer("logprobs", 0)
    options = fields.inner("stream_options")
    choices, best = fields.integer("n", 1), fields.integer("best_of", 1)
    echo, suffix = fields.flag("echo"), fields.text("suffix")
    several = {"prompt": "each"} if len(messages) > 1 else {}
    extra = {**several, **({"echo": True} if echo else {}), **({"suffix": suffix} if suffix else {})}
    if best is not None and best > (choices or 1):
        extra["best_of"] = best
    return ModelRequest(
        dialect=NAME,
        model=model or named or "",
        messages=messages,
        max_tokens=fields.integer("max_tokens", 0),
        temperature=fields.number("temperature"),
        top_p=fields.number("top_p"),
        top_k=fields.integer("top_k"),
        stop=read_stop(fields),
        seed=fields.integer("seed"),
        frequency_penalty=fields.number("frequency_penalty"),
        presence_penalty=fields.number("presence_penalty"),
        choices=choices,
        logprobs=None if logprobs is None else True,
        top_logprobs=logprobs,
        logit_bias=fields.json_object("logit_bias"),
        stream=bool(streamed) if stream is None else stream,
        stream_usage=None if options is None else options.flag("include_usage"),
        user=fields.text("user"),
        metadata=fields.json_object("metadata"),
        service_tier=fields.text("service_tier"),
        cache_key=fields.text("prompt_cache_key"),
        safety_id=fields.text("safety_identifier"),
        store=fields.flag("store"),
        extra={**fields.known(), **extra},
    )


def _read_prompt(fields: Fields) -> tuple[Message, ...]:
    given = fields.take("prompt")
    if isinstance(given, str):
        return (_text(given),)
    if not isinstance(given, list) or not given:
        raise wrong("prompt", "it has to be a string or an array that is not empty")
    if _is_tokens(given):
        return (_tokens(given),)
    messages = []
    for number, value in enumerate(given):
        if isinstance(value, str):
            messages.append(_text(value))
        elif isinstance(value, list) and value and _is_tokens(value):
            messages.append(_tokens(value))
        else:
            raise wrong(f"prompt[{number}]", "it has to be a string or an array of token ids")
    return tuple(messages)


def _is_tokens(values: list[Any]) -> bool:
    return all(type(value) is int for value in values)


def _text(prompt: str) -> Message:
    return Message(role="user", parts=(Text(text=prompt),))


def _tokens(prompt: list[int]) -> Message:
    return Message(role="user", parts=(Opaque(dialect=NAME, kind="tokens", raw=prompt),))


def places(request: ModelRequest) -> list[str]:
    """Where each message stood in the body."""
    return ["prompt"] * len(request.messages)


def encode_request(request: ModelRequest, model: str, losses: Losses, quirks: frozenset[str] = frozenset()) -> bytes:
    """The body for a vendor. Raises Refusal for what it cannot carry: of other dialects all but one text of the user."""
    own = request.dialect == NAME
    target = Target(own, losses, quirks | {"max_tokens_only"})
    body: dict[str, Any] = {"model": model, "prompt": _write_prompt(request, losses)}
    write_sampling(body, request, target)
    body.pop("parallel_tool_calls", None)
    for name in _NOT_HERE:
        if getattr(request, name):
            losses.need(name, "completions are text only")
    if request.format is not None and request.format.kind != "text":
        losses.need("format", "completions are plain text")
    if request.thinking is not None:
        losses.hint("thinking")
    if request.logprobs or request.top_logprobs:
        body["logprobs"] = request.top_logprobs or 0
    elif own and request.top_logprobs is not None:
        body["logprobs"] = request.top_logprobs
    write_account(body, request, target)
    body.pop("verbosity", None)
    if request.stream:
        body["stream"] = True
        if request.stream_usage is not None and "no_stream_options" not in quirks:
            body["stream_options"] = {"include_usage": request.stream_usage}
    for name, value in request.extra.items():
        if own:
            body.setdefault(name, value)
        else:
            losses.need(name, "completions have no such field")
    return encode_body(body)


def _write_prompt(request: ModelRequest, losses: Losses) -> Any:
    prompts = [_write_message(message, number, losses) for number, message in enumerate(request.messages)]
    if request.dialect == NAME:
        return prompts if "prompt" in request.extra else prompts[0] if prompts else ""
    if len(prompts) != 1 or request.messages[0].role != "user":
        losses.need("messages", "completions take one text, not a conversation")
    return "\n\n".join(prompt for prompt in prompts if isinstance(prompt, str))


def _write_message(message: Message, number: int, losses: Losses) -> str | list[int]:
    texts: list[str] = []
    for part in message.parts:
        if isinstance(part, Opaque) and part.dialect == NAME:
            return list(part.raw)
        if isinstance(part, Text):
            texts.append(part.text)
        else:
            losses.need(f"messages[{number}].{part.__struct_config__.tag}", "completions are text only")
    return "".join(texts)
