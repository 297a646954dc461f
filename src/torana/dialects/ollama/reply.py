"""Whole replies of Ollama's chat, and what they share with the lines of its stream."""

from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any

import msgspec

from torana.core.exchange import (
    Choice,
    Image,
    Logprob,
    ModelReply,
    Part,
    Reasoning,
    Source,
    Stop,
    Text,
    ToolCall,
    TopLogprob,
)
from torana.core.usage import UNKNOWN, Usage
from torana.dialects import NotAReplyError
from torana.dialects.halves import mending

Tokens = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
_encode = msgspec.json.Encoder().encode
_IMAGE_TYPES = {"iVBORw0KGgo": "image/png", "/9j/": "image/jpeg", "R0lGOD": "image/gif", "UklGR": "image/webp"}


class Function(msgspec.Struct):
    """`function` of a call."""

    name: str
    arguments: Any = None


class Call(msgspec.Struct):
    """A tool call. Only newer versions of Ollama give it an id."""

    function: Function
    id: str | None = None


class Said(msgspec.Struct):
    """`message`, whole or a piece of it."""

    content: str | None = None
    thinking: str | None = None
    tool_calls: list[Call] | None = None
    images: list[str] | None = None


class OtherToken(msgspec.Struct):
    """A token that was likely."""

    token: str
    logprob: float
    bytes: list[int] | None = None


class OneToken(OtherToken):
    """A token of the answer."""

    top_logprobs: list[OtherToken] | None = None


class Line(msgspec.Struct):
    """A whole reply, or one line of a stream."""

    model: str = ""
    created_at: str = ""
    message: Said | None = None
    done: bool = False
    done_reason: str | None = None
    prompt_eval_count: Tokens | None = None
    eval_count: Tokens | None = None
    logprobs: list[OneToken] | None = None
    error: str | None = None


read_line = mending(msgspec.json.Decoder(Line).decode)


def decode_reply(body: bytes) -> ModelReply:
    """The reply. Its id is empty, because Ollama gives none. Raises NotAReplyError."""
    try:
        return _read(read_line(body))
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise NotAReplyError(str(error)) from None


def _read(reply: Line) -> ModelReply:
    said = reply.message
    if said is None:
        raise NotAReplyError(f"it has no message: {reply.error}" if reply.error else "it has no message")
    parts: list[Part] = []
    if said.thinking:
        parts.append(Reasoning(text=said.thinking))
    if said.content:
        parts.append(Text(text=said.content))
    parts += [read_image(data) for data in said.images or ()]
    parts += [read_call(call, reply.created_at, number) for number, call in enumerate(said.tool_calls or ())]
    stop, detail = read_stop(reply.done_reason, bool(said.tool_calls))
    choice = Choice(parts=tuple(parts), stop=stop, stop_detail=detail, logprobs=read_logprobs(reply.logprobs))
    return ModelReply(
        model=reply.model, created=read_time(reply.created_at), choices=(choice,), usage=read_usage(reply)
    )


def read_stop(reason: str | None, called: bool) -> tuple[Stop | None, str | None]:
    """Our word for a done reason, and Ollama's own where it is another; a model that calls tools stops for them."""
    if reason == "length":
        return "length", None
    return "tool_calls" if called else "stop", reason if reason not in (None, "stop") else None


def read_usage(line: Line) -> Usage:
    """The counts in our words. Ollama leaves a count out that is nothing, such as the prompt's when all of it was kept."""
    if line.prompt_eval_count is None and line.eval_count is None:
        return UNKNOWN
    return Usage(line.prompt_eval_count, None, line.eval_count, None)


def read_call(call: Call, created_at: str, number: int) -> ToolCall:
    """A call, with an id made from the line's time and the call's number where it has none."""
    arguments = call.function.arguments
    written = arguments if isinstance(arguments, str) else _encode({} if arguments is None else arguments).decode()
    identifier = call.id or "call_" + sha256(f"{created_at}/{number}/{call.function.name}".encode()).hexdigest()[:24]
    return ToolCall(id=identifier, name=call.function.name, arguments=written)


def read_image(data: str) -> Image:
    """An image; its type shows in its first bytes."""
    kind = next((kind for start, kind in _IMAGE_TYPES.items() if data.startswith(start)), None)
    return Image(source=Source(media_type=kind, data=data))


def read_logprobs(tokens: list[OneToken] | None) -> tuple[Logprob, ...] | None:
    """Log-probabilities, where they were asked for."""
    if tokens is None:
        return None
    return tuple(
        [
            Logprob(
                token=token.token,
                logprob=token.logprob,
                bytes=_bytes(token),
                top=tuple(
                    [
                        TopLogprob(token=other.token, logprob=other.logprob, bytes=_bytes(other))
                        for other in token.top_logprobs or ()
                    ]
                ),
            )
            for token in tokens
        ]
    )


def _bytes(token: OtherToken) -> tuple[int, ...] | None:
    return None if token.bytes is None else tuple(token.bytes)


def read_time(written: str) -> int | None:
    """Seconds since 1970; None for what is no time."""
    try:
        moment = msgspec.convert(written, datetime, strict=True)
    except msgspec.ValidationError:
        return None
    return None if moment.tzinfo is None else int(moment.timestamp())
