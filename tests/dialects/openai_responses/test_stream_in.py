"""The event stream, read from vendors."""

import json
from typing import Any

import pytest

from tests.dialects.openai_responses.collect import collect
from tests.dialects.openai_responses.samples import (
    CALL,
    FREE_CALL,
    LINK,
    MESSAGE,
    OUTPUT,
    TOOL_STREAM,
    USAGE,
    WHOLE,
    response,
    stream,
)
from torana.core.exchange import (
    Citation,
    Declined,
    Reasoning,
    Text,
    ToolCall,
)
from torana.core.stream import (
    Event,
    Failed,
    Started,
    Stopped,
    TextDelta,
    ThoughtDelta,
    UsageSeen,
)
from torana.core.usage import Usage
from torana.dialects.openai_responses.reply import decode_reply
from torana.dialects.openai_responses.stream import Decoder
from torana.dialects.sse import MOST_EVENT_BYTES

CREATED = {"type": "response.created", "response": response("in_progress", [])}
COMPLETED = {"type": "response.completed", "response": response("completed", [], usage=USAGE)}


def decode(data: bytes) -> list[Event]:
    decoder = Decoder()
    return decoder.feed(data) + decoder.end()


def added(index: int, item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def done(index: int, item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def text_delta(index: int, text: str, content: int = 0) -> dict[str, Any]:
    return {
        "type": "response.output_text.delta",
        "item_id": "x",
        "output_index": index,
        "content_index": content,
        "delta": text,
        "logprobs": [],
    }


def test_a_stream_says_what_the_whole_reply_says() -> None:
    decoder = Decoder()
    events = decoder.feed(TOOL_STREAM)
    reply, failed, finished = collect(events)
    whole = decode_reply(json.dumps({**WHOLE, "service_tier": "auto"}).encode())
    assert (reply, failed, finished) == (whole, None, True)
    assert (decoder.model, decoder.usage, decoder.done) == (
        "gpt-5.1-2025-11-13",
        Usage(36, 12, 87, 30, cache_write=5),
        True,
    )
    assert TextDelta(0, 2, "Hi ") in events
    assert ThoughtDelta(0, 0, summary="Second.", new_paragraph=True) in events


def test_a_stream_of_closing_events_alone_is_understood() -> None:
    items = [done(number, item) for number, item in enumerate(OUTPUT)]
    reply, _, finished = collect(decode(stream(CREATED, *items, {"type": "response.completed", "response": WHOLE})))
    assert finished
    assert reply.choices == decode_reply(json.dumps(WHOLE).encode()).choices


def test_a_last_event_alone_is_understood() -> None:
    reply, _, finished = collect(decode(stream({"type": "response.completed", "response": WHOLE})))
    assert finished
    assert reply.choices == decode_reply(json.dumps(WHOLE).encode()).choices


def test_deltas_without_the_events_around_them_are_understood() -> None:
    refusal = {"type": "response.refusal.delta", "output_index": 0, "content_index": 1, "delta": "No."}
    thought = {"type": "response.reasoning_text.delta", "output_index": 1, "content_index": 0, "delta": "Hm."}
    events = decode(stream(CREATED, text_delta(0, "a"), text_delta(0, "b"), refusal, thought, COMPLETED))
    reply, _, finished = collect(events)
    assert finished
    assert reply.choices[0].parts == (Text(text="ab"), Declined(text="No."), Reasoning(text="Hm."))


def test_contents_that_come_only_at_the_end_of_a_part_are_taken_from_there() -> None:
    part = {
        "type": "response.content_part.added",
        "output_index": 0,
        "content_index": 0,
        "part": {"type": "output_text"},
    }
    empty = {**MESSAGE, "content": []}
    arguments = {"type": "response.function_call_arguments.done", "output_index": 1, "arguments": CALL["arguments"]}
    events = stream(
        CREATED,
        added(0, empty),
        part,
        done(0, MESSAGE),
        added(1, {**CALL, "arguments": ""}),
        arguments,
        done(1, CALL),
        added(2, {**FREE_CALL, "input": ""}),
        done(2, FREE_CALL),
        COMPLETED,
    )
    reply, _, _ = collect(decode(events))
    citation = Citation(url=str(LINK["url"]), title=str(LINK["title"]), start=0, end=2)
    assert reply.choices[0].parts == (
        Text(text="Hi there", phase="commentary", citations=(citation,)),
        ToolCall(id="call_1", name="get_weather", arguments='{"city":"Paris"}'),
        ToolCall(id="call_2", name="patch", arguments="*** Begin", custom=True),
    )


def test_items_that_overlap_come_one_after_the_other() -> None:
    def arguments(index: int, text: str) -> dict[str, Any]:
        return {"type": "response.function_call_arguments.delta", "output_index": index, "delta": text}

    calls = [{"type": "function_call", "call_id": f"c{n}", "name": "f", "arguments": ""} for n in range(3)]
    events = decode(
        stream(
            CREATED,
            added(0, calls[0]),
            added(2, calls[2]),
            added(1, calls[1]),
            arguments(2, "z"),
            arguments(0, "x"),
            arguments(1, "y"),
            done(2, {**calls[2], "arguments": "z"}),
            done(0, {**calls[0], "arguments": "x"}),
            arguments(1, "y"),
            COMPLETED,
        )
    )
    reply, _, finished = collect(events)
    assert finished
    assert [part.arguments for part in reply.choices[0].parts if isinstance(part, ToolCall)] == ["x", "yy", "z"]


def test_events_held_for_later_items_are_bounded() -> None:
    decoder = Decoder()
    decoder.feed(stream(CREATED, added(0, CALL)))
    piece = stream(text_delta(1, "x" * 1_000_000))
    events: list[Event] = []
    for _ in range(20):
        events += decoder.feed(piece)
    assert isinstance(events[-1], Failed)
    assert decoder.done


def test_unknown_events_comments_and_done_marks_are_passed_over() -> None:
    noise = b': ping\n\nevent: response.new_thing.delta\ndata: {"type":"response.new_thing.delta","x":1}\n\n'
    noise += b"event: keepalive\ndata: {}\n\nid: 3\nretry: 5\n\n"
    events = decode(stream(CREATED) + noise + stream(text_delta(0, "a")) + b"data: [DONE]\n\n" + stream(COMPLETED))
    reply, failed, finished = collect(events)
    assert (failed, finished) == (None, True)
    assert reply.choices[0].parts == (Text(text="a"),)


def test_events_without_names_are_known_by_their_type() -> None:
    lines = [line for line in TOOL_STREAM.split(b"\n") if not line.startswith(b"event:")]
    assert decode(b"\n".join(lines)) == decode(TOOL_STREAM)


@pytest.mark.parametrize(
    "event",
    [
        b'event: error\ndata: {"type":"error","code":"x","message":"Oh.","param":null,"sequence_number":3}\n\n',
        b'event: error\ndata: {"type":"error","error":{"type":"t","code":"x","message":"Oh."}}\n\n',
        b'data: {"error":{"code":"x","message":"Oh."}}\n\n',
        b"data: "
        + json.dumps(
            {"type": "response.failed", "response": response("failed", [], error={"code": "x", "message": "Oh."})}
        ).encode()
        + b"\n\n",
    ],
)
def test_an_error_in_the_middle_fails_the_stream(event: bytes) -> None:
    decoder = Decoder()
    events = decoder.feed(stream(CREATED, text_delta(0, "a")) + event + stream(COMPLETED))
    assert isinstance(events[-1], Failed)
    assert (events[-1].error.code, events[-1].error.message) == ("x", "Oh.")
    assert decoder.done
    assert decoder.feed(TOOL_STREAM) == decoder.end() == []


def test_usage_of_a_failed_response_is_seen() -> None:
    events = decode(stream({"type": "response.failed", "response": response("failed", [], usage=USAGE)}))
    assert [type(event) for event in events] == [Started, UsageSeen, Failed]


@pytest.mark.parametrize(
    "event",
    [
        b"data: {oops\n\n",
        b"data: 3\n\n",
        b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":3}\n\n',
        b'event: response.output_item.added\ndata: {"type":"response.output_item.added","item":[]}\n\n',
        b'event: response.completed\ndata: {"response":{"output":3}}\n\n',
        b"data: " + b"[" * 5000 + b"\n\n",
        b'data: "\xff"\n\n',
    ],
)
def test_an_event_that_cannot_be_read_fails_the_stream(event: bytes) -> None:
    assert isinstance(decode(stream(CREATED) + event)[-1], Failed)


def test_an_event_without_end_fails_the_stream() -> None:
    decoder = Decoder()
    events: list[Event] = []
    for _ in range(MOST_EVENT_BYTES // 1_048_576 + 2):
        events += decoder.feed(b"data: " + b"x" * 1_048_576)
    assert isinstance(events[-1], Failed)


@pytest.mark.parametrize("upto", [0, 3, 8, -1])
def test_a_stream_without_its_last_event_was_cut(upto: int) -> None:
    events = decode(b"".join([block + b"\n\n" for block in TOOL_STREAM.split(b"\n\n")[:-1][:upto]]))
    assert isinstance(events[-1], Failed)


def test_a_last_event_without_its_empty_line_counts() -> None:
    assert decode(TOOL_STREAM.rstrip(b"\n")) == decode(TOOL_STREAM)


def test_a_large_event_is_read() -> None:
    text = "x" * 5_000_000
    reply, _, finished = collect(decode(stream(CREATED, text_delta(0, text), COMPLETED)))
    assert finished
    assert reply.choices[0].parts == (Text(text=text),)


def test_an_incomplete_response_says_why() -> None:
    for status in ("incomplete", None):
        last = response(status or "", [], incomplete_details={"reason": "max_output_tokens"})
        last["status"] = status
        events = decode(stream(CREATED, {"type": "response.incomplete", "response": last}))
        assert Stopped(0, "length") in events
