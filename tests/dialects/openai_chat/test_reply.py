"""Whole replies of chat completions, embeddings, errors and the models list."""

import base64
import struct
from typing import Any

import msgspec
import pytest
from openai.types import CreateEmbeddingResponse, Model
from openai.types.chat import ChatCompletion

from torana.core.errors import Refusal
from torana.core.exchange import (
    Audio,
    Choice,
    Citation,
    Declined,
    EmbedReply,
    EmbedRequest,
    Image,
    Logprob,
    ModelReply,
    ModelRequest,
    Reasoning,
    Source,
    Text,
    ToolCall,
    TopLogprob,
    VendorError,
)
from torana.core.losses import Losses
from torana.core.usage import Usage
from torana.dialects import NotAReplyError
from torana.dialects.openai_chat.deviations import DEVIATIONS
from torana.dialects.openai_chat.embed import decode_embed, decode_embed_reply, encode_embed, encode_embed_reply
from torana.dialects.openai_chat.errors import decode_error, encode_error
from torana.dialects.openai_chat.models import Model as Entry
from torana.dialects.openai_chat.models import encode_model, encode_models
from torana.dialects.openai_chat.paths import upstream_path
from torana.dialects.openai_chat.reply import decode_reply, encode_reply

ASKED = ModelRequest(dialect="openai_chat", model="m")


def decoded(message: Any, **choice: Any) -> Choice:
    body = {
        "id": "x",
        "model": "m",
        "created": 5,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", **choice}],
    }
    return decode_reply(msgspec.json.encode(body)).choices[0]


def test_a_reply_of_the_reference_is_read_field_by_field() -> None:
    token = {
        "token": "Hi",
        "logprob": -0.5,
        "bytes": [72, 105],
        "top_logprobs": [{"token": "Hi", "logprob": -0.5, "bytes": None}],
    }
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 5,
        "model": "m",
        "service_tier": "default",
        "system_fingerprint": "fp",
        "choices": [
            {
                "index": 0,
                "finish_reason": "length",
                "logprobs": {"content": [token], "refusal": None},
                "message": {
                    "role": "assistant",
                    "content": "Hi",
                    "refusal": None,
                    "annotations": [
                        {
                            "type": "url_citation",
                            "url_citation": {"url": "https://x", "title": "X", "start_index": 0, "end_index": 2},
                        }
                    ],
                },
            }
        ],
        "usage": {
            "prompt_tokens": 9,
            "completion_tokens": 8,
            "total_tokens": 17,
            "prompt_tokens_details": {"cached_tokens": 1, "audio_tokens": 2, "cache_write_tokens": 3},
            "completion_tokens_details": {"reasoning_tokens": 4, "audio_tokens": 5},
        },
    }
    assert decode_reply(msgspec.json.encode(body)) == ModelReply(
        id="chatcmpl-1",
        model="m",
        created=5,
        service_tier="default",
        fingerprint="fp",
        choices=(
            Choice(
                stop="length",
                parts=(Text(text="Hi", citations=(Citation(url="https://x", title="X", start=0, end=2),)),),
                logprobs=(
                    Logprob(token="Hi", logprob=-0.5, bytes=(72, 105), top=(TopLogprob(token="Hi", logprob=-0.5),)),
                ),
            ),
        ),
        usage=Usage(9, 1, 8, 4, cache_write=3, audio_input=2, audio_output=5),
    )


def test_what_vendors_do_differently_in_a_reply_is_absorbed() -> None:
    assert decoded({"content": "a", "reasoning_content": "hm"}).parts == (Reasoning(text="hm"), Text(text="a"))
    assert decoded({"content": "a", "reasoning": "hm"}).parts == (Reasoning(text="hm"), Text(text="a"))
    mistral = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "a"}]
    assert decoded({"content": mistral}).parts == (Reasoning(text="hm"), Text(text="a"))
    images = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]
    assert decoded({"content": "", "images": images}).parts == (
        Image(source=Source(media_type="image/png", data="AAAA")),
    )
    called = decoded({"content": None, "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]})
    (call,) = called.parts
    assert isinstance(call, ToolCall)
    assert call.id.startswith("call_")
    assert call.arguments == '{"a":1}'
    assert called.stop == "tool_calls"


def test_sources_beside_the_choices_are_citations() -> None:
    body = b'{"choices":[{"message":{"content":"a"}}],"search_results":[{"url":"https://x","title":"X"}]}'
    (part,) = decode_reply(body).choices[0].parts
    assert part == Text(text="a", citations=(Citation(url="https://x", title="X"),))


@pytest.mark.parametrize(
    ("word", "stop", "detail"),
    [
        ("stop", "stop", None),
        ("length", "length", None),
        ("tool_calls", "tool_calls", None),
        ("function_call", "tool_calls", None),
        ("content_filter", "content_filter", None),
        ("model_length", "context_window", "model_length"),
        ("error", "error", "error"),
        ("insufficient_system_resource", "error", "insufficient_system_resource"),
        ("", None, None),
        (None, None, None),
        ("tired", "stop", "tired"),
        (5, None, None),
    ],
)
def test_reasons_to_stop_are_read(word: Any, stop: Any, detail: str | None) -> None:
    choice = decoded({"content": "a"}, finish_reason=word)
    assert (choice.stop, choice.stop_detail) == (stop, detail)


def test_the_sequence_that_was_met_is_read() -> None:
    choice = decoded({"content": "a"}, stop_reason="###")
    assert (choice.stop, choice.stop_sequence) == ("stop_sequence", "###")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"choices":{}}',
        b'{"choices":[1]}',
        b'{"choices":[{"message":null}]}',
        b"[" * 100_000,
        b"\xff",
        b"NaN",
        b'{"choices":[{"message":{"audio":{"data":"!!"}}}]}',
    ],
)
def test_what_is_no_reply_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(NotAReplyError):
        decode_reply(body)


