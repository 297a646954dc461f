"""What holds for everything that this dialect can say, and for everything that is sent to it."""

import contextlib
import json
from typing import Any

import msgspec
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message as SdkMessage
from anthropic.types import RawMessageStreamEvent
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tests.dialects.anthropic_messages.folding import fold, unfold
from tests.dialects.anthropic_messages.strategies import foreign_replies, replies, requests
from tests.support.splits import cut_at, split_points
from torana.core.errors import Refusal
from torana.core.exchange import ModelReply, ModelRequest
from torana.core.losses import Losses
from torana.core.stream import Event, Failed, Finished
from torana.dialects import NotAReplyError
from torana.dialects.anthropic_messages.count import decode_count_reply
from torana.dialects.anthropic_messages.errors import decode_error
from torana.dialects.anthropic_messages.reply import decode_reply, encode_reply
from torana.dialects.anthropic_messages.request import decode_request, encode_request
from torana.dialects.anthropic_messages.signatures import NAME
from torana.dialects.anthropic_messages.stream import Decoder, Encoder
from torana.dialects.anthropic_messages.watch import StreamReader, read_reply

REQUEST = ModelRequest(dialect=NAME, model="asked", stream=True)
EVENT = TypeAdapter[RawMessageStreamEvent](RawMessageStreamEvent)


def decode(portions: list[bytes]) -> list[Event]:
    decoder = Decoder()
    return [event for portion in portions for event in decoder.feed(portion)] + decoder.end()


@given(requests)
def test_a_request_written_and_read_is_the_same(request: ModelRequest) -> None:
    losses = Losses()
    assert decode_request(encode_request(request, request.model, losses)) == request
    assert losses.dropped == []


@given(replies)
def test_a_reply_written_and_read_is_the_same_and_one_that_the_sdk_takes(reply: ModelReply) -> None:
    written = encode_reply(reply, REQUEST)
    SdkMessage.model_validate_json(written)
    assert decode_reply(written) == reply


@given(replies)
def test_a_stream_written_and_read_adds_up_to_the_same_reply(reply: ModelReply) -> None:
    assert fold(decode([Encoder(REQUEST).encode(unfold(reply))])) == reply


def added_up(stream: bytes) -> SdkMessage:
    """What the SDK makes of a stream."""
    message: Any = None
    arguments: dict[int, bytes] = {}
    for block in stream.decode().removesuffix("\n\n").split("\n\n"):
        event = EVENT.validate_json(block.partition("\ndata: ")[2])
        message = accumulate_event(event=event, current_snapshot=message, json_bufs=arguments)
    assert isinstance(message, SdkMessage)
    return message


@given(replies)
def test_the_sdk_adds_a_stream_up_to_what_the_whole_reply_says(reply: ModelReply) -> None:
    whole = SdkMessage.model_validate_json(encode_reply(reply, REQUEST))
    streamed = added_up(Encoder(REQUEST).encode(unfold(reply)))
    assert streamed.to_dict(exclude_none=True) == whole.to_dict(exclude_none=True)


@given(foreign_replies)
def test_what_another_vendor_wants_back_comes_back_through_the_caller_whole_or_streamed(reply: ModelReply) -> None:
    streamed = added_up(Encoder(REQUEST).encode(unfold(reply)))
    for content in (
        json.loads(encode_reply(reply, REQUEST))["content"],
        [block.to_dict() for block in streamed.content],
    ):
        body = {"model": "m", "messages": [{"role": "assistant", "content": content}]}
        assert decode_request(json.dumps(body).encode()).messages[0].parts == reply.choices[0].parts


@given(replies, st.data())
def test_any_split_of_a_stream_gives_the_same_events(reply: ModelReply, data: st.DataObject) -> None:
    stream = Encoder(REQUEST).encode(unfold(reply))
    if data.draw(st.booleans()):
        stream = stream.replace(b"\n", b"\r\n")
    portions = cut_at(stream, data.draw(split_points(stream)))
    assert decode(portions) == decode([stream])


@given(replies, st.data())
def test_a_stream_that_is_cut_or_damaged_ends_once_and_clearly(reply: ModelReply, data: st.DataObject) -> None:
    stream = bytearray(Encoder(REQUEST).encode(unfold(reply)))
    del stream[data.draw(st.integers(0, len(stream))) :]
    for at, byte in data.draw(st.lists(st.tuples(st.integers(0, max(len(stream) - 1, 0)), st.integers(0, 255)))):
        if stream:
            stream[at] = byte
    portions = cut_at(bytes(stream), data.draw(split_points(bytes(stream))))
    events = decode(portions)
    assert isinstance(events[-1], Finished | Failed)
    assert not any(isinstance(event, Finished | Failed) for event in events[:-1])
    if isinstance(events[-1], Finished):
        fold(events)
    Encoder(REQUEST).encode(events)
    reader = StreamReader()
    for portion in portions:
        reader.feed(portion)


@given(st.binary(max_size=300))
def test_bytes_of_any_kind_are_refused_clearly(body: bytes) -> None:
    with contextlib.suppress(Refusal):
        decode_request(body)
    for read in (decode_reply, decode_count_reply, read_reply):
        with contextlib.suppress(NotAReplyError):
            read(body)
    decode_error(body)
    assert isinstance(decode([body])[-1], Finished | Failed)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("type", "text", "a")), inner),
    max_leaves=5,
)


def _places(value: object) -> list[tuple[object, object]]:
    """Every place in a JSON value, as its holder and key."""
    found: list[tuple[object, object]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found.append((value, key))
        found.extend(_places(inner))
    return found


def mutated(body: bytes, data: st.DataObject) -> bytes:
    """The body with other values in some places."""
    value = json.loads(body)
    for _ in range(data.draw(st.integers(1, 3))):
        if places := _places(value):
            holder, key = data.draw(st.sampled_from(places))
            holder[key] = data.draw(anything)  # type: ignore[index]
    return json.dumps(value).encode()


@given(requests, st.data())
def test_a_request_with_other_values_in_some_places_is_read_or_refused(
    request: ModelRequest, data: st.DataObject
) -> None:
    body = mutated(encode_request(request, request.model, Losses()), data)
    with contextlib.suppress(Refusal):
        read = decode_request(body)
        encode_request(read, read.model, Losses(drop=True))
        foreign = msgspec.structs.replace(read, dialect="openai_chat")
        encode_request(foreign, read.model, Losses(drop=True))


@given(replies, st.data())
def test_a_reply_with_other_values_in_some_places_is_read_or_said_to_be_none(
    reply: ModelReply, data: st.DataObject
) -> None:
    body = mutated(encode_reply(reply, REQUEST), data)
    with contextlib.suppress(NotAReplyError):
        encode_reply(decode_reply(body), REQUEST)
    with contextlib.suppress(NotAReplyError):
        read_reply(body)


@given(replies, st.data())
def test_a_stream_with_other_values_in_some_places_ends_once_and_can_be_written(
    reply: ModelReply, data: st.DataObject
) -> None:
    blocks = Encoder(REQUEST).encode(unfold(reply)).removesuffix(b"\n\n").split(b"\n\n")
    at = data.draw(st.integers(0, len(blocks) - 1))
    blocks[at] = b"data: " + mutated(blocks[at].partition(b"data: ")[2], data)
    events = decode([b"\n\n".join(blocks) + b"\n\n"])
    assert isinstance(events[-1], Finished | Failed)
    if isinstance(events[-1], Finished):
        fold(events)
    Encoder(REQUEST).encode(events)
