"""AWS Signature Version 4 against AWS's published vectors and its own signer."""

import datetime as dt
from unittest import mock
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth  # type: ignore[import-untyped]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
from botocore.credentials import Credentials  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from torana.core.secret import Secret
from torana.dialects.bedrock_converse.paths import upstream_path
from torana.gate.credentials.sigv4 import AwsKey, Signer, derive_key, hash_payload, read_aws_key

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
NOON = 1_440_938_160.0
"""2015-08-30T12:36:00Z, the time of AWS's test suite."""


def lines(written: bytes) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in written.decode().splitlines())


# Of https://docs.aws.amazon.com/general/latest/gr/signature-v4-test-suite.html
@pytest.mark.parametrize(
    ("method", "target", "headers", "body", "signature"),
    [
        ("GET", "/", [], b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "/", [], b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        ("POST", "/?Param1=value1", [], b"", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"),
        (
            "POST",
            "/",
            [("My-Header1", "value1")],
            b"",
            "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
        ),
        (
            "POST",
            "/",
            [("Content-Type", "application/x-www-form-urlencoded")],
            b"Param1=value1",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ],
)
def test_awss_published_vectors_are_met(
    method: str, target: str, headers: list[tuple[str, str]], body: bytes, signature: str
) -> None:
    signer = Signer(AwsKey("AKIDEXAMPLE", Secret(SECRET)), "us-east-1", "service")
    written = signer.sign(target, [("Host", "example.amazonaws.com"), *headers], hash_payload(body), NOON, method)
    assert lines(written)["authorization"].endswith(f"Signature={signature}")
    assert lines(written)["x-amz-date"] == "20150830T123600Z"


def test_the_published_signing_key_is_derived() -> None:
    key = derive_key(Secret(SECRET), "20120215", "us-east-1", "iam")
    assert key.hex() == "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"


_segment = st.text(st.sampled_from("abzAZ09-._~%3A:+ é!*'()=&"), max_size=8)
_value = st.text(st.sampled_from("abc ,;:=/\t09"), max_size=12)
_second = st.integers(0, 4_000_000_000)


def _botocore(key: Credentials, url: str, headers: list[tuple[str, str]], body: bytes, second: int) -> dict[str, str]:
    request = AWSRequest(method="POST", url=url, data=body)
    for name, value in headers:
        request.headers.add_header(name, value)
    moment = dt.datetime.fromtimestamp(second, dt.UTC).replace(tzinfo=None)
    with mock.patch("botocore.auth.get_current_datetime", return_value=moment):
        SigV4Auth(key, "bedrock", "eu-west-1").add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


@given(
    st.lists(_segment, min_size=1, max_size=5),
    st.lists(st.tuples(st.sampled_from(["content-type", "X-One", "x-two", "Accept"]), _value), max_size=4),
    st.binary(max_size=50),
    _second,
    st.none() | st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40),
)
def test_any_request_is_signed_as_botocore_signs_it(
    segments: list[str], headers: list[tuple[str, str]], body: bytes, second: int, token: str | None
) -> None:
    target = "/" + "/".join(quote(segment, safe="%:-._~") for segment in segments)
    key = AwsKey("AKID", Secret(SECRET), None if token is None else Secret(token))
    signer = Signer(key, "eu-west-1", "bedrock")
    host = "bedrock-runtime.eu-west-1.amazonaws.com"
    ours = lines(signer.sign(target, [("Host", host), *headers], hash_payload(body), second))
    theirs = _botocore(Credentials("AKID", SECRET, token), f"https://{host}{target}", headers, body, second)
    assert ours["x-amz-date"] == theirs["x-amz-date"]
    assert ours["authorization"] == theirs["authorization"]
    assert ours.get("x-amz-security-token") == theirs.get("x-amz-security-token")


@given(st.lists(_second, min_size=2, max_size=6))
def test_what_is_kept_from_earlier_requests_changes_no_signature(seconds: list[int]) -> None:
    def make() -> Signer:
        return Signer(AwsKey("AKID", Secret(SECRET)), "eu-west-1", "bedrock")

    kept = make()
    for second in seconds:
        arguments = ("/a", [("host", "h")], hash_payload(b""), second)
        assert kept.sign(*arguments) == make().sign(*arguments)


def test_a_model_with_a_colon_is_signed_as_botocore_does() -> None:
    target = upstream_path("chat", "anthropic.claude-3-haiku-20240307-v1:0", True)
    assert "%3A" in target
    host = "bedrock-runtime.eu-west-1.amazonaws.com"
    signer = Signer(AwsKey("AKID", Secret(SECRET)), "eu-west-1", "bedrock")
    ours = lines(signer.sign(target, [("host", host)], hash_payload(b"{}"), NOON))
    theirs = _botocore(Credentials("AKID", SECRET), f"https://{host}{target}", [], b"{}", int(NOON))
    assert ours["authorization"] == theirs["authorization"]


def test_a_signer_shows_no_secret() -> None:
    key = AwsKey("AKID", Secret(SECRET), Secret("session-token"))
    signer = Signer(key, "eu-west-1", "bedrock")
    assert SECRET not in repr(key) + repr(signer)
    assert "session-token" not in repr(key) + repr(signer)


@pytest.mark.parametrize(
    ("text", "token"),
    [
        (f"AKID:{SECRET}", None),
        (f" AKID:{SECRET}:to:ken\n", "to:ken"),
        (f'{{"Version":1,"AccessKeyId":"AKID","SecretAccessKey":"{SECRET}","SessionToken":"to:ken"}}', "to:ken"),
        (f'{{"AccessKeyId":"AKID","SecretAccessKey":"{SECRET}"}}', None),
    ],
)
def test_a_kept_key_is_read(text: str, token: str | None) -> None:
    key = read_aws_key(Secret(text))
    assert (key.access_key, key.secret.reveal()) == ("AKID", SECRET)
    assert (None if key.session_token is None else key.session_token.reveal()) == token


@pytest.mark.parametrize(
    "text", ["", SECRET, f":{SECRET}", f"{SECRET}:", "{" + SECRET, "{}", f"a:{SECRET}\r\nx: y", f"ä:{SECRET}"]
)
def test_what_is_no_key_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ValueError) as raised:
        read_aws_key(Secret(text))
    assert SECRET not in str(raised.value)


@given(st.text(max_size=20))
def test_any_text_is_a_key_that_can_stand_in_a_header_or_a_value_error(text: str) -> None:
    try:
        key = read_aws_key(Secret(text))
    except ValueError:
        return
    assert key.access_key.isascii()
    assert key.secret.reveal().isprintable()
