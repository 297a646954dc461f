"""Errors in OpenAI's form, for a whole reply and inside a stream, and what vendors that are compatible make of it.

Source: https://platform.openai.com/docs/guides/error-codes/api-errors
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from torana.core.errors import Refusal
from torana.core.exchange import VendorError

MOST_MESSAGE_CHARS = 4096
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


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


def encode_vendor_event(error: VendorError) -> bytes:
    """The event for an error that the vendor sent in the middle of its stream."""
    fields = {
        "message": error.message,
        "type": error.type or "upstream_error",
        "param": error.param,
        "code": error.code,
    }
    return b"data: %b\n\n" % _encode({"error": fields})


def is_error(body: bytes) -> bool:
    """Whether a vendor's body already is an error in OpenAI's form."""
    try:
        return bytes(_given(body).error)[:1] == b"{"
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return False


def decode_error(body: bytes) -> VendorError | None:
    """What a vendor's error says; None where the body is no error of this form or of those that deviations.py lists."""
    try:
        value = _decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, ValueError):
        return None
    if isinstance(value, list) and len(value) == 1:
        # Google's compatible endpoint sends a list of one.
        value = value[0]
    return read_error(value) if isinstance(value, dict) else None


def read_error(value: Mapping[str, Any]) -> VendorError | None:
    """The same of an object that is read already."""
    given = value.get("error")
    if isinstance(given, str) and given:
        return _made(value, given)
    if isinstance(given, dict) and given:
        return _made(given, given.get("message") or _detail(given) or _text(given))
    if value.get("choices") or value.get("data"):
        return None
    if value.get("object") == "error" or "detail" in value:
        return _made(value, value.get("message") or _detail(value) or _text(value))
    if isinstance(value.get("message"), str) and not {"id", "choices"} & value.keys():
        return _made(value, value["message"])
    return None


def _detail(value: Mapping[str, Any]) -> Any:
    """`detail`: a sentence, or FastAPI's list of places and sentences (vLLM, Mistral)."""
    given = value.get("detail")
    if isinstance(given, list):
        rows = [row for row in given if isinstance(row, dict)]
        return "; ".join(f"{_place(row.get('loc'))}: {row.get('msg')}" for row in rows)
    return given


def _place(loc: Any) -> str:
    return ".".join(str(step) for step in loc) if isinstance(loc, list) else str(loc)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _encode(value).decode()


def _made(value: Mapping[str, Any], message: Any) -> VendorError:
    code = value.get("code")
    kind, param = value.get("type"), value.get("param")
    return VendorError(
        message=_text(message)[:MOST_MESSAGE_CHARS],
        type=kind if isinstance(kind, str) else None,
        code=str(code) if isinstance(code, str | int) and not isinstance(code, bool) else None,
        param=param if isinstance(param, str) else None,
    )
