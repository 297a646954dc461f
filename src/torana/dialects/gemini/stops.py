"""`finishReason`, both ways: https://ai.google.dev/api/generate-content#FinishReason"""

from torana.core.exchange import Stop

_FILTERED = (
    "SAFETY",
    "RECITATION",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "MODEL_ARMOR",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
)
_BROKEN = (
    "OTHER",
    "MALFORMED_FUNCTION_CALL",
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
    "MISSING_THOUGHT_SIGNATURE",
    "MALFORMED_RESPONSE",
    "IMAGE_OTHER",
    "NO_IMAGE",
)
_KNOWN: dict[str, Stop] = {
    **dict.fromkeys(_FILTERED, "content_filter"),
    **dict.fromkeys(_BROKEN, "error"),
}
UNSAID = "FINISH_REASON_UNSPECIFIED"
_REASONS: dict[Stop, str] = {
    "stop": "STOP",
    "length": "MAX_TOKENS",
    "stop_sequence": "STOP",
    "tool_calls": "STOP",
    "content_filter": "SAFETY",
    "refusal": "SAFETY",
    "pause": "STOP",
    "context_window": "MAX_TOKENS",
    "error": "OTHER",
}
# Not MODEL_ARMOR: Google's SDKs do not list it.
_SAYABLE = {*_FILTERED, *_BROKEN} - {"MODEL_ARMOR"}
BLOCKS = {"SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "MODEL_ARMOR", "JAILBREAK"}
"""The reasons of `promptFeedback.blockReason`."""


def read_stop(reason: str | None, calls: bool) -> tuple[Stop | None, str | None]:
    """The stop and, where it is coarser, Gemini's own word. `calls`: the answer holds function calls, which end with STOP."""
    if reason is None or reason == UNSAID:
        return None, None
    if reason == "STOP":
        return ("tool_calls" if calls else "stop"), None
    if reason == "MAX_TOKENS":
        return "length", None
    return _KNOWN.get(reason, "error"), reason


def write_stop(stop: Stop | None, detail: str | None) -> str:
    """`finishReason` for a caller: Gemini's own word where it came from Gemini."""
    if detail in _SAYABLE and _KNOWN[detail] == stop:
        return detail
    return UNSAID if stop is None else _REASONS[stop]


def write_block(reason: str) -> str:
    """`blockReason` for a caller."""
    return reason if reason in BLOCKS else "OTHER"
