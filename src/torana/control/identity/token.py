"""An id_token: whether the issuer made it, for us, now, and for the sign-in that was begun in this browser.

Sources: OpenID Connect Core 1.0, section 3.1.3.7; RFC 8725 (best current practice for JWT).
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry

from torana.control.identity.issuer import Key

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519")
"""Signatures with a private key only: with `HS256`, whoever knows a public key could sign."""
MOST_BYTES = 131_072
LEEWAY_SECONDS = 60
_MOST_TRIED = 10
_claims = msgspec.json.Decoder(dict[str, Any]).decode


class _Head(msgspec.Struct, frozen=True):
    alg: str
    kid: str | None = None
    crit: Any = None


_head = msgspec.json.Decoder(_Head).decode


class TokenError(Exception):
    """The token is not to be believed. The message says why, without any of it."""


def kid_of(token: str) -> str | None:
    """Which key a token says that it was signed with. Raises TokenError."""
    return _headed(token).kid


def verified(
    token: str,
    keys: Mapping[str | None, list[Key]],
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    now: int | None = None,
) -> dict[str, Any]:
    """The claims of an id_token; `now` is seconds since 1970, None the present. Raises TokenError."""
    head = _headed(token)
    if head.kid is None:
        # Without an id, whichever of the issuer's keys fits.
        candidates = [key for several in keys.values() for key in several]
    else:
        candidates = list(keys.get(head.kid, ()))
    for key in candidates[:_MOST_TRIED]:
        payload = _signed(token, head.alg, key)
        if payload is not None:
            break
    else:
        raise TokenError("no key of the issuer's fits its signature")
    try:
        claims = _claims(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise TokenError("its claims are not a JSON object") from None
    _check(claims, issuer, client_id, nonce, now)
    return claims


def _headed(token: str) -> _Head:
    if len(token) > MOST_BYTES or not token.isascii() or token.count(".") != 2:
        raise TokenError("it is not a signed token")
    first = token.partition(".")[0]
    try:
        # As joserfc reads it, which decides on the signature.
        head = _head(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    except (msgspec.MsgspecError, binascii.Error, ValueError, RecursionError):
        raise TokenError("its head cannot be read") from None
    if head.alg not in ALGORITHMS:
        raise TokenError("it is signed in a way that is not accepted")
    if head.crit is not None:
        raise TokenError("it needs an extension that is not known here")
    return head


def _signed(token: str, alg: str, key: Key) -> bytes | None:
    registry = JWSRegistry(algorithms=[alg], strict_check_header=False)
    # joserfc's own 512 bytes are too few for a chain of certificates, which is passed over.
    registry.max_header_length = 16_384
    try:
        return jws.deserialize_compact(token, key, algorithms=[alg], registry=registry).payload
    except (JoseError, ValueError, TypeError, RecursionError):
        return None


def _check(claims: dict[str, Any], issuer: str, client_id: str, nonce: str, now: int | None) -> None:
    rules = JWTClaimsRegistry(
        now=now,
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": issuer},
        sub={"essential": True},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        rules.validate(claims)
    except (JoseError, ValueError, TypeError, OverflowError) as error:
        raise TokenError(f"its claims do not hold ({getattr(error, 'error', type(error).__name__)})") from None
    # A list may match by one of its elements; of nonce and issuer there has to be exactly one.
    if claims["nonce"] != nonce or claims["iss"] != issuer:
        raise TokenError("its claims do not hold (invalid_claim)")
    audience, party = claims["aud"], claims.get("azp")
    several = isinstance(audience, list) and len(audience) > 1
    if party != client_id and (several or party is not None):
        raise TokenError("it was made for another client")
    subject = claims["sub"]
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255 or not subject.isprintable():
        raise TokenError("it does not say who signs in")
