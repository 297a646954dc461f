"""Public keys of an issuer: out of a JWK Set (RFC 7517, 7518, 8037) what gates verify with, and nothing secret.

Taken are RSA keys of 2048 to 8192 bits for RS256, P-256 for ES256 and Ed25519 for EdDSA. Keys for anything else are left out.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

MOST_KEYS = 50
_MOST_KID = 200
_LEAST_RSA_BITS, _MOST_RSA_BITS = 2048, 8192
_MOST_EXPONENT = 1 << 32
_SECRET = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k"))
_ALGORITHMS = {"RSA": ("RS256",), "EC": ("ES256",), "OKP": ("EdDSA", "Ed25519")}
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class PublicKey(msgspec.Struct, frozen=True):
    """A key as it is stored."""

    kid: str
    """Empty where the set gives none."""
    alg: str
    """`RS256`, `ES256` or `EdDSA`."""
    der: bytes
    """SubjectPublicKeyInfo."""


_decode_keys = msgspec.json.Decoder(tuple[PublicKey, ...]).decode


class JwksError(ValueError):
    """Why a JWK Set cannot be used, as part of a sentence."""


def read_jwks(text: bytes) -> tuple[PublicKey, ...]:
    """The keys of a set as it was fetched. Raises JwksError."""
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise JwksError("it is not JSON") from None
    return usable(document)


def usable(document: object) -> tuple[PublicKey, ...]:
    """The keys of a set. Raises JwksError where it is none, holds none that can be used, or one that is secret."""
    listed = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(listed, list) or not all(isinstance(one, Mapping) for one in listed):
        raise JwksError("it is not a JWK Set: expected an object with a list `keys`")
    if len(listed) > MOST_KEYS:
        raise JwksError(f"it has more than {MOST_KEYS} keys")
    if any(_SECRET & one.keys() for one in listed):
        raise JwksError("it holds a secret key: publish the public ones only, and replace the one that was shown")
    found = tuple([key for one in listed if (key := _usable(one)) is not None])
    if not found:
        raise JwksError("it has no key for RS256, ES256 or EdDSA")
    return found


def stored(keys: Iterable[PublicKey]) -> str:
    """For the table."""
    return msgspec.json.encode(list(keys)).decode()


def opened(text: str | None) -> tuple[PublicKey, ...]:
    """From the table."""
    return () if text is None else _decode_keys(text)


def public_set(keys: Iterable[PublicKey]) -> dict[str, Any]:
    """The JWK Set of keys as they are stored."""
    return {
        "keys": [
            {**_JWK[key.alg](load_der_public_key(key.der)), **({"kid": key.kid} if key.kid else {})} for key in keys
        ]
    }


def _usable(jwk: Mapping[str, Any]) -> PublicKey | None:
    kty, kid, alg = jwk.get("kty"), jwk.get("kid", ""), jwk.get("alg")
    allowed = _ALGORITHMS.get(kty) if isinstance(kty, str) else None
    operations = jwk.get("key_ops")
    if (
        allowed is None
        or (alg is not None and alg not in allowed)
        or jwk.get("use") not in (None, "sig")
        or (operations is not None and not (isinstance(operations, list) and "verify" in operations))
        or not isinstance(kid, str)
        or len(kid) > _MOST_KID
    ):
        return None
    try:
        der = _MADE[str(kty)](jwk)
    except (ValueError, TypeError, OverflowError, binascii.Error):
        return None
    return None if der is None else PublicKey(kid, allowed[0], der)


def _rsa(jwk: Mapping[str, Any]) -> bytes | None:
    modulus = int.from_bytes(_bytes(jwk, "n", _MOST_RSA_BITS // 8 + 1), "big")
    exponent = int.from_bytes(_bytes(jwk, "e", 5), "big")
    if not _LEAST_RSA_BITS <= modulus.bit_length() <= _MOST_RSA_BITS or exponent >= _MOST_EXPONENT:
        return None
    return _der(RSAPublicNumbers(exponent, modulus).public_key())


def _ec(jwk: Mapping[str, Any]) -> bytes | None:
    if jwk.get("crv") != "P-256":
        return None
    x, y = (int.from_bytes(_bytes(jwk, name, 32), "big") for name in ("x", "y"))
    return _der(EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key())


def _okp(jwk: Mapping[str, Any]) -> bytes | None:
    if jwk.get("crv") != "Ed25519":
        return None
    return _der(Ed25519PublicKey.from_public_bytes(_bytes(jwk, "x", 32)))


_MADE = {"RSA": _rsa, "EC": _ec, "OKP": _okp}


def _der(key: Any) -> bytes:
    made: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return made


def _bytes(jwk: Mapping[str, Any], name: str, most: int) -> bytes:
    text = jwk.get(name)
    if not isinstance(text, str) or not _BASE64URL.fullmatch(text):
        raise ValueError(f"{name} is not base64url")
    found = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if len(found) > most:
        raise ValueError(f"{name} is too long")
    return found


def _rsa_jwk(key: Any) -> dict[str, str]:
    numbers = key.public_numbers()
    return {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}


def _ec_jwk(key: Any) -> dict[str, str]:
    numbers = key.public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": _number(numbers.x, 32), "y": _number(numbers.y, 32)}


def _okp_jwk(key: Any) -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "x": _text(key.public_bytes_raw())}


_JWK = {"RS256": _rsa_jwk, "ES256": _ec_jwk, "EdDSA": _okp_jwk}


def _number(number: int, size: int = 0) -> str:
    return _text(number.to_bytes(size or (number.bit_length() + 7) // 8, "big"))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
