"""Whose proof a thought carries: Anthropic takes only its own signatures back, and so does every other vendor.

Inside the gate a signature or redacted thinking of Anthropic's bears MARK, whatever dialect the caller speaks: each dialect hands
proofs on as they are, so that one which comes back without the mark was made by somebody else. Towards callers of this dialect the
mark is taken off. A proof of another vendor is shown to them as a `signature` that `proofs.wrap` makes of it
and is unwrapped when it comes back; a thought without any proof is shown with an empty signature.
"""

from torana.core.exchange import Reasoning
from torana.dialects import proofs
from torana.dialects.proofs import Wrapped, unwrap, wrap

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
    found = unwrap(signature)
    if found is None:
        return Reasoning(text=text, signature=marked(signature))
    if found.previous:
        return found
    return Reasoning(
        text="" if found.summary else text,
        summary=(text,) if found.summary and text else (),
        signature=found.signature,
        encrypted=found.encrypted,
        id=found.id,
    )


def shown_signature(signature: str | None, encrypted: str | None, ident: str | None, summary: bool) -> str:
    """The `signature` of a thinking block, for a caller."""
    own = unmarked(signature)
    if own is not None:
        return own
    if signature is None and encrypted is None and ident is None:
        return ""
    return wrap(Wrapped(signature, encrypted, ident, summary))
