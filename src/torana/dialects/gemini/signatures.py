"""Base64 as Google's callers send it, and signatures that are not Google's.

`thoughtSignature` is a `bytes` field: SDKs decode it and write it again, Python's in the URL-safe alphabet. A signature of another
vendor that is no base64, and what else of its reasoning has to come back (encrypted content, an id), would not survive that. It
travels inside base64 of our own, which begins with `torana:` and is unwrapped when the caller sends the thought back.
"""

import base64
import re
from typing import NamedTuple

import msgspec

PLACEHOLDER = "skip_thought_signature_validator"
"""What Google documents for function calls that no Gemini made (https://ai.google.dev/gemini-api/docs/thought-signatures#faqs):
"transferring a trace from a different model that does not include thought signatures". It happens to be URL-safe base64."""
_MARK = b"torana:"
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_URL_SAFE = str.maketrans("-_", "+/")
_OLDER = re.compile(r"(?:.*/)?(?:gemini-(?:1|2)(?:\D|$)|gemma|learnlm|embedding|text-embedding|aqa)")
_NEWER = re.compile(r"(?:.*/)?gemini-(?:[3-9]|[1-9]\d|.*latest)")


class _Wrapped(msgspec.Struct, omit_defaults=True):
    signature: str | None = None
    encrypted: str | None = None
    id: str | None = None


class Proof(NamedTuple):
    """What a thought has to come back with."""

    signature: str | None = None
    encrypted: str | None = None
    id: str | None = None


_unwrap = msgspec.json.Decoder(_Wrapped).decode
_wrap = msgspec.json.Encoder().encode


def standard(data: str) -> str | None:
    """Base64 in the standard alphabet, padded, in one line; None when it is not base64 in any alphabet."""
    if "\n" in data:
        data = "".join(data.split())
    if "-" in data or "_" in data:
        data = data.translate(_URL_SAFE)
    if len(data) % 4:
        data += "=" * (-len(data) % 4)
    # Deleting the alphabet is several times quicker than decoding, which megabytes of images would feel.
    padding = data.encode("utf-8", "replace").translate(None, _ALPHABET)
    return data if padding in (b"", b"=", b"==") and data.endswith(padding.decode()) else None


def read_signature(sent: str) -> Proof:
    """What a caller's or vendor's `thoughtSignature` holds. One that is not base64 stays as it is: it is not ours to judge."""
    if sent == PLACEHOLDER:
        return Proof(sent)
    data = standard(sent)
    if data is None:
        return Proof(sent)
    # "torana:" in base64, so that the others need not be decoded.
    if data.startswith("dG9yYW5h"):
        decoded = base64.b64decode(data)
        if decoded.startswith(_MARK):
            try:
                found = _unwrap(decoded[len(_MARK) :])
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                return Proof(data)
            return Proof(found.signature, found.encrypted, found.id)
    return Proof(data)


def write_signature(proof: Proof) -> str | None:
    """`thoughtSignature` for a caller."""
    signature, encrypted, ident = proof
    plain = signature is None or signature == PLACEHOLDER or _survives(signature)
    if plain and encrypted is None and ident is None:
        return signature
    wrapped = _wrap(_Wrapped(signature, encrypted, ident))
    return base64.b64encode(_MARK + wrapped).decode("ascii")


def _survives(signature: str) -> bool:
    """Whether an SDK that decodes it and encodes it again gets the same, and takes it at all."""
    try:
        return bool(signature) and base64.b64encode(base64.b64decode(signature, validate=True)).decode() == signature
    except ValueError:
        return False


def for_gemini(signature: str | None) -> str | None:
    """A signature that Gemini can read; None for one that cannot be Gemini's."""
    if signature is None or signature == PLACEHOLDER:
        return signature
    return standard(signature) if signature else None


def demands_signatures(model: str) -> bool:
    """Whether the model refuses a function call of the current turn without a signature: Gemini 3 and later do."""
    return _NEWER.match(model) is not None and _OLDER.match(model) is None
