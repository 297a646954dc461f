"""What is changed of a JSON request that passes, and what it says about its own size."""

import msgspec

from torana.core.errors import Refusal
from torana.dialects.body import Peek, splice, text

_encode = msgspec.json.Encoder().encode


def with_model(body: bytes, seen: Peek, model: str) -> bytes:
    """The body to send: the deployment's model in place of the asked one, or added where none was named."""
    if "model" in seen.fields:
        return body if seen.model == model else splice(body, seen, {"model": _encode(model)})
    start = body.index(b"{") + 1
    return b'%b"model":%b%b%b' % (body[:start], _encode(model), b"," if seen.fields else b"", body[start:])


def characters(seen: Peek) -> int | None:
    """Length of the text to be spoken. Raises Refusal (invalid_field) where `input` is no text."""
    raw = seen.fields.get("input")
    if raw is None:
        return None
    try:
        return len(text(raw, "input"))
    except UnicodeDecodeError:
        raise Refusal("invalid_field", param="input", reason="it is not UTF-8") from None
