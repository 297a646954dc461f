"""Whole replies of Cohere's chat, embeddings and rerank."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dialects.cohere.sdk import through_sdk
from torana.core.errors import Refusal
from torana.core.exchange import (
    EmbedRequest,
    Image,
    Logprob,
    ModelReply,
    Part,
    Ranked,
    Reasoning,
    RerankReply,
    Source,
    Text,
    ToolCall,
    VendorError,
)
from torana.core.losses import Losses
from torana.core.usage import Usage
from torana.dialects import NotAReplyError
from torana.dialects.cohere.carries import CARRIES
from torana.dialects.cohere.embed import decode_embed_reply, encode_embed
from torana.dialects.cohere.errors import decode_error
from torana.dialects.cohere.reply import decode_reply
from torana.dialects.cohere.rerank import decode_rerank, decode_rerank_reply, encode_rerank, encode_rerank_reply

CITATION = {
    "start": 0,
    "end": 4,
    "text": "Rome",
    "content_index": 1,
    "type": "TEXT_CONTENT",
    "sources": [
        {
            "type": "document",
            "id": "doc:2",
            "document": {"id": "doc:2", "title": "Rome", "url": "https://r", "text": "x"},
        }
    ],
}
EXAMPLE: dict[str, Any] = {
    "id": "c14c80c3",
    "finish_reason": "TOOL_CALL",
    "message": {
        "role": "assistant",
        "tool_plan": "I will look.",
        "content": [{"type": "thinking", "thinking": "Hm"}, {"type": "text", "text": "Rome is old"}],
        "citations": [CITATION, {**CITATION, "type": "PLAN"}],
        "tool_calls": [{"id": "w0", "type": "function", "function": {"name": "weather", "arguments": '{"a":1}'}}],
    },
    "logprobs": [{"text": "Rome", "token_ids": [1, 2], "logprobs": [-0.5, -0.25]}, {"token_ids": []}],
    "usage": {
        "billed_units": {"input_tokens": 11.0, "output_tokens": 7},
        "tokens": {"input_tokens": 500, "output_tokens": 8},
        "cached_tokens": 5,
    },
}


def decode(value: Any) -> ModelReply:
    return decode_reply(json.dumps(value).encode())


def test_every_field_of_a_reply_is_read() -> None:
    through_sdk("chat", b'{"model":"m","messages":[]}', EXAMPLE)
    reply = decode(EXAMPLE)
    (choice,) = reply.choices
    assert choice.parts[0] == Reasoning(text="I will look.", id="tool_plan")
    assert choice.parts[1] == Reasoning(text="Hm")
    text = choice.parts[2]
    assert isinstance(text, Text)
    (citation,) = text.citations
    assert (text.text, citation.start, citation.end, citation.document) == ("Rome is old", 0, 4, 2)
    assert (citation.url, citation.title, citation.raw, citation.dialect) == ("https://r", "Rome", CITATION, "cohere")
    assert choice.parts[3] == ToolCall(id="w0", name="weather", arguments='{"a":1}')
    assert choice.logprobs == (Logprob(token="Rome", logprob=-0.75),)
    assert (choice.stop, choice.stop_detail) == ("tool_calls", None)
    assert reply.usage == Usage(11, 5, 7, None)
    assert reply.id == "c14c80c3"


@pytest.mark.parametrize(
    ("reason", "stop", "detail"),
    [
        ("COMPLETE", "stop", None),
        ("STOP_SEQUENCE", "stop_sequence", None),
        ("MAX_TOKENS", "length", None),
        ("ERROR", "error", "ERROR"),
        ("TIMEOUT", "error", "TIMEOUT"),
        ("BRAND_NEW", "stop", "BRAND_NEW"),
    ],
)
def test_every_finish_reason_has_its_word(reason: str, stop: str, detail: str | None) -> None:
    (choice,) = decode({"id": "a", "message": {}, "finish_reason": reason}).choices
    assert (choice.stop, choice.stop_detail) == (stop, detail)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"\xff", b'{"message":' + b"[" * 100_000, b'{"message":{"content":"text"}}', b'{"message":5}'],
)
def test_what_is_no_reply_is_said_to_be_none(body: bytes) -> None:
    for read in (decode_reply, decode_embed_reply, decode_rerank_reply):
        with pytest.raises(NotAReplyError):
            read(body)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["text", "thinking", "sources", "id", "document", "start", "type", "content_index", "float"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(_json, _json, _json)
def test_any_content_is_read_or_said_to_be_no_reply(content: Any, citations: Any, usage: Any) -> None:
    for value in (
        {"message": {"content": content, "citations": citations}, "usage": usage},
        {"message": {"citations": [citations]}},
        {"embeddings": content, "meta": usage},
        {"results": content, "meta": usage},
    ):
        for read in (decode_reply, decode_embed_reply, decode_rerank_reply):
            with contextlib.suppress(NotAReplyError):
                read(json.dumps(value).encode())


def test_errors_are_read() -> None:
    assert decode_error(b'{"id":"a","message":"invalid api token"}') == VendorError(message="invalid api token")
    assert decode_error(b'{"message":{"role":"assistant"}}') is None
    assert decode_error(b"<html>") is None


EMBED_REPLY = {
    "id": "e",
    "embeddings": {"float": [[0.5, -1], [1, 2]]},
    "texts": ["a", "b"],
    "meta": {"billed_units": {"input_tokens": 2.0}},
    "response_type": "embeddings_by_type",
}


def embed(*inputs: str | tuple[int, ...] | tuple[Part, ...], **fields: Any) -> dict[str, Any]:
    request = EmbedRequest(dialect="openai_chat", model="any", inputs=inputs, **fields)
    body = encode_embed(request, "embed-v4.0", Losses())
    value: dict[str, Any] = json.loads(body)
    assert through_sdk("embed", body, EMBED_REPLY)[0] == value
    return value


def test_texts_are_embedded() -> None:
    assert embed("a", "b", dimensions=256, task="search_query", base64=True, extra={"truncate": "END"}) == {
        "model": "embed-v4.0",
        "texts": ["a", "b"],
        "input_type": "search_query",
        "embedding_types": ["float"],
        "output_dimension": 256,
        "truncate": "END",
    }
    assert embed("a")["input_type"] == "search_document"


def test_images_are_embedded() -> None:
    body = embed("a", (Text(text="t"), Image(source=Source(media_type="image/png", data="aGk="))))
    assert body["inputs"] == [
        {"content": [{"type": "text", "text": "a"}]},
        {
            "content": [
                {"type": "text", "text": "t"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
            ]
        },
    ]


def test_token_ids_cannot_be_embedded() -> None:
    for fields in ({"inputs": ((1, 2),)}, {"inputs": ("a",), "extra": {"x": 1}}):
        with pytest.raises(Refusal):
            encode_embed(EmbedRequest(dialect="openai_chat", model="m", **fields), "embed", Losses())


def test_vectors_are_read() -> None:
    reply = decode_embed_reply(json.dumps(EMBED_REPLY).encode())
    assert reply.vectors == ((0.5, -1.0), (1.0, 2.0))
    assert reply.usage == Usage(2, None, None, None)


RERANK = {"model": "rerank-v4", "query": "q", "documents": ["a", {"text": "b", "id": 7}], "top_n": 2}
RERANK_REPLY = {
    "id": "r",
    "results": [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}],
    "meta": {"api_version": {"version": "2"}, "billed_units": {"search_units": 1}},
}


def test_a_rerank_goes_through() -> None:
    request = decode_rerank(json.dumps({**RERANK, "return_documents": True, "max_tokens_per_doc": 100}).encode())
    assert (request.query, request.documents, request.top, request.model) == ("q", ("a", "b"), 2, "rerank-v4")
    body = encode_rerank(request, "rerank-v3.5", Losses())
    value = json.loads(body)
    assert value == {
        "model": "rerank-v3.5",
        "query": "q",
        "documents": ["a", "b"],
        "top_n": 2,
        "max_tokens_per_doc": 100,
    }
    assert through_sdk("rerank", body, RERANK_REPLY)[0] == value
    reply = decode_rerank_reply(json.dumps(RERANK_REPLY).encode())
    assert reply.results == (Ranked(index=1, score=0.9), Ranked(index=0, score=0.1))
    assert reply.search_units == 1
    written = encode_rerank_reply(reply, request)
    assert json.loads(written)["results"][0] == {"index": 1, "relevance_score": 0.9, "document": {"text": "b"}}
    _, read = through_sdk("rerank", body, json.loads(written))
    assert [result.index for result in read.results] == [1, 0]
    assert read.meta.billed_units.search_units == 1


def test_a_rerank_of_jinas_form_is_read() -> None:
    reply = decode_rerank_reply(
        b'{"model":"jina-reranker","usage":{"total_tokens":815},"results":'
        b'[{"index":0,"document":{"text":"a"},"relevance_score":0.5}]}'
    )
    assert (reply.model, reply.usage.input) == ("jina-reranker", 815)


def test_an_index_out_of_range_is_no_reply() -> None:
    request = decode_rerank(json.dumps(RERANK).encode())
    for index in (-1, 2):
        with pytest.raises(NotAReplyError):
            encode_rerank_reply(RerankReply(results=(Ranked(index=index, score=1.0),)), request)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"query": None}, "query"),
        ({"documents": []}, "documents"),
        ({"documents": [5]}, r"documents\[0\]"),
        ({"documents": [{"title": "x"}]}, r"documents\[0\]\.text"),
        ({"documents": ["a"] * 10_001}, "documents"),
        ({"top_n": 0}, "top_n"),
        ({"model": None}, "model"),
        ({"return_documents": "yes"}, "return_documents"),
    ],
)
def test_what_is_wrong_in_a_rerank_is_named(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(Refusal, match=place):
        decode_rerank(json.dumps({**RERANK, **changes}).encode())


def test_an_unknown_field_of_a_rerank_is_refused_by_name() -> None:
    request = decode_rerank(json.dumps({**RERANK, "rank_fields": ["a"]}).encode())
    with pytest.raises(Refusal, match="rank_fields"):
        encode_rerank(request, "m", Losses())


def test_the_table_of_what_is_carried_has_every_subject() -> None:
    assert len(CARRIES) == 28
