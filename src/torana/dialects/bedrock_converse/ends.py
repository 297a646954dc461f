"""What ends a reply towards a caller, whole or streamed: its stop reason and its usage.

Source: the enumeration StopReason and the structure TokenUsage of the Converse API. `refusal` and `pause_turn` are no words of
the enumeration: they are what Bedrock says of Claude.
"""

from typing import Any

from torana.core.exchange import Stop
from torana.core.usage import Usage

_WRITTEN: dict[Stop | None, str] = {
    None: "end_turn",
    "stop": "end_turn",
    "length": "max_tokens",
    "stop_sequence": "stop_sequence",
    "tool_calls": "tool_use",
    "content_filter": "content_filtered",
    "refusal": "refusal",
    "pause": "pause_turn",
    "context_window": "model_context_window_exceeded",
    "error": "malformed_model_output",
}
_FINER = {"content_filter": ("guardrail_intervened",), "error": ("malformed_tool_use",)}
TIERS = frozenset(("priority", "default", "flex", "reserved"))


def write_stop(stop: Stop | None, detail: str | None, called: bool) -> str:
    """`stopReason`. `called`: the reply holds tool calls, which some vendors end with a plain stop."""
    if stop == "stop" and called:
        return "tool_use"
    if stop is not None and detail in _FINER.get(stop, ()):
        return str(detail)
    return _WRITTEN[stop]


def write_usage(usage: Usage) -> dict[str, Any]:
    """`usage`, whose first number leaves out what the cache has read and written. Three are required: an unknown one is 0."""
    read, written = usage.cached_input, usage.cache_write
    given, out = usage.input or 0, usage.output or 0
    counts = {
        "inputTokens": max(given - (read or 0) - (written or 0), 0),
        "outputTokens": out,
        "totalTokens": given + out,
    }
    if read is not None:
        counts["cacheReadInputTokens"] = read
    if written is not None:
        counts["cacheWriteInputTokens"] = written
    return counts