def test_an_error_in_the_place_of_a_reply_says_its_message() -> None:
    with pytest.raises(NotAReplyError, match="out of luck"):
        decode_reply(b'{"error":{"message":"out of luck"}}')


def test_a_reply_with_everything_is_accepted_by_the_sdk() -> None:
    parts = (
        Reasoning(text="hm", signature="s"),
        Text(text="ab", citations=(Citation(url="https://x"), Citation(cited_text="no address", document=0))),
        Text(text="cd", citations=(Citation(url="https://y", title="Y", start=0, end=1),)),
        Declined(text="no"),
        Audio(source=Source(data="AAAA"), transcript="t", id="a", expires=9),
        ToolCall(id="c", name="f", arguments="{}", signature="g"),
    )
    logprobs = (Logprob(token="ab", logprob=-1.0),)
    reply = ModelReply(
        id="", model="", choices=(Choice(parts=parts, stop="pause", logprobs=logprobs),), usage=Usage(1, None, None, 2)
    )
    read = ChatCompletion.model_validate_json(encode_reply(reply, ASKED), strict=True)
    message = read.choices[0].message
    assert (message.content, message.refusal, read.model, read.choices[0].finish_reason) == ("abcd", "no", "m", "stop")
    assert message.annotations is not None
    assert [
        (note.url_citation.url, note.url_citation.start_index, note.url_citation.end_index)
        for note in message.annotations
    ] == [
        ("https://x", 0, 2),
        ("https://y", 2, 3),
    ]
    assert message.model_extra is not None
    assert message.model_extra["reasoning_content"] == "hm"
    assert message.model_extra["reasoning_details"] == [
        {"type": "reasoning.text", "text": "hm", "signature": "s", "index": 0}
    ]
    assert message.audio is not None
    assert read.usage is not None
    assert read.usage.total_tokens == 1
    assert read.id.startswith("chatcmpl")


@pytest.mark.parametrize(
    "stop",
    [
        "stop",
        "length",
        "stop_sequence",
        "tool_calls",
        "content_filter",
        "refusal",
        "pause",
        "context_window",
        "error",
        None,
    ],
)
def test_every_reason_to_stop_has_a_word_that_the_sdk_knows(stop: Any) -> None:
    ChatCompletion.model_validate_json(encode_reply(ModelReply(choices=(Choice(stop=stop),)), ASKED), strict=True)


def test_a_prompt_that_was_blocked_is_a_refusal() -> None:
    read = ChatCompletion.model_validate_json(encode_reply(ModelReply(blocked="SAFETY"), ASKED), strict=True)
    assert read.choices[0].finish_reason == "content_filter"
    assert "SAFETY" in (read.choices[0].message.refusal or "")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (
            b'{"error":{"message":"m","type":"t","param":"p","code":"c"}}',
            VendorError(message="m", type="t", param="p", code="c"),
        ),
        (b'{"error":{"message":"m","code":429}}', VendorError(message="m", code="429")),
        (b'{"error":"m"}', VendorError(message="m")),
        (b'{"object":"error","message":"m","type":"t","code":400}', VendorError(message="m", type="t", code="400")),
        (b'{"detail":[{"loc":["body","n"],"msg":"m"}]}', VendorError(message="body.n: m")),
        (b'[{"error":{"code":400,"message":"m"}}]', VendorError(message="m", code="400")),
        (b'{"message":"m"}', VendorError(message="m")),
        (b'{"error":null}', None),
        (b"{}", None),
        (b"<html>", None),
        (b'{"id":"x","choices":[]}', None),
    ],
)
def test_errors_of_vendors_are_read(body: bytes, error: VendorError | None) -> None:
    assert decode_error(body) == error


