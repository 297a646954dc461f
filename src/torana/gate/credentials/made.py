"""Credentials that are made for each call, or bought now and then: AWS signatures and short-lived bearer tokens.

A call that has to wait for a token pauses; the reply of the token endpoint resumes all that wait.
"""

import hashlib
import time
import urllib.parse
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from torana.core.errors import Refusal
from torana.core.secret import Secret
from torana.core.snapshot import Account, Door
from torana.gate.credentials.cache import Tokens
from torana.gate.credentials.sigv4 import Signer, hash_payload, read_aws_key
from torana.gate.credentials.tokens import (
    ENTRA_AUTHORITY,
    ENTRA_SCOPE,
    GOOGLE_SCOPE,
    IBM_TOKEN_URL,
    CredentialError,
    TokenRefusedError,
    TokenRequest,
    entra_request,
    google_request,
    ibm_request,
    read_google_account,
    read_token,
)
from torana.gate.upstream.endpoint import Endpoint

if TYPE_CHECKING:
    from torana.gate.upstream.client import Client
    from torana.gate.upstream.failure import Failure

_FETCH_SECONDS = 15
_MOST_REPLY = 65_536


class Waiter(Protocol):
    """A call that waits for a token."""

    def wake(self) -> None:
        """There is a token now, or a reason why there is none."""


class Shop:
    """Where one gate buys its tokens: the client it asks with, the tokens it has, and the calls that wait for one."""

    __slots__ = ("client", "tokens", "waiting")

    def __init__(self, client: "Client") -> None:
        self.client = client
        self.tokens = Tokens()
        self.waiting: dict[str, list[Waiter]] = {}

    def wake(self, identity: str) -> None:
        """Resume all that wait for this token."""
        for waiter in self.waiting.pop(identity, ()):
            waiter.wake()


class Credential(Protocol):
    """Makes what a call has to carry."""

    def lines(self, shop: Shop, waiter: Waiter, path: str, host: str, body: bytes) -> bytes | None:
        """Header lines; None when the waiter has to pause and ask again. Raises Refusal (upstream_auth_failed)."""


def credential_of(account: Account, door: Door, key: Secret | None) -> Credential | None:
    """The credential of a door; None where a header with the key is all, or there is none."""
    if key is None or door.auth in ("bearer", "x-api-key", "api-key", "x-goog-api-key", "none"):
        return None
    options = account.options
    try:
        if door.auth == "sigv4":
            return Signature(Signer(read_aws_key(key), _region(door, options), options.get("service", "bedrock")))
        return Bought(account, _request_of(account, door, key))
    except CredentialError as error:
        return Unusable(account.name, str(error))


class Signature:
    """Signs each request with AWS keys."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def lines(self, shop: Shop, waiter: Waiter, path: str, host: str, body: bytes) -> bytes | None:
        """The signature and its date."""
        headers = (("host", host), ("content-type", "application/json"))
        return self._signer.sign(path, headers, hash_payload(body), time.time())


class Unusable:
    """A credential that cannot be one: every call says so."""

    def __init__(self, account: str, reason: str) -> None:
        self._account = account
        self._reason = reason

    def lines(self, shop: Shop, waiter: Waiter, path: str, host: str, body: bytes) -> bytes | None:
        """Never any."""
        raise Refusal("upstream_credential_unusable", target=self._account, reason=self._reason)


class Bought:
    """A bearer token from a token endpoint, kept until shortly before it expires."""

    def __init__(self, account: Account, request: Callable[[], TokenRequest]) -> None:
        self._account = account
        self._request = request
        # Another credential makes another token; tokens outlive snapshots.
        self.identity = hashlib.blake2b(
            repr((account.id, account.sealed_key, sorted(account.options.items()))).encode(), digest_size=16
        ).hexdigest()

    def lines(self, shop: Shop, waiter: Waiter, path: str, host: str, body: bytes) -> bytes | None:
        """The token's header line."""
        answer = shop.tokens.ask(self.identity, time.time())
        if answer.do == "fetch":
            self._fetch(shop)
        if answer.token is not None:
            return b"authorization: Bearer %b\r\n" % answer.token.reveal().encode()
        if answer.do == "give_up":
            raise Refusal("upstream_credential_unusable", target=self._account.name, reason=answer.reason)
        shop.waiting.setdefault(self.identity, []).append(waiter)
        return None

    def _fetch(self, shop: Shop) -> None:
        request = self._request()
        parts = urllib.parse.urlsplit(request.url)
        endpoint = Endpoint(
            scheme="https" if parts.scheme == "https" else "http",
            host=parts.hostname or "",
            port=parts.port or (443 if parts.scheme == "https" else 80),
            proxy=self._account.proxy,
            name=f"{self._account.id}:token",
            first_byte_timeout_ns=_FETCH_SECONDS * 1_000_000_000,
            total_timeout_ns=_FETCH_SECONDS * 1_000_000_000,
        )
        body = request.body.reveal().encode()
        lines = "".join([f"{name}: {value}\r\n" for name, value in request.headers])
        head = (
            f"POST {parts.path or '/'} HTTP/1.1\r\nhost: {parts.netloc}\r\n{lines}accept-encoding: identity\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        ).encode()
        deadline_ns = time.monotonic_ns() + endpoint.total_timeout_ns
        shop.client.send(endpoint, head, body, _Fetch(shop, self.identity, request), deadline_ns)


class _Fetch:
    """The reply of a token endpoint."""

    def __init__(self, shop: Shop, identity: str, request: TokenRequest) -> None:
        self._shop = shop
        self._identity = identity
        self._request = request
        self._status = 0
        self._body = b""

    def upstream_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._status = status

    def upstream_body(self, data: bytes, end: bool) -> None:
        if len(self._body) <= _MOST_REPLY:
            self._body += data
        if end:
            try:
                token = read_token(self._request, self._status, self._body, time.time())
                self._shop.tokens.got(self._identity, token)
            except TokenRefusedError as error:
                self._shop.tokens.failed(self._identity, f"its token endpoint refused it: {error}", time.time())
            self._shop.wake(self._identity)

    def upstream_failed(self, failure: "Failure") -> None:
        host = urllib.parse.urlsplit(self._request.url).hostname
        reason = f"its token endpoint {host} could not be asked ({failure.code})"
        self._shop.tokens.failed(self._identity, reason, time.time())
        self._shop.wake(self._identity)


def _request_of(account: Account, door: Door, key: Secret) -> Callable[[], TokenRequest]:
    options = account.options
    if door.auth == "google-service-account":
        google = read_google_account(key)
        return lambda: google_request(google, time.time(), options.get("scope", GOOGLE_SCOPE))
    if door.auth == "entra":
        scope, authority = options.get("scope", ENTRA_SCOPE), options.get("authority", ENTRA_AUTHORITY)
        tenant, client = options.get("tenant", ""), options.get("client_id", "")
        entra_request(tenant, client, key, scope, authority)
        return lambda: entra_request(tenant, client, key, scope, authority)
    url = options.get("token_url", IBM_TOKEN_URL)
    ibm_request(key, url)
    return lambda: ibm_request(key, url)


def _region(door: Door, options: dict[str, str]) -> str:
    if region := options.get("region"):
        return region
    # `bedrock-runtime.eu-west-1.amazonaws.com` says it too.
    labels = (urllib.parse.urlsplit(door.base_url).hostname or "").split(".")
    if len(labels) > 3 and labels[-2] == "amazonaws":
        return labels[1]
    raise CredentialError("its option `region` is missing")
