"""Reads usage and the served model out of a whole reply, without changing a byte of it."""

from typing import Annotated

import msgspec

from torana.core.usage import UNKNOWN, Usage

Tokens = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]


class _InputDetails(msgspec.Struct):
    cached_tokens: Tokens | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: Tokens | None = None


class UsageBlock(msgspec.Struct):
    """`usage` of chat completions, completions and embeddings."""

    prompt_tokens: Tokens | None = None
    completion_tokens: Tokens | None = None
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None


class _Reply(msgspec.Struct):
    model: str | None = None
    usage: UsageBlock | None = None


class _AnyReply(msgspec.Struct):
    model: msgspec.Raw = msgspec.Raw()
    usage: msgspec.Raw = msgspec.Raw()


_decode = msgspec.json.Decoder(_Reply).decode
_decode_any = msgspec.json.Decoder(_AnyReply).decode


class NotAReplyError(ValueError):
    """A body that is not a JSON object."""


def read_reply(body: bytes) -> tuple[str | None, Usage]:
    """The served model and the usage of a reply. Raises NotAReplyError; odd fields inside a JSON object are simply unknown."""
    try:
        reply = _decode(body)
    except msgspec.ValidationError:
        try:
            _decode_any(body)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise NotAReplyError(str(error)) from None
        return None, UNKNOWN
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise NotAReplyError(str(error)) from None
    return reply.model, read_usage(reply.usage)


def read_usage(block: UsageBlock | None) -> Usage:
    """A usage block in our words; numbers that cannot be token counts are unknown."""
    if block is None:
        return UNKNOWN
    before, after = block.prompt_tokens_details, block.completion_tokens_details
    return Usage(
        block.prompt_tokens,
        None if before is None else before.cached_tokens,
        block.completion_tokens,
        None if after is None else after.reasoning_tokens,
    )
