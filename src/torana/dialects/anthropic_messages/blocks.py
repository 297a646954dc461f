"""Content blocks of replies, both ways. A field that nobody knows is passed over, a block that nobody knows stays whole."""

import json
from typing import Any

import msgspec

from torana.core.exchange import (
    Audio,
    Citation,
    Declined,
    Document,
    Image,
    Opaque,
    Part,
    Reasoning,
    Text,
    ToolCall,
)
from torana.dialects import NotAReplyError
from torana.dialects.anthropic_messages.media import document_source, image_source
from torana.dialects.anthropic_messages.signatures import NAME, marked, read_thinking, shown_signature, unmarked
from torana.dialects.anthropic_messages.turns_in import read_citation
from torana.dialects.arguments import shown_input
from torana.dialects.proofs import Wrapped, wrap

_write = msgspec.json.Encoder().encode
Block = dict[str, Any]


def compact(value: Any) -> str:
    """A JSON value as text."""
    return _write(value).decode()


def quote(text: str) -> bytes:
    """A JSON string. Half of a surrogate pair, which UTF-8 cannot hold, stays escaped."""
    try:
        return _write(text)
    except UnicodeEncodeError:
        return json.dumps(text).encode("ascii")


def _text_of(block: Block, name: str) -> str:
    value = block.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise NotAReplyError(f"{name} of a {block.get('type')} block is not a string")
    return value


def read_citations(block: Block) -> tuple[Citation, ...]:
    """`citations` of a text."""
    given = block.get("citations")
    return tuple(read_citation(one) for one in given if isinstance(one, dict)) if isinstance(given, list) else ()


def read_block(block: Block) -> Part | Wrapped:
    """One block of a reply; a `Wrapped` belongs to the part before it. Raises NotAReplyError."""
    kind = block.get("type")
    if kind == "text":
        return Text(text=_text_of(block, "text"), citations=read_citations(block))
    if kind == "thinking":
        return read_thinking(_text_of(block, "thinking"), _text_of(block, "signature"))
    if kind == "redacted_thinking":
        return Reasoning(encrypted=marked(_text_of(block, "data")))
    if kind == "tool_use" and block.get("caller") in (None, {"type": "direct"}):
        given = block.get("input")
        arguments = given if isinstance(given, str) else "" if given is None else compact(given)
        return ToolCall(id=_text_of(block, "id"), name=_text_of(block, "name"), arguments=arguments)
    if not isinstance(kind, str):
        raise NotAReplyError("a content block has no type")
    return Opaque(dialect=NAME, kind=kind, raw=block)


def write_blocks(part: Part) -> list[Block]:
    """The blocks that show one part to a caller: none for what this dialect cannot show."""
    if isinstance(part, Text):
        block: Block = {"type": "text", "text": part.text}
        if citations := [raw for one in part.citations if (raw := write_citation(one)) is not None]:
            block["citations"] = citations
        return _signed(block, part.signature) if part.text or part.signature else []
    if isinstance(part, ToolCall):
        return _signed(
            {"type": "tool_use", "id": part.id, "name": part.name, "input": shown_input(part)}, part.signature
        )
    if isinstance(part, Reasoning):
        return _thought(part)
    if isinstance(part, Declined):
        return [{"type": "text", "text": part.text}] if part.text else []
    if isinstance(part, Opaque):
        return [part.raw] if part.dialect == NAME else []
    return _shown_media(part)


def _shown_media(part: Part) -> list[Block]:
    """Images and documents in the form that requests have for them; of sound what was said."""
    if isinstance(part, Image):
        source = image_source(part.source)
        return [] if isinstance(source, str) else _signed({"type": "image", "source": source}, part.signature)
    if isinstance(part, Document):
        source = document_source(part.source)
        return [] if isinstance(source, str) else [{"type": "document", "source": source}]
    if isinstance(part, Audio) and part.transcript:
        return [{"type": "text", "text": part.transcript}]
    return []


def _thought(part: Reasoning) -> list[Block]:
    data = unmarked(part.encrypted)
    if data is not None:
        return [{"type": "redacted_thinking", "data": data}]
    text = part.text or "\n\n".join(part.summary)
    summary = not part.text and bool(part.summary)
    signature = shown_signature(part.signature, part.encrypted, part.id, summary)
    return [{"type": "thinking", "thinking": text, "signature": signature}] if text or signature else []


def trailing_proof(signature: str) -> Block:
    """The block behind a part whose vendor wants a proof back that the part itself has no place for."""
    return {"type": "thinking", "thinking": "", "signature": wrap(Wrapped(signature=signature, previous=True))}


def _signed(block: Block, signature: str | None) -> list[Block]:
    return [block] if signature is None else [block, trailing_proof(signature)]


def write_citation(citation: Citation) -> Block | None:
    """A citation for a caller; of another dialect's only those with a URL, as a result of a web search."""
    if citation.dialect == NAME and isinstance(citation.raw, dict):
        return citation.raw
    if citation.url is None:
        return None
    return {
        "type": "web_search_result_location",
        "cited_text": citation.cited_text or "",
        "encrypted_index": "",
        "title": citation.title,
        "url": citation.url,
    }
