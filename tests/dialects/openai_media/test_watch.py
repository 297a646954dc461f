"""What replies say was used, whole and as streams in any split."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.splits import cut_at, split_points
from torana.core.errors import Refusal
from torana.core.usage import UNKNOWN, Usage
from torana.dialects import NotAReplyError
from torana.dialects.body import read_fields
from torana.dialects.openai_media.look import characters, with_model
from torana.dialects.openai_media.watch import MOST_EVENT_BYTES, Counted, MediaStream, read_reply

REPLIES: dict[str, tuple[str, object, Counted]] = {
    "images": ("images", {"data": [{}, {}, {}]}, Counted(units="images", amount=3)),
    "images without data": ("images", {"created": 1}, Counted(units="images")),
    "duration": ("transcriptions", {"duration": 8.5, "text": ""}, Counted(units="seconds", amount=8.5)),
    "seconds first": ("transcriptions", {"duration": 8.5, "usage": {"seconds": 9}}, Counted(units="seconds", amount=9)),
    "audio tokens": (
        "transcriptions",
        {"usage": {"input_tokens": 30, "output_tokens": 5, "input_token_details": {"audio_tokens": 28}}},
        Counted(usage=Usage(30, None, 5, None, audio_input=28)),
    ),
    "a total": ("rerank", {"model": "m", "usage": {"total_tokens": 7}}, Counted("m", Usage(7, None, None, None))),
    "searches": ("rerank", {"meta": {"billed_units": {"search_units": 2}}}, Counted(units="searches", amount=2)),
    "nothing": ("moderations", {"model": "m"}, Counted("m")),
    "odd": (
        "images",
        {"data": {}, "usage": {"input_tokens": -1, "output_tokens": "x"}, "model": 3},
        Counted(units="images"),
    ),
    "odd seconds": ("transcriptions", {"usage": {"seconds": "9"}, "duration": -1}, Counted()),
    "odd meta": ("rerank", {"meta": [], "usage": None}, Counted()),
}


@pytest.mark.parametrize("name", REPLIES)
def test_a_reply_is_counted_and_what_is_odd_is_unknown(name: str) -> None:
    capability, reply, counted = REPLIES[name]
    assert read_reply(json.dumps(reply).encode(), capability) == counted


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b"[" * 100_000, b"\xff", b'{"model"'])
def test_what_is_no_object_is_no_reply(body: bytes) -> None:
    with pytest.raises(NotAReplyError):
        read_reply(body, "images")


def event(**fields: object) -> bytes:
    return f"event: {fields['type']}\ndata: {json.dumps(fields)}\n\n".encode()


USAGE = {"input_tokens": 7, "output_tokens": 272, "total_tokens": 279}
HUGE = event(type="image_edit.completed", b64_json="A" * (3 * MOST_EVENT_BYTES), usage=USAGE)
STREAMS = {
    "images": event(type="image_generation.partial_image", b64_json="x")
    + event(type="image_generation.completed", usage=USAGE),
    "carriage returns": event(type="image_generation.completed", usage=USAGE).replace(b"\n", b"\r\n") * 2,
    "text": event(type="transcript.text.delta", delta="é") + event(type="transcript.text.done", usage={"seconds": 3}),
    "an error": event(type="error", error={"message": "x"}),
    "comments": b": hi\n\n\n\n" + event(type="x") + b"data: no json\n\n",
    "cut": event(type="transcript.text.delta", delta="x") + b"data: {",
}


def told(stream: bytes, pieces: list[bytes]) -> tuple[object, ...]:
    reader = MediaStream()
    for piece in pieces:
        reader.feed(piece)
    return reader.events, reader.failed, reader.inside, reader.usage, reader.units, reader.count


@pytest.mark.parametrize("name", STREAMS)
@given(data=st.data())
def test_any_split_of_a_stream_is_counted_alike(name: str, data: st.DataObject) -> None:
    stream = STREAMS[name]
    expected = told(stream, [stream])
    assert told(stream, [stream[at : at + 1] for at in range(len(stream))]) == expected
    assert told(stream, cut_at(stream, data.draw(split_points(stream)))) == expected


def test_each_kind_of_stream_is_understood() -> None:
    images = Usage(7, None, 272, None)
    assert told(b"", [STREAMS["images"]]) == (2, False, False, images, "images", 1)
    assert told(b"", [STREAMS["carriage returns"]]) == (2, False, False, images, "images", 2)
    assert told(b"", [STREAMS["text"]]) == (2, False, False, UNKNOWN, "seconds", 3)
    assert told(b"", [STREAMS["an error"]])[:2] == (1, True)
    assert told(b"", [STREAMS["cut"]])[:3] == (1, False, True)


@pytest.mark.parametrize("size", [1_000, 65_536, 1_000_000])
def test_a_huge_event_is_counted_without_being_held(size: int) -> None:
    stream = HUGE + HUGE
    reader = MediaStream()
    for at in range(0, len(stream), size):
        reader.feed(stream[at : at + size])
        assert len(reader._first) + len(reader._last) <= MOST_EVENT_BYTES + 8_192
    assert (reader.events, reader.usage, reader.count) == (2, Usage(7, None, 272, None), 2)


def test_the_model_is_put_into_a_body_that_names_none() -> None:
    for body in (b"{}", b" { } ", b'{"input":"x"}', b'{\n "a" : 1}'):
        made = with_model(body, read_fields(body), 'm"odel')
        assert msgspec.json.decode(made) == {"model": 'm"odel', **msgspec.json.decode(body)}


def test_characters_are_counted_as_people_count_them() -> None:
    assert characters(read_fields('{"input": "naïve 😀"}'.encode())) == 7
    assert characters(read_fields(b'{"input": "\\ud83d\\ude00"}')) == 1
    assert characters(read_fields(b"{}")) is None
    with pytest.raises(Refusal) as refused:
        characters(read_fields(b'{"input": 3}'))
    assert refused.value.code == "invalid_field"
