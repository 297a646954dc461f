"""Carries what other vendors want back with a thought inside a reasoning item's `encrypted_content`.

Callers of the Responses API send reasoning items back as they came, and `encrypted_content` is the one place in them that is
opaque to callers by contract. Only here does `encrypted_content` have a form: PREFIX, then base64 (URL alphabet, no padding) of a
JSON object that says which field each value was:

    signature   Reasoning.signature (Anthropic's, for instance)
    text        Reasoning.text, which the signature covers and which some callers (Codex) do not send back
    encrypted   Reasoning.encrypted beside a signature
    previous    the signature of the part before this item: a Text, Image or ToolCall (Gemini's thoughtSignature)

Encrypted reasoning without a signature is written as it is. Nothing here is secret or trusted: the vendor checks it.
"""

import base64

import msgspec

from torana.core.exchange import Reasoning

PREFIX = "torana.r1."
_encode = msgspec.json.Encoder().encode


class Carried(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was in it."""

    signature: str | None = None
    text: str | None = None
    encrypted: str | None = None
    previous: str | None = None


_decode = msgspec.json.Decoder(Carried).decode


def carry(part: Reasoning) -> str | None:
    """`encrypted_content` for a thought; None where it has nothing to bring back."""
    encrypted = part.encrypted
    if part.signature is None and (encrypted is None or not encrypted.startswith(PREFIX)):
        return encrypted
    return _wrap(Carried(signature=part.signature, text=part.text or None, encrypted=encrypted))


def carry_previous(signature: str) -> str:
    """`encrypted_content` of an item that only brings back the signature of the part before it."""
    return _wrap(Carried(previous=signature))


def uncarry(encrypted: str) -> Carried:
    """What `encrypted_content` holds. Raises ValueError where it has our prefix and is damaged."""
    if not encrypted.startswith(PREFIX):
        return Carried(encrypted=encrypted)
    written = encrypted[len(PREFIX) :]
    try:
        return _decode(base64.urlsafe_b64decode(written + "=" * (-len(written) % 4)))
    except (ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(f"encrypted_content was changed on its way: {error}") from None


def restore(carried: Carried, text: str, summary: tuple[str, ...], item_id: str | None) -> Reasoning:
    """The thought, from what was carried and what stood beside it in the item."""
    if carried.text is not None:
        # A caller who asked for summaries was shown the thought as one.
        summary = () if "".join(summary) == carried.text else summary
        text = carried.text
    return Reasoning(text=text, summary=summary, signature=carried.signature, encrypted=carried.encrypted, id=item_id)


def _wrap(carried: Carried) -> str:
    return PREFIX + base64.urlsafe_b64encode(_encode(carried)).decode().rstrip("=")
