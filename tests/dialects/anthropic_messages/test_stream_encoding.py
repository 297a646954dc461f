"""Our events as a stream for a caller, read by Anthropic's SDK."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic.types import RawMessageStreamEvent
from pydantic import TypeAdapter

from torana.core.errors import Refusal
from torana.core.exchange import (
    Audio,
    Citation,
    Declined,
    Image,
    ModelRequest,
    Opaque,
    Reasoning,
    Source,
    Text,
    ToolCall,
    VendorError,
)
from torana.core.stream import (
    ArgumentsDelta,
    Cited,
    DataDelta,
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
from torana.dialects.anthropic_messages.errors import encode_error_event
from torana.dialects.anthropic_messages.request import decode_request
from torana.dialects.anthropic_messages.signatures import MARK, NAME
from torana.dialects.anthropic_messages.stream import Encoder

REQUEST = ModelRequest(dialect=NAME, model="asked", stream=True)
EVENT = TypeAdapter[Any](RawMessageStreamEvent)


def encode(*events: Event) -> bytes:
    encoder = Encoder(REQUEST)
    return b"".join(encoder.encode([event]) for event in events)


def whole(*events: Event, stopped: Stopped | None = None) -> bytes:
    return encode(Started("msg_1", "claude-x"), *events, stopped or Stopped(0, "stop"), Finished())


def payloads(stream: bytes) -> Iterator[dict[str, Any]]:
    for block in stream.decode().removesuffix("\n\n").split("\n\n"):
        name, data = block.split("\n")
        found = json.loads(data.removeprefix("data: "))
        assert name == f"event: {found['type']}"
        yield found


def kinds(stream: bytes) -> list[str]:
    return [found["type"] for found in payloads(stream)]


def client(stream: bytes) -> anthropic.Anthropic:
    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=stream)

    transport = httpx2.MockTransport(answer)
    return anthropic.Anthropic(api_key="k", max_retries=0, http_client=httpx2.Client(transport=transport))


def final(stream: bytes) -> anthropic.types.Message:
    with (
        client(stream) as sdk,
        sdk.messages.stream(model="m", max_tokens=9, messages=[{"role": "user", "content": "a"}]) as events,
    ):
        return events.get_final_message()


ALL: list[Event] = [
    PartStarted(0, 0, Reasoning()),
    ThoughtDelta(0, 0, "Hm"),
    ThoughtDelta(0, 0, "."),
    ThoughtDelta(0, 0, signature=MARK + "EqQB"),
    PartEnded(0, 0),
    PartStarted(0, 1, Reasoning(encrypted=MARK + "EmwK")),
    PartEnded(0, 1),
    PartStarted(0, 2, Text(text="")),
    TextDelta(0, 2, "Hel"),
    TextDelta(0, 2, 'lo "ä"\n'),
    PartEnded(0, 2),
    PartStarted(0, 3, ToolCall(id="toolu_1", name="f")),
    ArgumentsDelta(0, 3, '{"a":'),
    ArgumentsDelta(0, 3, "1}"),
    PartEnded(0, 3),
    UsageSeen(Usage(1110, 100, 7, 3, cache_write=1000)),
]


def test_a_stream_with_everything_has_the_events_and_types_of_the_sdk() -> None:
    stream = whole(*ALL, stopped=Stopped(0, "tool_calls"))
    for found in payloads(stream):
        EVENT.validate_python(found)
    assert kinds(stream) == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "content_block_start",
        "content_block_stop",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


def test_the_sdk_adds_the_stream_up() -> None:
    message = final(whole(*ALL, stopped=Stopped(0, "tool_calls")))
    assert message.to_dict() == {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-x",
        "content": [
            {"type": "thinking", "thinking": "Hm.", "signature": "EqQB"},
            {"type": "redacted_thinking", "data": "EmwK"},
            {"type": "text", "text": 'Hello "ä"\n'},
            {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "stop_details": None,
        "usage": {
            "input_tokens": 10,
            "cache_creation_input_tokens": 1000,
            "cache_read_input_tokens": 100,
            "output_tokens": 7,
            "output_tokens_details": {"thinking_tokens": 3},
        },
    }


def test_what_was_counted_before_the_reply_stands_in_its_start() -> None:
    stream = encode(
        Started("m", "c", service_tier="batch", usage=Usage(30, 5, 1, None)), UsageSeen(Usage(30, 5, 1, None))
    )
    assert next(payloads(stream))["message"]["usage"] == {
        "input_tokens": 25,
        "cache_read_input_tokens": 5,
        "output_tokens": 1,
        "service_tier": "batch",
    }  # fmt: skip


def test_the_whole_usage_stands_at_the_end_also_when_it_comes_after_the_stop() -> None:
    stream = encode(
        Started("m", "c", usage=Usage(30, 5, 1, None)),
        Stopped(0, "stop"),
        UsageSeen(Usage(None, None, 9, None)),
        Finished(),
    )
    assert list(payloads(stream))[-2]["usage"] == {
        "input_tokens": 25,
        "cache_read_input_tokens": 5,
        "output_tokens": 9,
    }


def test_a_start_that_says_little_is_completed() -> None:
    message = next(payloads(encode(Started("", ""))))["message"]
    assert message["id"].startswith("msg_")
    assert message["model"] == "asked"


def test_the_bytes_do_not_depend_on_how_events_are_handed_over() -> None:
    events = [Started("m", "c"), *ALL, Stopped(0, "tool_calls"), Finished()]
    assert Encoder(REQUEST).encode(events) == encode(*events)


def test_empty_parts_make_no_blocks() -> None:
    stream = whole(
        PartStarted(0, 0, Text(text="")),
        PartEnded(0, 0),
        PartStarted(0, 1, Reasoning()),
        PartEnded(0, 1),
        PartStarted(0, 2, Opaque(dialect="gemini", kind="executableCode", raw={})),
        PartEnded(0, 2),
    )
    assert kinds(stream) == ["message_start", "message_delta", "message_stop"]


def come_back(stream: bytes) -> Any:
    content = [block.to_dict() for block in final(stream).content]
    body = {"model": "m", "messages": [{"role": "assistant", "content": content}]}
    return decode_request(json.dumps(body).encode()).messages[0].parts


def test_encrypted_reasoning_of_another_vendor_comes_back_through_the_caller() -> None:
    stream = whole(
        PartStarted(0, 0, Reasoning(id="rs_1")),
        ThoughtDelta(0, 0, summary="First."),
        ThoughtDelta(0, 0, summary="Second.", new_paragraph=True),
        ThoughtDelta(0, 0, encrypted="gAAA"),
        PartEnded(0, 0),
    )
    assert come_back(stream) == (Reasoning(summary=("First.\n\nSecond.",), encrypted="gAAA", id="rs_1"),)


def test_signatures_of_calls_and_texts_come_back_through_the_caller() -> None:
    stream = whole(
        PartStarted(0, 0, Text(text="")),
        TextDelta(0, 0, "a"),
        PartEnded(0, 0, "CiQA"),
        PartStarted(0, 1, ToolCall(id="a", name="f", signature="CiQB")),
        ArgumentsDelta(0, 1, "{}"),
        PartEnded(0, 1),
    )
    assert come_back(stream) == (
        Text(text="a", signature="CiQA"),
        ToolCall(id="a", name="f", arguments="{}", signature="CiQB"),
    )


def test_a_thought_without_proof_has_no_signature_delta() -> None:
    stream = whole(PartStarted(0, 0, Reasoning()), ThoughtDelta(0, 0, "Hm."), PartEnded(0, 0))
    assert [block.to_dict() for block in final(stream).content] == [
        {"type": "thinking", "thinking": "Hm.", "signature": ""}
    ]


def test_a_summary_is_not_shown_where_the_thought_itself_is() -> None:
    stream = whole(
        PartStarted(0, 0, Reasoning()), ThoughtDelta(0, 0, "Hm."), ThoughtDelta(0, 0, summary="s"), PartEnded(0, 0)
    )
    assert come_back(stream) == (Reasoning(text="Hm."),)


def test_words_of_refusal_are_a_text_and_a_refusal() -> None:
    message = final(whole(PartStarted(0, 0, Declined(text="")), TextDelta(0, 0, "No."), PartEnded(0, 0)))
    assert message.stop_reason == "refusal"
    assert message.content[0].to_dict() == {"type": "text", "text": "No."}


def test_what_was_said_is_shown_of_sound() -> None:
    stream = whole(
        PartStarted(0, 0, Audio(source=Source())), DataDelta(0, 0, "AAAA"), TextDelta(0, 0, "Hi"), PartEnded(0, 0)
    )
    assert final(stream).content[0].to_dict() == {"type": "text", "text": "Hi"}


def test_an_image_comes_whole() -> None:
    image = Image(source=Source(media_type="image/png", data="iVBO"))
    stream = whole(PartStarted(0, 0, image), PartEnded(0, 0))
    assert kinds(stream)[1:3] == ["content_block_start", "content_block_stop"]


def test_a_servers_tool_has_its_input_in_a_delta() -> None:
    use = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
    stream = whole(PartStarted(0, 0, Opaque(dialect=NAME, kind="server_tool_use", raw=use)), PartEnded(0, 0))
    assert list(payloads(stream))[1]["content_block"]["input"] == {}
    assert final(stream).content[0].to_dict() == use


def test_a_citation_is_shown() -> None:
    raw = {
        "type": "web_search_result_location",
        "cited_text": "x",
        "encrypted_index": "Eo",
        "title": "A",
        "url": "https://a",
    }
    stream = whole(
        PartStarted(0, 0, Text(text="")),
        TextDelta(0, 0, "a"),
        Cited(0, 0, Citation(raw=raw, dialect=NAME)),
        Cited(0, 0, Citation(start=0, end=1)),
        PartEnded(0, 0),
    )
    assert final(stream).content[0].to_dict() == {"type": "text", "text": "a", "citations": [raw]}


def test_a_free_text_call_is_shown_with_its_text_as_input() -> None:
    stream = whole(
        PartStarted(0, 0, ToolCall(id="a", name="f", custom=True)),
        ArgumentsDelta(0, 0, "SELECT"),
        ArgumentsDelta(0, 0, ' "1"'),
        PartEnded(0, 0),
    )
    assert final(stream).content[0].to_dict()["input"] == {"input": 'SELECT "1"'}


def test_only_the_first_choice_is_written() -> None:
    other: list[Event] = [
        PartStarted(1, 0, Text(text="")),
        TextDelta(1, 0, "b"),
        PartEnded(1, 0),
        Stopped(1, "length"),
    ]
    first: list[Event] = [PartStarted(0, 0, Text(text="")), TextDelta(0, 0, "a")]
    stream = whole(*first, *other, TextDelta(1, 0, "b"), PartEnded(0, 0))
    message = final(stream)
    assert [block.to_dict() for block in message.content] == [{"type": "text", "text": "a"}]
    assert message.stop_reason == "end_turn"


def test_half_a_character_is_passed_on_escaped() -> None:
    stream = whole(PartStarted(0, 0, Text(text="")), TextDelta(0, 0, "a\ud83d"), PartEnded(0, 0))
    assert b'"a\\ud83d"' in stream


@pytest.mark.parametrize(
    ("kind", "shown"),
    [("overloaded_error", "overloaded_error"), ("server_error", "api_error"), (None, "api_error")],
)
def test_a_failure_is_an_error_event_that_the_sdk_raises(kind: str | None, shown: str) -> None:
    stream = encode(Started("m", "c"), Failed(VendorError(message="It broke \ud83d.", type=kind, code="x")))
    with pytest.raises(anthropic.APIStatusError) as caught:
        final(stream)
    body: Any = caught.value.body
    assert body["error"]["type"] == shown
    assert body["error"]["message"].startswith("It broke")


def test_a_refusal_ends_a_stream_with_an_error_event_that_the_sdk_raises() -> None:
    refusal = Refusal("upstream_cut", target="a")
    with pytest.raises(anthropic.APIStatusError) as caught:
        final(encode(Started("m", "c")) + encode_error_event(refusal, "call-1"))
    body: Any = caught.value.body
    assert body["error"]["code"] == "upstream_cut"
    assert body["request_id"] == "call-1"
