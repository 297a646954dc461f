"""ConverseStream's frames as events."""

from base64 import b64encode
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.eventstream import write_event, write_exception, write_frame
from torana.core.exchange import Image, Opaque, Reasoning, Source, Text, ToolCall
from torana.core.stream import (
    ArgumentsDelta,
    Cited,
    Event,
    Failed,
    Finished,
    PartEnded,
    PartStarted,
    Started,
    Stopped,
    TextDelta,
    ThoughtDelta,
    UsageSeen,
)
from torana.core.usage import Usage
from torana.dialects.bedrock_converse.stream import Decoder


def _delta(index: int, delta: Any) -> bytes:
    return write_event("contentBlockDelta", {"contentBlockIndex": index, "delta": delta, "p": "abcdef"})


def _start(index: int, start: Any) -> bytes:
    return write_event("contentBlockStart", {"contentBlockIndex": index, "start": start})


def _stop(index: int) -> bytes:
    return write_event("contentBlockStop", {"contentBlockIndex": index})


START = write_event("messageStart", {"role": "assistant", "p": "ab"})
USAGE = {
    "inputTokens": 10,
    "outputTokens": 7,
    "totalTokens": 67,
    "cacheReadInputTokens": 30,
    "cacheWriteInputTokens": 20,
}
METADATA = write_event("metadata", {"usage": USAGE, "metrics": {"latencyMs": 12}})
TOOL_TURN = [
    START,
    _delta(0, {"reasoningContent": {"text": "Let me "}}),
    _delta(0, {"reasoningContent": {"text": "think."}}),
    _delta(0, {"reasoningContent": {"signature": "c2ln"}}),
    _stop(0),
    _delta(1, {"reasoningContent": {"redactedContent": "c2VjcmV0"}}),
    _stop(1),
    _delta(2, {"text": "Grüße, "}),
    _delta(2, {"text": "looking"}),
    _stop(2),
    _start(3, {"toolUse": {"toolUseId": "tooluse_1", "name": "weather"}}),
    _delta(3, {"toolUse": {"input": '{"city": "Ro'}}),
    _delta(3, {"toolUse": {"input": 'me"}'}}),
    _stop(3),
    _start(4, {"toolUse": {"toolUseId": "tooluse_2", "name": "time"}}),
    _stop(4),
    write_event("messageStop", {"stopReason": "tool_use"}),
    METADATA,
]
TOOL_EVENTS: list[Event] = [
    Started("", ""),
    PartStarted(0, 0, Reasoning()),
    ThoughtDelta(0, 0, "Let me "),
    ThoughtDelta(0, 0, "think."),
    ThoughtDelta(0, 0, signature="bedrock_converse:c2ln"),
    PartEnded(0, 0),
    PartStarted(0, 1, Reasoning()),
    ThoughtDelta(0, 1, encrypted="bedrock_converse:c2VjcmV0"),
    PartEnded(0, 1),
    PartStarted(0, 2, Text(text="")),
    TextDelta(0, 2, "Grüße, "),
    TextDelta(0, 2, "looking"),
    PartEnded(0, 2),
    PartStarted(0, 3, ToolCall(id="tooluse_1", name="weather")),
    ArgumentsDelta(0, 3, '{"city": "Ro'),
    ArgumentsDelta(0, 3, 'me"}'),
    PartEnded(0, 3),
    PartStarted(0, 4, ToolCall(id="tooluse_2", name="time")),
    PartEnded(0, 4),
    Stopped(0, "tool_calls"),
    UsageSeen(Usage(60, 30, 7, None, cache_write=20)),
    Finished(),
]


def decode(*frames: bytes) -> list[Event]:
    decoder = Decoder()
    return decoder.feed(b"".join(frames)) + decoder.end()


def test_a_turn_with_thoughts_text_and_calls_is_read_whole() -> None:
    decoder = Decoder()
    assert decoder.feed(b"".join(TOOL_TURN)) == TOOL_EVENTS
    assert decoder.done
    assert decoder.usage == Usage(60, 30, 7, None, cache_write=20)
    assert decoder.feed(START) == []
    assert decoder.end() == []


