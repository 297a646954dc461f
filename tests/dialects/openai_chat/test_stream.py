"""Streams of chat completions: as OpenAI sends them, as vendors bend them, and as the official SDK reads what is written."""

import json
from typing import Any

import httpx2
import msgspec
import pytest
from openai import APIError, OpenAI
from openai.types.chat import ChatCompletionChunk

from tests.support.collecting import collect
from torana.core.exchange import (
    Audio,
    Choice,
    Citation,
    Declined,
    Image,
    Logprob,
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
from torana.dialects.openai_chat.stream import Decoder, Encoder

ASKED = ModelRequest(dialect="openai_chat", model="m", stream=True, stream_usage=True)
DONE = b"data: [DONE]\n\n"


def everything(data: bytes) -> list[Event]:
    decoder = Decoder()
    return [*decoder.feed(data), *decoder.end()]


def stream(*deltas: Any, finish: Any = "stop", end: bytes = DONE, **more: Any) -> bytes:
    """A stream of one choice with these deltas, and a reason to stop beside the last."""
    written = b""
    for number, delta in enumerate(deltas):
        last = number == len(deltas) - 1
        choice = {"index": 0, "delta": delta, "finish_reason": finish if last else None}
        # `json` keeps half a character as an escape, as some vendors send it.
        written += (
            b"data: "
            + json.dumps({"id": "x", "created": 5, "model": "m", "choices": [choice], **more}).encode()
            + b"\n\n"
        )
    return written + end


def told(*deltas: Any, **more: Any) -> Choice:
    return collect(everything(stream(*deltas, **more))).choices[0]


def parts(*deltas: Any, **more: Any) -> tuple[Any, ...]:
    return told(*deltas, **more).parts


def call(index: Any = None, name: str | None = None, arguments: Any = None, **more: Any) -> dict[str, Any]:
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    return {"tool_calls": [{**({} if index is None else {"index": index}), **more, "function": function}]}


def test_a_stream_of_the_reference_is_read_event_by_event() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    data = stream({"role": "assistant", "content": ""}, {"content": "Hel"}, {"content": "lo"}, {}, end=b"")
    data += b"data: " + msgspec.json.encode({"id": "x", "choices": [], "usage": usage}) + b"\n\n" + DONE
    decoder = Decoder()
    assert decoder.feed(data) == [
        Started("x", "m", 5),
        PartStarted(0, 0, Text(text="")),
        TextDelta(0, 0, "Hel"),
        TextDelta(0, 0, "lo"),
        PartEnded(0, 0),
        Stopped(0, "stop"),
        UsageSeen(Usage(3, None, 2, None)),
        Finished(),
    ]
    assert (decoder.model, decoder.usage, decoder.done) == ("m", Usage(3, None, 2, None), True)
    assert decoder.feed(data) == []
    assert decoder.end() == []


def test_arguments_stream_as_they_come() -> None:
    data = stream(call(0, "f", "", id="c"), call(0, arguments='{"a"'), call(0, arguments=":1}"), finish=None, end=b"")
    assert Decoder().feed(data)[1:] == [
        PartStarted(0, 0, ToolCall(id="c", name="f")),
        ArgumentsDelta(0, 0, '{"a"'),
        ArgumentsDelta(0, 0, ":1}"),
    ]


def test_parallel_calls_stream_one_after_the_other() -> None:
    data = stream(call(0, "f", "{}", id="c"), call(1, "g", '{"b"', id="d"), finish=None, end=b"")
    events = Decoder().feed(data)
    assert [type(event) for event in events[1:]] == [
        PartStarted,
        ArgumentsDelta,
        PartEnded,
        PartStarted,
        ArgumentsDelta,
    ]


@pytest.mark.parametrize("order", [(0, 1, 0, 1), (1, 0, 1, 0), (0, 1, 1, 0)])
def test_calls_told_in_turns_are_put_in_order(order: tuple[int, ...]) -> None:
    pieces = {0: ['{"a"', ":0}"], 1: ['{"a"', ":1}"]}
    deltas = [call(index, arguments=pieces[index].pop(0)) for index in order]
    found = parts(call(0, "f", "", id="c0"), call(1, "f", "", id="c1"), *deltas, finish="tool_calls")
    assert found == (ToolCall(id="c0", name="f", arguments='{"a":0}'), ToolCall(id="c1", name="f", arguments='{"a":1}'))


def test_text_in_the_middle_of_a_call_comes_after_it() -> None:
    found = parts(
        call(0, "f", '{"a"', id="c"), {"content": "x"}, call(0, arguments=":1}"), {"content": "y"}, finish="tool_calls"
    )
    assert found == (ToolCall(id="c", name="f", arguments='{"a":1}'), Text(text="xy"))


def test_calls_without_index_are_told_apart_by_their_ids() -> None:
    found = parts(call(None, "f", "{}", id="c"), call(None, "g", "{", id="d"), call(None, arguments="}", id="d"))
    assert found == (ToolCall(id="c", name="f", arguments="{}"), ToolCall(id="d", name="g", arguments="{}"))


def test_calls_with_the_same_index_are_told_apart_by_their_ids() -> None:
    found = parts(call(0, "f", "{}", id="c"), call(0, "g", "{}", id="d"))
    assert [part.id for part in found] == ["c", "d"]


def test_whole_calls_without_index_and_id_are_separate_and_get_ids() -> None:
    one = {"function": {"name": "f", "arguments": "{}"}}
    found = parts({"tool_calls": [one, one]}, finish="stop")
    assert [part.arguments for part in found] == ["{}", "{}"]
    assert found[0].id.startswith("call_")
    assert found[0].id != found[1].id


def test_an_id_and_name_repeated_with_every_piece_is_one_call() -> None:
    assert len(parts(call(0, "f", "{", id="c"), call(0, "f", "}", id="c"))) == 1


def test_arguments_before_the_name_wait_for_it() -> None:
    assert parts(call(0, arguments="{", id="c"), call(0, "f", "}")) == (ToolCall(id="c", name="f", arguments="{}"),)


def test_arguments_as_an_object_are_written_as_json() -> None:
    (found,) = parts(call(0, "f", {"a": 1}, id="c"))
    assert msgspec.json.decode(found.arguments) == {"a": 1}


def test_arguments_that_are_no_json_are_handed_on_as_text() -> None:
    (found,) = parts(call(0, "f", '{"a": oops', id="c"))
    assert found.arguments == '{"a": oops'


def test_a_function_call_of_the_older_form_is_a_call() -> None:
    (found,) = parts(
        {"function_call": {"name": "f", "arguments": "{"}},
        {"function_call": {"arguments": "}"}},
        finish="function_call",
    )
    assert (found.name, found.arguments) == ("f", "{}")


def test_stop_beside_a_call_means_that_a_tool_is_called() -> None:
    assert told(call(0, "f", "{}", id="c"), finish="stop").stop == "tool_calls"


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_thoughts_beside_the_content_are_read(field: str) -> None:
    assert parts({field: "h"}, {field: "m"}, {"content": "a", field: None}) == (Reasoning(text="hm"), Text(text="a"))


def test_a_chunk_that_holds_several_things_loses_none_of_them() -> None:
    both = {"content": "b", "reasoning": "hm", "refusal": "no"}
    found = parts(
        {"content": "a"},
        both,
        {"content": "c", **call(0, "f", "{", id="c")},
        {"content": "d", **call(0, arguments="}")},
    )
    assert found == (
        Text(text="a"),
        Reasoning(text="hm"),
        Text(text="b"),
        Declined(text="no"),
        Text(text="c"),
        ToolCall(id="c", name="f", arguments="{}"),
        Text(text="d"),
    )


def test_details_of_thoughts_go_before_the_plain_words_beside_them() -> None:
    def detail(**fields: Any) -> dict[str, Any]:
        return {"reasoning": fields.get("text") or "", "reasoning_details": [fields]}

    found = parts(
        detail(type="reasoning.text", text="h", index=0),
        detail(type="reasoning.text", text="m", index=0),
        detail(type="reasoning.text", signature="s", index=0),
        detail(type="reasoning.encrypted", data="e", index=1, id="r"),
        {"content": "a"},
    )
    assert found == (Reasoning(text="hm", signature="s"), Reasoning(encrypted="e", id="r"), Text(text="a"))


def test_content_as_parts_is_read_in_its_order() -> None:
    thinking = {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "signature": "s"}]}
    assert parts(thinking, {"content": [{"type": "text", "text": "a"}]}, {"content": "b"}) == (
        Reasoning(text="hm", signature="s"),
        Text(text="ab"),
    )


