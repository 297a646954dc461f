"""Why a message ended, both ways. Source: https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons"""

from typing import Any

from torana.core.exchange import Stop

_READ: dict[str, Stop] = {
    "end_turn": "stop",
    "max_tokens": "length",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_calls",
    "pause_turn": "pause",
    "compaction": "pause",
    "refusal": "refusal",
    "model_context_window_exceeded": "context_window",
}
_WRITTEN: dict[Stop | None, str | None] = {
    None: None,
    "stop": "end_turn",
    "length": "max_tokens",
    "stop_sequence": "stop_sequence",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "refusal": "refusal",
    "pause": "pause_turn",
    "context_window": "model_context_window_exceeded",
    # Anthropic has no word for a reply that the vendor calls failed and yet delivers whole.
    "error": "end_turn",
}
_CATEGORIES = frozenset(("cyber", "bio", "frontier_llm", "reasoning_extraction", "general_harms"))


def read_stop(reason: str | None, details: Any) -> tuple[Stop | None, str | None]:
    """`stop_reason` and `stop_details` as stop and stop_detail. A reason that nobody knows is a plain end that keeps its name."""
    if reason is None:
        return None, None
    stop = _READ.get(reason)
    if stop is None or reason == "compaction":
        return stop or "stop", reason
    if stop == "refusal" and isinstance(details, dict):
        word = details.get("category") or details.get("explanation")
        return stop, word if isinstance(word, str) else None
    return stop, None


def write_stop(stop: Stop | None, detail: str | None, called: bool, declined: bool) -> tuple[str | None, Any]:
    """`stop_reason` and `stop_details`.

    `called`: the reply holds tool calls, which some vendors end with a plain stop; `declined`: it holds words of refusal.
    """
    if stop == "stop" and called:
        return "tool_use", None
    if stop == "stop" and declined:
        return "refusal", None
    reason = "compaction" if stop == "pause" and detail == "compaction" else _WRITTEN[stop]
    if reason != "refusal" or detail is None:
        return reason, None
    known = detail in _CATEGORIES
    return reason, {
        "type": "refusal",
        "category": detail if known else None,
        "explanation": None if known else detail,
    }
