"""Looks into a request: finds what governing needs, refuses what is ambiguous, changes only what must change."""

import msgspec

from torana.dialects.body import MOST_USER_CHARS, Peek, flag, read_fields, splice, tags, text

_encode = msgspec.json.Encoder().encode


def peek(body: bytes) -> Peek:
    """Look into a JSON object. Raises Refusal: invalid_json, duplicate_field or invalid_field."""
    seen = read_fields(body)
    # A stream's last event always holds the usage.
    seen.wants_usage = True
    get = seen.fields.get
    if (raw := get("model")) is not None:
        seen.model = text(raw, "model")
    if (raw := get("stream")) is not None:
        seen.stream = flag(raw, "stream")
    # `user` is the older name of `safety_identifier`; either says who the end user is.
    for name in ("user", "safety_identifier"):
        if seen.user is None and (raw := get(name)) is not None and bytes(raw) != b"null":
            seen.user = text(raw, name)[:MOST_USER_CHARS]
    if (raw := get("metadata")) is not None:
        seen.tags = tags(raw)
    return seen


def for_upstream(body: bytes, seen: Peek, model: str, ask_usage: bool) -> bytes:
    """The body to send: the deployment's model in place of the asked one. Usage comes unasked, so `ask_usage` changes nothing."""
    return body if model == seen.model else splice(body, seen, {"model": _encode(model)})