def test_images_sound_citations_and_log_probabilities_are_read() -> None:
    image = {"images": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]}
    note = {
        "annotations": [
            {
                "type": "url_citation",
                "url_citation": {"url": "https://x", "title": "X", "start_index": 0, "end_index": 1},
            }
        ]
    }
    sound = ({"audio": {"id": "a", "transcript": "hi"}}, {"audio": {"data": "AAAA"}}, {"audio": {"expires_at": 9}})
    assert parts({"content": "a"}, note, image, *sound) == (
        Text(text="a", citations=(Citation(url="https://x", title="X", start=0, end=1),)),
        Image(source=Source(url="https://x/y.png")),
        Audio(source=Source(data="AAAA"), transcript="hi", id="a", expires=9),
    )
    token = {"token": "a", "logprob": -1, "bytes": [97], "top_logprobs": []}
    choice = {"index": 0, "delta": {"content": "a"}, "logprobs": {"content": [token]}, "finish_reason": "stop"}
    data = b"data: " + msgspec.json.encode({"id": "x", "choices": [choice]}) + b"\n\n" + DONE
    assert collect(everything(data)).choices[0].logprobs == (Logprob(token="a", logprob=-1.0, bytes=(97,)),)


@pytest.mark.parametrize("where", ["usage", "x_groq"])
def test_usage_beside_choices_or_in_every_chunk_counts_last(where: str) -> None:
    def counted(tokens: int) -> bytes:
        usage = {"prompt_tokens": 3, "completion_tokens": tokens}
        return stream(
            {"content": "a"}, finish="stop", end=b"", **{where: usage if where == "usage" else {"usage": usage}}
        )

    events = everything(counted(1) + counted(2) + DONE)
    assert [event.usage for event in events if isinstance(event, UsageSeen)] == [Usage(3, None, 2, None)]


