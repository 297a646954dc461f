"""The event stream, written for callers."""

import json
from typing import Any

import httpx2
import pytest
from openai import OpenAI
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from tests.dialects.openai_responses.collect import events_of
from tests.dialects.openai_responses.samples import (
    OUTPUT,
    WHOLE,
)
from torana.core.exchange import (
    Audio,
    Choice,
    Citation,
    Declined,
    Image,
    Logprob,
    ModelReply,
    ModelRequest,
    Opaque,
    Reasoning,
    Source,
    Text,
    Thinking,
    ToolCall,
    TopLogprob,
    VendorError,
    Video,
)
from torana.core.stream import (
    DataDelta,
    Event,
    Failed,
    Finished,
    PartEnded,
    PartStarted,
    Started,
    Stopped,
    TextDelta,
    UsageSeen,
)
from torana.core.usage import Usage
from torana.dialects.openai_responses import NAME
from torana.dialects.openai_responses.reply import decode_reply
from torana.dialects.openai_responses.request import decode_request
from torana.dialects.openai_responses.stream import Encoder

ASKED = ModelRequest(dialect=NAME, model="m")
_event: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def written(data: bytes) -> list[dict[str, Any]]:
    """The events, each checked against the official SDK's types; numbers rise from 0, names are types."""
    found: list[dict[str, Any]] = []
    for block in data.split(b"\n\n")[:-1]:
        name, _, payload = block.partition(b"\n")
        event = json.loads(payload.removeprefix(b"data: "))
        assert name == b"event: " + event["type"].encode()
        assert event["sequence_number"] == len(found)
        _event.validate_python(event)
        found.append(event)
    return found


def test_events_are_written_in_the_order_of_the_api() -> None:
    reply = ModelReply(
        id="r1",
        model="served",
        created=5,
        choices=(
            Choice(
                parts=(
                    Reasoning(summary=("One", "Two"), text="raw", encrypted="gAAA", id="rs_1"),
                    Text(text="Hi", citations=(Citation(url="u", title="t", start=0, end=1),)),
                    Declined(text="No"),
                    ToolCall(id="c1", name="f", arguments="{}"),
                    ToolCall(id="c2", name="p", arguments="free", custom=True),
                ),
                stop="tool_calls",
            ),
        ),
        usage=Usage(3, 1, 2, 1, cache_write=0),
    )
    events = written(Encoder(ASKED).encode(events_of(reply)))
    assert [event["type"].removeprefix("response.") for event in events] == [
        "created",
        "in_progress",
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "content_part.added",
        "reasoning_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "reasoning_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.annotation.added",
        "output_text.done",
        "content_part.done",
        "content_part.added",
        "refusal.delta",
        "refusal.delta",
        "refusal.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "output_item.added",
        "custom_tool_call_input.delta",
        "custom_tool_call_input.done",
        "output_item.done",
        "completed",
    ]
    last = events[-1]["response"]
    assert [item["type"] for item in last["output"]] == ["reasoning", "message", "function_call", "custom_tool_call"]
    assert last["usage"]["total_tokens"] == 5
    assert [event["output_index"] for event in events if event["type"] == "response.output_item.done"] == [0, 1, 2, 3]
    assert {event["response"]["id"] for event in events if "response" in event} == {"r1"}


def test_thoughts_without_a_summary_are_one_for_those_who_asked() -> None:
    request = ModelRequest(dialect=NAME, model="m", thinking=Thinking(summary="auto"))
    thought = Reasoning(text="Let me see.", signature="sig", id="rs_1")
    reply = ModelReply(id="a", model="b", choices=(Choice(parts=(thought, Text(text="x")), stop="stop"),))
    events = written(Encoder(request).encode(events_of(reply)))
    assert "response.reasoning_text.delta" not in [event["type"] for event in events]
    item = events[-1]["response"]["output"][0]
    assert item["summary"] == [{"type": "summary_text", "text": "Let me see."}]
    body = {"model": "m", "input": [item]}
    assert decode_request(json.dumps(body).encode(), None, None).messages[0].parts == (thought,)


def test_a_signature_that_is_known_only_at_the_end_comes_back() -> None:
    call = ToolCall(id="c", name="f", arguments="{}")
    started: list[Event] = [
        Started("a", "b"),
        PartStarted(0, 0, call),
        PartEnded(0, 0, "late"),
        Stopped(0, "tool_calls"),
        Finished(),
    ]
    items = written(Encoder(ASKED).encode(started))[-1]["response"]["output"]
    request = decode_request(json.dumps({"model": "m", "input": items}).encode(), None, None)
    assert request.messages[0].parts == (ToolCall(id="c", name="f", arguments="{}", signature="late"),)


