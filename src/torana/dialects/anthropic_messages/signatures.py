"""Whose proof a thought carries: Anthropic takes only its own signatures back, and so does every other vendor.

Inside the gate a signature or redacted thinking of Anthropic's bears MARK, whatever dialect the caller speaks: each dialect hands
proofs on as they are, so that one which comes back without the mark was made by somebody else. Towards callers of this dialect the
mark is taken off. A proof of another vendor is shown to them as a `signature` that begins with WRAP, followed by base64 of a small
JSON object, and is unwrapped when it comes back; a thought without any proof is shown with an empty signature.
"""

import base64
import binascii

import msgspec

from torana.core.exchange import Reasoning
from torana.dialects import proofs

NAME = "anthropic_messages"
MARK = proofs.ANTHROPIC
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


def marked(proof: str | None) -> str | None:
    """Anthropic's proof as it is known inside the gate; an empty one is none."""
    return proofs.marked(MARK, proof)


def unmarked(proof: str | None) -> str | None:
    """Anthropic's own proof; None for anybody else's."""
    return proofs.unmarked(MARK, proof)


def wrap(found: Wrapped) -> str:
    """The signature that a caller of this dialect is shown."""
    return WRAP + base64.b64encode(_write(found)).decode("ascii")


def unwrap(signature: str) -> Wrapped | None:
    """What `wrap` wrote; None for a signature of Anthropic's. One that was tampered with holds nothing."""
    if not signature.startswith(WRAP):
        return None
    try:
        return _read(base64.b64decode(signature[len(WRAP) :], validate=True))
    except (binascii.Error, ValueError, msgspec.MsgspecError, RecursionError):
        return Wrapped()


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
