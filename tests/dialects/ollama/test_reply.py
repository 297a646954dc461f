"""Ollama's replies, whole and streamed, as its documentation shows them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.splits import cut_at, split_points
from torana.core.exchange import (
    Image,
    Logprob,
    Reasoning,
    Source,
    Text,
    ToolCall,
    TopLogprob,
    VendorError,
)
from torana.core.stream import (
    ArgumentsDelta,
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
from torana.core.usage import UNKNOWN, Usage
from torana.dialects import NotAReplyError
from torana.dialects.ollama.carries import CARRIES
from torana.dialects.ollama.embed import decode_embed_reply
from torana.dialects.ollama.errors import decode_error
from torana.dialects.ollama.reply import decode_reply
from torana.dialects.ollama.stream import Decoder

TIME = "2025-10-17T23:14:07.414671123Z"
SECONDS = 1_760_742_847
EXAMPLE: dict[str, Any] = {
    "model": "qwen3",
    "created_at": TIME,
    "message": {
        "role": "assistant",
        "content": "Hello!",
        "thinking": "Hm",
        "images": ["iVBORw0KGgoAAAA="],
        "tool_calls": [
            {"id": "call_x", "function": {"index": 0, "name": "weather", "arguments": {"city": "Rome", "n": 1.5}}},
            {"function": {"name": "time"}},
            {"function": {"name": "text", "arguments": "not JSON"}},
        ],
    },
    "done": True,
    "done_reason": "stop",
    "total_duration": 174560334,
    "prompt_eval_count": 11,
    "eval_count": 18,
    "logprobs": [
        {
            "token": "Hello",
            "logprob": -0.5,
            "bytes": [72, 101],
            "top_logprobs": [{"token": "Hi", "logprob": -1.5}],
        }
    ],
}


def test_every_field_of_a_reply_is_read() -> None:
    reply = decode_reply(json.dumps(EXAMPLE).encode())
    (choice,) = reply.choices
    assert choice.parts[:4] == (
        Reasoning(text="Hm"),
        Text(text="Hello!"),
        Image(source=Source(media_type="image/png", data="iVBORw0KGgoAAAA=")),
        ToolCall(id="call_x", name="weather", arguments='{"city":"Rome","n":1.5}'),
    )
    second, third = choice.parts[4:]
    assert isinstance(second, ToolCall)
    assert isinstance(third, ToolCall)
    assert (second.arguments, third.arguments) == ("{}", "not JSON")
    assert second.id.startswith("call_")
    assert second.id != third.id
    assert choice.logprobs == (
        Logprob(token="Hello", logprob=-0.5, bytes=(72, 101), top=(TopLogprob(token="Hi", logprob=-1.5),)),
    )
    assert choice.stop == "tool_calls"
    assert (reply.model, reply.created, reply.id) == ("qwen3", SECONDS, "")
    assert reply.usage == Usage(11, None, 18, None)


@pytest.mark.parametrize(
    ("reason", "stop", "detail"), [("stop", "stop", None), ("length", "length", None), ("load", "stop", "load")]
)
def test_every_done_reason_has_its_word(reason: str, stop: str, detail: str | None) -> None:
    body = {"message": {"role": "assistant", "content": "a"}, "done": True, "done_reason": reason}
    reply = decode_reply(json.dumps(body).encode())
    assert (reply.choices[0].stop, reply.choices[0].stop_detail) == (stop, detail)
    assert (reply.created, reply.usage) == (None, UNKNOWN)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"error":"model not found"}',
        b'{"message":' + b"[" * 100_000,
        b'{"message":5}',
        b'{"message":{"tool_calls":[{"function":{"name":"a","arguments":' + b"[" * 100_000,
        b'{"message":{},"eval_count":-1}',
    ],
)
def test_what_is_no_reply_is_said_to_be_none(body: bytes) -> None:
    for read in (decode_reply, decode_embed_reply):
        with pytest.raises(NotAReplyError):
            read(body)


def test_vectors_are_read() -> None:
    reply = decode_embed_reply(
        b'{"model":"embeddinggemma","embeddings":[[0.5,-1],[1,2]],"total_duration":1,"prompt_eval_count":8}'
    )
    assert (reply.model, reply.vectors) == ("embeddinggemma", ((0.5, -1.0), (1.0, 2.0)))
    assert reply.usage == Usage(8, None, None, None)


def test_errors_are_read() -> None:
    assert decode_error(b'{"error":"model \'x\' not found"}') == VendorError(message="model 'x' not found")
    assert decode_error(b'{"error":{"message":"x"}}') is None
    assert decode_error(b"404 page not found") is None


def line(done: bool = False, **fields: Any) -> bytes:
    value = {"model": "qwen3", "created_at": TIME, **fields, "done": done}
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def say(**fields: Any) -> bytes:
    return line(message={"role": "assistant", "content": "", **fields})


CALLS = [{"id": "c1", "function": {"name": "weather", "arguments": {"city": "Rome"}}}]
END = line(True, message={"role": "assistant", "content": ""}, done_reason="stop", prompt_eval_count=11, eval_count=18)
TURN = b"".join(
    [
        say(thinking="Hm"),
        say(thinking="m"),
        say(content="Grüße"),
        say(content=", Rom").replace(b"\n", b"\r\n"),
        b"\n",
        say(tool_calls=CALLS),
        say(tool_calls=[{"id": "c2", "function": {"name": "time"}}]),
        END,
    ]
)
EVENTS: list[Event] = [
    Started("", "qwen3", SECONDS),
    PartStarted(0, 0, Reasoning()),
    ThoughtDelta(0, 0, "Hm"),
    ThoughtDelta(0, 0, "m"),
    PartEnded(0, 0),
    PartStarted(0, 1, Text(text="")),
    TextDelta(0, 1, "Grüße"),
    TextDelta(0, 1, ", Rom"),
    PartEnded(0, 1),
    PartStarted(0, 2, ToolCall(id="c1", name="weather")),
    ArgumentsDelta(0, 2, '{"city":"Rome"}'),
    PartEnded(0, 2),
    PartStarted(0, 3, ToolCall(id="c2", name="time")),
    ArgumentsDelta(0, 3, "{}"),
    PartEnded(0, 3),
    Stopped(0, "tool_calls"),
    UsageSeen(Usage(11, None, 18, None)),
    Finished(),
]


def decode(*lines: bytes) -> list[Event]:
    decoder = Decoder()
    return decoder.feed(b"".join(lines)) + decoder.end()


def test_a_turn_is_read_whole() -> None:
    decoder = Decoder()
    assert decoder.feed(TURN) == EVENTS
    assert (decoder.done, decoder.model, decoder.usage) == (True, "qwen3", Usage(11, None, 18, None))
    assert decoder.feed(TURN) == []
    assert decoder.end() == []


@given(split_points(TURN))
def test_any_split_gives_the_same_events(points: list[int]) -> None:
    decoder = Decoder()
    assert [event for portion in cut_at(TURN, points) for event in decoder.feed(portion)] == EVENTS


def test_calls_without_ids_have_the_same_ones_however_the_stream_is_split() -> None:
    data = say(tool_calls=[{"function": {"name": "a"}}, {"function": {"name": "a"}}]) + END
    whole = decode(data)
    assert whole == decode(*[data[at : at + 1] for at in range(len(data))])
    ids = {event.part.id for event in whole if isinstance(event, PartStarted) and isinstance(event.part, ToolCall)}
    assert len(ids) == 2


def test_the_last_line_may_lack_its_end() -> None:
    assert decode(TURN[:-1]) == EVENTS


def test_a_cut_stream_fails() -> None:
    for end in range(0, len(TURN) - 1, 11):
        assert isinstance(decode(TURN[:end])[-1], Failed)


def test_an_error_in_the_middle_fails_the_stream() -> None:
    failed = decode(say(content="a"), b'{"error":"out of memory"}\n', END)[-1]
    assert failed == Failed(VendorError(message="out of memory"))


@pytest.mark.parametrize(
    "bad", [b"{\n", b"[1]\n", b"[" * 100_000 + b"\n", b"\xff\n", b'{"message":5}\n', b"data: {}\n", b'{"error":{}}\n']
)
def test_what_is_damaged_fails_the_stream_once_and_for_all(bad: bytes) -> None:
    decoder = Decoder()
    events = decoder.feed(say(content="a") + bad + END)
    assert isinstance(events[-1], Failed)
    assert decoder.end() == []


def test_a_line_that_does_not_end_fails_the_stream() -> None:
    decoder = Decoder()
    events: list[Event] = []
    for _ in range(10):
        events += decoder.feed(b"x" * 1_000_000)
    assert [type(event) for event in events] == [Failed]


def test_images_and_log_probabilities_are_streamed() -> None:
    logprobs = [{"token": "a", "logprob": -0.5}]
    events = decode(
        say(images=["/9j/4AAQ"]),
        line(message={"role": "assistant", "content": "a"}, logprobs=logprobs),
        END,
    )
    assert events[1:5] == [
        PartStarted(0, 0, Image(source=Source(media_type="image/jpeg", data="/9j/4AAQ"))),
        PartEnded(0, 0),
        PartStarted(0, 1, Text(text="")),
        TextDelta(0, 1, "a", (Logprob(token="a", logprob=-0.5),)),
    ]


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["message", "content", "tool_calls", "function", "name", "arguments", "done", "created_at"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(st.binary(max_size=100), _json, _json, st.text(max_size=30))
def test_any_bytes_give_events_or_no_reply_and_never_another_exception(
    data: bytes, message: Any, call: Any, time: str
) -> None:
    bodies = [
        data,
        json.dumps(message).encode(),
        json.dumps({"message": message, "created_at": time}).encode(),
        json.dumps({"message": {"tool_calls": [call]}, "done": True}).encode(),
        json.dumps(
            {"message": {"tool_calls": [{"function": {"name": "a", "arguments": call}}]}, "done": True}
        ).encode(),
    ]
    for body in bodies:
        assert isinstance(decode(body)[-1], Finished | Failed)
        try:
            decode_reply(body)
        except NotAReplyError:
            continue


def test_the_table_of_what_is_carried_has_every_subject() -> None:
    assert len(CARRIES) == 28
