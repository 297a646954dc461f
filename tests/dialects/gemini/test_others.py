"""Embeddings, counts, errors, models and paths."""

import json
from typing import Any

import pytest
from google.genai import errors, types
from google.genai.models import _Model_from_mldev

from torana.core.errors import Refusal
from torana.core.exchange import EmbedReply, EmbedRequest, Image, Source, Text, Tool, VendorError
from torana.core.losses import Losses
from torana.core.usage import Usage
from torana.dialects import NotAReplyError
from torana.dialects.gemini.carries import CARRIES
from torana.dialects.gemini.count import decode_count, decode_count_reply, encode_count, encode_count_reply
from torana.dialects.gemini.embed import decode_embed, decode_embed_reply, encode_embed, encode_embed_reply
from torana.dialects.gemini.errors import decode_error, encode_error, encode_error_event
from torana.dialects.gemini.models import Model, encode_model, encode_models
from torana.dialects.gemini.paths import upstream_path


def test_a_single_text_to_embed_is_read() -> None:
    body = {
        "model": "models/e",
        "content": {"parts": [{"text": "hi"}]},
        "taskType": "RETRIEVAL_DOCUMENT",
        "title": "t",
        "output_dimensionality": 256,
    }
    request = decode_embed(json.dumps(body).encode(), None)
    assert request == EmbedRequest(
        dialect="gemini", model="e", inputs=("hi",), dimensions=256, task="search_document", title="t", single=True
    )


def test_the_batch_of_googles_sdk_is_read() -> None:
    requests = [
        {"model": "models/e", "content": {"parts": [{"text": text}], "role": "user"}, "taskType": "CLUSTERING"}
        for text in ("a", "b")
    ]
    request = decode_embed(json.dumps({"requests": requests}).encode(), "service")
    assert request == EmbedRequest(dialect="gemini", model="service", inputs=("a", "b"), task="clustering")


def test_settings_in_the_newer_place_and_parts_that_are_no_text_are_read() -> None:
    body = {
        "content": {"parts": [{"text": "a"}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]},
        "embedContentConfig": {"taskType": "SEMANTIC_SIMILARITY", "autoTruncate": True},
    }
    request = decode_embed(json.dumps(body).encode(), "e")
    image = Image(source=Source(media_type="image/png", data="AAAA"))
    assert (request.task, request.inputs) == ("similarity", ((Text(text="a"), image),))
    assert request.extra == {"embedContentConfig.autoTruncate": True}
    sent = json.loads(encode_embed(request, "e", Losses()))["requests"][0]
    assert sent["embedContentConfig"] == {"autoTruncate": True}
    assert sent["content"] == body["content"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "content"),
        ({"content": {"parts": [{"text": "a"}]}, "taskType": "SING"}, "taskType"),
        ({"requests": [{"content": "a"}, {"content": "b", "title": "x"}]}, "requests[1]"),
        ({"requests": [1]}, "requests[0]"),
    ],
)
def test_a_wrong_request_to_embed_is_refused(body: dict[str, Any], place: str) -> None:
    with pytest.raises(Refusal) as caught:
        decode_embed(json.dumps(body).encode(), "e")
    assert caught.value.param == place


def test_texts_of_other_dialects_are_embedded_as_a_batch() -> None:
    request = EmbedRequest(
        dialect="openai_chat", model="x", inputs=("a", "b"), dimensions=8, task="code_query", base64=True
    )
    assert json.loads(encode_embed(request, "e", Losses())) == {
        "requests": [
            {
                "model": "models/e",
                "taskType": "CODE_RETRIEVAL_QUERY",
                "outputDimensionality": 8,
                "content": {"parts": [{"text": text}]},
            }
            for text in ("a", "b")
        ]
    }


def test_token_ids_and_strange_fields_cannot_be_embedded() -> None:
    for request in (
        EmbedRequest(dialect="openai_chat", model="x", inputs=((1, 2),)),
        EmbedRequest(dialect="openai_chat", model="x", inputs=("a",), extra={"x": 1}),
    ):
        with pytest.raises(Refusal):
            encode_embed(request, "e", Losses())


def test_vectors_go_both_ways_in_the_form_of_the_method() -> None:
    reply = EmbedReply(vectors=((0.5, 1.0),), usage=Usage(3, None, None, None))
    for single in (True, False):
        request = EmbedRequest(dialect="gemini", model="e", inputs=("a",), single=single)
        body = encode_embed_reply(reply, request)
        assert ("embedding" if single else "embeddings") in json.loads(body)
        assert decode_embed_reply(body) == reply
    listed = EmbedRequest(dialect="gemini", model="e", inputs=("a",))
    found = types.EmbedContentResponse.model_validate_json(encode_embed_reply(reply, listed))
    assert found.embeddings is not None
    assert found.embeddings[0].values == [0.5, 1.0]


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"embeddings":[{"values":["x"]}]}', b"{"])
def test_what_holds_no_vectors_is_no_reply(body: bytes) -> None:
    with pytest.raises(NotAReplyError):
        decode_embed_reply(body)


