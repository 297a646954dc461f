"""Whole completions, both ways. Source: https://platform.openai.com/docs/api-reference/completions/object"""

import time
from collections.abc import Iterable
from typing import Any

import msgspec

from torana.core.exchange import Choice, Declined, ModelReply, ModelRequest, Part, Text
from torana.core.ids import new_id
from torana.core.usage import UNKNOWN
from torana.dialects import NotAReplyError
from torana.dialects.openai_chat.reply import FINISHES, parse_reply, stop_of, string, usage_of, whole, write_usage
from torana.dialects.openai_completions.logprobs import read_logprobs, write_logprobs

_encode = msgspec.json.Encoder().encode


def finish_of(stop: Any) -> str:
    """`finish_reason`: completions call no tools."""
    finish = FINISHES[stop]
    return "stop" if finish == "tool_calls" else finish


def decode_reply(body: bytes) -> ModelReply:
    """What the vendor answered. Raises NotAReplyError."""
    value = parse_reply(body)
    choices = value.get("choices")
    if not isinstance(choices, list):
        raise NotAReplyError("it has no `choices`")
    return ModelReply(
        id=string(value.get("id")) or "",
        model=string(value.get("model")) or "",
        created=whole(value.get("created")),
        choices=tuple(_read_choice(choice, number) for number, choice in enumerate(choices)),
        usage=usage_of(value.get("usage")),
        fingerprint=string(value.get("system_fingerprint")),
    )


def _read_choice(choice: Any, number: int) -> Choice:
    text = choice.get("text") if isinstance(choice, dict) else None
    if not isinstance(text, str):
        raise NotAReplyError(f"choices[{number}] has no text")
    stop, detail = stop_of(choice.get("finish_reason"))
    met = string(choice.get("stop_reason")) if stop == "stop" else None
    index = whole(choice.get("index"))
    return Choice(
        index=number if index is None else index,
        parts=(Text(text=text),) if text else (),
        stop="stop_sequence" if met else stop,
        stop_sequence=met,
        logprobs=read_logprobs(choice.get("logprobs")),
        stop_detail=detail,
    )


def text_of(parts: Iterable[Part]) -> str:
    """All that an answer says in words."""
    return "".join(part.text for part in parts if isinstance(part, Text | Declined))


def encode_reply(reply: ModelReply, request: ModelRequest) -> bytes:
    """The reply for a caller of completions: the words of each choice. Thoughts, calls and media have no place in it."""
    choices = [_write_choice(choice) for choice in reply.choices]
    if not choices and reply.blocked is not None:
        choices = [{"index": 0, "text": "", "logprobs": None, "finish_reason": "content_filter"}]
    body: dict[str, Any] = {
        "id": reply.id or new_id("cmpl"),
        "object": "text_completion",
        "created": int(time.time()) if reply.created is None else reply.created,
        "model": reply.model or request.model,
        "choices": choices,
    }
    if reply.fingerprint is not None:
        body["system_fingerprint"] = reply.fingerprint
    if reply.usage != UNKNOWN:
        body["usage"] = write_usage(reply.usage)
    return _encode(body)


def _write_choice(choice: Choice) -> dict[str, Any]:
    return {
        "index": choice.index,
        "text": text_of(choice.parts),
        "logprobs": write_logprobs(choice.logprobs, 0) if choice.logprobs else None,
        "finish_reason": finish_of(choice.stop),
    }