def test_log_probabilities_are_streamed_and_repeated_at_the_end() -> None:
    logprob = Logprob(token="é", logprob=-0.5, top=(TopLogprob(token="é", logprob=-0.5),))
    choice = Choice(parts=(Text(text="é"),), stop="stop", logprobs=(logprob,))
    events = written(Encoder(ASKED).encode(events_of(ModelReply(id="a", model="b", choices=(choice,)))))
    by_type = {event["type"]: event for event in events}
    expected = {"token": "é", "logprob": -0.5, "bytes": [195, 169]}
    for name in ("response.output_text.delta", "response.output_text.done"):
        assert by_type[name]["logprobs"] == [{**expected, "top_logprobs": [expected]}]


def test_images_and_items_of_this_dialect_are_whole_items() -> None:
    raw = {"type": "web_search_call", "id": "ws", "status": "completed", "action": {"type": "search", "query": "q"}}
    events: list[Event] = [
        Started("a", "b"),
        PartStarted(0, 0, Image(source=Source(media_type="image/png", data="aa=="))),
        PartEnded(0, 0),
        PartStarted(0, 1, Opaque(dialect=NAME, kind="web_search_call", raw=raw)),
        PartEnded(0, 1),
        PartStarted(0, 2, Opaque(dialect="gemini", kind="executable_code", raw={})),
        PartEnded(0, 2),
        PartStarted(0, 3, Video(source=Source(url="v"))),
        PartEnded(0, 3),
        PartStarted(0, 4, Audio(source=Source())),
        TextDelta(0, 4, "Said."),
        DataDelta(0, 4, "aa=="),
        PartEnded(0, 4),
        PartStarted(1, 0, Text(text="another choice")),
        PartEnded(1, 0),
        Stopped(0, "stop"),
        Finished(),
    ]
    output = written(Encoder(ASKED).encode(events))[-1]["response"]["output"]
    assert [item["type"] for item in output] == ["image_generation_call", "web_search_call", "message"]
    assert output[2]["content"][0]["text"] == "Said."


@pytest.mark.parametrize(("code", "expected"), [("rate_limit_exceeded", "rate_limit_exceeded"), (None, "server_error")])
def test_a_failure_is_an_error_event_and_a_failed_response(code: str | None, expected: str) -> None:
    failed = Failed(VendorError(message="Oh.", code=code, param="p"))
    events = written(Encoder(ASKED).encode([Started("a", "b"), PartStarted(0, 0, Text(text="")), failed]))
    assert [event["type"] for event in events[-2:]] == ["error", "response.failed"]
    assert (events[-2]["message"], events[-2]["param"]) == ("Oh.", "p")
    assert events[-1]["response"]["error"] == {"code": expected, "message": "Oh."}
    assert events[-1]["response"]["status"] == "failed"


def test_later_usage_replaces_only_what_it_knows() -> None:
    events: list[Event] = [
        Started("a", "b"),
        UsageSeen(Usage(10, 4, None, None)),
        UsageSeen(Usage(None, None, 7, None)),
        Stopped(0, "length"),
        Finished(),
    ]
    last = written(Encoder(ASKED).encode(events))[-1]
    assert last["type"] == "response.incomplete"
    assert last["response"]["usage"]["input_tokens_details"]["cached_tokens"] == 4
    assert last["response"]["usage"]["total_tokens"] == 17


def _client(body: bytes) -> OpenAI:
    headers = {"content-type": "text/event-stream"}
    transport = httpx2.MockTransport(lambda request: httpx2.Response(200, headers=headers, content=body))
    return OpenAI(api_key="x", base_url="http://gate.example/v1", http_client=httpx2.Client(transport=transport))


def test_the_official_client_follows_an_encoded_stream_to_its_end() -> None:
    reply = decode_reply(json.dumps(WHOLE).encode())
    body = Encoder(ASKED).encode(events_of(reply))
    with _client(body) as client, client.responses.stream(model="m", input="x") as events:
        kinds = [event.type for event in events]
        final = events.get_final_response()
    assert kinds[-1] == "response.completed"
    assert final.output_text == "Hi there"
    assert [item.type for item in final.output] == [item["type"] for item in OUTPUT]
    assert final.usage is not None
    assert final.usage.total_tokens == 123
