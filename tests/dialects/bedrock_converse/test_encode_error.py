"""Errors as AWS's clients expect them."""

import json

import pytest

from tests.dialects.bedrock_converse.shapes import check_stream
from torana.core.errors import Refusal
from torana.core.exchange import VendorError
from torana.dialects.bedrock_converse.errors import (
    decode_error,
    encode_error,
    encode_error_event,
    encode_vendor_error_event,
    error_headers,
)


@pytest.mark.parametrize(
    ("code", "kind", "streamed"),
    [
        ("missing_api_key", "AccessDeniedException", "modelStreamErrorException"),
        ("key_scope", "AccessDeniedException", "modelStreamErrorException"),
        ("rate_limit_exceeded", "ThrottlingException", "throttlingException"),
        ("model_not_found", "ResourceNotFoundException", "modelStreamErrorException"),
        ("service_retired", "ValidationException", "validationException"),
        ("request_timeout", "ModelTimeoutException", "modelStreamErrorException"),
        ("upstream_cut", "ModelErrorException", "modelStreamErrorException"),
        ("upstream_idle_timeout", "ModelTimeoutException", "modelStreamErrorException"),
        ("worker_stopped", "ServiceUnavailableException", "serviceUnavailableException"),
        ("internal_error", "InternalServerException", "internalServerException"),
    ],
)
def test_every_kind_of_refusal_has_a_kind_of_awss(code: str, kind: str, streamed: str) -> None:
    refusal = Refusal(code, instead="What happened.")
    assert error_headers(refusal) == f"x-amzn-errortype: {kind}\r\n".encode()
    body = {"message": "What happened.", "code": code, "callId": "call-1"}
    assert json.loads(encode_error(refusal, "call-1")) == body
    assert check_stream(encode_error_event(refusal, "call-1")) == [(streamed, body)]


def test_the_field_at_fault_is_named() -> None:
    body = encode_error(Refusal("invalid_field", param="messages[0]", reason="no"), "c")
    assert json.loads(body)["param"] == "messages[0]"
    assert decode_error(body) == VendorError(message="The field messages[0] is not valid: no.")


def test_an_error_of_a_vendor_keeps_its_kind_where_streams_have_it() -> None:
    known = encode_vendor_error_event(VendorError(message="slow", type="throttlingException"))
    assert check_stream(known) == [("throttlingException", {"message": "slow"})]
    other = encode_vendor_error_event(VendorError(message="half \ud83d", type="overloaded_error", code="x"))
    ((kind, value),) = check_stream(other)
    assert (kind, value["message"]) == ("modelStreamErrorException", "half ?")


def test_a_huge_error_still_fits_into_a_frame() -> None:
    ((_, value),) = check_stream(encode_vendor_error_event(VendorError(message="\u0001" * 30_000_000)))
    assert len(value["message"]) == 100_000
