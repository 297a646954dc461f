"""Secrets and signatures of webhooks as Standard Webhooks has them, so that its libraries verify them.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (symmetric signatures, `v1`).
"""

import base64
import hmac
import secrets

from torana.core.secret import Secret

_PREFIX = "whsec_"
_BYTES = 32


def new_secret() -> Secret:
    """A secret of 256 random bits."""
    return Secret(_PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode())


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
