"""Errors in OpenAI's form, for a whole reply and inside a stream."""

import msgspec

from torana.core.errors import Refusal

_encode = msgspec.json.Encoder().encode


class _Error(msgspec.Struct):
    message: str
    type: str
    param: str | None
    code: str
    call_id: str


class _Body(msgspec.Struct):
    error: _Error


class _Given(msgspec.Struct):
    error: msgspec.Raw


_given = msgspec.json.Decoder(_Given).decode


def encode_error(refusal: Refusal, call_id: str) -> bytes:
    """The body of an error reply."""
    return _encode(_Body(_Error(refusal.sentence, refusal.type, refusal.param, refusal.code, call_id)))


def encode_error_event(refusal: Refusal, call_id: str) -> bytes:
    """The event that ends a stream which had already begun."""
    return b"data: %b\n\n" % encode_error(refusal, call_id)


def is_error(body: bytes) -> bool:
    """Whether a vendor's body already is an error in OpenAI's form."""
    try:
        return bytes(_given(body).error)[:1] == b"{"
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return False
