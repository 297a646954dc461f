"""What holds for every request, reply and stream of chat completions."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dialects.openai_chat.strategies import ANSWERS, COUNTED, USED, answered, asked
from tests.support.collecting import collect
from tests.support.exchanges import INLINE_IMAGES, SIGNED_THOUGHTS, TEXTS, conversations, replies, requests, streams
from tests.support.splits import cut_at, split_points
from torana.core.errors import Refusal
from torana.core.exchange import EmbedReply, EmbedRequest, ModelReply, ModelRequest
from torana.core.losses import Losses
from torana.core.stream import Event, Failed, Finished
from torana.dialects import NotAReplyError
from torana.dialects.openai_chat.embed import decode_embed, decode_embed_reply, encode_embed, encode_embed_reply
from torana.dialects.openai_chat.errors import decode_error
from torana.dialects.openai_chat.reply import decode_reply, encode_reply
from torana.dialects.openai_chat.request import decode_request, encode_request
from torana.dialects.openai_chat.stream import Decoder, Encoder

ASKED = ModelRequest(dialect="openai_chat", model="m", stream=True, stream_usage=True)


def everything(data: bytes) -> list[Event]:
    decoder = Decoder()
    return [*decoder.feed(data), *decoder.end()]


@given(asked())
def test_a_request_is_the_same_after_encoding_and_decoding(request: ModelRequest) -> None:
    losses = Losses()
    again = decode_request(encode_request(request, request.model, losses))
    assert again == request
    assert losses.dropped == []


@given(
    requests(
        "anthropic_messages",
        messages=conversations(TEXTS | INLINE_IMAGES, thought=SIGNED_THOUGHTS, result=TEXTS | INLINE_IMAGES),
        extra=st.dictionaries(st.sampled_from(["betas", "container"]), st.integers()),
    ),
    st.sets(
        st.sampled_from(
            ["max_tokens_only", "no_developer_role", "no_logprobs", "one_choice", "no_json_schema", "reasoning_content",
             "reasoning_field", "thinking_parts", "unknown_fields_refused", "no_message_names", "no_logit_bias", "random_seed"]
        )
    ),
)  # fmt: skip
def test_a_request_of_another_dialect_can_be_written_for_any_vendor(request: ModelRequest, quirks: set[str]) -> None:
    body = encode_request(request, "m", Losses(drop=True), frozenset(quirks))
    assert decode_request(body).messages


@given(answered())
def test_a_reply_is_the_same_after_encoding_and_decoding(reply: ModelReply) -> None:
    assert decode_reply(encode_reply(reply, ASKED)) == reply


@given(streams(replies(ANSWERS | COUNTED, most_choices=3, usage=USED)))
def test_a_stream_tells_the_same_reply_after_encoding_and_decoding(drawn: tuple[ModelReply, list[Event]]) -> None:
    reply, events = drawn
    assert collect(everything(Encoder(ASKED).encode(events))) == reply


@given(st.data())
def test_any_split_of_a_stream_gives_the_same_events(data: st.DataObject) -> None:
    _, events = data.draw(streams(replies(ANSWERS, most_choices=2)))
    written = Encoder(ASKED).encode(events)
    whole = everything(written)
    decoder = Decoder()
    got = [event for piece in cut_at(written, data.draw(split_points(written))) for event in decoder.feed(piece)]
    assert got + decoder.end() == whole
    assert decoder.done


@given(st.data())
def test_a_stream_can_be_encoded_event_by_event(data: st.DataObject) -> None:
    _, events = data.draw(streams(replies(ANSWERS, most_choices=2)))
    encoder = Encoder(ASKED)
    assert b"".join(encoder.encode([event]) for event in events) == Encoder(ASKED).encode(events)


@given(asked(), st.data())
def test_a_mutated_request_is_refused_or_understood(request: ModelRequest, data: st.DataObject) -> None:
    body = mutated(encode_request(request, "m", Losses()), data)
    try:
        decode_request(body)
    except Refusal as refusal:
        refused = refusal
    else:
        return
    assert refused.code in ("invalid_json", "invalid_field")


@given(answered(), st.data())
def test_a_mutated_reply_is_no_reply_or_understood(reply: ModelReply, data: st.DataObject) -> None:
    body = mutated(encode_reply(reply, ASKED), data)
    decode_error(body)
    with suppress(NotAReplyError):
        encode_reply(decode_reply(body), ASKED)


@given(st.data())
def test_a_mutated_stream_ends_once(data: st.DataObject) -> None:
    _, events = data.draw(streams(replies(ANSWERS, most_choices=2)))
    got = everything(mutated(Encoder(ASKED).encode(events), data))
    assert isinstance(got[-1], Finished | Failed)
    assert not any(isinstance(event, Finished | Failed) for event in got[:-1])
    Encoder(ASKED).encode(got)


def mutated(body: bytes, data: st.DataObject) -> bytes:
    """The body with some bytes exchanged for others that mean something in JSON."""
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(body)))
        piece = data.draw(
            st.sampled_from(
                [b"null", b"{}", b"[]", b'"', b"1", b"-1", b"NaN", b"\\ud83d", b"}", b",", b"\xff", b"\n\n", b"true"]
            )
        )
        body = body[:at] + piece + body[at + data.draw(st.integers(0, 6)) :]
    return body


FIELDS = [
    "model",
    "messages",
    "role",
    "content",
    "type",
    "text",
    "tool_calls",
    "id",
    "function",
    "name",
    "arguments",
    "custom",
    "input",
    "index",
    "choices",
    "delta",
    "message",
    "finish_reason",
    "usage",
    "prompt_tokens",
    "error",
    "reasoning_details",
    "reasoning",
    "thinking",
    "image_url",
    "url",
    "file",
    "file_data",
    "input_audio",
    "data",
    "audio",
    "logprobs",
    "top_logprobs",
    "token",
    "annotations",
    "tools",
    "tool_choice",
    "response_format",
    "json_schema",
    "stop",
    "detail",
    "embedding",
    "encoding_format",
    "images",
    "x_groq",
    "tool_call_id",
    "extra_content",
    "summary",
    "signature",
    "stream_options",
    "code",
    "function_call",
    "transcript",
]
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=5),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(FIELDS), JSON_VALUES, max_size=8))
def test_any_json_is_refused_as_a_request_or_understood(value: dict[str, object]) -> None:
    body = msgspec.json.encode({"model": "m", "messages": [value], **value})
    for decode in (decode_request, decode_embed):
        with suppress(Refusal):
            decode(body)


@given(st.dictionaries(st.sampled_from(FIELDS), JSON_VALUES, max_size=8))
def test_any_json_is_no_reply_or_understood(value: dict[str, object]) -> None:
    choice = {"index": 0, "message": value, "delta": value, "finish_reason": "stop"}
    for body in (
        msgspec.json.encode(value),
        msgspec.json.encode({"id": "x", "choices": [choice, value]}),
        msgspec.json.encode([value]),
    ):
        decode_error(body)
        for decode in (decode_reply, decode_embed_reply):
            with suppress(NotAReplyError):
                decode(body)
        got = everything(b"data: " + body + b"\n\ndata: [DONE]\n\n")
        assert isinstance(got[-1], Finished | Failed)
        if isinstance(got[-1], Finished):
            collect(got)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_as_a_request_and_end_a_stream(body: bytes) -> None:
    with pytest.raises(Refusal):
        decode_request(body)
    with pytest.raises(NotAReplyError):
        decode_reply(body)
    assert isinstance(everything(body)[-1], Failed)


VECTORS = st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=4).map(tuple)
EMBED_REQUESTS = st.builds(
    EmbedRequest,
    dialect=st.just("openai_chat"),
    model=st.just("m"),
    inputs=st.lists(
        st.text(st.characters(exclude_categories=["Cs"])) | st.lists(st.integers(0, 99), min_size=1).map(tuple),
        min_size=1,
    ).map(tuple),
    dimensions=st.none() | st.integers(1, 99),
    base64=st.booleans(),
    user=st.none() | st.just("u"),
    extra=st.dictionaries(st.just("input_type"), st.just("query")),
)


@given(EMBED_REQUESTS)
def test_an_embedding_request_is_the_same_after_encoding_and_decoding(request: EmbedRequest) -> None:
    assert decode_embed(encode_embed(request, "m", Losses())) == request


@given(st.lists(VECTORS, min_size=1).map(tuple), EMBED_REQUESTS)
def test_vectors_are_the_same_after_encoding_and_decoding(
    vectors: tuple[tuple[float, ...], ...], request: EmbedRequest
) -> None:
    assert decode_embed_reply(encode_embed_reply(EmbedReply(model="m", vectors=vectors), request)).vectors == vectors
