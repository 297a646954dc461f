"""Looks into a request of Gemini's: the model and whether it streams are said by the path, so that the body tells neither.

Only countTokens and the embedding requests may carry a model, as `models/NAME`, and it has to agree with the path's.
"""

import msgspec

from torana.core.errors import Refusal
from torana.dialects.body import Peek, read_fields, splice, tags

_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_objects = msgspec.json.Decoder(list[dict[str, msgspec.Raw]]).decode
_encode = msgspec.json.Encoder().encode
_COUNTED = ("generateContentRequest", "generate_content_request")


def peek(body: bytes) -> Peek:
    """Look into a JSON object. Raises Refusal: invalid_json, duplicate_field or invalid_field."""
    seen = read_fields(body)
    seen.wants_usage = True
    if (raw := seen.fields.get("labels")) is not None:
        seen.tags = tags(raw)
    return seen


def for_upstream(body: bytes, seen: Peek, model: str, ask_usage: bool) -> bytes:
    """The body to send: unchanged, but for the fields that name the model. Usage comes in every stream unasked."""
    fields = seen.fields
    written = msgspec.Raw(_encode(resource(model)))
    changes: dict[str, bytes] = {}
    if "model" in fields:
        changes["model"] = bytes(written)
    for name in _COUNTED:
        if (raw := fields.get(name)) is not None:
            changes[name] = _counted(raw, name, written)
    if (raw := fields.get("requests")) is not None:
        changes["requests"] = _each(raw, written)
    changes = {name: new for name, new in changes.items() if bytes(fields[name]) != new}
    return splice(body, seen, changes) if changes else body


def resource(model: str) -> str:
    """A model's name as a resource: `models/NAME`, unless it already is one."""
    return model if "/" in model else f"models/{model}"


def _counted(raw: msgspec.Raw, name: str, written: msgspec.Raw) -> bytes:
    try:
        inside = _object(raw)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Refusal("invalid_field", param=name, reason=str(error)) from None
    if "model" not in inside:
        return bytes(raw)
    return _encode({**inside, "model": written})


def _each(raw: msgspec.Raw, written: msgspec.Raw) -> bytes:
    try:
        requests = _objects(raw)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Refusal("invalid_field", param="requests", reason=str(error)) from None
    if not any("model" in one for one in requests):
        return bytes(raw)
    return _encode([{**one, "model": written} if "model" in one else one for one in requests])
