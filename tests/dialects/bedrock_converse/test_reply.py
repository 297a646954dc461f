"""Whole replies and errors of Converse."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torana.core.exchange import Image, ModelReply, Opaque, Reasoning, Source, Text, ToolCall, VendorError
from torana.core.usage import Usage
from torana.dialects import NotAReplyError
from torana.dialects.bedrock_converse.carries import CARRIES
from torana.dialects.bedrock_converse.errors import decode_error
from torana.dialects.bedrock_converse.reply import decode_reply

EXAMPLE: dict[str, Any] = {
    "output": {
        "message": {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "c2ln"}}},
                {"reasoningContent": {"redactedContent": "c2VjcmV0"}},
                {"text": "The top song is"},
                {"toolUse": {"toolUseId": "tooluse_k", "name": "top_song", "input": {"sign": "WZPZ", "n": 1.5}}},
                {
                    "citationsContent": {
                        "content": [{"text": "Elemental"}, {"text": " Hotel"}],
                        "citations": [
                            {
                                "title": "Charts",
                                "sourceContent": [{"text": "No. 1"}],
                                "location": {"documentPage": {"documentIndex": 2, "start": 1, "end": 1}},
                            }
                        ],
                    }
                },
                {"image": {"format": "png", "source": {"bytes": "aGk="}}},
                {"toolUse": {"toolUseId": "s", "name": "search", "input": {}, "type": "server_tool_use"}},
                {"brandNew": {"a": 1}},
            ],
        }
    },
    "stopReason": "tool_use",
    "usage": {
        "inputTokens": 30,
        "outputTokens": 628,
        "totalTokens": 658,
        "cacheReadInputTokens": 5,
        "cacheWriteInputTokens": 7,
    },
    "metrics": {"latencyMs": 1275},
    "serviceTier": {"type": "flex"},
    "trace": {"promptRouter": {"invokedModelId": "amazon.nova-pro-v1:0"}, "guardrail": {"modelOutput": ["x"]}},
    "additionalModelResponseFields": {"stop_sequence": "END"},
}


def decode(value: Any) -> ModelReply:
    return decode_reply(json.dumps(value).encode())


def test_every_block_of_a_reply_is_read() -> None:
    reply = decode(EXAMPLE)
    (choice,) = reply.choices
    content = EXAMPLE["output"]["message"]["content"]
    assert choice.parts[:4] == (
        Reasoning(text="Hm", signature="bedrock_converse:c2ln"),
        Reasoning(encrypted="bedrock_converse:c2VjcmV0"),
        Text(text="The top song is"),
        ToolCall(id="tooluse_k", name="top_song", arguments='{"sign":"WZPZ","n":1.5}'),
    )
    cited = choice.parts[4]
    assert isinstance(cited, Text)
    assert cited.text == "Elemental Hotel"
    assert (cited.citations[0].title, cited.citations[0].cited_text, cited.citations[0].document) == (
        "Charts",
        "No. 1",
        2,
    )
    assert choice.parts[5] == Image(source=Source(media_type="image/png", data="aGk="))
    assert choice.parts[6] == Opaque(dialect="bedrock_converse", kind="server_tool_use", raw=content[6])
    assert choice.parts[7] == Opaque(dialect="bedrock_converse", kind="brandNew", raw=content[7])
    assert (choice.stop, choice.stop_sequence) == ("tool_calls", "END")
    assert reply.usage == Usage(42, 5, 628, None, cache_write=7)
    assert (reply.model, reply.service_tier, reply.id) == ("amazon.nova-pro-v1:0", "flex", "")


def test_a_reply_with_little_in_it_is_read() -> None:
    reply = decode({"output": {}, "stopReason": "guardrail_intervened"})
    assert reply.choices[0].parts == ()
    assert (reply.choices[0].stop, reply.choices[0].stop_detail) == ("content_filter", "guardrail_intervened")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"output":' + b"[" * 100_000,
        b'{"output":{"message":{"content":[{"text":5}]}}}',
        b'{"output":{"message":{"content":[{"toolUse":{}}]}}}',
        b'{"output":{"message":{"content":[{"toolUse":[]}]}}}',
        b'{"output":{"message":{"content":[{"reasoningContent":{}}]}}}',
        b'{"output":{"message":{"content":[{"citationsContent":{"citations":[5]}}]}}}',
        b'{"output":{"message":{"content":[5]}}}',
        b'{"output":{},"usage":{"inputTokens":-5}}',
    ],
)
def test_what_is_no_reply_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(NotAReplyError):
        decode_reply(body)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["text", "toolUse", "image", "source", "citationsContent", "content", "citations", "location", "input"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(_json)
def test_any_content_is_read_or_said_to_be_no_reply(block: Any) -> None:
    try:
        decode({"output": {"message": {"content": [block]}}})
    except NotAReplyError:
        return


@given(st.binary(max_size=100))
def test_any_bytes_are_no_reply_and_mostly_no_error(body: bytes) -> None:
    with pytest.raises(NotAReplyError):
        decode_reply(body)
    decode_error(body)


def test_errors_are_read() -> None:
    assert decode_error(b'{"message":"Too many requests"}') == VendorError(message="Too many requests")
    assert decode_error(b'{"Message":"No"}') == VendorError(message="No")
    body = b'{"__type":"com.amazon.coral.service#UnknownOperationException"}'
    error = decode_error(body)
    assert error is not None
    assert error.type == "UnknownOperationException"
    assert decode_error(b'{"output":{}}') is None
    assert decode_error(b"<html>") is None


def test_the_table_of_what_is_carried_has_every_subject() -> None:
    assert len(CARRIES) == 28
    assert all(CARRIES.values())
