"""Chunks of a streamed chat completion as typed structs: read in one step where they are as OpenAI sends them, else put right.

Source: https://platform.openai.com/docs/api-reference/chat-streaming. deviations.py lists what is put right.
"""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from torana.dialects.openai_chat.parts import text_of
from torana.dialects.openai_chat.reply import string, whole
from torana.dialects.openai_chat.watch import UsageBlock

NO_ERROR = msgspec.Raw()
"""What `error` is where a chunk has none."""


class Inner(msgspec.Struct, gc=False):
    """`function` or `custom` of a call."""

    name: str | None = None
    arguments: str | None = None
    input: str | None = None


class Called(msgspec.Struct, gc=False):
    """An entry of `tool_calls`."""

    index: int | None = None
    id: str | None = None
    function: Inner | None = None
    custom: Inner | None = None
    extra_content: Any = None


class Detail(msgspec.Struct, gc=False):
    """An entry of `reasoning_details`."""

    index: int | None = None
    id: str | None = None
    text: str | None = None
    summary: str | None = None
    signature: str | None = None
    data: str | None = None


class Sound(msgspec.Struct, gc=False):
    """`audio`."""

    id: str | None = None
    data: str | None = None
    transcript: str | None = None
    expires_at: int | None = None


class Delta(msgspec.Struct, gc=False):
    """What is new of a choice."""

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_details: list[Detail] | None = None
    refusal: str | None = None
    tool_calls: list[Called] | None = None
    function_call: Inner | None = None
    audio: Sound | None = None
    images: list[Any] | None = None
    annotations: list[Any] | None = None


class ChoiceChunk(msgspec.Struct, gc=False):
    """One choice's share of a chunk."""

    index: int = 0
    delta: Delta | None = None
    finish_reason: str | None = None
    logprobs: Any = None
    stop_reason: Any = None


class GroqBlock(msgspec.Struct, gc=False):
    """`x_groq`."""

    usage: UsageBlock | None = None


class Chunk(msgspec.Struct, gc=False):
    """One event."""

    id: str | None = None
    created: int | None = None
    model: str | None = None
    choices: list[ChoiceChunk] | None = None
    usage: UsageBlock | None = None
    error: msgspec.Raw = NO_ERROR
    service_tier: str | None = None
    system_fingerprint: str | None = None
    x_groq: GroqBlock | None = None


