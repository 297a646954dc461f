"""Errors in the form of the Responses API, for a whole reply and inside a stream; and what a vendor's error says."""

from typing import Any

import msgspec

from torana.core.errors import Refusal
from torana.core.exchange import VendorError
from torana.dialects.openai_responses.response import Head, write_response

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_RATE = ("rate_limit_exceeded", "rate_limit_error", "upstream_rate_limited")


class _Error(msgspec.Struct):
    message: str
    type: str
    param: str | None
    code: str
    call_id: str


class _Body(msgspec.Struct):
    error: _Error


def encode_error(refusal: Refusal, call_id: str) -> bytes:
    """The body of an error reply."""
    return _encode(_Body(_Error(refusal.sentence, refusal.type, refusal.param, refusal.code, call_id)))


def encode_error_event(refusal: Refusal, call_id: str) -> bytes:
    """The events that end a stream which had already begun: `error`, then `response.failed`, which ends it for everyone."""
    event = {
        "type": "error",
        "code": refusal.code,
        "message": refusal.sentence,
        "param": refusal.param,
        "sequence_number": 0,
        "call_id": call_id,
    }
    error = failure(refusal.code, refusal.sentence)
    failed = write_response(Head(f"resp_{call_id}", "", 0), "failed", b"", error=error)
    return (
        b"event: error\ndata: %b\n\nevent: response.failed\n"
        b'data: {"type":"response.failed","sequence_number":1,"response":%b}\n\n'
    ) % (_encode(event), failed)


def failure(code: str | None, message: str) -> bytes:
    """`error` of a failed response. Its codes are few and fixed; the gate's own code stands in the `error` event."""
    return _encode({"code": "rate_limit_exceeded" if code in _RATE else "server_error", "message": message})


def decode_error(body: bytes) -> VendorError | None:
    """What an error body, or a response that failed, says; None where it is neither."""
    try:
        value = _decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    if not isinstance(value, dict):
        return None
    return read_error(value.get("error"))


def read_error(error: Any) -> VendorError | None:
    """An `error` object, or the text that some servers send in its place."""
    if isinstance(error, str) and error:
        return VendorError(message=error)
    if not isinstance(error, dict):
        return None
    code = error.get("code")
    return VendorError(
        message=_text(error.get("message")) or "the vendor gave no reason",
        type=_text(error.get("type")),
        code=str(code) if isinstance(code, int) and not isinstance(code, bool) else _text(code),
        param=_text(error.get("param")),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
