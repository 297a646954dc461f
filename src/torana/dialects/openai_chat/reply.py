"""Whole replies, both ways. Source: https://platform.openai.com/docs/api-reference/chat/object

Vendors that are compatible with OpenAI differ from it in small things; deviations.py lists what is absorbed here.
"""

import binascii
import time
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

import msgspec

from torana.core.exchange import (
    Audio,
    Choice,
    Citation,
    Declined,
    Image,
    ModelReply,
    ModelRequest,
    Part,
    Reasoning,
    Source,
    Stop,
    Text,
    ToolCall,
)
from torana.core.ids import new_id
from torana.core.usage import UNKNOWN, Usage
from torana.dialects import NotAReplyError
from torana.dialects.halves import mending
from torana.dialects.openai_chat.errors import read_error
from torana.dialects.openai_chat.logprobs import read_annotation, read_logprobs, write_annotation, write_logprobs
from torana.dialects.openai_chat.parts import bare, plain_thoughts, read_thoughts, text_of, write_details, write_url
from torana.dialects.openai_chat.turns import thought_signature, write_call
from torana.dialects.openai_chat.watch import UsageBlock, read_usage

STOPS: Mapping[str, Stop] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "error": "error",
    "model_length": "context_window",
    "insufficient_system_resource": "error",
    "network_error": "error",
    "abort": "error",
    "sensitive": "content_filter",
    "eos_token": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop_sequence",
    "max_tokens": "length",
    "tool_use": "tool_calls",
}
"""`finish_reason` as vendors write it; deviations.py says who writes what beside OpenAI's five."""
FINISHES: Mapping[Stop | None, str] = {
    None: "stop",
    "stop": "stop",
    "stop_sequence": "stop",
    "pause": "stop",
    "length": "length",
    "context_window": "length",
    "error": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "content_filter",
}
"""OpenAI has no word for an answer broken off by an error; `length` at least says that it is not whole."""
_OWN_STOPS = ("stop", "length", "tool_calls", "function_call", "content_filter")
_TIERS = ("auto", "default", "flex", "scale", "priority", "fast")
_decode = mending(msgspec.json.Decoder().decode)
_encode = msgspec.json.Encoder().encode


def parse_reply(body: bytes) -> dict[str, Any]:
    """The object that a vendor sent. Raises NotAReplyError; an error in the place of a reply is one too."""
    try:
        value = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as problem:
        raise NotAReplyError(f"it is not JSON: {problem}") from None
    if not isinstance(value, dict):
        raise NotAReplyError("it is not an object")
    if not value.get("choices") and (error := read_error(value)) is not None:
        raise NotAReplyError(f"it is an error: {error.message}")
    return value


def stop_of(word: Any, called: bool = False) -> tuple[Stop | None, str | None]:
    """The reason and, where OpenAI has no such word, the vendor's own. An empty word is none."""
    if not isinstance(word, str) or not word:
        return None, None
    stop = STOPS.get(word, "stop")
    # Where one tool is forced, OpenAI itself says `stop` beside the call.
    return "tool_calls" if called and stop == "stop" else stop, None if word in _OWN_STOPS else word


def usage_of(block: Any) -> Usage:
    """A `usage` object; unknown where it is not one."""
    try:
        return read_usage(msgspec.convert(block, UsageBlock | None))
    except msgspec.ValidationError:
        return UNKNOWN


def string(value: Any) -> str | None:
    """The string, or None for anything else."""
    return value if isinstance(value, str) else None


def whole(value: Any) -> int | None:
    """The whole number, or None for anything else; some vendors send times with fractions."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 2**53:
        return None
    return int(value)


class _PlainMessage(msgspec.Struct, forbid_unknown_fields=True):
    content: str
    role: str = ""
    refusal: None = None
    annotations: Annotated[list[None], msgspec.Meta(max_length=0)] | None = None
    audio: None = None
    function_call: None = None
    tool_calls: None = None
    reasoning: None = None
    reasoning_content: None = None


class _PlainChoice(msgspec.Struct):
    message: _PlainMessage
    index: Annotated[int, msgspec.Meta(ge=0, lt=2**31)] = 0
    finish_reason: Literal["stop", "length"] | None = None
    logprobs: None = None
    stop_reason: None = None


class _PlainReply(msgspec.Struct):
    choices: tuple[_PlainChoice]
    id: str = ""
    model: str = ""
    created: Annotated[int, msgspec.Meta(ge=0, lt=2**53)] | None = None
    usage: UsageBlock | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    search_results: None = None
    citations: None = None


_decode_plain = msgspec.json.Decoder(_PlainReply).decode


def decode_reply(body: bytes) -> ModelReply:
    """What the vendor answered. Raises NotAReplyError."""
    try:
        plain = _decode_plain(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # It holds more than one text, or is odd: looked into piece by piece.
        return _decode_any(body)
    choice = plain.choices[0]
    text = choice.message.content
    return ModelReply(
        id=plain.id,
        model=plain.model,
        created=plain.created,
        choices=(Choice(index=choice.index, parts=(Text(text=text),) if text else (), stop=choice.finish_reason),),
        usage=read_usage(plain.usage),
        service_tier=plain.service_tier,
        fingerprint=plain.system_fingerprint,
    )


def _decode_any(body: bytes) -> ModelReply:
    value = parse_reply(body)
    choices = value.get("choices")
    if not isinstance(choices, list):
        raise NotAReplyError("it has no `choices`")
    sources = _sources(value)
    return ModelReply(
        id=string(value.get("id")) or "",
        model=string(value.get("model")) or "",
        created=whole(value.get("created")),
        choices=tuple(_read_choice(choice, number, sources) for number, choice in enumerate(choices)),
        usage=usage_of(value.get("usage")),
        service_tier=string(value.get("service_tier")),
        fingerprint=string(value.get("system_fingerprint")),
    )


def _sources(reply: Mapping[str, Any]) -> tuple[Citation, ...]:
    """Perplexity's sources, which stand beside the choices."""
    found = reply.get("search_results")
    if isinstance(found, list):
        rows = [row for row in found if isinstance(row, dict) and isinstance(row.get("url"), str)]
        return tuple(Citation(url=row["url"], title=string(row.get("title"))) for row in rows)
    links = reply.get("citations")
    return tuple(Citation(url=link) for link in links if isinstance(link, str)) if isinstance(links, list) else ()


