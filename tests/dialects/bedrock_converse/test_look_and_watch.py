"""What is read of a call that passes, while its bytes stay as they are."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.eventstream import write_event, write_exception
from tests.support.splits import cut_at, split_points
from tests.support.vendors.amazon import events, whole
from tests.support.vendors.shape import INPUT, OUTPUT, Answer
from torana.core.errors import Refusal
from torana.core.usage import UNKNOWN, Usage
from torana.dialects import NotAReplyError
from torana.dialects.bedrock_converse.look import for_upstream, peek
from torana.dialects.bedrock_converse.watch import StreamReader, read_reply

ANSWER = Answer("Hello, naïve 😀 world.", "Let me think.", ("t1", "weather", '{"city":"Paris"}'))
STREAM = events(ANSWER)
ROUTED = {"promptRouter": {"invokedModelId": "amazon.nova-pro-v1:0"}}


def test_a_body_passes_as_it_is_and_its_tags_are_noted() -> None:
    body = b' {"messages": [], "requestMetadata": {"team":"a"}, "x": 1.10}'
    seen = peek(body)
    assert for_upstream(body, seen, "any", ask_usage=True) is body
    assert (seen.model, seen.stream, seen.tags) == (None, False, '{"team":"a"}')


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"messages":', b'{"system":1,"system":2}', b'{"a":"\\ud800"}', b"[" * 99_999]
)
def test_what_is_ambiguous_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal):
        peek(body)


def test_usage_and_the_routed_model_of_a_whole_reply_are_read() -> None:
    assert read_reply(whole(ANSWER)) == (None, Usage(INPUT, None, OUTPUT, None))
    assert read_reply(json.dumps({"trace": ROUTED}).encode()) == ("amazon.nova-pro-v1:0", UNKNOWN)
    assert read_reply(b'{"usage": {"inputTokens": "many"}}') == (None, UNKNOWN)


@given(st.binary(max_size=40) | st.sampled_from([b"[]", b"1", b'"x"', b"{", b"[" * 99_999, b"\xff"]))
def test_any_other_bytes_are_no_reply(body: bytes) -> None:
    with contextlib.suppress(NotAReplyError):
        read_reply(body)


def passed(portions: list[bytes]) -> tuple[bytes, StreamReader]:
    reader = StreamReader(False)
    return b"".join([reader.feed(portion) for portion in portions]), reader


@given(st.data())
def test_a_stream_passes_in_any_portions_and_its_end_is_held_back(data: st.DataObject) -> None:
    stream = b"".join(STREAM)
    out, reader = passed(cut_at(stream, data.draw(split_points(stream))))
    assert out == b"".join(STREAM[:-1])
    assert reader.done == STREAM[-1]
    assert (reader.events, reader.failed, reader.whole, reader.tail()) == (len(STREAM), False, True, b"")
    assert reader.usage == Usage(INPUT, None, OUTPUT, None)
    assert reader.feed(b"more") == b""


@given(st.data())
def test_a_long_frame_passes_unread_in_any_portions(data: st.DataObject) -> None:
    long = write_event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "x" * 40_000}})
    stream = b"".join([STREAM[0], long, *STREAM[-2:]])
    out, reader = passed(cut_at(stream, data.draw(split_points(stream))))
    assert out + reader.done == stream
    assert (reader.events, reader.tail(), reader.inside_event) == (4, b"", False)
    cut = data.draw(st.integers(len(STREAM[0]) + 12, len(STREAM[0]) + len(long) - 1))
    out, reader = passed(cut_at(stream[:cut], data.draw(split_points(stream[:cut]))))
    assert reader.tail()
    assert reader.inside_event
    assert out == stream[: len(out)]


def test_a_stream_that_is_cut_within_a_frame_shows_it() -> None:
    out, reader = passed([STREAM[0], STREAM[1][:-3]])
    assert out == STREAM[0]
    assert (reader.tail(), reader.whole, reader.inside_event) == (STREAM[1][:-3], False, False)


def test_an_exception_ends_it() -> None:
    broken = write_exception("throttlingException", {"message": "slow down"})
    out, reader = passed([STREAM[0], broken + STREAM[1]])
    assert (out, reader.done, reader.failed) == (STREAM[0], broken, True)


def test_usage_before_the_stop_reason_counts_too() -> None:
    *before, stop, counted = STREAM
    out, reader = passed([*before, counted, stop])
    assert out == b"".join([*before, counted])
    assert reader.done == stop
    assert reader.usage == Usage(INPUT, None, OUTPUT, None)


@pytest.mark.parametrize("value", [{"usage": 1}, {"usage": {"inputTokens": -1}}, [], "x"])
def test_an_odd_usage_is_unknown(value: Any) -> None:
    _, reader = passed([*STREAM[:-1], write_event("metadata", value)])
    assert (reader.usage, reader.done != b"") == (UNKNOWN, True)


def test_the_routed_model_of_a_stream_is_read() -> None:
    _, reader = passed([*STREAM[:-1], write_event("metadata", {"trace": ROUTED})])
    assert reader.model == "amazon.nova-pro-v1:0"


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_frame_with_a_changed_byte_is_not_handed_on_and_ends_the_stream(place: int, change: int) -> None:
    frame = bytearray(STREAM[1])
    frame[place % len(frame)] ^= change
    out, reader = passed([STREAM[0], bytes(frame) + b"".join(STREAM[2:])])
    assert out == STREAM[0]
    assert reader.failed
    assert b"modelStreamErrorException" in reader.done


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_any_bytes_are_watched_without_an_exception(portions: list[bytes]) -> None:
    _, reader = passed(portions)
    assert isinstance(reader.tail() + reader.finish(), bytes)
