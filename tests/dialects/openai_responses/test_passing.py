"""What is read of requests and replies that pass through."""

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dialects.openai_responses.samples import MESSAGE, TOOL_STREAM, USAGE, WHOLE, response, stream
from tests.support.splits import cut_at, split_points
from torana.core.errors import Refusal
from torana.core.usage import UNKNOWN, Usage
from torana.dialects import NotAReplyError
from torana.dialects.openai_responses.look import for_upstream, peek
from torana.dialects.openai_responses.paths import upstream_path
from torana.dialects.openai_responses.watch import MOST_LAST_BYTES, StreamReader, read_reply
from torana.dialects.passing import MOST_EVENT_BYTES

SEEN = Usage(36, 12, 87, 30, cache_write=5)
LONG = "x" * (2 * MOST_EVENT_BYTES)


def last_event(text: str) -> bytes:
    item = {**MESSAGE, "content": [{"type": "output_text", "text": text, "annotations": []}]}
    return stream({"type": "response.completed", "response": response("completed", [item], usage=USAGE)})


def follow(data: bytes, pieces: list[bytes]) -> StreamReader:
    reader = StreamReader(hide_usage=True)
    assert b"".join([reader.feed(piece) for piece in pieces]) + reader.done == data
    return reader


def test_what_governing_needs_is_found() -> None:
    seen = peek(b'{"model":"gpt\\u002d5","stream":true,"safety_identifier":"ann","metadata":{"a":"b"},"input":"x"}')
    assert (seen.model, seen.stream, seen.user, seen.tags) == ("gpt-5", True, "ann", '{"a":"b"}')
    assert seen.wants_usage


def test_the_older_name_of_the_end_user_wins() -> None:
    assert peek(b'{"user":"ann","safety_identifier":"bob"}').user == "ann"
    assert peek(b'{"user":null,"safety_identifier":"bob"}').user == "bob"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "invalid_json"),
        (b'{"model":1}', "invalid_field"),
        (b'{"stream":1}', "invalid_field"),
        (b'{"user":1}', "invalid_field"),
        (b'{"model":"a","model":"b"}', "duplicate_field"),
    ],
)
def test_what_is_wrong_or_ambiguous_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        peek(body)
    assert refused.value.code == code


def test_only_the_model_is_replaced_on_the_way_up() -> None:
    body = b'{ "previous_response_id": "resp_1",\n"model" : "a", "input":[1.50e1], "stream":true}'
    assert for_upstream(body, peek(body), "a", True) == body
    assert for_upstream(body, peek(body), "b/c", True) == body.replace(b'"a"', b'"b/c"')


def test_model_and_usage_of_a_whole_reply_are_read() -> None:
    assert read_reply(json.dumps(WHOLE).encode()) == ("gpt-5.1-2025-11-13", SEEN)
    assert read_reply(b'{"model":3,"usage":{"input_tokens":-4}}') == (None, UNKNOWN)
    with pytest.raises(NotAReplyError):
        read_reply(b"oops")


@given(st.data())
def test_any_split_is_followed_to_the_last_event_which_is_held_back(data: st.DataObject) -> None:
    points = data.draw(split_points(TOOL_STREAM))
    reader = follow(TOOL_STREAM, cut_at(TOOL_STREAM, points))
    assert reader.done.startswith(b"event: response.completed")
    assert (reader.model, reader.usage, reader.failed) == ("gpt-5.1-2025-11-13", SEEN, False)
    assert reader.events == TOOL_STREAM.count(b"\ndata:")
    assert (reader.tail(), reader.inside_event) == (b"", False)
    assert reader.feed(b"data: more\n\n") == b""


@pytest.mark.parametrize("size", [1 << 30, 70_000, 16_384, 999])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_a_long_last_event_is_held_back_and_read(size: int, line_end: bytes) -> None:
    data = (TOOL_STREAM[: TOOL_STREAM.index(b"event: response.completed")] + last_event(LONG)).replace(b"\n", line_end)
    reader = follow(data, [data[at : at + size] for at in range(0, len(data), size)])
    assert (reader.usage, reader.tail()) == (SEEN, b"")
    assert len(reader.done) > len(LONG)


def test_the_end_of_a_long_last_event_may_be_split_anywhere() -> None:
    data = last_event(LONG).replace(b"\n", b"\r\n")
    for cut in range(1, 8):
        reader = follow(
            data, [data[:40_000], data[40_000:-cut], *[data[at : at + 1] for at in range(len(data) - cut, len(data))]]
        )
        assert reader.usage == SEEN


def test_a_long_last_event_that_is_cut_leaves_a_tail() -> None:
    reader = StreamReader(False)
    assert reader.feed(last_event(LONG)[:-50]) == b""
    assert reader.tail()
    assert not reader.inside_event


def test_a_last_event_too_long_to_hold_is_handed_on_unread() -> None:
    data = last_event("x" * (MOST_LAST_BYTES + 5))
    reader = StreamReader(False)
    size = 1_048_576
    out = b"".join([reader.feed(data[at : at + size]) for at in range(0, len(data), size)])
    assert out == data
    assert (reader.done, reader.tail(), reader.usage) == (b"", b"", UNKNOWN)


@pytest.mark.parametrize("size", [1 << 30, 50_000])
def test_other_long_events_are_handed_on_unread(size: int) -> None:
    long = stream({"type": "response.output_text.delta", "delta": LONG})
    data = long + TOOL_STREAM
    reader = follow(data, [data[at : at + size] for at in range(0, len(data), size)])
    assert reader.usage == SEEN


@pytest.mark.parametrize(
    "event",
    [
        {"type": "error", "code": "x", "message": "Oh."},
        {"type": "response.failed", "response": response("failed", [])},
    ],
)
def test_an_error_is_noticed_and_handed_on(event: dict[str, Any]) -> None:
    data = stream({"type": "response.created", "response": response("in_progress", [])}, event)
    reader = follow(data, [data])
    assert reader.failed
    assert bool(reader.done) == (event["type"] == "response.failed")


def test_an_error_without_a_type_is_noticed() -> None:
    assert follow(b'data: {"error":{"message":"Oh."}}\n\n', [b'data: {"error":{"message":"Oh."}}\n\n']).failed


@given(st.binary(max_size=300), st.randoms())
def test_bytes_that_are_no_stream_pass_unchanged(noise: bytes, source: random.Random) -> None:
    data = noise + b'\n\nevent: response.completed\ndata: {oops "error"}\n\n'
    points = [source.randrange(len(data)) for _ in range(3)]
    reader = follow(data, cut_at(data, points))
    assert not reader.done


def test_there_is_one_path() -> None:
    assert upstream_path("chat", "m", stream=True) == "/responses"
    with pytest.raises(ValueError, match="embed"):
        upstream_path("embed", "m", stream=False)
