"""Requests to token endpoints and what their replies mean."""

import json
from base64 import urlsafe_b64decode
from typing import Any
from urllib.parse import parse_qs, quote, quote_plus

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from torana.core.secret import Secret
from torana.gate.credentials.tokens import (
    CredentialError,
    TokenRefusedError,
    TokenRequest,
    entra_request,
    google_request,
    ibm_request,
    read_google_account,
    read_token,
)

KEY = rsa.generate_private_key(65537, 2048)
NOW = 1_700_000_000.0
CLIENT_SECRET = "Q~8 s/cr+tx"


def pem(key: Any) -> str:
    written = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert isinstance(written, bytes)
    return written.decode()


FILE = {
    "type": "service_account",
    "project_id": "p",
    "private_key_id": "kid-1",
    "private_key": pem(KEY),
    "client_email": "gate@p.iam.gserviceaccount.com",
    "token_uri": "https://oauth2.googleapis.com/token",
}


def account_file(**changes: Any) -> Secret:
    return Secret(json.dumps({**FILE, **changes}))


def form_of(request: TokenRequest) -> dict[str, str]:
    assert ("content-type", "application/x-www-form-urlencoded") in request.headers
    return {name: value for name, (value,) in parse_qs(request.body.reveal(), strict_parsing=True).items()}


def part_of(jwt: str, number: int) -> bytes:
    return urlsafe_b64decode(jwt.split(".")[number] + "==")


def test_googles_statement_is_signed_by_the_accounts_key() -> None:
    request = google_request(read_google_account(account_file()), NOW)
    form = form_of(request)
    jwt = form["assertion"]
    assert request.url == "https://oauth2.googleapis.com/token"
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert json.loads(part_of(jwt, 0)) == {"alg": "RS256", "typ": "JWT", "kid": "kid-1"}
    assert json.loads(part_of(jwt, 1)) == {
        "iss": "gate@p.iam.gserviceaccount.com",
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "aud": "https://oauth2.googleapis.com/token",
        "iat": 1_700_000_000,
        "exp": 1_700_003_600,
    }
    KEY.public_key().verify(part_of(jwt, 2), jwt.rpartition(".")[0].encode(), PKCS1v15(), SHA256())


@pytest.mark.parametrize(
    "text",
    [
        Secret("not json at all, sk-secret"),
        Secret("[" * 100_000),
        Secret("{}"),
        account_file(private_key="-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----"),
        account_file(private_key=pem(ec.generate_private_key(ec.SECP256R1()))),
        account_file(type="authorized_user"),
        account_file(client_email=5),
        account_file(token_uri="http://example.com/token"),
        account_file(token_uri="ftp://x"),
        account_file(token_uri="https://"),
        account_file(token_uri="https://[::1"),
        account_file(token_uri="https://a/\r\nx: y"),
    ],
)
def test_a_file_that_is_no_service_account_is_refused_without_showing_it(text: Secret) -> None:
    with pytest.raises(CredentialError) as raised:
        read_google_account(text)
    assert text.reveal()[:20] not in str(raised.value)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_a_token_endpoint_on_this_machine_may_be_plain() -> None:
    assert read_google_account(account_file(token_uri="http://127.0.0.1:9/token")).token_url.startswith("http:")


def test_entra_is_asked_by_client_credentials() -> None:
    request = entra_request("contoso.onmicrosoft.com", "app-1", Secret(CLIENT_SECRET))
    assert request.url == "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token"
    assert form_of(request) == {
        "grant_type": "client_credentials",
        "client_id": "app-1",
        "client_secret": CLIENT_SECRET,
        "scope": "https://cognitiveservices.azure.com/.default",
    }


def test_a_tenant_cannot_lead_elsewhere() -> None:
    for tenant in ("../x", "a/b", "", "a?b", "a b", "a\r\nb"):
        with pytest.raises(CredentialError):
            entra_request(tenant, "app", Secret("s"))


def test_ibm_is_asked_by_api_key() -> None:
    request = ibm_request(Secret("key/1"))
    assert request.url == "https://iam.cloud.ibm.com/identity/token"
    assert form_of(request) == {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": "key/1"}


REQUEST = entra_request("tenant", "app", Secret(CLIENT_SECRET))


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (3600, 3600),
        ("3599", 3599),
        (12.5, 12.5),
        (None, 300),
        ("soon", 300),
        (True, 300),
        (-1, 300),
        (10**400, 864_000),
        (1e300, 864_000),
    ],
)
def test_a_token_expires_when_its_vendor_says(said: Any, seconds: float) -> None:
    body = json.dumps({"access_token": "ya29.abc", "token_type": "Bearer", "expires_in": said}).encode()
    token = read_token(REQUEST, 200, body, NOW)
    assert token.text.reveal() == "ya29.abc"
    assert token.expires == NOW + seconds


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (
            400,
            {"error": "invalid_grant", "error_description": "Invalid JWT\r\nSignature."},
            "status 400, invalid_grant: Invalid JWT Signature.",
        ),
        (
            400,
            {"errorCode": "BXNIM0415E", "errorMessage": "Provided API key could not be found."},
            "status 400, BXNIM0415E: Provided API key could not be found.",
        ),
        (
            403,
            {"error": {"code": 403, "message": "Disabled", "status": "PERMISSION_DENIED"}},
            "status 403, PERMISSION_DENIED: Disabled",
        ),
        (200, {"token_type": "Bearer"}, "status 200 without a reason"),
        (500, [1], "status 500 without a reason"),
    ],
)
def test_a_refusal_gives_the_vendors_own_reason(status: int, body: Any, reason: str) -> None:
    with pytest.raises(TokenRefusedError) as raised:
        read_token(REQUEST, status, json.dumps(body).encode(), NOW)
    assert str(raised.value) == reason


def test_a_vendor_that_repeats_the_secret_does_not_make_it_known() -> None:
    quoted = quote(CLIENT_SECRET, safe="")
    for spelling in (
        CLIENT_SECRET,
        quoted,
        quoted.replace("%2F", "%2f").replace("%2B", "%2b"),
        quote_plus(CLIENT_SECRET),
    ):
        body = json.dumps({"error": "bad", "error_description": f"you sent {spelling} here"}).encode()
        with pytest.raises(TokenRefusedError) as raised:
            read_token(REQUEST, 401, body, NOW)
        assert str(raised.value) == "status 401, bad: you sent ••• here"


@pytest.mark.parametrize("text", ["", "a b", "a\r\nx-evil: 1", "ü", 5, ["a"], "a" * 40_000])
def test_a_token_that_cannot_stand_in_a_header_is_refused(text: Any) -> None:
    with pytest.raises(TokenRefusedError):
        read_token(REQUEST, 200, json.dumps({"access_token": text}).encode(), NOW)


@given(st.binary(max_size=100) | st.just(b"[" * 100_000), st.integers(100, 599))
def test_any_reply_without_a_token_is_a_refusal(body: bytes, status: int) -> None:
    with pytest.raises(TokenRefusedError):
        read_token(REQUEST, status, body, NOW)


def test_nothing_shows_a_secret() -> None:
    account = read_google_account(account_file())
    token = read_token(REQUEST, 200, b'{"access_token":"ya29.abc"}', NOW)
    shown = repr([REQUEST, account, google_request(account, NOW), token])
    assert CLIENT_SECRET not in shown
    assert "ya29" not in shown
    assert "BEGIN" not in shown
