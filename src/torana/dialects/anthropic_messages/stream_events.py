"""The events of a vendor's stream as they stand on the wire."""

import json
from typing import Any

import msgspec

from torana.dialects.anthropic_messages.usage import UsageBlock


class StreamDelta(msgspec.Struct):
    type: str = ""
    text: str | None = None
    partial_json: str | None = None
    thinking: str | None = None
    signature: str | None = None
    citation: Any = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: Any = None


class StreamMessage(msgspec.Struct):
    id: str = ""
    model: str = ""
    usage: UsageBlock | None = None


class StreamEvent(msgspec.Struct):
    type: str = ""
    index: int = 0
    """Left out where it is 0 by vendors whose JSON comes from protocol buffers."""
    delta: StreamDelta | None = None
    content_block: dict[str, Any] | None = None
    message: StreamMessage | None = None
    usage: UsageBlock | None = None
    error: Any = None


decode_event = msgspec.json.Decoder(StreamEvent).decode
_decode_any = msgspec.json.Decoder(dict[str, Any]).decode
_KNOWN = frozenset(
    (
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
        "error",
    )
)
_GROWING = ("text", "thinking", "partial_json")


def is_unknown(data: bytes) -> bool:
    """Whether JSON that is not a `StreamEvent` is an event that nobody knows, and not a broken one of ours."""
    try:
        kind = _decode_any(data).get("type")
    except msgspec.ValidationError:
        # No object at all.
        return True
    except (msgspec.MsgspecError, RecursionError):
        return False
    return isinstance(kind, str) and kind not in _KNOWN


def join_halves(data: bytes, half: str) -> tuple[StreamEvent, str] | None:
    """An event that holds half of a surrogate pair, which msgspec does not read: `half` began before it.

    Half a pair at the end of what grows is handed back for the next event, any other half is replaced. None for what is no JSON.
    """
    if b"\\u" not in data:
        return None
    try:
        event = json.loads(data)
        delta = event.get("delta") if isinstance(event, dict) else None
        if isinstance(delta, dict):
            for name in _GROWING:
                text = delta.get(name)
                if isinstance(text, str) and text:
                    text, half = half + text, ""
                    if "\ud800" <= text[-1] <= "\udbff":
                        text, half = text[:-1], text[-1]
                    delta[name] = text
        written = json.dumps(event, ensure_ascii=False)
        whole = written.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return decode_event(whole.encode()), half
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def put_before(delta: StreamDelta, text: str) -> bool:
    """Put text before what a delta brings; whether it brings any."""
    for name in _GROWING:
        if given := getattr(delta, name):
            setattr(delta, name, text + given)
            return True
    return False