@given(st.lists(st.integers(0, 100_000), max_size=20))
def test_any_split_gives_the_same_events(points: list[int]) -> None:
    data = b"".join(TOOL_TURN)
    places = sorted({0, len(data), *[point % len(data) for point in points]})
    decoder = Decoder()
    assert [event for start, end in pairwise(places) for event in decoder.feed(data[start:end])] == TOOL_EVENTS


def test_a_block_that_comes_before_its_turn_waits_for_it() -> None:
    events = decode(
        START,
        _start(0, {"toolUse": {"toolUseId": "a", "name": "x"}}),
        _start(1, {"toolUse": {"toolUseId": "b", "name": "y"}}),
        _delta(1, {"toolUse": {"input": "2"}}),
        _delta(0, {"toolUse": {"input": "1"}}),
        _stop(1),
        _stop(0),
        write_event("messageStop", {"stopReason": "tool_use"}),
        METADATA,
    )
    assert events[1:7] == [
        PartStarted(0, 0, ToolCall(id="a", name="x")),
        ArgumentsDelta(0, 0, "1"),
        PartEnded(0, 0),
        PartStarted(0, 1, ToolCall(id="b", name="y")),
        ArgumentsDelta(0, 1, "2"),
        PartEnded(0, 1),
    ]


def test_blocks_whose_end_never_comes_are_closed_by_the_stop() -> None:
    events = decode(
        START,
        _delta(0, {"text": "a"}),
        _delta(1, {"text": "b"}),
        _delta(2, {"text": "c"}),
        write_event("messageStop", {"stopReason": "end_turn"}),
        METADATA,
    )
    assert [event.text for event in events if isinstance(event, TextDelta)] == ["a", "b", "c"]
    assert [event.number for event in events if isinstance(event, PartEnded)] == [0, 1, 2]
    assert events[-1] == Finished()


def test_citations_come_with_their_text() -> None:
    raw = {"title": "Rome", "location": {"web": {"url": "https://rome.example"}}, "sourceContent": [{"text": "old"}]}
    events = decode(START, _delta(0, {"text": "Rome is old."}), _delta(0, {"citation": raw}), _stop(0))
    cited = next(event for event in events if isinstance(event, Cited))
    assert (cited.number, cited.citation.url, cited.citation.title) == (0, "https://rome.example", "Rome")
    assert cited.citation.cited_text == "old"
    assert cited.citation.raw == raw


def test_an_image_comes_whole() -> None:
    pieces = [b64encode(b"abcd").decode(), b64encode(b"ef").decode()]
    events = decode(
        START,
        _start(0, {"image": {"format": "png"}}),
        *[_delta(0, {"image": {"source": {"bytes": piece}}}) for piece in pieces],
        _stop(0),
    )
    image = Image(source=Source(media_type="image/png", data=b64encode(b"abcdef").decode()))
    assert events[1:3] == [PartStarted(0, 0, image), PartEnded(0, 0)]


def test_a_call_that_bedrock_itself_makes_is_not_given_to_the_caller_as_one_to_make() -> None:
    events = decode(
        START,
        _start(0, {"toolUse": {"toolUseId": "a", "name": "nova_grounding", "type": "server_tool_use"}}),
        _delta(0, {"toolUse": {"input": "{}"}}),
        _stop(0),
    )
    part = next(event.part for event in events if isinstance(event, PartStarted))
    assert isinstance(part, Opaque)


def test_usage_before_the_stop_finishes_too() -> None:
    events = decode(START, METADATA, write_event("messageStop", {"stopReason": "end_turn"}))
    assert events[-2:] == [Stopped(0, "stop"), Finished()]


def test_unknown_events_and_headers_are_passed_over() -> None:
    events = decode(
        write_event("initial-response", {}),
        START,
        write_event("weather", [1, 2]),
        write_frame([("x", 0, None)], b"\xff"),
        write_event("messageStop", {"stopReason": "brand_new"}),
        METADATA,
    )
    assert events[1] == Stopped(0, "stop", None, "brand_new")
    assert events[-1] == Finished()


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("end_turn", "stop"),
        ("max_tokens", "length"),
        ("stop_sequence", "stop_sequence"),
        ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"),
        ("malformed_tool_use", "error"),
        ("model_context_window_exceeded", "context_window"),
    ],
)
def test_every_stop_reason_has_its_word(reason: str, stop: str) -> None:
    events = decode(START, write_event("messageStop", {"stopReason": reason}), METADATA)
    assert [event.stop for event in events if isinstance(event, Stopped)] == [stop]


