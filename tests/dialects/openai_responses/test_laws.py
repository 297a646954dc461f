"""What holds for every value and every byte string."""

import json
from contextlib import suppress
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import Response

from tests.dialects.openai_responses.collect import collect, events_of
from tests.dialects.openai_responses.samples import TOOL_STREAM
from tests.dialects.openai_responses.strategies import replies, requests
from torana.core.errors import Refusal
from torana.core.exchange import ModelReply, ModelRequest
from torana.core.losses import Losses
from torana.dialects import NotAReplyError
from torana.dialects.openai_responses import NAME
from torana.dialects.openai_responses.reply import decode_reply, encode_reply
from torana.dialects.openai_responses.request import decode_request, encode_request
from torana.dialects.openai_responses.stream import Decoder, Encoder
from torana.dialects.openai_responses.watch import StreamReader, read_reply

ASKED = ModelRequest(dialect=NAME, model="m")
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(requests)
def test_a_request_is_the_same_after_encoding_and_decoding(request: ModelRequest) -> None:
    losses = Losses()
    body = encode_request(request, request.model, losses)
    assert losses.dropped == []
    assert decode_request(body, None, None) == request


@given(replies())
def test_a_reply_is_the_same_after_encoding_and_decoding(reply: ModelReply) -> None:
    assert decode_reply(encode_reply(reply, ASKED)) == reply


@given(replies())
def test_an_encoded_reply_is_a_response_of_the_official_sdk(reply: ModelReply) -> None:
    Response.model_validate_json(encode_reply(reply, ASKED))


@given(requests)
def test_the_fields_that_a_response_repeats_are_those_of_the_official_sdk(request: ModelRequest) -> None:
    body = json.loads(encode_reply(ModelReply(id="a", model="b", created=1), request))
    # Tools that nobody knows are repeated as they came.
    body["tools"] = [tool for tool in body["tools"] if tool["type"] == "function"]
    Response.model_validate(body)


@given(replies(signatures=False))
def test_a_stream_of_events_is_the_same_reply_after_encoding_and_decoding(reply: ModelReply) -> None:
    decoder = Decoder()
    stream = Encoder(ASKED).encode(events_of(reply))
    got, failed, finished = collect(decoder.feed(stream))
    if reply.choices[0].stop == "error":
        assert failed is not None
        return
    assert (failed, finished, decoder.done) == (None, True, True)
    assert got == reply


@given(replies(), st.lists(st.integers(0, 10_000)))
def test_any_split_of_a_stream_gives_the_same_events(reply: ModelReply, cuts: list[int]) -> None:
    stream = Encoder(ASKED).encode(events_of(reply))
    whole = Decoder().feed(stream)
    decoder, reader = Decoder(), StreamReader(False)
    bounds = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(bounds)]
    assert [event for piece in pieces for event in decoder.feed(piece)] == whole
    assert b"".join([reader.feed(piece) for piece in pieces]) + reader.done == stream
    assert reader.usage == reply.usage


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@given(size=st.integers(1, 200))
def test_line_ends_and_portions_make_no_difference(line_end: bytes, size: int) -> None:
    stream = TOOL_STREAM.replace(b"\n", line_end)
    decoder = Decoder()
    events = [event for at in range(0, len(stream), size) for event in decoder.feed(stream[at : at + size])]
    assert events + decoder.end() == Decoder().feed(TOOL_STREAM)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_and_nothing_else(body: bytes) -> None:
    _survives(body)


@given(json_values)
def test_arbitrary_json_is_refused_and_nothing_else(value: Any) -> None:
    _survives(msgspec.json.encode(value))


@given(st.data())
def test_a_changed_body_is_refused_and_nothing_else(data: st.DataObject) -> None:
    request = json.loads(encode_request(data.draw(requests), "m", Losses()))
    reply = json.loads(encode_reply(data.draw(replies()), ASKED))
    for body in (request, reply):
        _change(data, body)
        _survives(json.dumps(body).encode())


@given(st.data())
def test_a_changed_stream_ends_in_events_and_nothing_else(data: st.DataObject) -> None:
    lines = TOOL_STREAM.split(b"\n\n")
    place = data.draw(st.integers(0, len(lines) - 2))
    head, _, written = lines[place].partition(b"data: ")
    body = json.loads(written)
    _change(data, body)
    lines[place] = head + b"data: " + json.dumps(body).encode()
    decoder = Decoder()
    events = decoder.feed(b"\n\n".join(lines)) + decoder.end()
    collect(events)
    assert decoder.done
    assert decoder.feed(TOOL_STREAM) == []


def _change(data: st.DataObject, body: Any) -> None:
    """Put another value somewhere in the tree."""
    places: list[tuple[Any, Any]] = []
    todo = [body]
    while todo:
        node = todo.pop()
        for key in node if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                todo.append(node[key])
    node, key = data.draw(st.sampled_from(places))
    node[key] = data.draw(json_values)


def _survives(body: bytes) -> None:
    try:
        request = decode_request(body, None, None)
    except Refusal:
        pass
    else:
        encode_request(request, "m", Losses())
        encode_reply(ModelReply(id="a", model="b"), request)
    try:
        reply = decode_reply(body)
    except NotAReplyError:
        pass
    else:
        encode_reply(reply, ASKED)
    with suppress(NotAReplyError):
        read_reply(body)
    decoder = Decoder()
    decoder.feed(body)
    decoder.feed(b"\n\ndata: " + body + b"\n\n")
    decoder.end()
    assert decoder.done
