"""Looks into a request: finds what governing needs, refuses what is ambiguous, changes only the model."""

import msgspec

from torana.core.errors import Refusal
from torana.dialects.body import MOST_USER_CHARS, Peek, flag, read_fields, splice, tags, text

_metadata = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


def peek(body: bytes) -> Peek:
    """Look into a JSON object. Raises Refusal: invalid_json, duplicate_field or invalid_field."""
    seen = read_fields(body)
    get = seen.fields.get
    if (raw := get("model")) is not None:
        seen.model = text(raw, "model")
    if (raw := get("stream")) is not None and flag(raw, "stream"):
        seen.stream = True
        # Every stream of Anthropic's tells its usage.
        seen.wants_usage = True
    if (raw := get("metadata")) is not None and bytes(raw) != b"null":
        seen.tags = tags(raw)
        seen.user = _user(raw)
    return seen


def for_upstream(body: bytes, seen: Peek, model: str, ask_usage: bool = False) -> bytes:
    """The body to send: the deployment's model in place of the asked one. Usage need not be asked for."""
    return body if model == seen.model else splice(body, seen, {"model": _encode(model)})


def _user(raw: msgspec.Raw) -> str | None:
    try:
        user = _metadata(raw).get("user_id")
    except msgspec.ValidationError:
        raise Refusal("invalid_field", param="metadata", reason="it has to be an object") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refusal("invalid_field", param="metadata", reason=str(error)) from None
    if user is None or bytes(user) == b"null":
        return None
    return text(user, "metadata.user_id")[:MOST_USER_CHARS]
