"""What passes between a caller and a vendor who both speak this dialect."""

import json
from typing import Any

import pytest
from hypothesis import given

from tests.support.splits import cut_at, split_points
from torana.core.errors import Refusal
from torana.core.usage import UNKNOWN, Usage
from torana.dialects import NotAReplyError
from torana.dialects.anthropic_messages.look import for_upstream, peek
from torana.dialects.anthropic_messages.watch import StreamReader, read_reply

STREAM = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"m","model":"claude-x","usage":'
    b'{"input_tokens":10,"cache_read_input_tokens":5,"cache_creation_input_tokens":2,"output_tokens":1}}}\n\n'
    b"event: ping\r\ndata: {\"type\": \"ping\"}\r\n\r\n: \xc3\xa4\n\n"
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta",'
    b'"text":"the \\"message_stop\\" and \\"error\\" \xc3\xa4"}}\n\n'
    b'event: message_delta\ndata: {"type": "message_delta","delta":{"stop_reason":"end_turn"},"usage":'
    b'{"output_tokens":15,"output_tokens_details":{"thinking_tokens":3}}}\n\n'
)  # fmt: skip
STOP = b'event: message_stop\ndata: {"type": "message_stop"}\n\n'


def test_a_request_is_looked_into() -> None:
    body = b'{ "model": "claude-x", "stream": true, "metadata": {"user_id": "u-1", "b": 2}, "messages": [] }'
    seen = peek(body)
    assert (seen.model, seen.stream, seen.wants_usage, seen.user) == ("claude-x", True, True, "u-1")
    assert seen.tags == '{"user_id": "u-1", "b": 2}'


def test_a_request_that_says_little_is_looked_into() -> None:
    seen = peek(b'{"messages":[],"metadata":null,"stream":false}')
    assert (seen.model, seen.stream, seen.wants_usage, seen.user, seen.tags) == (None, False, False, None, None)
    assert peek(b'{"metadata":{"user_id":null}}').user is None


def test_only_the_model_is_replaced() -> None:
    body = b'{ "a": 1.0,  "model" : "mine", "stream": true, "z": "\xc3\xa4" }'
    assert for_upstream(body, peek(body), "claude-x", True) == body.replace(b'"mine"', b'"claude-x"')
    assert for_upstream(body, peek(body), "mine", True) == body


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        (b"[]", "invalid_json", None),
        (b'{"a":1', "invalid_json", None),
        (b'{"model":"a","model":"b"}', "duplicate_field", "model"),
        (b'{"model":1}', "invalid_field", "model"),
        (b'{"stream":"yes"}', "invalid_field", "stream"),
        (b'{"metadata":"me"}', "invalid_field", "metadata"),
        (b'{"metadata":{"user_id":1}}', "invalid_field", "metadata.user_id"),
    ],
)
def test_a_request_that_cannot_be_governed_is_refused(body: bytes, code: str, param: str | None) -> None:
    with pytest.raises(Refusal) as caught:
        peek(body)
    assert (caught.value.code, caught.value.param) == (code, param)


def test_usage_and_model_of_a_message_are_read() -> None:
    usage: dict[str, Any] = {"input_tokens": 10, "cache_read_input_tokens": None, "output_tokens": 5}
    body = json.dumps({"model": "claude-x", "content": [], "usage": usage}).encode()
    assert read_reply(body) == ("claude-x", Usage(10, None, 5, None))


def test_odd_usage_is_unknown_and_what_is_no_object_no_reply() -> None:
    assert read_reply(b'{"model":5,"usage":[]}') == (None, UNKNOWN)
    assert read_reply(b"{}") == (None, UNKNOWN)
    for body in (b"", b"[]", b"<html>", b"\xff"):
        with pytest.raises(NotAReplyError):
            read_reply(body)


@given(split_points(STREAM + STOP))
def test_a_stream_passes_unchanged_however_it_is_split(points: list[int]) -> None:
    reader = StreamReader(False)
    passed = b"".join(reader.feed(portion) for portion in cut_at(STREAM + STOP, points))
    assert passed == STREAM
    assert reader.done == STOP
    assert reader.usage == Usage(17, 5, 15, 3, cache_write=2)
    assert reader.model == "claude-x"
    assert reader.events == 5
    assert not reader.failed
    assert reader.feed(b"more") == b""


@pytest.mark.parametrize("kind", [b'"type":"error",', b""])
def test_an_error_event_is_noticed_and_passed_on(kind: bytes) -> None:
    event = b'event: error\ndata: {%b"error":{"type":"overloaded_error","message":"x"}}\n\n' % kind
    reader = StreamReader(True)
    assert reader.feed(STREAM + event) == STREAM + event
    assert reader.failed
    assert reader.done == b""


def test_what_is_not_understood_is_passed_on() -> None:
    odd = b'data: {"message\n\ndata: {"type":"message_delta","usage":"many"}\n\n'
    reader = StreamReader(False)
    assert reader.feed(odd) == odd
    assert reader.usage == UNKNOWN


def test_a_cut_event_is_left_over() -> None:
    reader = StreamReader(False)
    assert reader.feed(STREAM + STOP[:20]) == STREAM
    assert reader.tail() == STOP[:20]