def test_an_exception_in_the_middle_fails_the_stream() -> None:
    events = decode(
        START,
        _delta(0, {"text": "a"}),
        write_exception("throttlingException", {"message": "Too many tokens"}),
        METADATA,
    )
    failed = events[-1]
    assert isinstance(failed, Failed)
    assert (failed.error.message, failed.error.type) == ("Too many tokens", "throttlingException")


def test_an_error_message_fails_the_stream() -> None:
    frame = write_frame(
        [(":message-type", 7, "error"), (":error-code", 7, "Internal"), (":error-message", 7, "Broken")], b""
    )
    failed = decode(START, frame)[-1]
    assert isinstance(failed, Failed)
    assert (failed.error.message, failed.error.type) == ("Broken", "Internal")


@pytest.mark.parametrize(
    "bad",
    [
        START[:-1] + bytes([START[-1] ^ 1]),
        write_frame([(":event-type", 7, "contentBlockDelta"), (":message-type", 7, "event")], b"{not json"),
        write_frame([(":event-type", 7, "contentBlockDelta"), (":message-type", 7, "event")], b"[" * 100_000),
        write_event("contentBlockDelta", {"contentBlockIndex": "zero"}),
        write_event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"toolUse": {"input": "{}"}}}),
        write_event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"citation": {"location": 5}}}),
        write_event("metadata", {"usage": {"inputTokens": -1}}),
        write_exception("x", "not an object"),
        _start(0, {"image": {"format": "png"}}) + _delta(0, {"image": {"source": {"bytes": "!"}}}) + _stop(0),
    ],
)
def test_what_is_damaged_fails_the_stream_once_and_for_all(bad: bytes) -> None:
    decoder = Decoder()
    events = decoder.feed(START + bad + METADATA)
    assert isinstance(events[-1], Failed)
    assert decoder.done
    assert decoder.feed(METADATA) == []
    assert decoder.end() == []


def test_a_stream_cut_before_its_stop_fails() -> None:
    for frames in ([], TOOL_TURN[:1], TOOL_TURN[:9], [*TOOL_TURN[:-2], TOOL_TURN[-2][:-3]]):
        assert isinstance(decode(*frames)[-1], Failed)


def test_a_stream_cut_after_its_stop_is_whole() -> None:
    assert decode(*TOOL_TURN[:-1])[-1] == Finished()


@given(st.binary(max_size=300), st.sampled_from(["contentBlockDelta", "contentBlockStart", "messageStop", "metadata"]))
def test_any_payload_gives_events_and_never_an_exception(payload: bytes, kind: str) -> None:
    decode(START, write_frame([(":event-type", 7, kind), (":message-type", 7, "event")], payload))


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["text", "toolUse", "image", "source", "bytes", "citation", "location", "input", "toolUseId"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_json, _json)
def test_any_content_gives_events_and_never_an_exception(start: Any, delta: Any) -> None:
    decode(START, _start(0, start), _delta(0, delta), _stop(0), write_event("messageStop", {}), METADATA)


@given(st.permutations(TOOL_TURN))
def test_frames_in_any_order_keep_the_order_that_encoders_rely_on(shuffled: list[bytes]) -> None:
    open_part: int | None = None
    last = -1
    events = decode(*shuffled)
    for event in events:
        if isinstance(event, PartStarted):
            assert open_part is None
            assert event.number == last + 1
            open_part = last = event.number
        elif isinstance(event, TextDelta | ThoughtDelta | ArgumentsDelta | PartEnded):
            assert event.number == open_part
            if isinstance(event, PartEnded):
                open_part = None
        elif isinstance(event, Stopped | Finished):
            assert open_part is None
    assert isinstance(events[-1], Finished | Failed)
