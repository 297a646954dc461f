"""Errors, models, token counts and paths in Anthropic's form."""

import json
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic.types import ErrorResponse, MessageTokensCount, ModelInfo

from torana.core.errors import ERRORS, Refusal
from torana.core.exchange import Format, Message, ModelRequest, Text, Tool, VendorError
from torana.core.losses import Losses
from torana.dialects import NotAReplyError
from torana.dialects.anthropic_messages.carries import CARRIES
from torana.dialects.anthropic_messages.count import (
    decode_count,
    decode_count_reply,
    encode_count,
    encode_count_reply,
)
from torana.dialects.anthropic_messages.errors import TYPES, decode_error, encode_error
from torana.dialects.anthropic_messages.models import Model, encode_model, encode_models
from torana.dialects.anthropic_messages.paths import upstream_path


def refusal(code: str) -> Refusal:
    details: dict[str, Any] = {
        name: name for name in ERRORS[code].sentence.replace("}", "{").split("{")[1::2] if name != "param"
    }
    return Refusal(code, param="messages[0]" if "{param}" in ERRORS[code].sentence else None, **details)


@pytest.mark.parametrize("code", ERRORS)
def test_every_refusal_is_an_error_of_anthropics_with_our_code_and_the_call_id(code: str) -> None:
    refused = refusal(code)
    body = json.loads(encode_error(refused, "call-1"))
    assert body["type"] == "error"
    assert body["request_id"] == body["error"]["call_id"] == "call-1"
    assert body["error"]["code"] == body["error"]["details"]["error_code"] == code
    assert body["error"]["message"] == refused.sentence
    assert body["error"].get("param") == refused.param
    assert body["error"]["type"] in TYPES
    if body["error"]["type"] not in ("request_too_large", "conflict_error"):
        # The SDK's types do not have every word of Anthropic's own page.
        ErrorResponse.model_validate(body)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("invalid_json", "invalid_request_error"),
        ("invalid_api_key", "authentication_error"),
        ("ambiguous_credentials", "authentication_error"),
        ("not_allowed", "permission_error"),
        ("model_not_found", "not_found_error"),
        ("body_too_large", "request_too_large"),
        ("rate_limit_exceeded", "rate_limit_error"),
        ("upstream_failed", "api_error"),
        ("internal_error", "api_error"),
        ("overloaded", "overloaded_error"),
        ("upstream_idle_timeout", "timeout_error"),
    ],
)
def test_statuses_have_anthropics_words(code: str, kind: str) -> None:
    assert json.loads(encode_error(refusal(code), "c"))["error"]["type"] == kind


def test_the_sdk_raises_a_refusal_as_its_own_error() -> None:
    body = encode_error(refusal("rate_limit_exceeded"), "call-1")
    transport = httpx2.MockTransport(lambda _: httpx2.Response(429, content=body))
    client = anthropic.Anthropic(api_key="k", max_retries=0, http_client=httpx2.Client(transport=transport))
    with client, pytest.raises(anthropic.RateLimitError) as caught:
        client.messages.create(model="m", max_tokens=1, messages=[{"role": "user", "content": "a"}])
    raised: Any = caught.value.body
    assert raised["error"]["code"] == "rate_limit_exceeded"


def test_a_vendors_error_is_read() -> None:
    body = b'{"type":"error","error":{"type":"not_found_error","message":"model: x"},"request_id":"req_1"}'
    assert decode_error(body) == VendorError(message="model: x", type="not_found_error")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"error":"x"}', b'{"error":{}}', b'{"type":"message","error":{"message":"x"}}', b"\xff"],
)
def test_what_is_no_error_is_said_to_be_none(body: bytes) -> None:
    assert decode_error(body) is None


def test_models_have_the_types_of_the_sdk() -> None:
    models = [Model(id="a/b", created=0), Model(id="c", created=86_400, display_name="C", max_tokens=9)]
    page = json.loads(encode_models(models))
    assert (page["first_id"], page["last_id"], page["has_more"]) == ("a/b", "c", False)
    first, second = (ModelInfo.model_validate(entry) for entry in page["data"])
    assert (first.id, first.display_name, first.created_at.year) == ("a/b", "a/b", 1970)
    assert (second.display_name, second.max_tokens, second.lifecycle) == ("C", 9, "active")
    assert json.loads(encode_model(models[0])) == page["data"][0]


def test_no_models_are_an_empty_page() -> None:
    assert json.loads(encode_models([])) == {"data": [], "first_id": None, "has_more": False, "last_id": None}


def test_a_request_to_count_leaves_out_what_does_not_count() -> None:
    request = ModelRequest(
        dialect="openai_chat",
        model="asked",
        messages=(Message(role="system", parts=(Text(text="s"),)), Message(role="user", parts=(Text(text="a"),))),
        tools=(Tool(name="f"),),
        max_tokens=5,
        temperature=0.5,
        stream=True,
        user="u",
        format=Format(kind="schema", schema={"type": "object"}),
    )
    assert json.loads(encode_count(request, "claude-x", Losses())) == {
        "model": "claude-x",
        "tools": [{"name": "f", "input_schema": {"type": "object", "properties": {}}}],
        "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}},
        "system": "s",
        "messages": [{"role": "user", "content": "a"}],
    }


def test_a_callers_request_to_count_is_read() -> None:
    request = decode_count(b'{"model":"a","messages":[{"role":"user","content":"b"}]}')
    assert request.messages == (Message(role="user", parts=(Text(text="b"),)),)


def test_counts_are_read_and_written() -> None:
    assert decode_count_reply(b'{"input_tokens":14,"more":1}') == 14
    assert MessageTokensCount.model_validate_json(encode_count_reply(14)).input_tokens == 14


@pytest.mark.parametrize("body", [b"", b"{}", b'{"input_tokens":-1}', b'{"input_tokens":"1"}', b"[]", b"\xff"])
def test_what_is_no_count_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(NotAReplyError):
        decode_count_reply(body)


def test_paths_stand_behind_a_base_url_that_ends_in_the_version() -> None:
    assert upstream_path("chat", "m", True) == "/messages"
    assert upstream_path("count", "m", False) == "/messages/count_tokens"


def test_the_table_says_something_for_every_subject() -> None:
    assert all(CARRIES.values())
    assert "reasoning signatures" in CARRIES