def test_an_empty_reason_to_stop_is_none_and_text_may_follow_a_reason() -> None:
    assert told({"content": "a"}, {"content": "b"}, finish="").stop is None
    assert parts({"content": "a"}, end=stream({"content": "b"})) == (Text(text="ab"),)


def test_a_first_chunk_without_id_and_choices_does_not_begin_the_reply() -> None:
    azure = b'data: {"id":"","model":"","choices":[],"prompt_filter_results":[]}\n\n'
    assert everything(azure + stream({"content": "a"}))[0] == Started("x", "m", 5)


def test_fields_of_wrong_types_are_taken_as_absent() -> None:
    choice = {"index": "0", "delta": {"role": 1, "content": "a", "refusal": []}, "finish_reason": "stop"}
    data = b"data: " + msgspec.json.encode({"id": 7, "created": 1.5, "model": [], "choices": [choice]}) + b"\n\n"
    reply = collect(everything(data + DONE))
    assert (reply.id, reply.created, reply.choices[0].parts) == ("", 1, (Text(text="a"),))


def test_half_characters_are_joined() -> None:
    assert parts({"content": "a\ud83d"}, {"content": "\ude00b"}) == (Text(text="a😀b"),)
    assert parts({"content": "a\ud83d"}, {"content": "b"}) == (Text(text="ab"),)
    assert parts(call(0, "f", '{"a":"\ud83d', id="c"), call(0, arguments='\ude00"}'))[0].arguments == '{"a":"😀"}'


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (b'{"error":{"message":"broke","code":500}}', "broke"),
        (b'{"error":"broke"}', "broke"),
        (b'{"object":"error","message":"broke","code":400}', "broke"),
        (b'{"id":"x","error":{"message":"broke"},"choices":[{"index":0,"delta":{},"finish_reason":"error"}]}', "broke"),
        (b'{"detail":"broke"}', "broke"),
        (b"{oops", "not JSON"),
        (b'"text"', "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"a":' * 50_000, "not JSON"),
        (b'{"id":NaN}', "not JSON"),
        (b'{"choices":[{"index":-1,"delta":{}}]}', "numbered from 0"),
        (b'{"choices":[{"index":0,"delta":{"audio":{"data":"!!"}}}]}', "base64"),
    ],
)
def test_what_is_wrong_in_the_middle_ends_the_stream(event: bytes, message: str) -> None:
    events = everything(
        stream({"content": "a"}, finish=None, end=b"") + b"data: " + event + b"\n\n" + stream({"content": "b"})
    )
    assert isinstance(events[-1], Failed)
    assert message in events[-1].error.message
    assert [type(event) for event in events[:3]] == [Started, PartStarted, TextDelta]
    assert not any(isinstance(event, TextDelta) for event in events[3:])


