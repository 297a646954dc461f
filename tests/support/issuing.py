"""An identity provider's part in tests: keys, their JWK Set, and tokens, honest and forged."""

import base64
import hmac
import json
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ISSUER = "https://id.example/"
AUDIENCE = "https://gateway.example"
Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def b64(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@lru_cache
def private(alg: str, number: int = 0) -> Private:
    """A key for this algorithm; the same for the same number."""
    if alg == "RS256":
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1()) if alg == "ES256" else ed25519.Ed25519PrivateKey.generate()


def jwk(alg: str, kid: str | None = None, number: int = 0) -> dict[str, Any]:
    """Its public part."""
    public = private(alg, number).public_key()
    named = {} if kid is None else {"kid": kid}
    if isinstance(public, rsa.RSAPublicKey):
        numbers = public.public_numbers()
        return {"kty": "RSA", "n": b64(numbers.n.to_bytes(256, "big")), "e": "AQAB", **named}
    if isinstance(public, ec.EllipticCurvePublicKey):
        point = public.public_numbers()
        return {
            "kty": "EC",
            "crv": "P-256",
            "x": b64(point.x.to_bytes(32, "big")),
            "y": b64(point.y.to_bytes(32, "big")),
            **named,
        }
    assert isinstance(public, ed25519.Ed25519PublicKey)
    return {"kty": "OKP", "crv": "Ed25519", "x": b64(public.public_bytes_raw()), **named}


def der(alg: str, number: int = 0) -> bytes:
    """Its public part, as gates have it."""
    return private(alg, number).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def claims(**other: Any) -> dict[str, Any]:
    """What an honest token says; None leaves a claim out."""
    now = int(time.time())
    said = {"iss": ISSUER, "aud": AUDIENCE, "azp": "client", "sub": "me", "iat": now, "exp": now + 600, **other}
    return {name: value for name, value in said.items() if value is not None}


def token(
    said: Mapping[str, Any] | bytes, alg: str = "RS256", number: int = 0, header: Mapping[str, Any] | None = None
) -> str:
    """Signed with this key. `header` may say something else of it."""
    head = b64(json.dumps({"typ": "JWT", "alg": alg, **(header or {})}).encode())
    body = b64(said if isinstance(said, bytes) else json.dumps(said).encode())
    return f"{head}.{body}.{b64(signature(f'{head}.{body}'.encode(), alg, number))}"


def signature(signed: bytes, alg: str, number: int = 0) -> bytes:
    """By the key of this algorithm and number."""
    key = private(alg, number)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(signed, padding.PKCS1v15(), SHA256())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = utils.decode_dss_signature(key.sign(signed, ec.ECDSA(SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return key.sign(signed)


def with_secret(said: Mapping[str, Any], secret: bytes, alg: str = "HS256") -> str:
    """A token whose signature is an HMAC: with the public key as its secret, the oldest forgery there is."""
    head, body = b64(json.dumps({"alg": alg}).encode()), b64(json.dumps(said).encode())
    return f"{head}.{body}.{b64(hmac.digest(secret, f'{head}.{body}'.encode(), 'sha256'))}"
