"""Looks into a request of Converse's: the path says the model and whether it streams, so that a body passes as it is."""

from torana.dialects.body import Peek, read_fields, tags


def peek(body: bytes) -> Peek:
    """Look into a JSON object. Raises Refusal: invalid_json or duplicate_field."""
    seen = read_fields(body)
    # Every stream of Bedrock's tells its usage.
    seen.wants_usage = True
    if (raw := seen.fields.get("requestMetadata")) is not None:
        seen.tags = tags(raw)
    return seen


def for_upstream(body: bytes, seen: Peek, model: str, ask_usage: bool = False) -> bytes:
    """The body to send, unchanged: the deployment's model goes into the path."""
    return body
