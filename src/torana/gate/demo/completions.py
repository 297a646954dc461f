"""The demo's text completions.

Source of the form: https://platform.openai.com/docs/api-reference/completions
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

from torana.gate.demo.chat import StreamOptions
from torana.gate.demo.wire import (
    CREATED,
    DONE,
    FINGERPRINT,
    MOST_CHOICES,
    DemoError,
    DemoReply,
    count_tokens,
    cut_at_stop,
    cut_to_tokens,
    decode,
    event,
    pieces,
    reply_id,
    usage,
)

DEFAULT_MAX_TOKENS = 16
"""OpenAI's default for this endpoint."""


_MOST_ECHOED = 1_048_576


class CompletionRequest(msgspec.Struct):
    """What the demo reads of a completions request."""

    prompt: str | list[str | int | list[int]] | None = None
    max_tokens: Annotated[int, Meta(ge=0)] | None = None
    n: Annotated[int, Meta(ge=1, le=MOST_CHOICES)] | None = None
    best_of: Annotated[int, Meta(ge=1, le=20)] | None = None
    stop: str | Annotated[list[str], Meta(max_length=4)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    echo: bool | None = None
    suffix: str | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    user: str | None = None


class _Choice(NamedTuple):
    text: str
    finish_reason: Literal["stop", "length"]


_DECODER = msgspec.json.Decoder(CompletionRequest)


def answer(body: bytes, model: str) -> DemoReply:
    """One reply to a completions request. Raises DemoError."""
    request = decode(_DECODER, body)
    prompts = _prompts(request.prompt)
    if len(prompts) * (request.n or 1) > MOST_CHOICES:
        raise DemoError(f"The demo makes at most {MOST_CHOICES} choices a request.", "prompt")
    if request.echo and len(body) * (request.n or 1) > _MOST_ECHOED:
        raise DemoError("The demo does not echo prompts as long as this.", "echo")
    choices = [_choice(prompt, request) for prompt in prompts for _ in range(request.n or 1)]
    envelope = {
        "id": reply_id("cmpl-", body, model),
        "object": "text_completion",
        "created": CREATED,
        "model": model,
        "system_fingerprint": FINGERPRINT,
    }
    counted = usage(
        sum(count_tokens(prompt) if isinstance(prompt, str) else len(prompt) for prompt in prompts),
        sum(count_tokens(choice.text) for choice in choices),
    )
    if request.stream:
        include_usage = bool(request.stream_options and request.stream_options.include_usage)
        return DemoReply(200, None, _events(envelope, choices, counted if include_usage else None))
    rows = [_row(index, choice.text, choice.finish_reason) for index, choice in enumerate(choices)]
    return DemoReply(200, msgspec.json.encode({**envelope, "choices": rows, "usage": counted}), None)


def _prompts(given: str | list[str | int | list[int]] | None) -> list[str | list[int]]:
    if given is None or isinstance(given, str):
        return [given or ""]
    if given and all(isinstance(item, int) for item in given):
        return [[item for item in given if isinstance(item, int)]]
    prompts = [item for item in given if not isinstance(item, int)]
    if not prompts or len(prompts) != len(given):
        raise DemoError(
            "Invalid value for 'prompt': expected texts or arrays of token numbers.", "prompt", "invalid_type"
        )
    return prompts


def _choice(prompt: str | list[int], request: CompletionRequest) -> _Choice:
    said = f'"{prompt[-200:]}"' if isinstance(prompt, str) else f"{len(prompt)} tokens"
    text = cut_at_stop(f" This is Torana's built-in demo, not a real model. It continues {said}.", request.stop)
    most = DEFAULT_MAX_TOKENS if request.max_tokens is None else request.max_tokens
    text, was_cut = cut_to_tokens(text, most)
    if request.echo and isinstance(prompt, str):
        text = prompt + text
    return _Choice(text, "length" if was_cut else "stop")


def _row(index: int, text: str, finish_reason: str | None) -> dict[str, Any]:
    return {"text": text, "index": index, "logprobs": None, "finish_reason": finish_reason}


def _events(envelope: dict[str, Any], choices: list[_Choice], counted: dict[str, Any] | None) -> Iterator[bytes]:
    extra: dict[str, Any] = {} if counted is None else {"usage": None}
    for index, choice in enumerate(choices):
        for piece in pieces(choice.text):
            yield event({**envelope, "choices": [_row(index, piece, None)], **extra})
        yield event({**envelope, "choices": [_row(index, "", choice.finish_reason)], **extra})
    if counted is not None:
        yield event({**envelope, "choices": [], "usage": counted})
    yield DONE