def test_a_stream_that_ends_early_fails_unless_it_said_why_it_stopped() -> None:
    assert isinstance(everything(stream({"content": "a"}, end=b""))[-1], Finished)
    assert isinstance(everything(stream({"content": "a"}, finish=None, end=b""))[-1], Failed)
    assert isinstance(everything(stream({"content": "a"}, end=b"")[:-2])[-1], Finished)
    assert everything(b"") == [Failed(VendorError(message="the stream ended before the reply was whole"))]
    assert isinstance(everything(DONE)[-1], Failed)


def test_comments_other_line_ends_and_unknown_events_are_passed_over() -> None:
    data = stream({"content": "a"}).replace(b"\n", b"\r\n")
    noise = b": OPENROUTER PROCESSING\r\n\r\nid: 5\r\nretry: 1\r\n\r\nevent: ping\r\ndata: now\r\n\r\n"
    assert collect(everything(noise + data)).choices[0].parts == (Text(text="a"),)
    assert parts({"content": "a"}, {"hologram": 1}, {}) == (Text(text="a"),)


def test_what_would_grow_without_bound_is_given_up() -> None:
    decoder = Decoder()
    assert isinstance(decoder.feed(b"data: " + b"x" * 9_000_000)[-1], Failed)
    assert decoder.done
    many = b"".join(b'data: {"choices":[{"index":%d,"delta":{}}]}\n\n' % index for index in range(200))
    assert isinstance(everything(many)[-1], Failed)
    calls = [call(index, "f", "{", id=str(index)) for index in range(1100)]
    assert isinstance(everything(stream(*calls))[-1], Failed)
    piece = call(0, arguments="x" * 1_000_000)
    assert isinstance(everything(stream(call(0, "f", "", id="c"), *[piece] * 9))[-1], Failed)
    turns = [call(index % 2, arguments="}") for index in range(2000)]
    assert isinstance(everything(stream(call(0, "f", "{", id="a"), call(1, "f", "{", id="b"), *turns))[-1], Failed)


EVENTS: list[Event] = [
    Started("x", "m", 5, "default", "fp"),
    PartStarted(0, 0, Reasoning()),
    ThoughtDelta(0, 0, "hm"),
    ThoughtDelta(0, 0, signature="s"),
    PartEnded(0, 0),
    PartStarted(0, 1, Text(text="")),
    TextDelta(0, 1, "He"),
    TextDelta(0, 1, "llo"),
    Cited(0, 1, Citation(url="https://x", title="X", start=0, end=5)),
    PartEnded(0, 1),
    PartStarted(0, 2, Opaque(dialect="gemini", kind="x", raw={})),
    PartEnded(0, 2),
    PartStarted(0, 3, ToolCall(id="c", name="f")),
    ArgumentsDelta(0, 3, '{"a":'),
    ArgumentsDelta(0, 3, "1}"),
    PartEnded(0, 3, "g"),
    PartStarted(0, 4, ToolCall(id="d", name="g")),
    ArgumentsDelta(0, 4, "{}"),
    PartEnded(0, 4),
    Stopped(0, "tool_calls"),
    UsageSeen(Usage(3, 1, None, None)),
    UsageSeen(Usage(None, None, 2, 1)),
    Finished(),
]


