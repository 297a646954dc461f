"""The forms of credentials: what is taken, what is refused, and that nothing of them is told."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torana.control.providers.credential import AwsCredential, credential_problem, read_aws
from torana.core.secret import Secret

ID, SECRET, SESSION = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "FwoGZXIvYXdzE:token=="
GOOGLE = {
    "type": "service_account",
    "client_email": "one@two.iam.gserviceaccount.com",
    "private_key": "-----BEGIN PRIVATE KEY-----\nMIIcanary\n-----END PRIVATE KEY-----\n",
    "token_uri": "https://oauth2.googleapis.com/token",
}


@pytest.mark.parametrize(
    "text",
    [
        f"{ID}:{SECRET}",
        f"{ID}:{SECRET}:{SESSION}",
        json.dumps({"AccessKeyId": ID, "SecretAccessKey": SECRET, "SessionToken": None}),
        json.dumps({"AccessKeyId": ID, "SecretAccessKey": SECRET, "SessionToken": SESSION, "Version": 1}),
    ],
)
def test_an_aws_credential_is_taken_in_each_of_its_forms(text: str) -> None:
    assert credential_problem("sigv4", Secret(text)) is None
    found = read_aws(Secret(text))
    assert isinstance(found, AwsCredential)
    assert (found.access_key_id, found.secret_access_key.reveal()) == (ID, SECRET)
    assert found.session_token is None or found.session_token.reveal() == SESSION


@pytest.mark.parametrize(
    ("auth", "text", "reason"),
    [
        ("sigv4", ID, "ACCESS_KEY_ID:SECRET_ACCESS_KEY"),
        ("sigv4", "{", "ACCESS_KEY_ID:SECRET_ACCESS_KEY"),
        ("sigv4", json.dumps({"AccessKeyId": ID}), "ACCESS_KEY_ID:SECRET_ACCESS_KEY"),
        ("sigv4", json.dumps({"AccessKeyId": ID, "SecretAccessKey": 7}), "JSON with AccessKeyId and SecretAccessKey"),
        ("sigv4", f"short:{SECRET}", "its access key id"),
        ("sigv4", f"{ID}:{SECRET}\n", None),
        ("sigv4", f"{ID}:with space in it", "its secret access key"),
        ("sigv4", f"{ID}:{SECRET}:a b", "its session token"),
        ("google-service-account", "not json", "{file: PATH}"),
        ("google-service-account", "[]", "{file: PATH}"),
        ("google-service-account", json.dumps(GOOGLE), None),
        ("google-service-account", json.dumps(GOOGLE | {"type": "authorized_user"}), '"type"'),
        ("google-service-account", json.dumps(GOOGLE | {"client_email": ""}), '"client_email" is missing'),
        ("google-service-account", json.dumps(GOOGLE | {"private_key": "canary"}), '"private_key"'),
        ("google-service-account", json.dumps(GOOGLE | {"token_uri": "http://evil.example/"}), '"token_uri"'),
        ("entra", "8Q~canary", None),
        ("entra", "two words", "visible ASCII"),
        ("bearer", "sk-ä", "visible ASCII"),
        ("x-api-key", "a\r\nx: 1", "visible ASCII"),
        ("bearer", "", "visible ASCII"),
        ("bearer", "x" * 40_000, "longer than 32768"),
    ],
)
def test_a_credential_that_cannot_be_one_is_refused_with_the_reason_alone(
    auth: str, text: str, reason: str | None
) -> None:
    problem = credential_problem(auth, Secret(text))
    if reason is None:
        assert problem is None
    else:
        assert problem is not None
        assert reason in problem
        assert "canary" not in problem
        assert SECRET not in problem


@given(st.sampled_from(["sigv4", "google-service-account", "bearer"]), st.text())
def test_no_text_makes_the_check_fail(auth: str, text: str) -> None:
    credential_problem(auth, Secret(text))


def test_a_deeply_nested_text_is_refused() -> None:
    assert credential_problem("google-service-account", Secret('{"a":' * 10_000)) is not None
