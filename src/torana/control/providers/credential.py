"""The forms of credentials. What is wrong with one is said without showing any of it.

Sources: https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html (the names in JSON),
https://cloud.google.com/iam/docs/keys-create-delete (a service account's file).
"""

import re
from typing import Any

import msgspec

from torana.core.secret import Secret

_AWS_ID = re.compile(r"[A-Za-z0-9]{16,128}")
_AWS_SECRET = re.compile(r"[A-Za-z0-9/+=]{16,256}")
_AWS_NAMES = ("AccessKeyId", "SecretAccessKey", "SessionToken")
_AWS_FORM = (
    "expected ACCESS_KEY_ID:SECRET_ACCESS_KEY or, with a third part, a session token; or JSON with AccessKeyId and "
    "SecretAccessKey, as `aws configure export-credentials` gives it"
)
MOST_CREDENTIAL = 32_768


class AwsCredential(msgspec.Struct, frozen=True):
    """The parts of an AWS credential."""

    access_key_id: str
    secret_access_key: Secret
    session_token: Secret | None


def credential_problem(auth: str, credential: Secret) -> str | None:
    """Why this cannot be a credential that is sent as `auth` says; None when it can."""
    text = credential.reveal()
    if len(text) > MOST_CREDENTIAL:
        return f"it is longer than {MOST_CREDENTIAL} characters"
    if auth == "sigv4":
        found = read_aws(credential)
        return found if isinstance(found, str) else None
    if auth == "google-service-account":
        return _google_problem(text)
    # It goes into a header: whatever could end the line or smuggle a second header is refused here.
    return None if _visible(text) else "expected visible ASCII characters without spaces"


def read_aws(credential: Secret) -> AwsCredential | str:
    """The parts of an AWS credential, or why it has none."""
    text = credential.reveal().strip()
    if text.startswith("{"):
        found = _object(text) or {}
        access, secret, session = (found.get(name) or "" for name in _AWS_NAMES)
        if not all(isinstance(part, str) for part in (access, secret, session)) or not access or not secret:
            return _AWS_FORM
    else:
        split = text.split(":", 2)
        if len(split) < 2:
            return _AWS_FORM
        access, secret, session = (*split, "")[:3]
    if not _AWS_ID.fullmatch(access):
        return "its access key id is not 16 to 128 letters and digits"
    if not _AWS_SECRET.fullmatch(secret):
        return "its secret access key is not 16 to 256 letters, digits and / + ="
    if session and not _visible(session):
        return "its session token has other than visible ASCII characters"
    return AwsCredential(access, Secret(secret), Secret(session) if session else None)


def _google_problem(text: str) -> str | None:
    found = _object(text)
    if found is None:
        return "expected the JSON of a service account's key file: give it as {file: PATH}"
    if found.get("type") != "service_account":
        return 'its "type" is not "service_account"; a user\'s or a federated credential cannot be used'
    for name in ("client_email", "private_key"):
        if not isinstance(found.get(name), str) or not found[name]:
            return f'"{name}" is missing in it'
    if "PRIVATE KEY-----" not in found["private_key"]:
        return 'its "private_key" is not a key in PEM form'
    address = found.get("token_uri", "https://")
    if not isinstance(address, str) or not address.startswith("https://") or not _visible(address):
        return 'its "token_uri" is not an https:// address'
    return None


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _visible(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable() and " " not in text