def test_a_count_may_be_asked_of_contents_or_of_a_whole_request() -> None:
    plain = decode_count(b'{"contents":[{"parts":[{"text":"a"}]}]}', "m")
    whole = decode_count(
        b'{"generate_content_request":{"model":"models/m","contents":[{"parts":[{"text":"a"}]}],'
        b'"tools":[{"functionDeclarations":[{"name":"f"}]}]}}',
        None,
    )
    assert plain.messages == whole.messages
    assert (whole.model, whole.tools) == ("m", (Tool(name="f"),))
    sent = json.loads(encode_count(whole, "m", Losses()))["generateContentRequest"]
    assert sent["model"] == "models/m"
    with pytest.raises(Refusal):
        decode_count(b'{"contents":[],"generateContentRequest":{}}', "m")


def test_counts_go_both_ways() -> None:
    assert types.CountTokensResponse.model_validate_json(encode_count_reply(7)).total_tokens == 7
    assert decode_count_reply(encode_count_reply(7)) == 7
    with pytest.raises(NotAReplyError):
        decode_count_reply(b'{"totalTokens":"x"}')


def test_an_error_carries_code_and_call_id_and_googles_sdk_reads_it() -> None:
    refusal = Refusal(
        "rate_limit_exceeded", amount=1, period="minute", owner="The app", seconds=3, headers=(("retry-after", "3"),)
    )
    body = json.loads(encode_error(refusal, "c" * 32))
    error = errors.ClientError(refusal.status, body)
    assert (error.code, error.status, error.message) == (429, "RESOURCE_EXHAUSTED", refusal.sentence)
    info, retry = body["error"]["details"]
    assert info["metadata"] == {"code": "rate_limit_exceeded", "callId": "c" * 32}
    assert info["reason"] == "RATE_LIMIT_EXCEEDED"
    assert retry["retryDelay"] == "3s"


def test_an_error_names_the_field_at_fault() -> None:
    refusal = Refusal("invalid_field", param="contents[0].role", reason="it has to be user or model")
    found = decode_error(encode_error(refusal, "id"))
    assert found == VendorError(
        message=refusal.sentence, type="INVALID_ARGUMENT", code="INVALID_FIELD", param="contents[0].role"
    )


def test_an_error_ends_a_stream_in_either_form() -> None:
    refusal = Refusal("worker_stopped")
    assert json.loads(encode_error_event(refusal, "id").removeprefix(b"data: "))["error"]["code"] == 503
    assert json.loads(b"[{}" + encode_error_event(refusal, "id", array=True))[1]["error"]["status"] == "UNAVAILABLE"
    assert json.loads(encode_error_event(refusal, "id", array=True, begun=False))[0]["error"]["code"] == 503


def test_a_vendors_error_is_read_alone_and_in_an_array() -> None:
    body = b'{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}}'
    wanted = VendorError(message="API key not valid.", type="INVALID_ARGUMENT", code="400")
    assert decode_error(body) == decode_error(b"[%b]" % body) == wanted


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"error":"no"}', b"<html>", b"[" * 10_000])
def test_what_is_no_error_of_googles_is_none(body: bytes) -> None:
    assert decode_error(body) is None


def test_models_are_listed_as_googles_sdk_reads_them() -> None:
    model = Model(
        name="models/chat",
        display_name="Chat",
        input_token_limit=1000,
        output_token_limit=100,
        supported_generation_methods=("generateContent", "countTokens"),
    )
    [listed] = json.loads(encode_models([model]))["models"]
    assert listed == json.loads(encode_model(model))
    found = types.Model.model_validate({k: v for k, v in _Model_from_mldev(listed).items() if k != "tuned_model_info"})
    assert (found.name, found.display_name) == ("models/chat", "Chat")
    assert (found.input_token_limit, found.output_token_limit) == (1000, 100)
    assert found.supported_actions == ["generateContent", "countTokens"]


@pytest.mark.parametrize(
    ("operation", "model", "stream", "path"),
    [
        ("chat", "gemini-3-pro", False, "/models/gemini-3-pro:generateContent"),
        ("chat", "gemini-3-pro", True, "/models/gemini-3-pro:streamGenerateContent?alt=sse"),
        ("embed", "e", False, "/models/e:batchEmbedContents"),
        ("count", "tunedModels/my model?", False, "/tunedModels/my%20model%3F:countTokens"),
        ("models", "", False, "/models"),
    ],
)
def test_every_operation_has_its_path(operation: str, model: str, stream: bool, path: str) -> None:
    assert upstream_path(operation, model, stream) == path


def test_an_operation_that_gemini_lacks_has_no_path() -> None:
    with pytest.raises(ValueError):
        upstream_path("rerank", "m", False)


def test_what_is_carried_is_said_of_every_subject() -> None:
    assert all(remark for remark in CARRIES.values())
    assert len(CARRIES) == 28