def _read_choice(choice: Any, number: int, sources: tuple[Citation, ...]) -> Choice:
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        raise NotAReplyError(f"choices[{number}] has no message")
    parts = read_message(message, sources)
    called = any(isinstance(part, ToolCall) for part in parts)
    stop, detail = stop_of(choice.get("finish_reason"), called)
    met = string(choice.get("stop_reason")) if stop == "stop" else None
    index = whole(choice.get("index"))
    return Choice(
        index=number if index is None else index,
        parts=parts,
        stop="stop_sequence" if met else stop,
        stop_sequence=met,
        logprobs=read_logprobs(choice.get("logprobs")),
        stop_detail=detail,
    )


def read_message(message: Mapping[str, Any], sources: tuple[Citation, ...] = ()) -> tuple[Part, ...]:
    """The parts of an answer: thoughts, text, refusal, sound, images, calls. Raises NotAReplyError."""
    parts: list[Part] = [*read_thoughts(message)]
    noted = message.get("annotations")
    notes = noted if isinstance(noted, list) else ()
    cited = (*(note for value in notes if (note := read_annotation(value)) is not None), *sources)
    for part in _content(message.get("content")):
        if cited and isinstance(part, Text):
            parts.append(Text(text=part.text, citations=cited))
            cited = ()
        else:
            parts.append(part)
    if refusal := string(message.get("refusal")):
        parts.append(Declined(text=refusal))
    if isinstance(audio := message.get("audio"), dict):
        parts.append(_read_audio(audio))
    if isinstance(images := message.get("images"), list):
        parts += [image for value in images if (image := read_image(value)) is not None]
    parts += read_calls(message)
    return tuple(parts)


def _content(content: Any) -> Iterable[Part]:
    if isinstance(content, str):
        return (Text(text=content),) if content else ()
    parts: list[Part] = []
    for value in content if isinstance(content, list) else ():
        kind = value.get("type") if isinstance(value, dict) else "text"
        if kind == "thinking":
            thinking = value.get("thinking")
            words = "".join(text_of(word) for word in (thinking if isinstance(thinking, list) else [thinking]))
            parts.append(Reasoning(text=words, signature=string(value.get("signature"))))
        elif kind in ("text", "output_text"):
            if text := text_of(value):
                parts.append(Text(text=text))
        elif kind == "refusal":
            parts.append(Declined(text=string(value.get("refusal")) or ""))
        elif (image := read_image(value)) is not None:
            parts.append(image)
    return parts


def read_image(value: Any) -> Image | None:
    """An image that a model made, as OpenRouter writes it; None for what is none."""
    link = value.get("image_url") if isinstance(value, dict) else None
    url = link.get("url") if isinstance(link, dict) else link
    if not isinstance(url, str):
        return None
    head, _, data = url.partition(";base64,")
    if head.startswith("data:") and data:
        return Image(source=Source(media_type=head[5:] or None, data=data))
    return Image(source=Source(url=url))


def check_audio(data: Any) -> str:
    """Sound in base64. Raises NotAReplyError."""
    try:
        binascii.a2b_base64(data, strict_mode=True)
    except (ValueError, TypeError):
        raise NotAReplyError("its audio is not base64") from None
    return str(data)


def _read_audio(audio: Mapping[str, Any]) -> Audio:
    data = audio.get("data")
    return Audio(
        source=Source(data=None if data is None else check_audio(data)),
        transcript=string(audio.get("transcript")),
        id=string(audio.get("id")),
        expires=whole(audio.get("expires_at")),
    )


