"""A vendor's stream in our events. Examples after https://platform.claude.com/docs/en/build-with-claude/streaming."""

import json
from typing import Any

import pytest

from tests.dialects.anthropic_messages.folding import fold
from torana.core.exchange import Choice, Citation, ModelReply, Opaque, Reasoning, Text, ToolCall, VendorError
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
from torana.dialects.anthropic_messages.signatures import MARK, NAME
from torana.dialects.anthropic_messages.stream import Decoder
from torana.dialects.sse import MOST_EVENT_BYTES


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields}, ensure_ascii=False)}\n\n".encode()


def start(index: int, **block: Any) -> bytes:
    return event("content_block_start", index=index, content_block=block)


def delta(index: int, kind: str, **fields: Any) -> bytes:
    return event("content_block_delta", index=index, delta={"type": kind, **fields})


def text(words: str, index: int = 0) -> bytes:
    return delta(index, "text_delta", text=words)


def stop(index: int = 0) -> bytes:
    return event("content_block_stop", index=index)


MESSAGE_START = event(
    "message_start",
    message={
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "content": [],
        "model": "claude-x",
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 25, "cache_read_input_tokens": 5, "output_tokens": 1},
    },
)
TEXT_START = start(0, type="text", text="")
PING = event("ping")
DELTA = event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 15})
END = event("message_stop")
BEGUN: list[Event] = [
    Started("msg_1", "claude-x", usage=Usage(30, 5, 1, None)),
    UsageSeen(Usage(30, 5, 1, None)),
]
ENDED: list[Event] = [UsageSeen(Usage(30, 5, 15, None)), Stopped(0, "stop"), Finished()]


def decode(*data: bytes) -> list[Event]:
    decoder = Decoder()
    events = [event for portion in data for event in decoder.feed(portion)]
    return events + decoder.end()


def failure(*data: bytes) -> VendorError:
    events = decode(*data)
    assert [isinstance(event, Failed) for event in events] == [False] * (len(events) - 1) + [True]
    found = events[-1]
    assert isinstance(found, Failed)
    return found.error


def test_a_text_is_read_event_by_event() -> None:
    decoder = Decoder()
    events = decoder.feed(MESSAGE_START + TEXT_START + PING + text("Hel") + text("lo ä") + stop() + DELTA + END)
    assert events == [
        *BEGUN,
        PartStarted(0, 0, Text(text="")),
        TextDelta(0, 0, "Hel"),
        TextDelta(0, 0, "lo ä"),
        PartEnded(0, 0),
        *ENDED,
    ]
    assert decoder.done
    assert decoder.model == "claude-x"
    assert decoder.usage == Usage(30, 5, 15, None)
    assert decoder.end() == []


def test_thinking_its_signature_and_redacted_thinking_are_read() -> None:
    events = decode(
        MESSAGE_START,
        start(0, type="thinking", thinking="", signature=""),
        delta(0, "thinking_delta", thinking="Let me see."),
        delta(0, "signature_delta", signature="EqQB"),
        stop(0),
        start(1, type="redacted_thinking", data="EmwK"),
        stop(1),
        DELTA,
        END,
    )
    assert events[2:-3] == [
        PartStarted(0, 0, Reasoning()),
        ThoughtDelta(0, 0, "Let me see."),
        ThoughtDelta(0, 0, signature=MARK + "EqQB"),
        PartEnded(0, 0),
        PartStarted(0, 1, Reasoning(encrypted=MARK + "EmwK")),
        PartEnded(0, 1),
    ]


def test_a_call_with_streamed_arguments_is_read() -> None:
    events = decode(
        MESSAGE_START,
        start(0, type="tool_use", id="toolu_1", name="get_weather", input={}),
        delta(0, "input_json_delta", partial_json=""),
        delta(0, "input_json_delta", partial_json='{"city": "San'),
        delta(0, "input_json_delta", partial_json=' Francisco"}'),
        stop(0),
        event("message_delta", delta={"stop_reason": "tool_use", "stop_sequence": None}, usage={"output_tokens": 15}),
        END,
    )
    assert events[2:] == [
        PartStarted(0, 0, ToolCall(id="toolu_1", name="get_weather")),
        ArgumentsDelta(0, 0, '{"city": "San'),
        ArgumentsDelta(0, 0, ' Francisco"}'),
        PartEnded(0, 0),
        UsageSeen(Usage(30, 5, 15, None)),
        Stopped(0, "tool_calls"),
        Finished(),
    ]


def test_arguments_that_come_whole_with_the_start_are_read() -> None:
    call = start(0, type="tool_use", id="a", name="f", input={"x": 1})
    assert ArgumentsDelta(0, 0, '{"x":1}') in decode(MESSAGE_START, call, stop(), DELTA, END)


def test_arguments_that_are_no_json_are_passed_on_as_text() -> None:
    call = start(0, type="tool_use", id="a", name="f", input={})
    broken = delta(0, "input_json_delta", partial_json='{"x":')
    assert ArgumentsDelta(0, 0, '{"x":') in decode(MESSAGE_START, call, broken, stop(), DELTA, END)


