"""Secrets and signatures of webhooks as Standard Webhooks has them, so that its libraries verify them.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (symmetric signatures, `v1`).
"""

import base64
import binascii
import hmac
import secrets

from torana.core.secret import Secret

_PREFIX = "whsec_"
_BYTES = 32
_LEAST_BYTES, _MOST_BYTES = 24, 64


def new_secret() -> Secret:
    """A secret of 256 random bits."""
    return Secret(_PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode())


def secret_problem(secret: Secret) -> str | None:
    """What keeps a text from being a secret, as part of a sentence; it is not repeated."""
    text = secret.reveal()
    try:
        size = len(base64.b64decode(text.removeprefix(_PREFIX), validate=True)) if text.isascii() else 0
    except binascii.Error:
        size = 0
    if text.startswith(_PREFIX) and _LEAST_BYTES <= size <= _MOST_BYTES:
        return None
    return f"expected {_PREFIX} and {_LEAST_BYTES} to {_MOST_BYTES} bytes in base64"


def headers(held: list[Secret], message_id: str, at_seconds: int, body: bytes) -> dict[str, str]:
    """The three headers of one attempt; each secret signs, so that the receiver may still know only an old one."""
    content = b"%b.%d.%b" % (message_id.encode(), at_seconds, body)
    signed = [f"v1,{base64.b64encode(hmac.digest(_key(one), content, 'sha256')).decode()}" for one in held]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at_seconds),
        "webhook-signature": " ".join(signed),
    }


def _key(secret: Secret) -> bytes:
    return base64.b64decode(secret.reveal().removeprefix(_PREFIX))
