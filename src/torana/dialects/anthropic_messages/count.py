"""Counting a request's tokens without answering it. Source: https://platform.claude.com/docs/en/api/messages-count-tokens"""

from typing import Annotated

import msgspec

from torana.core.exchange import ModelRequest
from torana.core.losses import Losses
from torana.dialects import NotAReplyError
from torana.dialects.anthropic_messages.request import decode_request, request_body, write_body

_FIELDS = frozenset(
    (
        "messages",
        "system",
        "tools",
        "tool_choice",
        "thinking",
        "output_config",
        "cache_control",
        "context_management",
        "mcp_servers",
        "speed",
        "user_profile_id",
        "workspace_id",
    )
)
"""What counting takes of a request; the rest does not change the count."""


class _Count(msgspec.Struct):
    input_tokens: Annotated[int, msgspec.Meta(ge=0, lt=2**53)]


_decode = msgspec.json.Decoder(_Count).decode
_encode = msgspec.json.Encoder().encode


def decode_count(body: bytes, model: str | None = None) -> ModelRequest:
    """A caller's request to count. Raises Refusal."""
    return decode_request(body, model, False)


def encode_count(request: ModelRequest, model: str, losses: Losses) -> bytes:
    """The request to count for a vendor of this dialect. Raises Refusal."""
    body = request_body(request, model, losses)
    return write_body({"model": model, **{name: body[name] for name in body if name in _FIELDS}})


def decode_count_reply(body: bytes) -> int:
    """Input tokens. Raises NotAReplyError."""
    try:
        return _decode(body).input_tokens
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise NotAReplyError(str(error)) from None


def encode_count_reply(tokens: int) -> bytes:
    """The answer for a caller."""
    return _encode(_Count(tokens))
