"""Tokens that somebody forged, or that were made for somebody else."""

import base64
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OKPKey
from joserfc.jws import JWSRegistry

from tests.support.issuer import rsa_key
from torana.control.identity.issuer import read_keys
from torana.control.identity.token import TokenError, kid_of, verified

ISSUER, CLIENT, NONCE, NOW = "https://login.example.org", "torana", "n-0S6_WzA2Mj", 1_790_000_000
HONEST = {"iss": ISSUER, "sub": "ann", "aud": CLIENT, "exp": NOW + 300, "iat": NOW, "nonce": NONCE}
KEY = rsa_key("first")
EC = ECKey.generate_key("P-256", {"kid": "ec"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed"})
KEYS = read_keys({"keys": [key.as_dict(private=False) for key in (KEY, EC, ED)]})
# Writes heads that none should have.
LAX = JWSRegistry(algorithms=["RS256", "PS256"], strict_check_header=False)


def signed(claims: dict[str, Any], key: Any = KEY, **head: Any) -> str:
    return jwt.encode({"alg": "RS256", "kid": "first", **head}, claims, key, ["RS256", "PS256"], LAX)


def check(token: str) -> dict[str, Any]:
    kid_of(token)
    return verified(token, KEYS, issuer=ISSUER, client_id=CLIENT, nonce=NONCE, now=NOW)


def segment(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def test_honest_tokens_are_believed_whichever_signature_they_have() -> None:
    assert check(signed(HONEST)) == HONEST
    assert check(signed(HONEST, alg="PS256")) == HONEST
    assert check(jwt.encode({"alg": "ES256", "kid": "ec"}, HONEST, EC)) == HONEST
    assert check(jwt.encode({"alg": "Ed25519", "kid": "ed"}, HONEST, ED, algorithms=["Ed25519"])) == HONEST
    assert check(jwt.encode({"alg": "RS256"}, HONEST, KEY)) == HONEST
    assert check(signed({**HONEST, "aud": [CLIENT], "azp": CLIENT}))["azp"] == CLIENT
    assert check(signed({**HONEST, "aud": [CLIENT, "other"], "azp": CLIENT}))["azp"] == CLIENT
    assert check(signed({**HONEST, "exp": NOW - 30, "iat": NOW + 30}))["sub"] == "ann"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://login.example.org/"},
        {"iss": "https://evil.example.org"},
        {"iss": [ISSUER]},
        {"aud": "other"},
        {"aud": ["other"]},
        {"aud": [CLIENT, "other"]},
        {"aud": [CLIENT, "other"], "azp": "other"},
        {"azp": "other"},
        {"azp": [CLIENT]},
        {"aud": {CLIENT: 1}},
        {"exp": NOW - 61},
        {"exp": str(NOW + 300)},
        {"exp": True},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"iat": NOW + 61},
        {"nbf": NOW + 61},
        {"nonce": "another"},
        {"nonce": [NONCE, "another"]},
        {"nonce": NONCE + "x"},
        {"sub": ""},
        {"sub": 7},
        {"sub": "a" * 256},
        {"sub": "a\u0000"},
        {"sub": ["ann"]},
    ],
    ids=str,
)
def test_a_token_that_says_something_else_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(TokenError):
        check(signed({**HONEST, **changed}))


@pytest.mark.parametrize("missing", sorted(HONEST))
def test_a_token_that_leaves_something_out_is_refused(missing: str) -> None:
    with pytest.raises(TokenError):
        check(signed({name: value for name, value in HONEST.items() if name != missing}))
    with pytest.raises(TokenError):
        check(signed({**HONEST, missing: None}))


def test_a_token_that_nobody_signed_is_refused() -> None:
    for alg in ("none", "None", "NONE", "nOnE", ""):
        for signature in ("", "AAAA"):
            with pytest.raises(TokenError):
                check(f"{segment({'alg': alg, 'kid': 'first'})}.{segment(HONEST)}.{signature}")
    head, payload, signature = signed(HONEST).split(".")
    for forged in (
        f"{head}.{payload}.",
        f"{head}.{segment({**HONEST, 'sub': 'eve'})}.{signature}",
        f"{head}.{payload}",
    ):
        with pytest.raises(TokenError):
            check(forged)


