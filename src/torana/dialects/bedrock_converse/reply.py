"""Whole replies of Converse, and what they share with its stream: stop reasons, usage, citations."""

from typing import Annotated, Any

import msgspec

from torana.core.exchange import (
    Choice,
    Citation,
    Image,
    ModelReply,
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
from torana.dialects.bedrock_converse.media import media_type
from torana.dialects.halves import mending

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
        parts = tuple([part for block in blocks for part in read_block(block)])
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


def read_block(block: dict[str, Any]) -> list[Part]:
    """The parts of one content block. Raises AttributeError, KeyError or TypeError where it is not what Converse promises."""
    if "text" in block:
        return [Text(text=_string(block["text"]))]
    if "toolUse" in block:
        use = block["toolUse"]
        if use.get("type") is not None:
            return [Opaque(dialect=NAME, kind=_string(use["type"]), raw=block)]
        arguments = _encode(use.get("input", {})).decode()
        return [ToolCall(id=_string(use["toolUseId"]), name=_string(use["name"]), arguments=arguments)]
    if "reasoningContent" in block:
        return _reasoning(block["reasoningContent"])
    if "citationsContent" in block:
        cited = block["citationsContent"]
        text = "".join([_string(piece["text"]) for piece in cited.get("content") or () if "text" in piece])
        return [Text(text=text, citations=tuple([read_citation(raw) for raw in cited.get("citations") or ()]))]
    if "image" in block:
        image = block["image"]
        if isinstance(data := image.get("source", {}).get("bytes"), str):
            return [Image(source=Source(media_type=media_type(image.get("format")), data=data))]
    return [Opaque(dialect=NAME, kind=next(iter(block), "block"), raw=block)]


def _reasoning(content: dict[str, Any]) -> list[Part]:
    if "reasoningText" in content:
        thought = content["reasoningText"]
        signature = thought.get("signature")
        proof = None if signature is None else proofs.marked(proofs.BEDROCK, _string(signature))
        return [Reasoning(text=_string(thought.get("text", "")), signature=proof)]
    return [Reasoning(encrypted=proofs.marked(proofs.BEDROCK, _string(content["redactedContent"])))]


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
