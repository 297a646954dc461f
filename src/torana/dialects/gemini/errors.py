"""Errors in Google's form (google.rpc.Status), both ways.

https://cloud.google.com/apis/design/errors, https://ai.google.dev/gemini-api/docs/troubleshooting
"""

from typing import Any

import msgspec

from torana.core.errors import Refusal
from torana.core.exchange import VendorError

_encode = msgspec.json.Encoder().encode
_STATUSES = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
_RETRY = "type.googleapis.com/google.rpc.RetryInfo"
_BAD = "type.googleapis.com/google.rpc.BadRequest"


class _Given(msgspec.Struct):
    code: Any = None
    message: str = ""
    status: str | None = None
    details: list[dict[str, Any]] | None = None


class _Body(msgspec.Struct):
    error: _Given


_one = msgspec.json.Decoder(_Body).decode
_many = msgspec.json.Decoder(list[_Body]).decode


def status_name(status: int) -> str:
    """Google's word for an HTTP status."""
    return _STATUSES.get(status, "INVALID_ARGUMENT" if status < 500 else "INTERNAL")


def encode_error(refusal: Refusal, call_id: str) -> bytes:
    """The body of an error reply: our code and the call's id stand in an ErrorInfo."""
    metadata = {"code": refusal.code, "callId": call_id}
    if refusal.param is not None:
        metadata["param"] = refusal.param
    details: list[dict[str, Any]] = [
        {"@type": _INFO, "reason": refusal.code.upper(), "domain": "torana", "metadata": metadata}
    ]
    if refusal.param is not None:
        violation = {"field": refusal.param, "description": refusal.sentence}
        details.append({"@type": _BAD, "fieldViolations": [violation]})
    for name, value in refusal.headers:
        if name.lower() == "retry-after" and value.isdigit():
            details.append({"@type": _RETRY, "retryDelay": f"{value}s"})
    return write_error(refusal.status, refusal.sentence, status_name(refusal.status), details)


def write_error(code: int, message: str, status: str, details: list[dict[str, Any]]) -> bytes:
    """An error's body."""
    error: dict[str, Any] = {"code": code, "message": message, "status": status}
    if details:
        error["details"] = details
    return _encode({"error": error})


def encode_error_event(refusal: Refusal, call_id: str, array: bool = False, begun: bool = True) -> bytes:
    """What ends a stream. `array`: the stream is a JSON array; `begun`: at least one of its elements has been sent."""
    body = encode_error(refusal, call_id)
    if array:
        return (b",\r\n%b]" if begun else b"[%b]") % body
    return b"data: %b\r\n\r\n" % body


def decode_error(body: bytes) -> VendorError | None:
    """What a vendor's error body says; None where it is none. An unstreamed array form wraps the error in an array."""
    try:
        error = _many(body)[0].error if body.lstrip()[:1] == b"[" else _one(body).error
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, IndexError):
        return None
    reason = param = None
    for detail in error.details or ():
        kind = detail.get("@type")
        if kind == _INFO and isinstance(detail.get("reason"), str):
            reason = detail["reason"]
        elif kind == _BAD:
            param = param or _field(detail)
    code = reason or (str(error.code) if isinstance(error.code, int | str) else None)
    return VendorError(message=error.message or "It gave no reason.", type=error.status, code=code, param=param)


def _field(detail: dict[str, Any]) -> str | None:
    violations = detail.get("fieldViolations")
    first = violations[0] if isinstance(violations, list) and violations else None
    field = first.get("field") if isinstance(first, dict) else None
    return field if isinstance(field, str) else None
