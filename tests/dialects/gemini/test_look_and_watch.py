"""What is read of Gemini's requests and replies as they pass between the same dialect on both sides."""

import json
from typing import Any

import pytest

from torana.core.errors import Refusal
from torana.core.usage import UNKNOWN, Usage
from torana.dialects import NotAReplyError
from torana.dialects.gemini.errors import encode_error_event
from torana.dialects.gemini.look import for_upstream, peek
from torana.dialects.gemini.watch import ArrayReader, StreamReader, read_reply
from torana.dialects.passing import MOST_EVENT_BYTES

USAGE = {"promptTokenCount": 4, "candidatesTokenCount": 3, "totalTokenCount": 7}


def test_the_body_tells_no_model_but_tags() -> None:
    seen = peek(b'{"contents":[], "model": "models/x", "labels": {"team":"a"}}')
    assert (seen.model, seen.stream, seen.tags) == (None, False, '{"team":"a"}')


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"contents":[],"contents":[]}'])
def test_what_is_ambiguous_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal):
        peek(body)


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        (b'{ "contents": [ 1.0 ] }', b'{ "contents": [ 1.0 ] }'),
        (b'{"content": {} , "model": "models/a"}', b'{"content": {} , "model": "models/b"}'),
        (b'{"model": "models/b"}', b'{"model": "models/b"}'),
        (
            b'{"generateContentRequest": {"model":"models/a","x": 1.0}}',
            b'{"generateContentRequest": {"model":"models/b","x":1.0}}',
        ),
        (b'{"generate_content_request": {"x": 1.0}}', b'{"generate_content_request": {"x": 1.0}}'),
        (
            b'{"requests": [{"model":"models/a","content": {}},{"content":1}], "y" :2}',
            b'{"requests": [{"model":"models/b","content":{}},{"content":1}], "y" :2}',
        ),
        (b'{"requests": [ {"content": {}} ]}', b'{"requests": [ {"content": {}} ]}'),
    ],
)
def test_only_the_fields_that_name_the_model_are_changed(body: bytes, sent: bytes) -> None:
    found = for_upstream(body, peek(body), "b", ask_usage=True)
    assert json.loads(found) == json.loads(sent)
    if b"1.0" in body:
        assert b"1.0" in found
    if body == sent:
        assert found == body


@pytest.mark.parametrize("body", [b'{"requests": {}}', b'{"requests":[1]}', b'{"generateContentRequest": []}'])
def test_a_place_of_the_model_that_is_something_else_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal):
        for_upstream(body, peek(body), "b", ask_usage=False)


def test_usage_and_model_of_a_whole_reply_are_read() -> None:
    body = json.dumps({"candidates": [], "usageMetadata": USAGE, "modelVersion": "m"}).encode()
    assert read_reply(body) == ("m", Usage(4, None, 3, None))
    assert read_reply(b'{"modelVersion": 1}') == (None, UNKNOWN)
    half = b'{"candidates":[{"content":{"parts":[{"text":"a\\ud83d"}]}}],"modelVersion":"m"}'
    assert read_reply(half) == ("m", UNKNOWN)
    with pytest.raises(NotAReplyError):
        read_reply(b"nothing")


def _chunks(*texts: str) -> list[dict[str, Any]]:
    chunks: list[dict[str, Any]] = [
        {
            "candidates": [{"content": {"parts": [{"text": text}]}}],
            "usageMetadata": {"promptTokenCount": 4},
            "modelVersion": "m",
        }
        for text in texts
    ]
    chunks[-1]["candidates"][0]["finishReason"] = "STOP"
    chunks[-1]["usageMetadata"] = USAGE
    return chunks


def sse(*chunks: dict[str, Any]) -> bytes:
    """Server-sent events as Google ends lines."""
    return "".join(f"data: {json.dumps(chunk)}\r\n\r\n" for chunk in chunks).encode()


def array(*chunks: dict[str, Any]) -> bytes:
    """A stream without alt=sse."""
    return b"[" + b"\n,\r\n".join(json.dumps(chunk, indent=1).encode() for chunk in chunks) + b"\n]\n"


@pytest.mark.parametrize("size", [1, 3, 50, 100_000])
@pytest.mark.parametrize("long", [10, MOST_EVENT_BYTES * 2])
@pytest.mark.parametrize("reader_of", [StreamReader, ArrayReader])
def test_the_last_usage_of_a_stream_counts_even_behind_a_long_image(
    reader_of: type[StreamReader | ArrayReader], long: int, size: int
) -> None:
    if size == 1 and long > 10:
        size = 1000
    chunks = _chunks('a "usageMetadata": {}', "b", "x" * long)
    data = (sse if reader_of is StreamReader else array)(*chunks)
    reader = reader_of(hide_usage=True)
    handed = b""
    for at in range(0, len(data), size):
        handed += reader.feed(data[at : at + size])
    assert (handed + reader.done).rstrip() == data.rstrip() or handed == data
    assert not reader.tail()
    assert (reader.model, reader.usage, reader.events, reader.whole, reader.failed) == (
        "m",
        Usage(4, None, 3, None),
        3,
        True,
        False,
    )


@pytest.mark.parametrize(("reader_of", "write"), [(StreamReader, sse), (ArrayReader, array)])
def test_an_error_in_the_middle_is_noticed_and_handed_on(
    reader_of: type[StreamReader | ArrayReader], write: Any
) -> None:
    data = write(*_chunks("a"), {"error": {"code": 503, "message": "m"}})
    reader = reader_of(hide_usage=False)
    assert (reader.feed(data) + reader.done).rstrip() == data.rstrip()
    assert reader.failed


def test_a_stream_without_a_finish_reason_was_not_whole() -> None:
    reader = StreamReader(hide_usage=False)
    reader.feed(sse(*_chunks("a", "b")[:-1]))
    assert not reader.whole


def test_a_cut_array_is_noticed_and_can_be_mended() -> None:
    data = array(*_chunks("a", "b"))
    for cut in range(1, len(data) - 2):
        reader = ArrayReader(hide_usage=False)
        handed = reader.feed(data[:cut])
        assert reader.tail()
        assert not reader.inside_event
        if handed:
            mended = handed + encode_error_event(Refusal("worker_stopped"), "id", array=True)
            assert json.loads(mended)[-1]["error"]["code"] == 503