def test_a_servers_tool_and_its_result_come_whole() -> None:
    use = {"type": "server_tool_use", "id": "srv", "name": "web_search", "input": {}}
    result = {"type": "web_search_tool_result", "tool_use_id": "srv", "content": [{"type": "web_search_result"}]}
    events = decode(
        MESSAGE_START,
        start(0, **use),
        delta(0, "input_json_delta", partial_json='{"query":'),
        delta(0, "input_json_delta", partial_json='"x"}'),
        stop(0),
        start(1, **result),
        stop(1),
        DELTA,
        END,
    )
    assert events[2:-3] == [
        PartStarted(0, 0, Opaque(dialect=NAME, kind="server_tool_use", raw={**use, "input": {"query": "x"}})),
        PartEnded(0, 0),
        PartStarted(0, 1, Opaque(dialect=NAME, kind="web_search_tool_result", raw=result)),
        PartEnded(0, 1),
    ]


def test_a_block_that_nobody_knows_grows_by_its_own_deltas() -> None:
    events = decode(
        MESSAGE_START,
        start(0, type="compaction", content="a"),
        delta(0, "compaction_delta", content="b", extra=1),
        stop(0),
        DELTA,
        END,
    )
    raw = {"type": "compaction", "content": "ab", "extra": 1}
    assert events[2] == PartStarted(0, 0, Opaque(dialect=NAME, kind="compaction", raw=raw))


def test_citations_are_read() -> None:
    raw = {"type": "char_location", "cited_text": "x", "document_index": 2, "document_title": "T"}
    events = decode(MESSAGE_START, TEXT_START, text("a"), delta(0, "citations_delta", citation=raw), stop(), DELTA, END)
    citation = Citation(title="T", cited_text="x", document=2, raw=raw, dialect=NAME)
    assert Cited(0, 0, citation) in events


def test_usage_of_the_end_replaces_only_what_it_says() -> None:
    end = event(
        "message_delta",
        delta={"stop_reason": "max_tokens"},
        usage={
            "input_tokens": 20,
            "cache_creation_input_tokens": 7,
            "output_tokens": 9,
            "output_tokens_details": {"thinking_tokens": 4},
        },
    )
    assert fold(decode(MESSAGE_START, end, END)) == ModelReply(
        id="msg_1",
        model="claude-x",
        choices=(Choice(stop="length"),),
        usage=Usage(32, 5, 9, 4, cache_write=7),
    )


def test_an_error_in_the_middle_fails_the_stream_and_nothing_follows() -> None:
    error = event("error", error={"type": "overloaded_error", "message": "Overloaded"})
    decoder = Decoder()
    events = decoder.feed(MESSAGE_START + TEXT_START + error + text("more") + END)
    assert events[-1] == Failed(VendorError(message="Overloaded", type="overloaded_error"))
    assert decoder.done
    assert decoder.feed(text("a") + END) == []
    assert decoder.end() == []


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (b'data: {"error":{"message":"no credit","code":"402"}}\n\n', "no credit"),
        (b'data: {"error":"gone"}\n\n', "gone"),
        (b'data: {"type":"error"}\n\n', "the vendor sent an error"),
    ],
)
def test_an_error_of_another_form_fails_the_stream_too(error: bytes, message: str) -> None:
    assert failure(MESSAGE_START, error).message == message


@pytest.mark.parametrize(
    "broken",
    [
        b"data: {\n\n",
        b"data: {}}\n\n",
        b'data: {"type":"content_block_delta","index":"zero"}\n\n',
        b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":5}}\n\n',
        b'data: {"type":"content_block_start","index":0,"content_block":{"type":5}}\n\n',
        b'data: {"type":"content_block_start","index":0}\n\n',
        b'data: {"type":"message_delta","usage":{"output_tokens":-5}}\n\n',
        b'data: {"type":"ping","a":' + b"[" * 100_000 + b"\n\n",
        b'data: {"type":"ping","a":NaN}\n\n',
        b"data: \xff\xfe\n\n",
        b'data: {"a":"\\u"}\n\n',
    ],
)
def test_an_event_that_is_broken_fails_the_stream(broken: bytes) -> None:
    assert failure(MESSAGE_START, broken, TEXT_START, text("a"), stop(), DELTA, END).message


@pytest.mark.parametrize(
    "odd",
    [
        b": comment\n\n",
        b"event: ping\ndata: \n\n",
        b'data: {"type":"future","index":"a","delta":7}\n\n',
        b'data: {"type":"content_block_delta","index":0,"delta":{"type":"future_delta","future":1}}\n\n',
        b'data: {"type":"content_block_delta","index":0}\n\n',
        b"data: []\n\n",
        b"data: [DONE]\n\n",
        b"id: 7\nretry: 100\n\n",
    ],
)
def test_an_event_that_nobody_knows_is_passed_over(odd: bytes) -> None:
    plain = decode(MESSAGE_START, TEXT_START, text("a"), stop(), DELTA, END)
    assert decode(MESSAGE_START, TEXT_START, odd, text("a"), odd, stop(), odd, DELTA, odd, END) == plain


