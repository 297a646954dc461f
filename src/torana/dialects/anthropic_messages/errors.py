"""Errors in Anthropic's form, for a whole reply and inside a stream. Source: https://platform.claude.com/docs/en/api/errors"""

import msgspec

from torana.core.errors import Refusal
from torana.core.exchange import VendorError

_encode = msgspec.json.Encoder().encode
_BY_STATUS = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
TYPES = frozenset((*_BY_STATUS.values(), "invalid_request_error", "api_error"))


class _Details(msgspec.Struct):
    error_code: str
    """Where Anthropic's SDKs look for a stable code (`error.error_code`)."""


class _Error(msgspec.Struct, omit_defaults=True):
    type: str
    message: str
    details: _Details | None = None
    code: str | None = None
    call_id: str | None = None
    param: str | None = None


class _Body(msgspec.Struct):
    type: str
    error: _Error
    request_id: str | None


class _StreamBody(msgspec.Struct):
    type: str
    error: _Error


class _Given(msgspec.Struct):
    error: dict[str, object]
    type: str = "error"


_given = msgspec.json.Decoder(_Given).decode


def error_type(refusal: Refusal) -> str:
    """Anthropic's word for the kind of refusal."""
    if refusal.status < 500 and refusal.type == "authentication_error" and refusal.status != 403:
        return "authentication_error"
    return _BY_STATUS.get(refusal.status) or ("invalid_request_error" if refusal.status < 500 else "api_error")


def encode_error(refusal: Refusal, call_id: str) -> bytes:
    """The body of an error reply. Behind Anthropic's own fields stand our stable code, the call id and the field at fault."""
    error = _Error(error_type(refusal), refusal.sentence, _Details(refusal.code), refusal.code, call_id, refusal.param)
    return _encode(_Body("error", error, call_id))


def encode_error_event(refusal: Refusal, call_id: str) -> bytes:
    """The event that ends a stream which had already begun."""
    return b"event: error\ndata: %b\n\n" % encode_error(refusal, call_id)


def encode_vendor_error_event(error: VendorError) -> bytes:
    """The event for an error that a vendor sent in the middle of its stream."""
    kind = error.type if error.type in TYPES else "api_error"
    details = None if error.code is None else _Details(error.code)
    told = _Error(kind, error.message, details, error.code, None, error.param)
    try:
        body = _encode(_StreamBody("error", told))
    except UnicodeEncodeError:
        body = _encode(_StreamBody("error", _Error(kind, error.message.encode(errors="replace").decode())))
    return b"event: error\ndata: %b\n\n" % body


def read_error(error: dict[str, object]) -> VendorError | None:
    """The `error` object of a body or an event; None when it says nothing."""
    message, kind = error.get("message"), error.get("type")
    code, param = error.get("code"), error.get("param")
    if not isinstance(message, str) and not isinstance(kind, str):
        return None
    return VendorError(
        message=message if isinstance(message, str) else str(kind),
        type=kind if isinstance(kind, str) else None,
        code=code if isinstance(code, str) else None,
        param=param if isinstance(param, str) else None,
    )


def decode_error(body: bytes) -> VendorError | None:
    """A vendor's error body; None where it is none in Anthropic's form."""
    try:
        given = _given(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    return read_error(given.error) if given.type == "error" else None
