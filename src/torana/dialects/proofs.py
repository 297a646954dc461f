"""Whose proof a thought carries: signatures and encrypted contents are of use only to the vendor that made them.

Callers send a conversation back whichever vendor it goes to next. A vendor whose proofs look like anybody's (plain base64) has
them marked while they are inside the gate: its decoder puts the mark on, its encoder takes it off, and every other dialect's
encoder towards a vendor leaves marked proofs out. None of the marks is base64, so that a vendor's own proofs never look like one.
"""

from msgspec.structs import replace

from torana.core.exchange import Reasoning

ANTHROPIC = "anthropic_messages:"
BEDROCK = "bedrock_converse:"
_MARKS = (ANTHROPIC, BEDROCK)


def marked(mark: str, proof: str | None) -> str | None:
    """The proof as it is known inside the gate; an empty one is none."""
    return mark + proof if proof else None


def unmarked(mark: str, proof: str | None) -> str | None:
    """The vendor's own proof; None for one that does not bear its mark."""
    return proof[len(mark) :] if proof is not None and proof.startswith(mark) else None


def is_marked(proof: str | None) -> bool:
    """Whether it belongs to a vendor that is known by its mark."""
    return proof is not None and proof.startswith(_MARKS)


def without_marked(part: Reasoning) -> Reasoning:
    """The thought without the proofs of vendors that are known by their marks."""
    return replace(
        part,
        signature=None if is_marked(part.signature) else part.signature,
        encrypted=None if is_marked(part.encrypted) else part.encrypted,
    )
