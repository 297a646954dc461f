"""The demo's chat: says what it is, refers to the last user message, calls tools and fills schemas.

Source of the form: https://platform.openai.com/docs/api-reference/chat
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

from torana.gate.demo.schema import UnsatisfiableError, sample
from torana.gate.demo.tools import Tool, ToolCall, ToolChoice, choose_calls
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

_TOKENS_PER_MESSAGE = 3
_QUOTED_CHARACTERS = 200


class Part(msgspec.Struct):
    """One part of a message's content."""

    type: str
    text: str | None = None


class Message(msgspec.Struct):
    """One message of the conversation."""

    role: Literal["developer", "system", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None
    tool_call_id: str | None = None


class StreamOptions(msgspec.Struct):
    """`stream_options`."""

    include_usage: bool | None = None


class SchemaFormat(msgspec.Struct):
    """`response_format.json_schema`."""

    name: str
    schema: dict[str, Any] | None = None


class ResponseFormat(msgspec.Struct):
    """`response_format`."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: SchemaFormat | None = None


class ChatRequest(msgspec.Struct):
    """What the demo reads of a chat request; other fields may be there and change nothing."""

    messages: Annotated[list[Message], Meta(min_length=1)]
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Meta(ge=1)] | None = None
    n: Annotated[int, Meta(ge=1, le=MOST_CHOICES)] | None = None
    stop: str | Annotated[list[str], Meta(max_length=4)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    tools: Annotated[list[Tool], Meta(max_length=128)] | None = None
    tool_choice: Literal["none", "auto", "required"] | ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    seed: int | None = None
    user: str | None = None


class _Answer(NamedTuple):
    content: str | None
    calls: list[ToolCall]
    finish_reason: Literal["stop", "length", "tool_calls"]
    tokens: int


_DECODER = msgspec.json.Decoder(ChatRequest)


def answer(body: bytes, model: str) -> DemoReply:
    """One reply to a chat request. Raises DemoError."""
    request = decode(_DECODER, body)
    prompt_tokens = _check_messages(request)
    made = _make(request, reply_id("call_", body, model))
    count = request.n or 1
    envelope = {
        "id": reply_id("chatcmpl-", body, model),
        "object": "chat.completion.chunk" if request.stream else "chat.completion",
        "created": CREATED,
        "model": model,
        "service_tier": "default",
        "system_fingerprint": FINGERPRINT,
    }
    counted = usage(prompt_tokens, made.tokens * count)
    if request.stream:
        include_usage = bool(request.stream_options and request.stream_options.include_usage)
        return DemoReply(200, None, _events(envelope, made, count, counted if include_usage else None))
    choices = [
        {"index": index, "message": _message(made), "logprobs": None, "finish_reason": made.finish_reason}
        for index in range(count)
    ]
    return DemoReply(200, msgspec.json.encode({**envelope, "choices": choices, "usage": counted}), None)


def _check_messages(request: ChatRequest) -> int:
    """The prompt's tokens. Raises DemoError for a tool message that answers nothing."""
    tokens = 0
    for index, message in enumerate(request.messages):
        if message.role == "tool" and message.tool_call_id is None:
            param = f"messages[{index}].tool_call_id"
            raise DemoError(f"Missing required parameter: '{param}'.", param, "missing_required_parameter")
        if message.content is None and message.role != "assistant":
            param = f"messages[{index}].content"
            raise DemoError(f"Invalid value for '{param}': expected text or parts, got null.", param, "invalid_type")
        tokens += _TOKENS_PER_MESSAGE + count_tokens(_text(message))
    return tokens + (count_tokens(str(request.tools)) if request.tools else 0)


def _text(message: Message) -> str:
    content = message.content
    if content is None or isinstance(content, str):
        return content or ""
    return " ".join(part.text for part in content if part.text is not None)


def _make(request: ChatRequest, call_id: str) -> _Answer:
    user = next((m for m in reversed(request.messages) if m.role == "user"), None)
    said = _text(user) if user else ""
    answered = request.messages[-1].role == "tool"
    calls = choose_calls(
        request.tools or [], request.tool_choice, said, answered, request.parallel_tool_calls is not False, call_id
    )
    most = request.max_completion_tokens or request.max_tokens
    if calls:
        return _cut_calls(calls, most)
    text, was_cut = cut_to_tokens(cut_at_stop(_content(request, user, said), request.stop), most)
    return _Answer(text, [], "length" if was_cut else "stop", count_tokens(text))


def _cut_calls(calls: list[ToolCall], most: int | None) -> _Answer:
    """Token limits cut arguments short, as they do with a real model."""
    kept: list[ToolCall] = []
    tokens = 0
    for call in calls:
        arguments, was_cut = cut_to_tokens(call.arguments, None if most is None else most - tokens)
        tokens += count_tokens(arguments)
        kept.append(call._replace(arguments=arguments))
        if was_cut:
            return _Answer(None, kept, "length", tokens)
    return _Answer(None, kept, "tool_calls", tokens)


def _content(request: ChatRequest, user: Message | None, said: str) -> str:
    form = request.response_format
    if form is not None and form.type == "json_schema":
        if form.json_schema is None:
            param = "response_format.json_schema"
            raise DemoError(f"Missing required parameter: '{param}'.", param, "missing_required_parameter")
        try:
            return msgspec.json.encode(sample(form.json_schema.schema or {})).decode()
        except UnsatisfiableError as error:
            raise DemoError(
                f"Invalid schema for response_format '{form.json_schema.name}': {error}.", "response_format"
            ) from None
    text = _sentence(request.messages, user, said)
    return (
        msgspec.json.encode({"demo": True, "answer": text}).decode()
        if form is not None and form.type == "json_object"
        else text
    )


def _sentence(messages: list[Message], user: Message | None, said: str) -> str:
    results: list[str] = []
    for message in reversed(messages):
        if message.role != "tool":
            break
        results.insert(0, _quote(_text(message)))
    parts = ["This is Torana's built-in demo, not a real model."]
    if results:
        parts.append(f"The tool answered: {'; '.join(results)}.")
    else:
        parts.append(f"You said: {_quote(said)}." if said else "There is no user text to answer.")
    if user is not None and isinstance(user.content, list):
        parts.extend(f"I saw {_NAMES[part.type]}." for part in user.content[:16] if part.type in _NAMES)
    return " ".join(parts)


_NAMES = {"image_url": "an image", "input_audio": "a sound", "file": "a file"}


def _quote(text: str) -> str:
    return f'"{text}"' if len(text) <= _QUOTED_CHARACTERS else f'"{text[:_QUOTED_CHARACTERS]}…"'


def _message(made: _Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": made.content, "refusal": None, "annotations": []}
    if made.calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in made.calls
        ]
    return message


def _events(envelope: dict[str, Any], made: _Answer, count: int, counted: dict[str, Any] | None) -> Iterator[bytes]:
    """The deltas of all choices, the usage if it was asked for, and the end mark."""
    tail: dict[str, Any] = {} if counted is None else {"usage": None}
    head = b"data: " + msgspec.json.encode(envelope)[:-1] + b',"choices":['
    end = b"]" + (b',"usage":null' if tail else b"") + b"}\n\n"
    for index in range(count):
        for delta, finish_reason in _deltas(made):
            choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
            yield head + msgspec.json.encode(choice) + end
    if counted is not None:
        yield event({**envelope, "choices": [], "usage": counted})
    yield DONE


def _deltas(made: _Answer) -> Iterator[tuple[dict[str, Any], str | None]]:
    yield {"role": "assistant", "content": None if made.calls else "", "refusal": None}, None
    for piece in pieces(made.content or ""):
        yield {"content": piece}, None
    for index, call in enumerate(made.calls):
        opening = {"index": index, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}
        yield {"tool_calls": [opening]}, None
        for piece in pieces(call.arguments):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}, None
    yield {}, made.finish_reason