def test_line_ends_of_any_kind_give_the_same_events() -> None:
    whole = MESSAGE_START + TEXT_START + text("a") + stop() + DELTA + END
    assert decode(whole.replace(b"\n", b"\r\n")) == decode(whole) == decode(whole.replace(b"\n", b"\r"))


def test_a_stream_without_its_last_event_was_whole_when_its_stop_reason_has_come() -> None:
    whole = decode(MESSAGE_START, TEXT_START, text("a"), stop(), DELTA, END)
    assert decode(MESSAGE_START, TEXT_START, text("a"), stop(), DELTA) == whole
    assert decode(MESSAGE_START, TEXT_START, text("a"), stop(), DELTA, END[:-10]) == whole
    assert decode(MESSAGE_START, TEXT_START, text("a"), stop(), DELTA + END[:-2]) == whole


@pytest.mark.parametrize(
    "data",
    [b"", MESSAGE_START, MESSAGE_START + TEXT_START + text("a"), MESSAGE_START + text("a")[:-20], b"<html>\n\n"],
)
def test_a_stream_that_ends_before_its_stop_reason_has_failed(data: bytes) -> None:
    assert failure(data).type == "api_error"


def test_a_last_event_without_its_empty_line_counts() -> None:
    assert decode(MESSAGE_START + TEXT_START + text("a") + stop() + DELTA[:-2])[-2:] == ENDED[-2:]


def test_blocks_that_overlap_are_given_one_after_the_other() -> None:
    reply = fold(
        decode(
            MESSAGE_START,
            TEXT_START,
            start(2, type="tool_use", id="b", name="g", input={}),
            start(1, type="tool_use", id="a", name="f", input={}),
            text("Hel"),
            delta(1, "input_json_delta", partial_json="{}"),
            delta(2, "input_json_delta", partial_json='{"x":1}'),
            text("lo"),
            stop(2),
            stop(0),
            stop(1),
            DELTA,
            END,
        )
    )
    assert reply.choices[0].parts == (
        Text(text="Hello"),
        ToolCall(id="b", name="g", arguments='{"x":1}'),
        ToolCall(id="a", name="f", arguments="{}"),
    )


def test_a_block_that_does_not_stop_ends_with_the_message() -> None:
    second = start(1, type="tool_use", id="a", name="f", input={})
    reply = fold(decode(MESSAGE_START, TEXT_START, text("a"), second, DELTA, END))
    assert reply.choices[0].parts == (Text(text="a"), ToolCall(id="a", name="f"))


def test_blocks_that_overlap_without_end_fail_the_stream() -> None:
    held = start(1, type="text", text="") + text("x" * 100_000, 1) * 100
    assert "overlap" in failure(MESSAGE_START + TEXT_START + held).message


def test_more_of_a_block_that_has_ended_fails_the_stream() -> None:
    assert "after its end" in failure(MESSAGE_START, TEXT_START, stop(), text("a"), DELTA, END).message
    overlapping = start(1, type="text", text="") + stop(1) + text("late", 1)
    assert "after its end" in failure(MESSAGE_START, TEXT_START, overlapping, stop(), DELTA, END).message


def test_a_text_whose_start_is_missing_is_read() -> None:
    assert fold(decode(text("Hello"), stop(), DELTA, END)).choices[0].parts == (Text(text="Hello"),)


def test_an_index_that_is_left_out_is_the_first() -> None:
    begin = event("content_block_start", content_block={"type": "text", "text": "Hel"})
    more = event("content_block_delta", delta={"type": "text_delta", "text": "lo"})
    reply = fold(decode(MESSAGE_START, begin, more, event("content_block_stop"), DELTA, END))
    assert reply.choices[0].parts == (Text(text="Hello"),)


def raw_text(escaped: str) -> bytes:
    return (
        b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"%b"}}\n\n'
        % escaped.encode()
    )


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["a\\ud83d", "\\ude00b"], "a😀b"),
        (["\\ud83d", "\\ude00"], "😀"),
        (["a\\ud83d", "b"], "a\ufffdb"),
        (["a\\ud83d"], "a\ufffd"),
        (["\\ude00b"], "\ufffdb"),
        (["\\ud83d\\ud83d", "\\ude00"], "\ufffd😀"),
    ],
)
def test_half_a_character_is_joined_with_its_other_half(pieces: list[str], expected: str) -> None:
    reply = fold(decode(MESSAGE_START, TEXT_START, *map(raw_text, pieces), stop(), DELTA, END))
    assert reply.choices[0].parts == (Text(text=expected),)


def test_a_large_event_is_read_and_one_without_end_fails() -> None:
    large = "x" * 1_000_000
    assert fold(decode(MESSAGE_START, TEXT_START, text(large), stop(), DELTA, END)).choices[0].parts == (
        Text(text=large),
    )
    assert "longer than" in failure(MESSAGE_START, b"data: " + b"x" * (MOST_EVENT_BYTES + 1)).message
