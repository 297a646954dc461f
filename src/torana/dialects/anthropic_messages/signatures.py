"""Whose proof a thought carries: Anthropic takes only its own signatures back, and so does every other vendor.

Inside the gate a signature or redacted thinking of Anthropic's bears MARK, whatever dialect the caller speaks: each dialect hands
proofs on as they are, so that one which comes back without the mark was made by somebody else. Towards callers of this dialect the
mark is taken off. A proof of another vendor is shown to them as a `signature` that `proofs.wrap` makes of it
and is unwrapped when it comes back; a thought without any proof is shown with an empty signature.
"""

from torana.core.exchange import Reasoning
from torana.dialects import proofs
from torana.dialects.proofs import Wrapped

NAME = "anthropic_messages"
MARK = proofs.ANTHROPIC


def marked(proof: str | None) -> str | None:
    """Anthropic's proof as it is known inside the gate; an empty one is none."""
    return proofs.marked(MARK, proof)


def unmarked(proof: str | None) -> str | None:
    """Anthropic's own proof; None for anybody else's."""
    return proofs.unmarked(MARK, proof)


def read_thinking(text: str, signature: str) -> Reasoning | Wrapped:
    """A thinking block. A `Wrapped` belongs to the part before it."""
    return proofs.read_signed(MARK, text, signature)


def shown_signature(signature: str | None, encrypted: str | None, ident: str | None, summary: bool) -> str:
    """The `signature` of a thinking block, for a caller."""
    return proofs.shown_signature(MARK, signature, encrypted, ident, summary) or ""
