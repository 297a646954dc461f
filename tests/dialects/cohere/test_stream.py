"""Cohere's stream as events of the neutral form."""

import json
from itertools import pairwise
from typing import Any

import pytest
from cohere.v2.types import V2ChatStreamResponse
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tests.support.splits import cut_at, split_points
from torana.core.exchange import Logprob, Reasoning, Text, ToolCall
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
from torana.dialects.cohere.reply import read_citation
from torana.dialects.cohere.stream import Decoder

CITATION = {"start": 0, "end": 4, "text": "Rome", "sources": [{"type": "document", "id": "doc:0"}]}


def content(index: int, **piece: str) -> dict[str, Any]:
    return {"type": "content-delta", "index": index, "delta": {"message": {"content": piece}}}


def content_start(index: int, kind: str) -> dict[str, Any]:
    piece = {"type": kind, kind: ""}
    return {"type": "content-start", "index": index, "delta": {"message": {"content": piece}}}


def call_start(index: int, identifier: str, name: str) -> dict[str, Any]:
    call = {"id": identifier, "type": "function", "function": {"name": name, "arguments": ""}}
    return {"type": "tool-call-start", "index": index, "delta": {"message": {"tool_calls": call}}}


def arguments(index: int, text: str) -> dict[str, Any]:
    call = {"function": {"arguments": text}}
    return {"type": "tool-call-delta", "index": index, "delta": {"message": {"tool_calls": call}}}


EMPTY = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
START = {"type": "message-start", "id": "m1", "delta": {"message": EMPTY}}
USAGE = {"billed_units": {"input_tokens": 3, "output_tokens": 5}, "tokens": {"input_tokens": 70, "output_tokens": 6}}
END = {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL", "usage": USAGE}}
TURN = [
    START,
    content_start(0, "thinking"),
    content(0, thinking="Hm"),
    {"type": "content-end", "index": 0},
    content_start(1, "text"),
    {**content(1, text="Rome "), "logprobs": {"text": "Rome ", "token_ids": [1], "logprobs": [-0.5]}},
    content(1, text="ist schön"),
    {"type": "content-end", "index": 1},
    {"type": "citation-start", "index": 0, "delta": {"message": {"citations": CITATION}}},
    {"type": "citation-end", "index": 0},
    {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "I will "}}},
    {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "look."}}},
    call_start(0, "w0", "weather"),
    arguments(0, '{"a"'),
    arguments(0, ":1}"),
    {"type": "tool-call-end", "index": 0},
    call_start(1, "w1", "time"),
    {"type": "tool-call-end", "index": 1},
    END,
]
EVENTS: list[Event] = [
    Started("m1", ""),
    PartStarted(0, 0, Reasoning()),
    ThoughtDelta(0, 0, "Hm"),
    PartEnded(0, 0),
    PartStarted(0, 1, Text(text="")),
    TextDelta(0, 1, "Rome ", (Logprob(token="Rome ", logprob=-0.5),)),
    TextDelta(0, 1, "ist schön"),
    Cited(0, 1, read_citation(CITATION)),
    PartEnded(0, 1),
    PartStarted(0, 2, Reasoning(id="tool_plan")),
    ThoughtDelta(0, 2, "I will "),
    ThoughtDelta(0, 2, "look."),
    PartEnded(0, 2),
    PartStarted(0, 3, ToolCall(id="w0", name="weather")),
    ArgumentsDelta(0, 3, '{"a"'),
    ArgumentsDelta(0, 3, ":1}"),
    PartEnded(0, 3),
    PartStarted(0, 4, ToolCall(id="w1", name="time")),
    PartEnded(0, 4),
    Stopped(0, "tool_calls"),
    UsageSeen(Usage(3, None, 5, None)),
    Finished(),
]


def write(*events: Any, line_end: str = "\n") -> bytes:
    blocks = [
        f"event: {event.get('type')}{line_end}data: {json.dumps(event, ensure_ascii=False)}{line_end * 2}"
        for event in events
    ]
    return "".join(blocks).encode()


def decode(*events: Any) -> list[Event]:
    decoder = Decoder()
    return decoder.feed(write(*events)) + decoder.end()


def test_the_examples_are_what_the_sdk_calls_a_stream() -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(V2ChatStreamResponse)
    for event in TURN:
        assert adapter.validate_python(event).type == event["type"]


def test_a_turn_is_read_whole() -> None:
    decoder = Decoder()
    assert decoder.feed(write(*TURN)) == EVENTS
    assert decoder.done
    assert decoder.usage == Usage(3, None, 5, None)
    assert decoder.feed(write(START)) == []
    assert decoder.end() == []


WRITTEN = write(*TURN[:9], line_end="\r\n") + b": ping\n\n" + write(*TURN[9:]) + b"data: [DONE]\n\n"


@given(split_points(WRITTEN))
def test_any_split_gives_the_same_events(points: list[int]) -> None:
    decoder = Decoder()
    assert [event for portion in cut_at(WRITTEN, points) for event in decoder.feed(portion)] == EVENTS


