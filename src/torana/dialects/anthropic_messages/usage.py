"""Token counts. Anthropic's `input_tokens` leaves out what was read from and written to the prompt cache; ours is the whole.

Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching#tracking-cache-performance
"""

from typing import Annotated, Any

import msgspec

from torana.core.usage import Usage

Tokens = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]


class _OutputDetails(msgspec.Struct):
    thinking_tokens: Tokens | None = None


class UsageBlock(msgspec.Struct):
    """`usage` of a message, a message_start and a message_delta."""

    input_tokens: Tokens | None = None
    cache_read_input_tokens: Tokens | None = None
    cache_creation_input_tokens: Tokens | None = None
    output_tokens: Tokens | None = None
    output_tokens_details: _OutputDetails | None = None
    service_tier: Any = None


def later(before: UsageBlock | None, after: UsageBlock) -> UsageBlock:
    """What is known after a further block of a stream: counts are totals, and one that is left out keeps its value."""
    if before is None:
        return after
    for name in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens"):
        if (value := getattr(after, name)) is not None:
            setattr(before, name, value)
    before.output_tokens_details = after.output_tokens_details or before.output_tokens_details
    return before


def read_usage(block: UsageBlock) -> Usage:
    """A usage block in our words."""
    fresh, read, written = block.input_tokens, block.cache_read_input_tokens, block.cache_creation_input_tokens
    details = block.output_tokens_details
    return Usage(
        None if fresh is None else fresh + (read or 0) + (written or 0),
        read,
        block.output_tokens,
        None if details is None else details.thinking_tokens,
        cache_write=written,
    )


def tier(block: UsageBlock | None) -> str | None:
    """The service tier that served."""
    return block.service_tier if block is not None and isinstance(block.service_tier, str) else None


def write_usage(usage: Usage) -> dict[str, Any]:
    """Our count in Anthropic's words. Both totals are required: an unknown one is 0."""
    read, written = usage.cached_input, usage.cache_write
    found: dict[str, Any] = {"input_tokens": max((usage.input or 0) - (read or 0) - (written or 0), 0)}
    if written is not None:
        found["cache_creation_input_tokens"] = written
    if read is not None:
        found["cache_read_input_tokens"] = read
    found["output_tokens"] = usage.output or 0
    if usage.reasoning is not None:
        found["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    return found
