"""Whole replies: `GenerateContentResponse`, both ways.

https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
"""

from typing import Any

import msgspec

from torana.core.exchange import (
    Audio,
    Choice,
    Citation,
    Declined,
    Document,
    Image,
    ModelReply,
    ModelRequest,
    Opaque,
    Part,
    Reasoning,
    Text,
    ToolCall,
    Video,
)
from torana.core.ids import new_id
from torana.dialects import NotAReplyError
from torana.dialects.gemini import NAME
from torana.dialects.gemini.citations import read_citations, read_logprobs, write_citations, write_logprobs
from torana.dialects.gemini.parts import thought_text, write_call, write_media, write_text, write_thought
from torana.dialects.gemini.pieces import CallIds, read_piece
from torana.dialects.gemini.signatures import Proof, write_signature
from torana.dialects.gemini.stops import read_stop, write_block, write_stop
from torana.dialects.gemini.usage import read_raw_usage, write_usage
from torana.dialects.gemini.wire import Candidate, Chunk, read_chunk

_encode = msgspec.json.Encoder().encode


def decode_reply(body: bytes) -> ModelReply:
    """A vendor's reply. Raises NotAReplyError."""
    chunk = read_chunk(body)
    if bytes(chunk.error) not in (b"", b"null"):
        raise NotAReplyError("it is an error in the place of a reply")
    if chunk.candidates is None and chunk.prompt_feedback is None and not len(chunk.usage_metadata):
        raise NotAReplyError("it has neither candidates nor promptFeedback")
    blocked = None
    if not chunk.candidates:
        blocked = (chunk.prompt_feedback and chunk.prompt_feedback.block_reason) or "OTHER"
    return ModelReply(
        id=chunk.response_id or "",
        model=chunk.model_version or "",
        choices=_choices(chunk, body),
        usage=read_raw_usage(chunk.usage_metadata),
        blocked=blocked,
    )


def _choices(chunk: Chunk, body: bytes) -> tuple[Choice, ...]:
    ids = CallIds(chunk.response_id, body)
    return tuple(
        _choice(candidate, number if candidate.index is None else candidate.index, ids)
        for number, candidate in enumerate(chunk.candidates or ())
    )


def _choice(candidate: Candidate, index: int, ids: CallIds) -> Choice:
    pieces = (candidate.content and candidate.content.parts) or []
    parts: list[Part] = []
    places: dict[int, int] = {}
    for number, piece in enumerate(pieces):
        part = read_piece(piece, ids)
        if part is not None:
            places[number] = len(parts)
            parts.append(part)
    _cite(candidate, parts, places)
    calls = any(isinstance(part, ToolCall) for part in parts)
    stop, detail = read_stop(candidate.finish_reason, calls)
    return Choice(
        index=index,
        parts=tuple(parts),
        stop=stop,
        stop_detail=detail,
        logprobs=read_logprobs(candidate.logprobs_result),
    )


def _cite(candidate: Candidate, parts: list[Part], places: dict[int, int]) -> None:
    """Hang the citations on the texts that they speak of: the named part, else the first text."""
    if candidate.citation_metadata is None and candidate.grounding_metadata is None:
        return
    first = next((number for number, part in enumerate(parts) if isinstance(part, Text) and part.text), None)
    if first is None:
        return

    def meant(said: int) -> int:
        place = places.get(said, first)
        part = parts[place]
        return place if isinstance(part, Text) and part.text else first

    def text_of(said: int) -> str | None:
        part = parts[meant(said)]
        return part.text if isinstance(part, Text) else None

    found: dict[int, list[Citation]] = {}
    for said, citation in read_citations(candidate, text_of):
        found.setdefault(meant(said), []).append(citation)
    for place, citations in found.items():
        part = parts[place]
        assert isinstance(part, Text)
        parts[place] = Text(text=part.text, signature=part.signature, citations=tuple(citations))


def encode_reply(reply: ModelReply, request: ModelRequest) -> bytes:
    """The reply for a caller of Gemini."""
    body: dict[str, Any] = {}
    if reply.choices:
        body["candidates"] = [_candidate(choice) for choice in reply.choices]
    else:
        body["promptFeedback"] = {"blockReason": write_block(reply.blocked or "OTHER")}
    if usage := write_usage(reply.usage):
        body["usageMetadata"] = usage
    body["modelVersion"] = reply.model or request.model
    body["responseId"] = reply.id or new_id("resp")
    return _encode(body)


def _candidate(choice: Choice) -> dict[str, Any]:
    parts: list[dict[str, Any]] = []
    citations: list[Citation] = []
    text = None
    for part in choice.parts:
        parts += write_part(part)
        if isinstance(part, Text) and part.citations:
            citations += part.citations
            text = part.text
    candidate: dict[str, Any] = {
        "content": {"parts": parts, "role": "model"},
        "finishReason": write_stop(choice.stop, choice.stop_detail),
        "index": choice.index,
    }
    candidate.update(write_citations(tuple(citations), text))
    if choice.logprobs:
        candidate["logprobsResult"] = write_logprobs(choice.logprobs)
    return candidate


def write_part(part: Part) -> list[dict[str, Any]]:
    """A part of a reply; none for what a caller of Gemini cannot be told."""
    if isinstance(part, Text):
        return [write_text(part.text, caller_signature(part.signature))]
    if isinstance(part, ToolCall):
        return [write_call(part, part.id or None, caller_signature(part.signature))]
    if isinstance(part, Reasoning):
        return [write_thought(thought_text(part), write_signature(Proof(part.signature, part.encrypted, part.id)))]
    if isinstance(part, Declined):
        return [write_text(part.text, None)]
    if isinstance(part, Opaque):
        return [part.raw] if part.dialect == NAME else []
    if isinstance(part, Image | Document | Audio | Video):
        return _media(part)
    return []


def _media(part: Image | Document | Audio | Video) -> list[dict[str, Any]]:
    """A medium; a spoken answer says its words first."""
    words = [write_text(part.transcript, None)] if isinstance(part, Audio) and part.transcript else []
    source = part.source
    if source.data is None and source.url is None and source.file_id is None and source.text is None:
        return words
    written = write_media(part)
    if isinstance(part, Image) and part.signature is not None:
        written["thoughtSignature"] = caller_signature(part.signature)
    return [*words, written]


def caller_signature(signature: str | None) -> str | None:
    """A part's signature as a caller of Gemini can send it back."""
    return write_signature(Proof(signature))
