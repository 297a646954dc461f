"""Counting tokens: `countTokens`, both ways.

https://ai.google.dev/api/tokens#method:-models.counttokens
"""

from typing import Annotated

import msgspec

from torana.core.exchange import ModelRequest
from torana.core.losses import Losses
from torana.dialects import NotAReplyError
from torana.dialects.fields import parse, wrong
from torana.dialects.gemini.look import resource
from torana.dialects.gemini.names import dump, inner, spelled
from torana.dialects.gemini.request import decode_fields, encode_object


class _Reply(msgspec.Struct, rename="camel"):
    total_tokens: Annotated[int, msgspec.Meta(ge=0, lt=2**53)] = 0


_decode = msgspec.json.Decoder(_Reply).decode
_encode = msgspec.json.Encoder().encode


def decode_count(body: bytes, model: str | None) -> ModelRequest:
    """A caller's body: `contents` alone, or a whole `generateContentRequest`. Raises Refusal."""
    fields = spelled(parse(body))
    whole = inner(fields, "generateContentRequest")
    if whole is None:
        return decode_fields(fields, model, False)
    if fields.rest.get("contents") is not None:
        raise wrong("contents", "it stands beside generateContentRequest; send one of the two")
    return decode_fields(whole, model, False)


def encode_count(request: ModelRequest, model: str, losses: Losses) -> bytes:
    """The body for Gemini: the whole request, so that instructions and tools are counted too."""
    return dump({"generateContentRequest": {"model": resource(model), **encode_object(request, model, losses)}})


def decode_count_reply(body: bytes) -> int:
    """Tokens of the request. Raises NotAReplyError. A count of 0 is left out by Google."""
    try:
        return _decode(body).total_tokens
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise NotAReplyError(str(error)) from None


def encode_count_reply(tokens: int) -> bytes:
    """The reply for a caller of Gemini."""
    return _encode({"totalTokens": tokens})
