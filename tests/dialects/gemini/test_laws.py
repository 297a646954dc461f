"""What holds for everything that Gemini can say, and for everything that it cannot."""

import json
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dialects.gemini.strategies import collected, replies, requests, told
from tests.support.splits import cut_at, split_points
from torana.core.errors import Refusal
from torana.core.exchange import ModelReply, ModelRequest
from torana.core.losses import Losses
from torana.core.stream import Event, Failed, Finished
from torana.dialects import NotAReplyError
from torana.dialects.gemini.count import decode_count, decode_count_reply, encode_count
from torana.dialects.gemini.embed import decode_embed, decode_embed_reply
from torana.dialects.gemini.errors import decode_error
from torana.dialects.gemini.look import for_upstream, peek
from torana.dialects.gemini.reply import decode_reply, encode_reply
from torana.dialects.gemini.request import decode_request, encode_request
from torana.dialects.gemini.stream import Decoder, Encoder
from torana.dialects.gemini.watch import ArrayReader, StreamReader, read_reply

ASKED = ModelRequest(dialect="gemini", model="gemini-3-pro")


def _decoded(data: bytes, array: bool, points: list[int]) -> list[Event]:
    decoder = Decoder(array=array)
    events = [event for portion in cut_at(data, points) for event in decoder.feed(portion)]
    return events + decoder.end()


@given(requests())
@settings(max_examples=80)
def test_a_request_of_geminis_caller_is_the_same_behind_encode_and_decode(request: ModelRequest) -> None:
    losses = Losses()
    body = encode_request(request, request.model, losses)
    assert not losses.dropped
    assert decode_request(body, request.model, request.stream) == request


@given(requests())
@settings(max_examples=50)
def test_a_request_to_be_counted_is_the_same_behind_encode_and_decode(request: ModelRequest) -> None:
    found = decode_count(encode_count(request, request.model, Losses()), request.model)
    assert (found.messages, found.tools) == (request.messages, request.tools)


@given(replies())
@settings(max_examples=80)
def test_a_reply_is_the_same_behind_encode_and_decode(reply: ModelReply) -> None:
    assert decode_reply(encode_reply(reply, ASKED)) == reply


@given(replies(), st.booleans(), st.data())
@settings(max_examples=80)
def test_a_streamed_reply_is_the_same_behind_encode_and_decode_however_it_is_split(
    reply: ModelReply, array: bool, data: st.DataObject
) -> None:
    encoder = Encoder(ASKED, array=array)
    written = encoder.encode([*told(reply), Finished()])
    events = _decoded(written, array, data.draw(split_points(written)))
    assert isinstance(events[-1], Finished)
    # The empty text of the last chunk closes nothing and opens nothing.
    assert collected(events) == reply


@given(replies(), st.booleans(), st.data())
@settings(max_examples=60)
def test_any_split_of_a_stream_gives_the_same_events(reply: ModelReply, array: bool, data: st.DataObject) -> None:
    written = Encoder(ASKED, array=array).encode([*told(reply), Finished()])
    assert _decoded(written, array, data.draw(split_points(written))) == _decoded(written, array, [])


@given(replies(), st.booleans(), st.data())
@settings(max_examples=60)
def test_a_passing_stream_is_handed_on_whole_and_counted_the_same_however_it_is_split(
    reply: ModelReply, array: bool, data: st.DataObject
) -> None:
    written = Encoder(ASKED, array=array).encode([*told(reply), Finished()])
    reader = (ArrayReader if array else StreamReader)(hide_usage=False)
    handed = b"".join(reader.feed(portion) for portion in cut_at(written, data.draw(split_points(written))))
    assert handed + reader.done == written
    assert not reader.tail()
    assert reader.whole
    assert not reader.failed
    assert reader.model == reply.model
    assert reader.usage == reply.usage


