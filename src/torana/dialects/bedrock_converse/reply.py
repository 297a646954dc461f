"""Whole replies of Converse, both ways, and what reading them shares with its stream: stop reasons, usage, citations."""

from typing import Annotated, Any

import msgspec

from torana.core.exchange import (
    Choice,
    Citation,
    Image,
    ModelReply,
    ModelRequest,
    Opaque,
    Part,
    Reasoning,
    Source,
    Stop,
    Text,
    ToolCall,
)
from torana.core.usage import UNKNOWN, Usage
from torana.dialects import NotAReplyError, proofs
from torana.dialects.bedrock_converse import NAME
from torana.dialects.bedrock_converse.blocks import write_blocks
from torana.dialects.bedrock_converse.ends import TIERS, write_stop, write_usage
from torana.dialects.bedrock_converse.media import media_type
from torana.dialects.bedrock_converse.thoughts import read_thought, signed
from torana.dialects.halves import mending
from torana.dialects.proofs import Wrapped

Tokens = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
STOPS: dict[str, Stop] = {
    "end_turn": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "stop_sequence": "stop_sequence",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    "malformed_model_output": "error",
    "malformed_tool_use": "error",
    "model_context_window_exceeded": "context_window",
    "refusal": "refusal",
    "pause_turn": "pause",
}


class UsageBlock(msgspec.Struct):
    """`usage`: `inputTokens` leaves out what the cache has read and written."""

    inputTokens: Tokens | None = None  # noqa: N815
    outputTokens: Tokens | None = None  # noqa: N815
    cacheReadInputTokens: Tokens | None = None  # noqa: N815
    cacheWriteInputTokens: Tokens | None = None  # noqa: N815


class PromptRouter(msgspec.Struct):
    """`trace.promptRouter`."""

    invokedModelId: str | None = None  # noqa: N815


class Trace(msgspec.Struct):
    """`trace`: which model a router chose. What a guardrail found is not for the caller of another dialect."""

    promptRouter: PromptRouter | None = None  # noqa: N815


class Tier(msgspec.Struct):
    """`serviceTier`."""

    type: str | None = None


class _Message(msgspec.Struct):
    content: list[dict[str, Any]] = []


class _Output(msgspec.Struct):
    message: _Message | None = None


class _Reply(msgspec.Struct):
    output: _Output
    stopReason: str | None = None  # noqa: N815
    usage: UsageBlock | None = None
    trace: Trace | None = None
    serviceTier: Tier | None = None  # noqa: N815
    additionalModelResponseFields: Any = None  # noqa: N815


_decode = mending(msgspec.json.Decoder(_Reply).decode)
_encode = msgspec.json.Encoder().encode


def decode_reply(body: bytes) -> ModelReply:
    """The reply. Its id is empty, because Bedrock gives none in the body. Raises NotAReplyError."""
    try:
        reply = _decode(body)
        blocks = [] if reply.output.message is None else reply.output.message.content
        parts = _read_blocks(blocks)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise NotAReplyError(str(error)) from None
    except (AttributeError, KeyError, TypeError) as error:
        raise NotAReplyError(f"a content block is not what Converse promises: {error}") from None
    stop, detail = read_stop(reply.stopReason)
    choice = Choice(
        parts=parts,
        stop=stop,
        stop_sequence=read_stop_sequence(reply.additionalModelResponseFields),
        stop_detail=detail,
    )
    return ModelReply(
        model=read_routed(reply.trace) or "",
        choices=(choice,),
        usage=read_usage(reply.usage),
        service_tier=None if reply.serviceTier is None else reply.serviceTier.type,
    )


