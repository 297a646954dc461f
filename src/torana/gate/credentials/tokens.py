"""Bearer tokens made from credentials that last: what to ask of whom, and what the answer means. Sans-io.

Sources: https://developers.google.com/identity/protocols/oauth2/service-account (RFC 7523),
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow (RFC 6749, 4.4),
https://cloud.ibm.com/docs/account?topic=account-iamtoken_from_apikey
"""

import re
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, quote_plus, urlencode, urlsplit

import msgspec

from torana.core.secret import MASK, Secret, without_keys

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

GOOGLE_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
ENTRA_SCOPE = "https://cognitiveservices.azure.com/.default"
ENTRA_AUTHORITY = "https://login.microsoftonline.com"
IBM_TOKEN_URL = "https://iam.cloud.ibm.com/identity/token"  # noqa: S105 - an address
_JWT_SECONDS = 3600
"""The longest that Google allows."""
_UNSAID_SECONDS = 300.0
"""How long a token is taken to be good when its vendor does not say: RFC 6749 only recommends saying it."""
_MOST_SECONDS = 10 * 86_400.0
_MOST_REASON = 300
_TOKEN = re.compile(r"[\x21-\x7e]{1,32768}")
_TENANT = re.compile(r"[A-Za-z0-9.-]{1,253}")
_FORM = (("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json"))
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_ESCAPE = re.compile(r"%[0-9A-F]{2}")
_encode = msgspec.json.Encoder().encode


class CredentialError(ValueError):
    """A credential that cannot be one. Its text shows none of it."""


class TokenRefusedError(Exception):
    """No token: the text is the vendor's own reason, without anything secret."""


class TokenRequest(NamedTuple):
    """A POST to a token endpoint."""

    url: str
    headers: tuple[tuple[str, str], ...]
    body: Secret
    """The form; ASCII."""
    hidden: tuple[Secret, ...]
    """What a vendor might repeat in its reason and nobody may see."""


class Token(NamedTuple):
    """What goes behind `Authorization: Bearer`."""

    text: Secret
    expires: float
    """Seconds since 1970."""


class GoogleAccount(NamedTuple):
    """A service account, from the JSON file that Google gives out."""

    email: str
    key_id: str
    key: "RSAPrivateKey"
    token_url: str


class _File(msgspec.Struct):
    client_email: str
    private_key: str
    type: str = "service_account"
    private_key_id: str = ""
    token_uri: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address


_file = msgspec.json.Decoder(_File).decode


def read_google_account(text: Secret) -> GoogleAccount:
    """The account of a service-account file. Raises CredentialError, which shows nothing of it."""
    # Only gates with such an account pay for these.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        file = _file(text.reveal())
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise CredentialError("it is not a service account's JSON with client_email and private_key") from None
    if file.type != "service_account":
        raise CredentialError("its type is not service_account")
    _check_url(file.token_uri)
    try:
        key = load_pem_private_key(file.private_key.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise CredentialError("its private_key is not a key in PEM") from None
    if not isinstance(key, RSAPrivateKey):
        raise CredentialError("its private_key is not an RSA key")
    return GoogleAccount(file.client_email, file.private_key_id, key, file.token_uri)


def google_request(account: GoogleAccount, now: float, scope: str = GOOGLE_SCOPE) -> TokenRequest:
    """Asks Google for a token by a signed statement. The signature takes about a millisecond."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    header: dict[str, Any] = {"alg": "RS256", "typ": "JWT"}
    if account.key_id:
        header["kid"] = account.key_id
    issued = int(now)
    claims = {
        "iss": account.email,
        "scope": scope,
        "aud": account.token_url,
        "iat": issued,
        "exp": issued + _JWT_SECONDS,
    }
    statement = f"{_base64url(_encode(header))}.{_base64url(_encode(claims))}"
    signature = account.key.sign(statement.encode(), PKCS1v15(), SHA256())
    assertion = f"{statement}.{_base64url(signature)}"
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    return _request(account.token_url, form, Secret(assertion))


def entra_request(
    tenant: str, client_id: str, client_secret: Secret, scope: str = ENTRA_SCOPE, authority: str = ENTRA_AUTHORITY
) -> TokenRequest:
    """Asks Microsoft Entra by client credentials; `authority` is another one in sovereign clouds. Raises CredentialError."""
    if not _TENANT.fullmatch(tenant):
        raise CredentialError("the tenant is neither an id nor a domain")
    _check_url(authority)
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": client_secret.reveal(),
        "scope": scope,
    }
    return _request(f"{authority.rstrip('/')}/{tenant}/oauth2/v2.0/token", form, client_secret)


def ibm_request(api_key: Secret, url: str = IBM_TOKEN_URL) -> TokenRequest:
    """Asks IBM Cloud's IAM by an API key, as watsonx wants it. Raises CredentialError."""
    _check_url(url)
    form = {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": api_key.reveal()}
    return _request(url, form, api_key)


def read_token(request: TokenRequest, status: int, body: bytes, now: float) -> Token:
    """The token in a token endpoint's reply to `request`. Raises TokenRefusedError with the vendor's reason."""
    reply = _object(body)
    text = reply.get("access_token")
    if status != 200 or text is None:
        raise TokenRefusedError(_reason(request, status, reply))
    if not isinstance(text, str) or not _TOKEN.fullmatch(text):
        # It goes into a header line: line ends in it would make more of them.
        raise TokenRefusedError("the token endpoint sent a token that cannot stand in a header")
    return Token(Secret(text), now + _lifetime(reply.get("expires_in")))


def _lifetime(said: Any) -> float:
    if isinstance(said, str) and said.isascii() and said.isdigit() and len(said) < 12:
        # Entra's older endpoint writes it as a string.
        said = int(said)
    if isinstance(said, bool) or not isinstance(said, int | float) or said < 0:
        return _UNSAID_SECONDS
    return min(float(said), _MOST_SECONDS) if said < 1e12 else _MOST_SECONDS


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _reason(request: TokenRequest, status: int, reply: dict[str, Any]) -> str:
    error = reply.get("error")
    if isinstance(error, dict):
        reply, error = error, error.get("status")
    code = reply.get("errorCode") if error is None else error
    words = reply.get("error_description") or reply.get("errorMessage") or reply.get("message")
    said = ": ".join([part for part in (code, words) if isinstance(part, str) and part])
    for secret in request.hidden:
        for form in _spellings(secret.reveal()):
            said = said.replace(form, MASK)
    said = without_keys(_CONTROLS.sub(" ", said).strip())[:_MOST_REASON]
    return f"status {status}, {said}" if said else f"status {status} without a reason"


def _spellings(secret: str) -> set[str]:
    written = {secret, quote(secret, safe=""), quote_plus(secret)} - {""}
    return written | {_ESCAPE.sub(lambda match: match[0].lower(), form) for form in written}


def _request(url: str, form: dict[str, str], secret: Secret) -> TokenRequest:
    try:
        body = urlencode(form)
    except UnicodeEncodeError:
        raise CredentialError("it holds half a surrogate pair") from None
    return TokenRequest(url, _FORM, Secret(body), (secret,))


def _check_url(url: str) -> None:
    """Credentials travel encrypted, or not at all beyond this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
        parts = urlsplit("")
    local = parts.scheme == "http" and host in ("localhost", "127.0.0.1", "::1")
    if not host or not (parts.scheme == "https" or local) or parts.username or _CONTROLS.search(url) or " " in url:
        raise CredentialError("its token address is not an https address")


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
