"""Whole messages, both ways. Source: https://platform.claude.com/docs/en/api/messages#response and the SDK's Message."""

from typing import Any

import msgspec

from torana.core.exchange import Choice, Declined, ModelReply, ModelRequest, Part, Text, ToolCall
from torana.core.ids import new_id
from torana.core.usage import UNKNOWN
from torana.dialects import NotAReplyError
from torana.dialects.anthropic_messages.blocks import read_block, write_blocks
from torana.dialects.anthropic_messages.stops import read_stop, write_stop
from torana.dialects.anthropic_messages.usage import UsageBlock, read_usage, tier, write_usage
from torana.dialects.halves import mending
from torana.dialects.proofs import Wrapped

_TIERS = {"standard": "standard", "priority": "priority", "batch": "batch", "default": "standard"}
_encode = msgspec.json.Encoder().encode


class _Message(msgspec.Struct):
    content: list[dict[str, Any]]
    id: str = ""
    model: str = ""
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: Any = None
    usage: UsageBlock | None = None


_decode = mending(msgspec.json.Decoder(_Message).decode)


def decode_reply(body: bytes) -> ModelReply:
    """A vendor's message. Raises NotAReplyError."""
    try:
        message = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise NotAReplyError(str(error)) from None
    stop, detail = read_stop(message.stop_reason, message.stop_details)
    choice = Choice(
        parts=read_parts(message.content), stop=stop, stop_sequence=message.stop_sequence, stop_detail=detail
    )
    return ModelReply(
        id=message.id,
        model=message.model,
        choices=(choice,),
        usage=UNKNOWN if message.usage is None else read_usage(message.usage),
        service_tier=tier(message.usage),
    )


def read_parts(content: list[dict[str, Any]]) -> tuple[Part, ...]:
    """The blocks of a message. Raises NotAReplyError."""
    parts: list[Part] = []
    for block in content:
        part = read_block(block)
        if not isinstance(part, Wrapped):
            parts.append(part)
        elif parts and isinstance(parts[-1], Text | ToolCall):
            parts[-1] = msgspec.structs.replace(parts[-1], signature=part.signature)
    return tuple(parts)


def message_usage(reply_usage: Any, service_tier: str | None) -> dict[str, Any]:
    """`usage` of a message, with the tier where it is one of Anthropic's."""
    written = write_usage(reply_usage)
    if (served := _TIERS.get(service_tier or "")) is not None:
        written["service_tier"] = served
    return written


def encode_reply(reply: ModelReply, request: ModelRequest) -> bytes:
    """The message for a caller. Of several choices the first is shown, because this dialect has no more."""
    choice = reply.choices[0] if reply.choices else _without_answer(reply)
    called = any(isinstance(part, ToolCall) for part in choice.parts)
    declined = any(isinstance(part, Declined) for part in choice.parts)
    reason, details = write_stop(choice.stop, choice.stop_detail, called, declined)
    message: dict[str, Any] = {
        "id": reply.id or new_id("msg"),
        "type": "message",
        "role": "assistant",
        "model": reply.model or request.model,
        "content": [block for part in choice.parts for block in write_blocks(part)],
        "stop_reason": reason,
        "stop_sequence": choice.stop_sequence,
    }
    if details is not None:
        message["stop_details"] = details
    message["usage"] = message_usage(reply.usage, reply.service_tier)
    try:
        return _encode(message)
    except (UnicodeError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise NotAReplyError(str(error)) from None


def _without_answer(reply: ModelReply) -> Choice:
    """A refused prompt is a refusal here; a reply without any answer is an empty one."""
    return Choice(stop="stop" if reply.blocked is None else "refusal", stop_detail=reply.blocked)
