"""Thoughts and their proofs towards callers and back.

What Bedrock's models signed stands where Converse has it: `signature` of a `reasoningText`, or `redactedContent`. A proof of
another vendor is shown as a `signature` that begins with `torana:`, and unwrapped when it comes back.
"""

from typing import Any

from torana.core.exchange import Image, Part, Reasoning, Text, ToolCall
from torana.dialects import proofs
from torana.dialects.bedrock_converse.media import is_base64
from torana.dialects.proofs import Wrapped, wrap

Block = dict[str, Any]


def read_thought(text: str, signature: str | None) -> Reasoning | Wrapped:
    """A `reasoningText`. A `Wrapped` belongs to the part before it."""
    return proofs.read_signed(proofs.BEDROCK, text, signature)


def signed(part: Part, proof: Wrapped) -> Part:
    """A part with the proof that stood behind it."""
    if isinstance(part, Text):
        return Text(text=part.text, citations=part.citations, signature=proof.signature, cache=part.cache)
    if isinstance(part, Image):
        return Image(source=part.source, signature=proof.signature, cache=part.cache)
    if isinstance(part, ToolCall):
        return ToolCall(
            id=part.id, name=part.name, arguments=part.arguments, signature=proof.signature, cache=part.cache
        )
    return part


def redacted(encrypted: str | None) -> str | None:
    """What only Bedrock can read, in base64; None for what is anybody else's."""
    own = proofs.unmarked(proofs.BEDROCK, encrypted)
    return own if own is not None and is_base64(own) else None


def shown_signature(signature: str | None, encrypted: str | None, ident: str | None, summary: bool) -> str | None:
    """The `signature` of a thought, for a caller."""
    return proofs.shown_signature(proofs.BEDROCK, signature, encrypted, ident, summary)


def write_thought(part: Reasoning) -> list[Block]:
    """The block that shows a thought to a caller; none for an empty one."""
    if (data := redacted(part.encrypted)) is not None:
        return [{"reasoningContent": {"redactedContent": data}}]
    text = part.text or "\n\n".join(part.summary)
    signature = shown_signature(part.signature, part.encrypted, part.id, not part.text and bool(part.summary))
    if not text and signature is None:
        return []
    said = {"text": text} if signature is None else {"text": text, "signature": signature}
    return [{"reasoningContent": {"reasoningText": said}}]


def trailing_signature(signature: str) -> str:
    """The `signature` of the empty thought behind a part whose vendor wants a proof back that the part has no place for."""
    return wrap(Wrapped(signature=signature, previous=True))
