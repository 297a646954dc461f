"""Errors as Cohere sends them: `{"id": …, "message": …}`."""

import msgspec

from torana.core.exchange import VendorError


class _Error(msgspec.Struct):
    message: str


_decode = msgspec.json.Decoder(_Error).decode


def decode_error(body: bytes) -> VendorError | None:
    """The vendor's words; None where the body is no error of Cohere."""
    try:
        return VendorError(message=_decode(body).message)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