def test_our_own_errors_are_read_by_the_same_reader() -> None:
    read = decode_error(encode_error(Refusal("invalid_field", param="n", reason="it is odd"), "call"))
    assert read is not None
    assert (read.code, read.param) == ("invalid_field", "n")


@pytest.mark.parametrize(
    ("given", "inputs", "single"),
    [
        ("a", ("a",), True),
        (["a", "b"], ("a", "b"), False),
        ([1, 2], ((1, 2),), True),
        ([[1], [2]], ((1,), (2,)), False),
    ],
)
def test_inputs_of_every_form_are_read_and_written(given: Any, inputs: Any, single: bool) -> None:
    body = {
        "model": "m",
        "input": given,
        "dimensions": 8,
        "encoding_format": "base64",
        "user": "u",
        "input_type": "query",
    }
    request = decode_embed(msgspec.json.encode(body))
    assert request == EmbedRequest(
        dialect="openai_chat",
        model="m",
        inputs=inputs,
        dimensions=8,
        base64=True,
        user="u",
        single=single,
        extra={"input_type": "query"},
    )
    assert msgspec.json.decode(encode_embed(request, "m", Losses())) == body


@pytest.mark.parametrize("given", [None, [], 5, [None], [[]], [["a"]], [{}]])
def test_an_input_of_the_wrong_type_is_refused(given: Any) -> None:
    with pytest.raises(Refusal) as refused:
        decode_embed(msgspec.json.encode({"model": "m", "input": given}))
    assert (refused.value.param or "").startswith("input")


def test_vectors_are_read_as_floats_and_as_base64_in_the_order_of_their_index() -> None:
    packed = base64.b64encode(struct.pack("<2f", 0.5, -1.0)).decode()
    data = [{"index": 1, "embedding": packed}, {"index": 0, "embedding": [1, 2.5]}]
    reply = decode_embed_reply(
        msgspec.json.encode({"data": data, "model": "m", "usage": {"prompt_tokens": 3, "total_tokens": 3}})
    )
    assert reply == EmbedReply(model="m", vectors=((1.0, 2.5), (0.5, -1.0)), usage=Usage(3, None, None, None))


@pytest.mark.parametrize("vector", [b'"!"', b'"AAA="', b"[null]", b'["a"]', b"5"])
def test_what_is_no_vector_is_said_to_be_none(vector: bytes) -> None:
    with pytest.raises(NotAReplyError):
        decode_embed_reply(b'{"data":[{"embedding":%b}]}' % vector)


def test_embeddings_are_accepted_by_the_sdk() -> None:
    request = EmbedRequest(dialect="openai_chat", model="m", inputs=("a",))
    body = encode_embed_reply(EmbedReply(vectors=((0.5,),), usage=Usage(3, None, None, None)), request)
    read = CreateEmbeddingResponse.model_validate_json(body, strict=True)
    assert (read.data[0].embedding, read.usage.total_tokens, read.model) == ([0.5], 3, "m")
    packed = msgspec.json.decode(
        encode_embed_reply(EmbedReply(vectors=((0.5,),)), msgspec.structs.replace(request, base64=True))
    )
    assert packed["data"][0]["embedding"] == base64.b64encode(struct.pack("<f", 0.5)).decode()


def test_models_tell_what_is_known_of_them() -> None:
    plain, rich = (
        Entry(id="a", created=1, owned_by="x"),
        Entry(id="b", created=1, owned_by="x", context_window=9, capabilities=["tools"]),
    )
    Model.model_validate_json(encode_model(plain), strict=True)
    listed = msgspec.json.decode(encode_models([plain, rich]))
    assert listed["data"] == [
        {"id": "a", "object": "model", "created": 1, "owned_by": "x"},
        {"id": "b", "object": "model", "created": 1, "owned_by": "x", "context_window": 9, "capabilities": ["tools"]},
    ]


def test_every_operation_has_its_path() -> None:
    assert [upstream_path(name, "m", True) for name in ("chat", "embed", "models")] == [
        "/chat/completions",
        "/embeddings",
        "/models",
    ]
    with pytest.raises(KeyError):
        upstream_path("count", "m", False)


def test_deviations_are_dated_and_linked_once() -> None:
    assert len({deviation.what for deviation in DEVIATIONS}) == len(DEVIATIONS)
    assert all(deviation.link.startswith("https://") and len(deviation.seen) == 10 for deviation in DEVIATIONS)
