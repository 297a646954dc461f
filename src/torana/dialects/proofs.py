"""Whose proof a thought carries: signatures and encrypted contents are of use only to the vendor that made them.

Callers send a conversation back whichever vendor it goes to next. A vendor whose proofs look like anybody's (plain base64) has
them marked while they are inside the gate: its decoder puts the mark on, its encoder takes it off, and every other dialect's
encoder towards a vendor leaves marked proofs out. None of the marks is base64, so that a vendor's own proofs never look like one.

A dialect whose thoughts have one `signature` shows its callers another vendor's proof there: WRAP, then base64 of a small object
in JSON.
"""

import base64
import binascii

import msgspec
from msgspec.structs import replace

from torana.core.exchange import Reasoning

ANTHROPIC = "anthropic_messages:"
BEDROCK = "bedrock_converse:"
_MARKS = (ANTHROPIC, BEDROCK)
WRAP = "torana:"


class Wrapped(msgspec.Struct, omit_defaults=True):
    """What a proof of another vendor is made of."""

    signature: str | None = None
    encrypted: str | None = None
    id: str | None = None
    summary: bool = False
    """The text shown is the summary."""
    previous: bool = False
    """It is the signature of the part before, which has no place for one in this dialect (a text, a tool call)."""


_read = msgspec.json.Decoder(Wrapped).decode
_write = msgspec.json.Encoder().encode


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


def wrap(found: Wrapped) -> str:
    """The signature that a caller is shown."""
    return WRAP + base64.b64encode(_write(found)).decode("ascii")


def unwrap(signature: str) -> Wrapped | None:
    """What `wrap` wrote; None for a vendor's own. One that was tampered with holds nothing."""
    if not signature.startswith(WRAP):
        return None
    try:
        return _read(base64.b64decode(signature[len(WRAP) :], validate=True))
    except (binascii.Error, ValueError, msgspec.MsgspecError, RecursionError):
        return Wrapped()


def read_signed(mark: str, text: str, signature: str | None) -> Reasoning | Wrapped:
    """A thought that came with this signature; `mark` is of the dialect's own vendor. A `Wrapped` belongs to the part before it."""
    found = None if signature is None else unwrap(signature)
    if found is None:
        return Reasoning(text=text, signature=marked(mark, signature))
    if found.previous:
        return found
    return Reasoning(
        text="" if found.summary else text,
        summary=(text,) if found.summary and text else (),
        signature=found.signature,
        encrypted=found.encrypted,
        id=found.id,
    )


def shown_signature(
    mark: str, signature: str | None, encrypted: str | None, ident: str | None, summary: bool
) -> str | None:
    """What a caller is shown as the signature of a thought; None for one without any proof."""
    own = unmarked(mark, signature)
    if own is not None:
        return own
    if signature is None and encrypted is None and ident is None:
        return None
    return wrap(Wrapped(signature, encrypted, ident, summary))
