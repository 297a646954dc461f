"""Errors as Bedrock sends them: `{"message": …}` in a body and the kind in `x-amzn-errortype`, or an exception in a stream.

Source: the errors of Converse and ConverseStream in botocore's service model.
"""

import msgspec

from torana.core.errors import Refusal
from torana.core.exchange import VendorError
from torana.dialects.bedrock_converse.eventstream import write_frame, write_headers

KEPT_HEADERS = (b"x-amzn-errortype",)
_KINDS = {
    401: "AccessDeniedException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    429: "ThrottlingException",
    500: "InternalServerException",
    502: "ModelErrorException",
    503: "ServiceUnavailableException",
    504: "ModelTimeoutException",
}
STREAMED = frozenset(
    (
        "internalServerException",
        "modelStreamErrorException",
        "serviceUnavailableException",
        "throttlingException",
        "validationException",
    )
)
"""Kinds that a stream can tell; clients pass over others."""
_BROKEN = "modelStreamErrorException"
_MOST_MESSAGE = 100_000
"""Characters: a frame cannot hold everything."""


class _Error(msgspec.Struct):
    message: str | None = None
    capital: str | None = msgspec.field(default=None, name="Message")
    kind: str | None = msgspec.field(default=None, name="__type")


class _Told(msgspec.Struct, omit_defaults=True, rename="camel"):
    message: str
    code: str | None = None
    call_id: str | None = None
    param: str | None = None


_decode = msgspec.json.Decoder(_Error).decode
_encode = msgspec.json.Encoder().encode


def error_kind(refusal: Refusal) -> str:
    """AWS's name for the kind of refusal: clients make the class of their exception of it."""
    return _KINDS.get(refusal.status, "ValidationException" if refusal.status < 500 else "InternalServerException")


def error_headers(refusal: Refusal) -> bytes:
    """The header line that tells the kind."""
    return b"x-amzn-errortype: %b\r\n" % error_kind(refusal).encode()


def encode_error(refusal: Refusal, call_id: str) -> bytes:
    """The body of an error reply: behind AWS's own field stand our stable code, the call id and the field at fault."""
    return _encode(_Told(refusal.sentence, refusal.code, call_id, refusal.param))


def encode_error_event(refusal: Refusal, call_id: str) -> bytes:
    """The exception that ends a stream which had already begun."""
    kind = error_kind(refusal)
    streamed = kind[:1].lower() + kind[1:]
    return _exception(streamed if streamed in STREAMED else _BROKEN, encode_error(refusal, call_id))


def encode_vendor_error_event(error: VendorError) -> bytes:
    """The exception for an error that a vendor sent in the middle of its stream."""
    kind = error.type if error.type in STREAMED else _BROKEN
    try:
        body = _encode(_Told(error.message[:_MOST_MESSAGE], error.code, None, error.param))
    except UnicodeEncodeError:
        body = _encode(_Told(error.message[:_MOST_MESSAGE].encode(errors="replace").decode()))
    return _exception(str(kind), body)


def damaged_event(reason: str) -> bytes:
    """The exception that ends a stream whose frames cannot be read any more."""
    return encode_vendor_error_event(VendorError(message=f"The stream of Bedrock is damaged: {reason}."))


def _exception(kind: str, body: bytes) -> bytes:
    headers = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    return write_frame(write_headers(headers), body)


def decode_error(body: bytes) -> VendorError | None:
    """The vendor's words; None where the body is no error of Bedrock. Its kind is otherwise only in `x-amzn-errortype`."""
    try:
        error = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    message = error.message or error.capital
    if message is None and error.kind is None:
        return None
    kind = None if error.kind is None else error.kind.rpartition("#")[2]
    return VendorError(message=message or str(kind), type=kind)
