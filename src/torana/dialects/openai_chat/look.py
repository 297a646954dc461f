"""Looks into a request: finds what governing needs, refuses what is ambiguous, changes only what must change."""

import msgspec

from torana.core.errors import Refusal
from torana.dialects.body import MOST_USER_CHARS, Peek, flag, read_fields, splice, tags, text

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_check = msgspec.json.Decoder(float_hook=str).decode
_encode = msgspec.json.Encoder().encode
_OTHER_WORDS = (
    ("no_stream_options", "stream_options"),
    ("max_tokens_only", "max_completion_tokens"),
    ("random_seed", "seed"),
)
_TRUE = msgspec.Raw(b"true")


def peek(body: bytes) -> Peek:
    """Look into a JSON object. Raises Refusal: invalid_json, duplicate_field or invalid_field."""
    seen = read_fields(body)
    get = seen.fields.get
    if (raw := get("model")) is not None:
        seen.model = text(raw, "model")
    if (raw := get("stream")) is not None and flag(raw, "stream"):
        seen.stream = True
        seen.wants_usage = (raw := get("stream_options")) is not None and _asks_for_usage(raw)
    if (raw := get("user")) is not None and bytes(raw) != b"null":
        seen.user = text(raw, "user")[:MOST_USER_CHARS]
    if (raw := get("metadata")) is not None:
        seen.tags = tags(raw)
    return seen


def for_upstream(body: bytes, seen: Peek, model: str, ask_usage: bool) -> bytes:
    """The body to send: the deployment's model in place of the asked one, and usage asked for where the stream would lack it."""
    if model == seen.model and not seen.stream:
        return body
    changes: dict[str, bytes] = {}
    if model != seen.model:
        changes["model"] = _encode(model)
    asks = ask_usage and seen.stream and not seen.wants_usage
    if asks and (options := seen.fields.get("stream_options")) is not None:
        given = {} if bytes(options) == b"null" else _fields(options)
        changes["stream_options"] = _encode({**given, "include_usage": _TRUE})
        asks = False
    if changes:
        body = splice(body, seen, changes)
    if asks:
        start = body.index(b"{") + 1
        body = b'%b"stream_options":{"include_usage":true},%b' % (body[:start], body[start:])
    return body


def refits(body: bytes, seen: Peek, quirks: frozenset[str]) -> bool:
    """Whether a vendor with these quirks refuses a word of the request that has another one there: it is then written anew."""
    fields = seen.fields
    if any(name in fields for quirk, name in _OTHER_WORDS if quirk in quirks):
        return True
    return "no_developer_role" in quirks and b'"developer"' in body and "messages" in fields


def _asks_for_usage(raw: msgspec.Raw) -> bool:
    try:
        options = _check(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refusal("invalid_field", param="stream_options", reason=str(error)) from None
    if options is None:
        return False
    if not isinstance(options, dict):
        raise Refusal("invalid_field", param="stream_options", reason="it has to be an object")
    return options.get("include_usage") is True
