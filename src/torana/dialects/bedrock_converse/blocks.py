"""Content blocks of replies as callers are shown them."""

import json
from typing import Any

import msgspec

from torana.core.exchange import Audio, Citation, Declined, Image, Opaque, Part, Reasoning, Text, ToolCall
from torana.dialects.arguments import shown_input
from torana.dialects.bedrock_converse import NAME
from torana.dialects.bedrock_converse.media import IMAGES, is_base64
from torana.dialects.bedrock_converse.thoughts import trailing_signature, write_thought

Block = dict[str, Any]

_encode = msgspec.json.Encoder().encode


def quote(text: str) -> bytes:
    """A JSON string. Half of a surrogate pair, which UTF-8 cannot hold, stays escaped."""
    try:
        return _encode(text)
    except UnicodeEncodeError:
        return json.dumps(text).encode("ascii")


def write_blocks(part: Part) -> list[Block]:
    """The blocks that show one part: none for what Converse's replies have no place for."""
    if isinstance(part, Text):
        return _signed(_text(part), part.signature)
    if isinstance(part, ToolCall):
        use = {"toolUseId": part.id, "name": part.name, "input": shown_input(part)}
        return _signed([{"toolUse": use}], part.signature)
    if isinstance(part, Reasoning):
        return write_thought(part)
    if isinstance(part, Declined):
        return [{"text": part.text}] if part.text else []
    if isinstance(part, Image):
        image = shown_image(part)
        return [] if image is None else _signed([{"image": image}], part.signature)
    if isinstance(part, Audio) and part.transcript:
        return [{"text": part.transcript}]
    if isinstance(part, Opaque) and part.dialect == NAME and isinstance(part.raw, dict):
        return [part.raw]
    return []


def _text(part: Text) -> list[Block]:
    if part.citations:
        cited = [write_citation(citation) for citation in part.citations]
        return [{"citationsContent": {"content": [{"text": part.text}], "citations": cited}}]
    return [{"text": part.text}] if part.text else []


def _signed(blocks: list[Block], signature: str | None) -> list[Block]:
    if signature is None:
        return blocks
    thought = {"text": "", "signature": trailing_signature(signature)}
    return [*blocks, {"reasoningContent": {"reasoningText": thought}}]


def shown_image(part: Image) -> Block | None:
    """An image that is there as bytes, in a format that Converse knows; else None."""
    format_ = IMAGES.get((part.source.media_type or "").partition(";")[0].strip().lower())
    if format_ is None or part.source.data is None or not is_base64(part.source.data):
        return None
    return {"format": format_, "source": {"bytes": part.source.data}}


def write_citation(citation: Citation) -> Block:
    """A citation for a caller: its own, or what another dialect's says that has a place here."""
    if citation.dialect == NAME and isinstance(citation.raw, dict):
        return citation.raw
    written: Block = {}
    if citation.title is not None:
        written["title"] = citation.title
    if citation.cited_text is not None:
        written["sourceContent"] = [{"text": citation.cited_text}]
    if citation.url is not None:
        written["location"] = {"web": {"url": citation.url}}
    elif citation.document is not None:
        written["location"] = {"documentChunk": {"documentIndex": citation.document}}
    return written
