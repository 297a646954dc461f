"""`usageMetadata`, both ways.

https://ai.google.dev/api/generate-content#UsageMetadata: `promptTokenCount` includes what was cached, `candidatesTokenCount` leaves
out the thoughts, tokens of Google's own tools are counted apart, and a count of 0 is left out.
"""

from typing import Annotated, Any

import msgspec

from torana.core.usage import UNKNOWN, Usage

Tokens = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]


class Modality(msgspec.Struct, rename="camel"):
    """Tokens of one kind."""

    modality: str | None = None
    token_count: Tokens | None = None


class UsageBlock(msgspec.Struct, rename="camel"):
    """`usageMetadata`."""

    prompt_token_count: Tokens | None = None
    cached_content_token_count: Tokens | None = None
    candidates_token_count: Tokens | None = None
    thoughts_token_count: Tokens | None = None
    tool_use_prompt_token_count: Tokens | None = None
    total_token_count: Tokens | None = None
    prompt_tokens_details: list[Modality] | None = None
    candidates_tokens_details: list[Modality] | None = None


def read_usage(block: UsageBlock | None) -> Usage:
    """A usage block in our words."""
    if block is None:
        return UNKNOWN
    asked, total = block.prompt_token_count, block.total_token_count
    if block.tool_use_prompt_token_count is not None:
        asked = (asked or 0) + block.tool_use_prompt_token_count
    said, thought = block.candidates_token_count, block.thoughts_token_count
    answered = None
    if said is not None or thought is not None:
        answered = (said or 0) + (thought or 0)
    elif asked is not None and total is not None:
        answered = max(total - asked, 0)
    return Usage(
        asked,
        block.cached_content_token_count,
        answered,
        thought,
        audio_input=_sound(block.prompt_tokens_details),
        audio_output=_sound(block.candidates_tokens_details),
    )


_decode = msgspec.json.Decoder(UsageBlock | None).decode


def read_raw_usage(raw: bytes | msgspec.Raw) -> Usage:
    """The same of a block that has not been decoded; one that cannot be a count is unknown."""
    if not len(raw):
        return UNKNOWN
    try:
        return read_usage(_decode(raw))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return UNKNOWN


def _sound(details: list[Modality] | None) -> int | None:
    return next((one.token_count for one in details or () if one.modality == "AUDIO"), None)


def write_usage(usage: Usage) -> dict[str, Any]:
    """`usageMetadata`; empty when nothing is known."""
    block: dict[str, Any] = {}
    if usage.input is not None:
        block["promptTokenCount"] = usage.input
    if usage.cached_input is not None:
        block["cachedContentTokenCount"] = usage.cached_input
    if usage.output is not None:
        block["candidatesTokenCount"] = max(usage.output - (usage.reasoning or 0), 0)
    if usage.reasoning is not None:
        block["thoughtsTokenCount"] = usage.reasoning
    if usage.input is not None or usage.output is not None:
        block["totalTokenCount"] = (usage.input or 0) + (usage.output or 0)
    for name, count in (("promptTokensDetails", usage.audio_input), ("candidatesTokensDetails", usage.audio_output)):
        if count is not None:
            block[name] = [{"modality": "AUDIO", "tokenCount": count}]
    return block