def client(body: bytes) -> OpenAI:
    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=body)

    return OpenAI(
        api_key="k",
        base_url="http://x",
        http_client=httpx2.Client(transport=httpx2.MockTransport(answer)),
        max_retries=0,
    )


def test_every_chunk_is_accepted_by_the_sdk_in_its_strict_form() -> None:
    lines = Encoder(ASKED).encode(EVENTS).split(b"\n\n")
    assert lines[-2:] == [b"data: [DONE]", b""]
    for line in lines[:-2]:
        chunk = ChatCompletionChunk.model_validate_json(line[6:], strict=True)
        assert (chunk.id, chunk.created, chunk.model, chunk.service_tier, chunk.system_fingerprint) == (
            "x",
            5,
            "m",
            "default",
            "fp",
        )


def test_the_sdk_collects_the_whole_answer() -> None:
    sdk = client(Encoder(ASKED).encode(EVENTS))
    with sdk.chat.completions.stream(model="m", messages=[{"role": "user", "content": "Hi"}]) as events:
        for _ in events:
            pass
        final = events.get_final_completion()
    message = final.choices[0].message
    assert (message.content, message.role, final.choices[0].finish_reason) == ("Hello", "assistant", "tool_calls")
    assert message.tool_calls is not None
    assert [(found.id, found.function.name, found.function.arguments) for found in message.tool_calls] == [
        ("c", "f", '{"a":1}'),
        ("d", "g", "{}"),
    ]
    assert final.usage is not None
    assert (final.usage.total_tokens, final.usage.completion_tokens_details.reasoning_tokens) == (5, 1)  # type: ignore[union-attr]
    sdk.close()


def test_an_error_in_the_middle_raises_in_the_sdk() -> None:
    body = Encoder(ASKED).encode([*EVENTS[:4], Failed(VendorError(message="broke", code="c"))])
    sdk = client(body)
    with pytest.raises(APIError, match="broke"):
        list(sdk.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}], stream=True))
    sdk.close()


def test_usage_is_written_only_for_callers_who_asked() -> None:
    written = Encoder(msgspec.structs.replace(ASKED, stream_usage=None)).encode(EVENTS)
    assert b'"usage"' not in written
    assert Encoder(ASKED).encode(EVENTS).count(b'"usage":null') == Encoder(ASKED).encode(EVENTS).count(b"data: {") - 1


def test_a_reply_without_id_and_time_gets_them() -> None:
    events: list[Event] = [Started("", ""), Stopped(0, None), Finished()]
    written = Encoder(ASKED).encode(events)
    chunk = ChatCompletionChunk.model_validate_json(written.split(b"\n\n")[0][6:], strict=True)
    assert chunk.id.startswith("chatcmpl")
    assert chunk.model == "m"


def test_summaries_of_thoughts_keep_their_paragraphs() -> None:
    events: list[Event] = [
        Started("x", "m"),
        PartStarted(0, 0, Reasoning(id="r")),
        ThoughtDelta(0, 0, summary="a"),
        ThoughtDelta(0, 0, summary="b", new_paragraph=True),
        ThoughtDelta(0, 0, encrypted="e"),
        PartEnded(0, 0),
        Stopped(0, "stop"),
        Finished(),
    ]
    written = Encoder(ASKED).encode(events)
    assert collect(everything(written)).choices[0].parts == (Reasoning(summary=("a", "b"), encrypted="e", id="r"),)
    plain = [
        json.loads(line[6:])["choices"][0]["delta"].get("reasoning_content", "") for line in written.split(b"\n\n")[:-2]
    ]
    assert "".join(plain) == "a\n\nb"