def read_calls(message: Mapping[str, Any]) -> list[ToolCall]:
    """`tool_calls`, or the older `function_call`; what has no name is passed over."""
    calls = message.get("tool_calls")
    found: list[ToolCall] = []
    for call in calls if isinstance(calls, list) else ():
        custom = call.get("custom") if isinstance(call, dict) else None
        inner = call.get("function") if isinstance(call, dict) and custom is None else custom
        if isinstance(inner, dict) and isinstance(inner.get("name"), str):
            given = inner.get("input" if custom else "arguments")
            found.append(
                ToolCall(
                    id=string(call.get("id")) or new_id("call"),
                    name=inner["name"],
                    arguments=arguments_of(given),
                    custom=bool(custom),
                    signature=thought_signature(call.get("extra_content")),
                )
            )
    older = message.get("function_call")
    if isinstance(older, dict) and isinstance(older.get("name"), str):
        found.append(ToolCall(id=new_id("call"), name=older["name"], arguments=arguments_of(older.get("arguments"))))
    return found


def arguments_of(given: Any) -> str:
    """Arguments as text; some vendors send them as an object."""
    if given is None or isinstance(given, str):
        return given or ""
    return _encode(given).decode()


def write_usage(usage: Usage) -> dict[str, Any]:
    """A `usage` object. OpenAI's form has numbers in its three main fields: what is unknown is 0 there."""
    before, after = usage.input or 0, usage.output or 0
    written: dict[str, Any] = {"prompt_tokens": before, "completion_tokens": after, "total_tokens": before + after}
    details = (
        ("prompt_tokens_details", "cached_tokens", usage.cached_input),
        ("prompt_tokens_details", "cache_write_tokens", usage.cache_write),
        ("prompt_tokens_details", "audio_tokens", usage.audio_input),
        ("completion_tokens_details", "reasoning_tokens", usage.reasoning),
        ("completion_tokens_details", "audio_tokens", usage.audio_output),
    )
    for place, name, value in details:
        if value is not None:
            written.setdefault(place, {})[name] = value
    return written


def write_tail(tier: str | None, fingerprint: str | None) -> dict[str, Any]:
    """The tier and the fingerprint, where OpenAI's form has words for them."""
    said = (("service_tier", tier if tier in _TIERS else None), ("system_fingerprint", fingerprint))
    return {name: value for name, value in said if value is not None}


def encode_reply(reply: ModelReply, request: ModelRequest) -> bytes:
    """The reply for a caller of chat completions."""
    choices = [_write_choice(choice) for choice in reply.choices]
    if not choices and reply.blocked is not None:
        message = {"role": "assistant", "content": None, "refusal": f"The prompt was refused: {reply.blocked}"}
        choices = [{"index": 0, "message": message, "logprobs": None, "finish_reason": "content_filter"}]
    body: dict[str, Any] = {
        "id": reply.id or new_id("chatcmpl"),
        "object": "chat.completion",
        "created": int(time.time()) if reply.created is None else reply.created,
        "model": reply.model or request.model,
        "choices": choices,
    }
    if reply.usage != UNKNOWN:
        body["usage"] = write_usage(reply.usage)
    return _encode(body | write_tail(reply.service_tier, reply.fingerprint))


def _write_choice(choice: Choice) -> dict[str, Any]:
    message = write_message(choice.parts)
    logprobs = None
    if choice.logprobs:
        logprobs = write_logprobs(choice.logprobs, message["content"] is None and message["refusal"] is not None)
    return {"index": choice.index, "message": message, "logprobs": logprobs, "finish_reason": FINISHES[choice.stop]}


def write_message(parts: Iterable[Part]) -> dict[str, Any]:
    """An answer's `message`. Parts that the form has no place for are left out, such as sources without an address."""
    message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    thoughts: list[Reasoning] = []
    for part in parts:
        match part:
            case Text():
                _add_text(message, part)
            case Declined():
                message["refusal"] = (message["refusal"] or "") + part.text
            case Reasoning():
                thoughts.append(part)
            case ToolCall():
                message.setdefault("tool_calls", []).append(write_call(part))
            case Audio():
                message["audio"] = write_audio(part)
            case Image():
                if (url := write_url(part.source, "image/png")) is not None:
                    message.setdefault("images", []).append({"type": "image_url", "image_url": {"url": url}})
            case _:
                pass
    if thoughts:
        message["reasoning_content"] = plain_thoughts(thoughts)
        if len(thoughts) > 1 or not bare(thoughts[0]):
            message["reasoning_details"] = write_details(thoughts)
    return message


def _add_text(message: dict[str, Any], part: Text) -> None:
    before = message["content"] or ""
    notes = (write_annotation(citation, len(before), len(part.text)) for citation in part.citations)
    if written := [note for note in notes if note is not None]:
        message.setdefault("annotations", []).extend(written)
    message["content"] = before + part.text


def write_audio(part: Audio) -> dict[str, Any]:
    """`audio` of an answer; OpenAI's form needs all four fields."""
    return {
        "id": part.id or new_id("audio"),
        "data": part.source.data or "",
        "expires_at": part.expires or 0,
        "transcript": part.transcript or "",
    }