def test_a_token_signed_with_the_public_key_as_a_password_is_refused() -> None:
    public = KEY.as_pem(private=False)
    for secret in (public, public.strip(), json.dumps(KEY.as_dict(private=False)).encode()):
        for alg in ("HS256", "HS384", "HS512"):
            text = f"{segment({'alg': alg, 'kid': 'first'})}.{segment(HONEST)}"
            digest = hmac.digest(secret, text.encode(), alg.replace("HS", "sha"))
            with pytest.raises(TokenError, match="not accepted"):
                check(f"{text}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}")


def test_a_token_signed_with_a_key_of_its_own_is_refused() -> None:
    stranger = rsa_key("stranger")
    own = stranger.as_dict(private=False)
    for head in ({}, {"jwk": own}, {"jku": "https://evil.org/keys"}, {"kid": "unknown"}, {"x5u": "https://evil.org"}):
        with pytest.raises(TokenError):
            check(signed(HONEST, stranger, **head))
    with pytest.raises(TokenError):
        check(jwt.encode({"alg": "RS256"}, HONEST, stranger))
    # A key that was meant for something else.
    with pytest.raises(TokenError):
        check(jwt.encode({"alg": "ES256", "kid": "first"}, HONEST, EC))


@pytest.mark.parametrize("head", [{"crit": ["exp"], "exp": 1}, {"crit": []}, {"crit": "b64", "b64": False}], ids=str)
def test_a_token_with_a_critical_extension_is_refused(head: dict[str, Any]) -> None:
    head = {"alg": "RS256", "kid": "first", **head}
    text = f"{segment(head)}.{segment(HONEST)}"
    with pytest.raises(TokenError, match="extension"):
        check(f"{text}.{signed(HONEST).rpartition('.')[2]}")


def test_keys_that_are_too_small_symmetric_or_for_encryption_are_no_keys() -> None:
    small = {"kty": "RSA", "n": base64.urlsafe_b64encode(b"\xff" * 128).decode(), "e": "AQAB", "kid": "small"}
    padded = {**small, "n": base64.urlsafe_b64encode(b"\0" * 200 + b"\xff" * 128).decode()}
    huge = {**small, "n": base64.urlsafe_b64encode(b"\xff" * 1400).decode()}
    shared = {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQ", "kid": "shared"}
    encrypting = {**KEY.as_dict(private=False), "use": "enc"}
    hostile: list[Any] = [
        None,
        7,
        [],
        {},
        {"kty": []},
        {"kty": "EC", "crv": "P-256", "x": 1, "y": 2},
        {"kty": "RSA", "n": {}},
    ]
    assert read_keys({"keys": [small, padded, huge, shared, encrypting, *hostile]}) == {}
    for said in ({}, {"keys": None}, {"keys": {"kid": 1}}):
        assert read_keys(said) == {}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*HONEST, "azp", "nbf"]), json_values, min_size=1))
def test_whatever_claims_a_key_of_the_issuers_signs_they_hold_or_are_refused(changed: dict[str, Any]) -> None:
    claims = {**HONEST, **changed}
    try:
        found = check(jws.serialize_compact({"alg": "RS256", "kid": "first"}, json.dumps(claims), KEY))
    except TokenError:
        return
    assert (found["iss"], found["nonce"]) == (ISSUER, NONCE)
    assert CLIENT in ([found["aud"]] if isinstance(found["aud"], str) else found["aud"])


@given(st.text() | st.binary().map(lambda raw: f"{base64.urlsafe_b64encode(raw).decode()}.e30.AAAA"))
def test_whatever_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(TokenError):
        check(text)


@given(json_values)
def test_a_head_of_any_form_is_refused(head: object) -> None:
    with pytest.raises(TokenError):
        check(f"{segment(head)}.{segment(HONEST)}.AAAA")
    deep = base64.urlsafe_b64encode(b'{"alg":"RS256","x":' + b"[" * 20_000).decode()
    with pytest.raises(TokenError):
        check(f"{deep}.e30.AAAA")
