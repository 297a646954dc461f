"""Errors as Ollama sends them: `{"error": "…"}`, whole or as a line of a stream."""

import msgspec

from torana.core.exchange import VendorError


class _Error(msgspec.Struct):
    error: str


_decode = msgspec.json.Decoder(_Error).decode


def decode_error(body: bytes) -> VendorError | None:
    """The vendor's words; None where the body is no error of Ollama."""
    try:
        return VendorError(message=_decode(body).error)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
