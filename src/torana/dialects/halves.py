"""Half characters in vendors' JSON: one escape of a surrogate pair without the other (RFC 8259, section 8.2).

It is JSON, but no text. Models that end within a character and vendors that cut texts by UTF-16 units send it.
"""

import json
import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

T = TypeVar("T")

_ESCAPES = (b"\\ud", b"\\uD")
_HALVES = re.compile("[\ud800-\udfff]")


def mend(data: bytes) -> bytes | None:
    """The JSON with U+FFFD for each half character; None where it has none or is no JSON."""
    if not any(escape in data for escape in _ESCAPES):
        return None
    try:
        return _HALVES.sub("\ufffd", json.dumps(json.loads(data), ensure_ascii=False)).encode()
    except (ValueError, RecursionError):
        return None


def mending(decode: Callable[[bytes], T]) -> Callable[[bytes], T]:
    """The decoder, for JSON with half characters too. Raises what it raises."""

    def decode_mended(data: bytes) -> T:
        try:
            return decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            mended = mend(data)
            if mended is None:
                raise
            return decode(mended)

    return decode_mended