def encode_reply(reply: ModelReply, request: ModelRequest) -> bytes:
    """The reply for a caller. Of several choices the first is shown, because Converse has no more. Raises NotAReplyError."""
    choice = reply.choices[0] if reply.choices else Choice(stop="content_filter" if reply.blocked else "stop")
    called = any(isinstance(part, ToolCall) for part in choice.parts)
    content = [block for part in choice.parts for block in write_blocks(part)]
    told: dict[str, Any] = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": write_stop(choice.stop, choice.stop_detail, called),
        "usage": write_usage(reply.usage),
        "metrics": {"latencyMs": reply.latency_ms or 0},
    }
    if choice.stop_sequence is not None:
        told["additionalModelResponseFields"] = {"stop_sequence": choice.stop_sequence}
    if reply.service_tier in TIERS:
        told["serviceTier"] = {"type": reply.service_tier}
    try:
        return _encode(told)
    except (UnicodeError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise NotAReplyError(str(error)) from None


def _read_blocks(blocks: list[dict[str, Any]]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for block in blocks:
        part = read_block(block)
        if not isinstance(part, Wrapped):
            parts.append(part)
        elif parts:
            parts[-1] = signed(parts[-1], part)
    return tuple(parts)


def read_stop(reason: str | None) -> tuple[Stop | None, str | None]:
    """Our word for a stop reason, and Bedrock's own where ours is coarser."""
    if reason is None:
        return None, None
    stop = STOPS.get(reason, "stop")
    return stop, reason if stop in ("content_filter", "error") or reason not in STOPS else None


def read_stop_sequence(additional: Any) -> str | None:
    """The sequence that was met: Claude tells it where `/stop_sequence` was asked for."""
    sequence = additional.get("stop_sequence") if isinstance(additional, dict) else None
    return sequence if isinstance(sequence, str) else None


def read_routed(trace: Trace | None) -> str | None:
    """The model that a prompt router chose."""
    return None if trace is None or trace.promptRouter is None else trace.promptRouter.invokedModelId


def read_usage(block: UsageBlock | None) -> Usage:
    """A usage block in our words: input is everything the model read, from the cache or not."""
    if block is None:
        return UNKNOWN
    read, write = block.cacheReadInputTokens, block.cacheWriteInputTokens
    tokens = None if block.inputTokens is None else block.inputTokens + (read or 0) + (write or 0)
    return Usage(tokens, read, block.outputTokens, None, cache_write=write)


def read_block(block: dict[str, Any]) -> Part | Wrapped:
    """One content block; a `Wrapped` belongs to the part before it.

    Raises AttributeError, KeyError or TypeError where it is not what Converse promises.
    """
    if "text" in block:
        return Text(text=_string(block["text"]))
    if "toolUse" in block:
        use = block["toolUse"]
        if use.get("type") is not None:
            return Opaque(dialect=NAME, kind=_string(use["type"]), raw=block)
        given = use.get("input", {})
        # A call whose arguments were no JSON is shown to callers as text.
        arguments = given if isinstance(given, str) else _encode(given).decode()
        return ToolCall(id=_string(use["toolUseId"]), name=_string(use["name"]), arguments=arguments)
    if "reasoningContent" in block:
        return _reasoning(block["reasoningContent"])
    if "citationsContent" in block:
        return read_cited(block["citationsContent"])
    if "image" in block:
        image = block["image"]
        if isinstance(data := image.get("source", {}).get("bytes"), str):
            return Image(source=Source(media_type=media_type(image.get("format")), data=data))
    return Opaque(dialect=NAME, kind=next(iter(block), "block"), raw=block)


def read_cited(cited: dict[str, Any]) -> Text:
    """A `citationsContent`. Raises AttributeError, KeyError or TypeError."""
    text = "".join([_string(piece["text"]) for piece in cited.get("content") or () if "text" in piece])
    return Text(text=text, citations=tuple([read_citation(raw) for raw in cited.get("citations") or ()]))


def _reasoning(content: dict[str, Any]) -> Reasoning | Wrapped:
    if "reasoningText" in content:
        thought = content["reasoningText"]
        signature = thought.get("signature")
        return read_thought(_string(thought.get("text", "")), None if signature is None else _string(signature))
    return Reasoning(encrypted=proofs.marked(proofs.BEDROCK, _string(content["redactedContent"])))


def read_citation(raw: dict[str, Any]) -> Citation:
    """One citation. Raises AttributeError or TypeError."""
    location = raw.get("location") or {}
    web = location.get("web") or {}
    document = None
    for kind in ("documentChar", "documentPage", "documentChunk"):
        if kind in location:
            document = location[kind].get("documentIndex")
    sources = [piece["text"] for piece in raw.get("sourceContent") or () if isinstance(piece.get("text"), str)]
    return Citation(
        url=_string_or_none(web.get("url")) or _address(raw.get("source")),
        title=_string_or_none(raw.get("title")),
        cited_text="".join(sources) if sources else None,
        document=document if isinstance(document, int) and not isinstance(document, bool) else None,
        raw=raw,
        dialect=NAME,
    )


def _address(source: Any) -> str | None:
    return source if isinstance(source, str) and source.startswith(("http://", "https://")) else None


def _string_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} in place of a string")
    return value
