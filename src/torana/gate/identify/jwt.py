"""Tokens of an organisation's identity provider (JWT) as credentials: verified with the keys that the snapshot has.

Nothing is fetched here, and nothing in a token says which key or address to use but the name of one of its issuer's own keys.
Sources: RFC 7515 (JWS), RFC 7519 (JWT), RFC 8037 (EdDSA), RFC 8725 (what goes wrong: one algorithm per key, never `none`).
"""

import base64
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from torana.core.errors import Refusal

if TYPE_CHECKING:
    from torana.core.snapshot import Issuer, IssuerKey

LEEWAY_SECONDS = 60
MOST_BYTES = 16_384
_MOST_TRIED = 8
"""Keys of one issuer that a token is tried with: it names one where the issuer's keys have names."""
_LAST_SECONDS = 253_402_300_799
_PART = re.compile(rb"[A-Za-z0-9_-]+")
_ECDSA_BYTES = 64
_WHAT_TO_DO = "Get a new one from its issuer, or have the issuer set up at /api/v1/issuers."
EXPIRED = "This token has expired. Get a new one from its issuer."


class _Header(msgspec.Struct, frozen=True):
    alg: str
    kid: str = ""
    crit: Any = None


class Accepted(NamedTuple):
    """What a token stands for."""

    issuer: "Issuer"
    app_id: str
    expires_us: int
    """With the leeway."""


class _Token(NamedTuple):
    header: _Header
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes


_decode_header = msgspec.json.Decoder(_Header).decode
_decode_claims = msgspec.json.Decoder(dict[str, Any]).decode


def is_token(credential: bytes) -> bool:
    """Whether this could be a JWT: three parts."""
    return credential.count(b".") == 2


class Reader(NamedTuple):
    """A token that was read, and not yet believed."""

    token: _Token
    iss: str


def read(credential: bytes) -> Reader:
    """Take a token apart. Raises Refusal `invalid_api_key`."""
    head, _, rest = credential.partition(b".")
    payload, _, signature = rest.partition(b".")
    try:
        header = _decode_header(_bytes(head))
        claims = _decode_claims(_bytes(payload))
        token = _Token(header, claims, credential[: len(head) + 1 + len(payload)], _bytes(signature))
    except (ValueError, RecursionError):
        raise refusal("it cannot be read") from None
    if header.crit is not None:
        raise refusal("its header asks for an extension that is not known here")
    iss = claims.get("iss")
    if not isinstance(iss, str):
        raise refusal("it does not name its issuer (iss)")
    return Reader(token, iss)


def verify(reader: Reader, issuers: Iterable["Issuer"], now_us: int) -> Accepted:
    """What a token stands for. `issuers` are those with its `iss`. Raises Refusal: invalid_api_key or expired_api_key."""
    token = reader.token
    # Two teams may know an issuer by one name and different keys. What is said names none of them.
    known = tuple(issuers)
    signed = [one for one in known if any(_signed(token, key) for key in _candidates(token.header, one.keys))]
    meant = [one for one in signed if _is_for(token.claims, one)]
    for issuer in meant:
        app_id = _app(token.claims, issuer)
        if app_id is not None:
            return Accepted(issuer, app_id, _times(token.claims, now_us))
    if not known:
        raise refusal("its issuer (iss) is not known here")
    if not signed:
        raise refusal("its signature is by none of its issuer's keys")
    raise refusal("its claims lead to no app, or to several" if meant else "it is meant for somebody else (aud)")


def refusal(reason: str) -> Refusal:
    """That a token does not count, and why."""
    return Refusal("invalid_api_key", instead=f"This token is not accepted: {reason}. {_WHAT_TO_DO}")


def _candidates(header: _Header, keys: "tuple[IssuerKey, ...]") -> "list[IssuerKey]":
    kid = header.kid
    fitting = [key for key in keys if key.alg == header.alg and (not kid or not key.kid or key.kid == kid)]
    # The key that is named comes first.
    return sorted(fitting, key=lambda key: key.kid != kid)[:_MOST_TRIED]


def _signed(token: _Token, key: "IssuerKey") -> bool:
    # Here, not above: a gate whose callers send no tokens does without.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
    from cryptography.hazmat.primitives.hashes import SHA256

    public, signature = _public(key.der), token.signature
    try:
        # The algorithm is the key's, whatever the token says; `_candidates` has seen to it that they agree.
        if isinstance(public, rsa.RSAPublicKey) and key.alg == "RS256":
            public.verify(signature, token.signed, padding.PKCS1v15(), SHA256())
        elif isinstance(public, ec.EllipticCurvePublicKey) and key.alg == "ES256":
            if len(signature) != _ECDSA_BYTES:
                return False
            r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
            public.verify(utils.encode_dss_signature(r, s), token.signed, ec.ECDSA(SHA256()))
        elif isinstance(public, ed25519.Ed25519PublicKey) and key.alg == "EdDSA":
            public.verify(signature, token.signed)
        else:
            return False
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=2_000)
def _public(der: bytes) -> object:
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        return load_der_public_key(der)
    except ValueError:
        return None


def _is_for(claims: Mapping[str, Any], issuer: "Issuer") -> bool:
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    return any(isinstance(one, str) and one in issuer.audiences for one in named)


def _app(claims: Mapping[str, Any], issuer: "Issuer") -> str | None:
    value = claims.get(issuer.claim)
    values = value if isinstance(value, list) else [value]
    found = {issuer.apps[one] for one in values if isinstance(one, str) and one in issuer.apps}
    return found.pop() if len(found) == 1 else None


def _times(claims: Mapping[str, Any], now_us: int) -> int:
    """When it ends. Raises Refusal."""
    ends, begins = _number(claims.get("exp")), claims.get("nbf", 0)
    if ends is None:
        raise refusal("it does not say when it ends (exp)")
    if (begins := _number(begins)) is None or begins - LEEWAY_SECONDS > now_us / 1e6:
        raise refusal("it does not count yet (nbf)")
    expires_us = int((min(ends, _LAST_SECONDS) + LEEWAY_SECONDS) * 1_000_000)
    if expires_us <= now_us:
        raise Refusal("expired_api_key", instead=EXPIRED)
    return expires_us


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return float(value) if abs(value) < 1e15 else 1e15 if value > 0 else -1e15


def _bytes(part: bytes) -> bytes:
    if not _PART.fullmatch(part):
        raise ValueError("not base64url")
    return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
