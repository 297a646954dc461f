"""Errors as Bedrock sends them in a reply's body: `{"message": …}`, sometimes with its kind in `__type`."""

import msgspec

from torana.core.exchange import VendorError


class _Error(msgspec.Struct):
    message: str | None = None
    capital: str | None = msgspec.field(default=None, name="Message")
    kind: str | None = msgspec.field(default=None, name="__type")


_decode = msgspec.json.Decoder(_Error).decode


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
