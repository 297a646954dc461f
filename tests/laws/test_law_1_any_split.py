"""Law 1: any split of the same bytes gives the same events and the same answer."""

import json
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.splits import cut_at, split_points
from torana.core.usage import Usage
from torana.dialects.openai_chat.watch import StreamReader
from torana.dialects.passing import MOST_EVENT_BYTES

DONE = b"data: [DONE]"
USAGE = {"prompt_tokens": 3, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 1}}


class Outcome(NamedTuple):
    """All that a gate takes from a stream."""

    passed: bytes
    """What the caller gets, and behind it an event that was begun only."""
    done: bytes
    model: str | None
    usage: Usage
    failed: bool
    events: int


def read(parts: list[bytes], hide: bool) -> Outcome:
    reader = StreamReader(hide)
    passed = b"".join(reader.feed(part) for part in parts)
    return Outcome(passed + reader.tail(), reader.done, reader.model, reader.usage, reader.failed, reader.events)


def compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def spaced(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def chunk(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "m-1", "choices": [{"index": 0, "delta": {"content": text}}], **more}


texts = st.text(st.sampled_from('ab"\\😀é\u2028\n '), max_size=12)
chunks = st.one_of(
    texts.map(chunk),
    texts.map(lambda text: chunk(text, usage=None)),
    texts.map(lambda text: chunk(text, usage=USAGE)),
    texts.map(lambda text: {**chunk(text), "model": ""}),
    st.just({"model": "m-1", "choices": [], "usage": USAGE}),
    st.just({"choices": [], "usage": None, "nested": {"a": 1, "usage": None}}),
    st.just({"error": {"message": "it broke"}}),
    st.just({"error": None, "choices": [], "usage": None}),
)
values = st.builds(lambda value, encode: encode(value), chunks, st.sampled_from([compact, spaced]))
lines = st.one_of(
    values.map(lambda value: b"data: " + value),
    values.map(lambda value: b"data:" + value),
    values.map(lambda value: b"event: chunk\nid: 7\ndata: " + value),
    st.just(b": a comment"),
    st.just(b': a comment, with ,"usage":null and "error"'),
    st.just(b"event: ping\ndata: {}"),
    st.just(b"data: two\ndata: lines"),
    st.just(b'data: {"choices": [,"usage":null'),
    st.just(b"retry: 10"),
    st.just(b""),
    st.just(b"unknown-field"),
    st.just(b"data: \xff\xfe not UTF-8"),
    st.integers(-3, 3).map(lambda by: b"data: " + b"x" * (MOST_EVENT_BYTES - 8 + by)),
)
ends = st.sampled_from([b"\n", b"\r\n", b"\r"])


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """A stream of events, usually with one kind of line end, ended with [DONE] and more, or cut."""
    end = draw(ends)
    events = [line.replace(b"\n", end) + end * 2 for line in draw(st.lists(lines, max_size=7))]
    closing = draw(
        st.sampled_from([DONE + end * 2, DONE + end * 2 + b"data: behind" + end * 2, DONE, b"", b"data: cut"])
    )
    return b"".join(events) + closing


@given(streams(), st.booleans(), st.data())
def test_a_stream_in_any_portions_gives_the_same_bytes_and_figures(
    stream: bytes, hide: bool, data: st.DataObject
) -> None:
    points = data.draw(split_points(stream))
    assert read(cut_at(stream, points), hide) == read([stream], hide)


@given(st.lists(lines, min_size=1, max_size=6), st.booleans(), ends)
def test_a_stream_event_by_event_is_the_stream_at_once(some: list[bytes], hide: bool, end: bytes) -> None:
    """Whole events take the fast way through the reader, parts of them the slow one."""
    events = [line.replace(b"\n", end) + end * 2 for line in [b"data: " + compact(chunk("a")), *some, DONE]]
    whole = b"".join(events)
    assert read(events, hide) == read([whole], hide) == read([whole[:3], whole[3:]], hide)


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r"])
@pytest.mark.parametrize("hide", [True, False])
def test_a_stream_byte_by_byte_is_the_stream_at_once(end: bytes, hide: bool) -> None:
    values = [chunk("😀"), chunk("é", usage=None), {"model": "m-1", "choices": [], "usage": USAGE}]
    whole = b"".join(b"data: " + encode(value) + end for value in values for encode in (compact, spaced)) + DONE + end
    assert read([whole[at : at + 1] for at in range(len(whole))], hide) == read([whole], hide)


@given(st.lists(texts, min_size=1, max_size=6), st.sampled_from([compact, spaced]), ends, st.data())
def test_hidden_usage_leaves_the_stream_of_a_vendor_that_sends_none(
    contents: list[str], encode: Any, end: bytes, data: st.DataObject
) -> None:
    def stream(*values: dict[str, Any]) -> bytes:
        return b"".join(b"data: " + encode(value) + end * 2 for value in values) + DONE + end * 2

    plain = stream(*map(chunk, contents))
    asked = stream(*(chunk(text, usage=None) for text in contents), {"model": "m-1", "choices": [], "usage": USAGE})
    outcome = read(cut_at(asked, data.draw(split_points(asked))), hide=True)
    assert outcome.passed + outcome.done == plain
    assert outcome.usage == Usage(3, 1, 5, None)


@given(streams(), st.data())
def test_without_hiding_no_byte_before_the_end_mark_changes(stream: bytes, data: st.DataObject) -> None:
    outcome = read(cut_at(stream, data.draw(split_points(stream))), hide=False)
    assert stream.startswith(outcome.passed + outcome.done)
    assert outcome.done or outcome.passed == stream


@example(by=0)
@example(by=1)
@given(st.integers(-5, 100_000))
def test_an_event_that_was_begun_only_is_known_as_such_however_long_it_is(by: int) -> None:
    reader = StreamReader(hide_usage=True)
    begun = b"data: " + b"x" * max(MOST_EVENT_BYTES + by, 1)
    passed = reader.feed(begun)
    assert reader.tail()
    assert passed + reader.tail() == begun
    assert reader.inside_event is (len(begun) > MOST_EVENT_BYTES)