read_plain = msgspec.json.Decoder(Chunk).decode
"""A chunk that is as OpenAI sends it. Raises msgspec.DecodeError and what else JSON can fail with."""
_read_any = msgspec.json.Decoder().decode


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def read_object(data: bytes) -> dict[str, Any] | None:
    """The event's object; None where it is none. Half characters (one escaped surrogate) stay in its strings."""
    try:
        value = _read_any(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        if b"\\ud" not in data and b"\\uD" not in data:
            return None
        try:
            value = json.loads(data, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


class Mender:
    """Joins characters whose halves came in different events."""

    __slots__ = ("_halves",)

    def __init__(self) -> None:
        self._halves: dict[tuple[int, str], str] = {}

    def whole(self, place: tuple[int, str], text: str | None) -> str | None:
        """The text with what was missing before it, without a half at its end that may still be completed."""
        if text is None or text.isascii():
            return text
        text = self._halves.pop(place, "") + text
        if "\ud800" <= text[-1] <= "\udbff" and len(self._halves) < 64:
            self._halves[place] = text[-1]
            text = text[:-1]
        return clean(text)


def clean(text: str | None) -> str | None:
    """The text with pairs joined and lone halves replaced."""
    return None if text is None else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _cleaned(value: Any) -> Any:
    """The same of every string in a JSON value."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(name): _cleaned(field) for name, field in value.items()}
    return [_cleaned(item) for item in value] if isinstance(value, list) else value


def put_right(value: Mapping[str, Any], mender: Mender) -> Chunk:
    """A chunk of an object that is not quite what OpenAI sends. Fields of a wrong type are taken as absent.

    Raises RecursionError.
    """
    choices = value.get("choices")
    found: list[ChoiceChunk] = []
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict):
            found += _choice(choice, mender)
    groq = value.get("x_groq")
    usage = value.get("usage") or (groq.get("usage") if isinstance(groq, dict) else None)
    return Chunk(
        id=clean(string(value.get("id"))),
        created=whole(value.get("created")),
        model=clean(string(value.get("model"))),
        choices=found if isinstance(choices, list) else None,
        usage=_converted(usage, UsageBlock),
        service_tier=clean(string(value.get("service_tier"))),
        system_fingerprint=clean(string(value.get("system_fingerprint"))),
    )


def _converted(value: Any, kind: type[Any]) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return None


def _choice(choice: Mapping[str, Any], mender: Mender) -> list[ChoiceChunk]:
    """The choice; several pieces of it where its content is parts, so that each stays in its order."""
    index = whole(choice.get("index")) or 0
    delta_given, message = choice.get("delta"), choice.get("message")
    # Some send the whole message in the last chunk.
    given: Mapping[str, Any] = (
        delta_given if isinstance(delta_given, dict) else message if isinstance(message, dict) else {}
    )
    content = given.get("content")
    pieces = [_piece(part, index, mender) for part in content] if isinstance(content, list) else []
    delta = Delta(
        content=mender.whole((index, "content"), string(content)),
        reasoning_content=mender.whole((index, "thoughts"), string(given.get("reasoning_content"))),
        reasoning=mender.whole((index, "thoughts"), string(given.get("reasoning"))),
        reasoning_details=_rows(given.get("reasoning_details"), Detail),
        refusal=mender.whole((index, "refusal"), string(given.get("refusal"))),
        tool_calls=_calls(given.get("tool_calls"), index, mender),
        function_call=_inner(given.get("function_call"), (index, "call"), mender),
        audio=_converted(given.get("audio"), Sound),
        images=_list(given.get("images")),
        annotations=_list(given.get("annotations")),
    )
    finish, logprobs = clean(string(choice.get("finish_reason"))), _cleaned(choice.get("logprobs"))
    last = ChoiceChunk(index, delta, finish, logprobs, _cleaned(choice.get("stop_reason")))
    return [*(ChoiceChunk(index, piece) for piece in pieces), last]


def _piece(part: Any, index: int, mender: Mender) -> Delta:
    """One part of a content that is parts: Mistral's `thinking` and `text`."""
    kind = part.get("type") if isinstance(part, dict) else "text"
    if kind == "thinking":
        thinking = part.get("thinking")
        words = "".join(text_of(word) for word in (thinking if isinstance(thinking, list) else [thinking]))
        signature = clean(string(part.get("signature")))
        text = mender.whole((index, "thoughts"), words)
        return Delta(reasoning_details=[Detail(text=text, signature=signature)])
    if kind == "text":
        return Delta(content=mender.whole((index, "content"), text_of(part)))
    return Delta(images=[_cleaned(part)])


def _list(value: Any) -> list[Any] | None:
    return _cleaned(value) if isinstance(value, list) else None


def _rows(value: Any, kind: type[Any]) -> list[Any] | None:
    if not isinstance(value, list):
        return None
    return [row for given in value if (row := _converted(_cleaned(given), kind)) is not None]


def _calls(value: Any, index: int, mender: Mender) -> list[Called] | None:
    if not isinstance(value, list):
        return None
    found = []
    for number, call in enumerate(value):
        if isinstance(call, dict):
            at = whole(call.get("index"))
            place = (index, f"call {number if at is None else at}")
            found.append(
                Called(
                    index=at,
                    id=clean(string(call.get("id"))),
                    function=_inner(call.get("function"), place, mender),
                    custom=_inner(call.get("custom"), place, mender),
                    extra_content=_cleaned(call.get("extra_content")),
                )
            )
    return found


def _inner(value: Any, place: tuple[int, str], mender: Mender) -> Inner | None:
    if not isinstance(value, dict):
        return None
    given = value.get("arguments")
    return Inner(
        name=clean(string(value.get("name"))),
        arguments=given
        if given is None
        else mender.whole(place, given if isinstance(given, str) else json.dumps(given)),
        input=mender.whole(place, string(value.get("input"))),
    )