_SMALL = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "contents",
                    "parts",
                    "text",
                    "role",
                    "thought",
                    "thoughtSignature",
                    "inlineData",
                    "data",
                    "mimeType",
                    "fileData",
                    "fileUri",
                    "functionCall",
                    "name",
                    "args",
                    "id",
                    "functionResponse",
                    "response",
                    "tools",
                    "functionDeclarations",
                    "parameters",
                    "properties",
                    "items",
                    "type",
                    "nullable",
                    "toolConfig",
                    "mode",
                    "functionCallingConfig",
                    "allowedFunctionNames",
                    "generationConfig",
                    "responseSchema",
                    "thinkingConfig",
                    "stopSequences",
                    "speechConfig",
                    "candidates",
                    "content",
                    "finishReason",
                    "index",
                    "groundingMetadata",
                    "groundingSupports",
                    "segment",
                    "groundingChunks",
                    "logprobsResult",
                    "groundingChunkIndices",
                    "web",
                    "chosenCandidates",
                    "candidate_count",
                    "system_instruction",
                    "requests",
                    "model",
                    "taskType",
                    "error",
                    "details",
                    "citationMetadata",
                    "citations",
                    "promptFeedback",
                    "blockReason",
                    "usageMetadata",
                    "promptTokenCount",
                    "embedding",
                    "values",
                    "totalTokens",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)
_NASTY = st.one_of(
    st.binary(max_size=60),
    _SMALL.map(lambda value: json.dumps(value).encode()),
    st.sampled_from(
        [b"[" * 5000, b'{"contents":' * 5000, b'{"a":NaN}', b'{"contents":"\\ud83d"}', b'{"contents":1e999}', b"\xff"]
    ),
)


@given(_NASTY)
@settings(max_examples=150)
def test_a_callers_bytes_raise_nothing_but_refusals(body: bytes) -> None:
    for read in (
        lambda: encode_request(decode_request(body, "m", True), "gemini-3-pro", Losses()),
        lambda: decode_count(body, None),
        lambda: decode_embed(body, None),
        lambda: for_upstream(body, peek(body), "other", True),
    ):
        try:
            read()
        except Refusal:
            continue


@given(_NASTY)
@settings(max_examples=150)
def test_a_vendors_bytes_raise_nothing_but_that_they_are_no_reply(body: bytes) -> None:
    for read in (
        lambda: encode_reply(decode_reply(body), ASKED),
        lambda: read_reply(body),
        lambda: decode_embed_reply(body),
        lambda: decode_count_reply(body),
        lambda: decode_error(body),
    ):
        try:
            read()
        except NotAReplyError:
            continue


@given(_NASTY, st.booleans())
@settings(max_examples=100)
def test_a_vendors_stream_of_anything_ends_as_finished_or_failed(body: bytes, array: bool) -> None:
    data = b"[%b,%b]" % (body, body) if array else b"data: %b\r\n\r\ndata: %b\n\n" % (body, body)
    events = _decoded(data, array, [7])
    assert isinstance(events[-1], Finished | Failed)
    assert Encoder(ASKED).encode(events)
    reader = (ArrayReader if array else StreamReader)(hide_usage=False)
    assert data.startswith(reader.feed(data))
    assert isinstance(reader.usage, tuple)


@given(requests(), st.data())
@settings(max_examples=100)
def test_a_request_of_which_a_piece_is_something_else_is_refused_or_read(
    request: ModelRequest, data: st.DataObject
) -> None:
    value = json.loads(encode_request(request, request.model, Losses()))
    holder = value
    while isinstance(holder, dict | list) and holder:
        key = data.draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
        if data.draw(st.booleans()) or not isinstance(holder[key], dict | list):
            holder[key] = data.draw(st.sampled_from([None, 0, -1, 1.5, True, "x", [], {}, [[]], [{}], {"x": 1}]))
            break
        holder = holder[key]
    with suppress(Refusal):
        encode_request(decode_request(json.dumps(value).encode(), "m", False), "gemini-3-pro", Losses())