def test_every_cut_fails_the_stream_and_only_the_last_event_may_lack_its_line_end() -> None:
    ends = {len(WRITTEN) - len(b"data: [DONE]\n\n") - cut for cut in range(3)}
    for start, _ in pairwise(range(0, len(WRITTEN) - 20, 7)):
        decoder = Decoder()
        events = decoder.feed(WRITTEN[:start]) + decoder.end()
        assert isinstance(events[-1], Failed) or start in ends
    for end in ends:
        decoder = Decoder()
        assert (decoder.feed(WRITTEN[:end]) + decoder.end())[-1] == Finished()


def test_parts_that_are_mixed_are_given_one_after_the_other() -> None:
    events = decode(
        START,
        call_start(0, "a", "x"),
        call_start(1, "b", "y"),
        arguments(1, "2"),
        arguments(0, "1"),
        {"type": "tool-call-end", "index": 1},
        {"type": "tool-call-end", "index": 0},
        END,
    )
    assert events[1:7] == [
        PartStarted(0, 0, ToolCall(id="a", name="x")),
        ArgumentsDelta(0, 0, "1"),
        PartEnded(0, 0),
        PartStarted(0, 1, ToolCall(id="b", name="y")),
        ArgumentsDelta(0, 1, "2"),
        PartEnded(0, 1),
    ]


def test_parts_whose_end_never_comes_are_closed_by_the_end() -> None:
    events = decode(
        START, content_start(0, "text"), content(0, text="a"), content(1, text="b"), content(2, text="c"), END
    )
    assert [event.text for event in events if isinstance(event, TextDelta)] == ["a", "b", "c"]
    assert [event.number for event in events if isinstance(event, PartEnded)] == [0, 1, 2]


def test_content_without_its_start_is_read_too() -> None:
    assert decode(content(0, text="a"), END)[:3] == [
        Started("", ""),
        PartStarted(0, 0, Text(text="")),
        TextDelta(0, 0, "a"),
    ]


def test_unknown_events_are_passed_over() -> None:
    assert (
        decode(START, {"type": "debug", "prompt": "x"}, {"type": "brand-new", "delta": {}}, {}, END)[-1] == Finished()
    )


def test_an_error_at_the_end_or_in_the_middle_fails_the_stream() -> None:
    for bad in (
        {"type": "message-end", "delta": {"error": "It broke", "finish_reason": "ERROR"}},
        {"id": "a", "message": "It broke"},
    ):
        failed = decode(START, bad, END)[-1]
        assert isinstance(failed, Failed)
        assert failed.error.message == "It broke"


@pytest.mark.parametrize(
    "payload", [b"{", b"[1]", b"[" * 100_000, b"\xff", b'{"type":5}', b'{"type":"content-delta","delta":[]}']
)
def test_what_is_damaged_fails_the_stream_once_and_for_all(payload: bytes) -> None:
    decoder = Decoder()
    events = decoder.feed(write(START) + b"data: " + payload + b"\n\n" + write(END))
    assert isinstance(events[-1], Failed)
    assert decoder.done
    assert decoder.end() == []


def test_an_event_that_does_not_end_fails_the_stream() -> None:
    decoder = Decoder()
    events: list[Event] = []
    for _ in range(10):
        events += decoder.feed(b"data: " + b"x" * 1_000_000)
    assert [type(event) for event in events] == [Failed]


@given(st.binary(max_size=200))
def test_any_bytes_give_events_and_never_an_exception(data: bytes) -> None:
    decoder = Decoder()
    events = decoder.feed(data) + decoder.end()
    assert isinstance(events[-1], Failed)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["message", "content", "text", "tool_calls", "citations", "sources", "function", "usage"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(st.lists(st.tuples(st.sampled_from([event["type"] for event in TURN]), st.integers(0, 2), _json), max_size=8))
def test_any_events_keep_the_order_that_encoders_rely_on(given_events: list[tuple[str, int, Any]]) -> None:
    events = decode(*[{"type": kind, "index": index, "delta": delta} for kind, index, delta in given_events])
    check_order(events)


@given(st.permutations(TURN))
def test_events_in_any_order_keep_the_order_that_encoders_rely_on(shuffled: list[Any]) -> None:
    check_order(decode(*shuffled))


def check_order(events: list[Event]) -> None:
    open_part: int | None = None
    last = -1
    for event in events:
        if isinstance(event, PartStarted):
            assert open_part is None
            assert event.number == last + 1
            open_part = last = event.number
        elif isinstance(event, TextDelta | ThoughtDelta | ArgumentsDelta | Cited | PartEnded):
            assert event.number == open_part
            if isinstance(event, PartEnded):
                open_part = None
        elif isinstance(event, Stopped | Finished):
            assert open_part is None
    assert isinstance(events[-1], Finished | Failed)


def test_a_start_with_empty_lists_is_read_as_cohere_documents_it() -> None:
    """https://docs.cohere.com/v2/docs/streaming: message-start holds lists, and later events an object in the same place."""
    empty = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    events = decode({**START, "delta": {"message": empty}}, *TURN[1:])
    assert isinstance(events[-1], Finished)
