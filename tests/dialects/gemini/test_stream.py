"""Streams as Gemini sends them and as its callers get them, and all that can go wrong with one."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from google.genai import types

from torana.core.exchange import (
    Audio,
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
from torana.dialects.gemini.stream import Decoder, Encoder
from torana.dialects.sse import MOST_EVENT_BYTES

ASKED = ModelRequest(dialect="gemini", model="gemini-3-pro", stream=True)


def chunk(*parts: dict[str, Any], stop: str | None = None, **fields: Any) -> dict[str, Any]:
    """A chunk with one candidate."""
    candidate: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}, "index": 0}
    if stop is not None:
        candidate["finishReason"] = stop
    return {"candidates": [candidate], "modelVersion": "m", "responseId": "r-1", **fields}


def sse(*chunks: dict[str, Any], end: str = "\r\n") -> bytes:
    """Server-sent events."""
    return "".join(f"data: {json.dumps(one)}{end}{end}" for one in chunks).encode()


def decoded(data: bytes, array: bool = False) -> list[Event]:
    """All events of a stream."""
    decoder = Decoder(array=array)
    events = decoder.feed(data) + decoder.end()
    assert decoder.done
    assert decoder.feed(data) == decoder.end() == []
    return events


def test_a_stream_of_text_is_read() -> None:
    usage = {"promptTokenCount": 4, "totalTokenCount": 4}
    last = {"promptTokenCount": 4, "candidatesTokenCount": 3, "thoughtsTokenCount": 2, "totalTokenCount": 9}
    data = sse(
        chunk({"text": "hm", "thought": True}, usageMetadata=usage),
        chunk({"text": "Hel"}, usageMetadata=usage),
        chunk({"text": "lo"}, usageMetadata=usage),
        chunk({"text": "", "thoughtSignature": "AAAA"}, stop="STOP", usageMetadata=last),
    )
    assert decoded(data) == [
        Started("r-1", "m"),
        UsageSeen(Usage(4, None, 0, None)),
        PartStarted(0, 0, Reasoning()),
        ThoughtDelta(0, 0, "hm"),
        PartEnded(0, 0),
        PartStarted(0, 1, Text(text="")),
        TextDelta(0, 1, "Hel"),
        TextDelta(0, 1, "lo"),
        PartEnded(0, 1, "AAAA"),
        Stopped(0, "stop"),
        UsageSeen(Usage(4, None, 5, 2)),
        Finished(),
    ]


def test_calls_sound_images_and_code_are_read() -> None:
    data = sse(
        chunk({"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "AAAA"}),
        chunk({"inlineData": {"mimeType": "audio/pcm", "data": "AAAA"}}),
        chunk({"inlineData": {"mimeType": "audio/pcm", "data": "BBBB"}}),
        chunk({"inlineData": {"mimeType": "image/png", "data": "CCCC"}}, {"executableCode": {"code": "1"}}),
        chunk(stop="STOP"),
    )
    assert decoded(data)[1:] == [
        PartStarted(0, 0, ToolCall(id="call_g_r1_1", name="f", signature="AAAA")),
        ArgumentsDelta(0, 0, '{"a": 1}'),
        PartEnded(0, 0),
        PartStarted(0, 1, Audio(source=Source(media_type="audio/pcm", data=""))),
        DataDelta(0, 1, "AAAA"),
        DataDelta(0, 1, "BBBB"),
        PartEnded(0, 1),
        PartStarted(0, 2, Image(source=Source(media_type="image/png", data="CCCC"))),
        PartEnded(0, 2),
        PartStarted(0, 3, Opaque(dialect="gemini", kind="executableCode", raw={"executableCode": {"code": "1"}})),
        PartEnded(0, 3),
        Stopped(0, "tool_calls"),
        Finished(),
    ]


def test_calls_of_replies_without_an_id_are_told_apart() -> None:
    ids = set()
    for argument in (1, 2):
        data = sse({"candidates": [{"content": {"parts": [{"functionCall": {"name": "f", "args": {"a": argument}}}]}}]})
        ids |= {event.part.id for event in decoded(data) if isinstance(event, PartStarted)}  # type: ignore[union-attr]
    assert len(ids) == 2


def test_several_answers_at_once_are_kept_apart() -> None:
    first = {"content": {"parts": [{"text": "a"}]}}
    second = {"content": {"parts": [{"text": "b"}]}, "index": 1, "finishReason": "MAX_TOKENS"}
    data = sse(
        {"candidates": [second, {**first, "index": 0}]}, {"candidates": [{**first, "finishReason": "STOP", "index": 0}]}
    )
    stops = [event for event in decoded(data) if isinstance(event, Stopped)]
    assert stops == [Stopped(1, "length"), Stopped(0, "stop")]


def test_a_refused_prompt_is_read_and_told_again() -> None:
    data = sse({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 3}})
    events = decoded(data)
    assert events[-3:] == [
        Stopped(0, "content_filter", None, "PROHIBITED_CONTENT", blocked=True),
        UsageSeen(Usage(3, None, None, None)),
        Finished(),
    ]
    [reply] = sdk(Encoder(ASKED).encode(events))
    assert reply.prompt_feedback is not None
    assert reply.prompt_feedback.block_reason == types.BlockedReason.PROHIBITED_CONTENT


def test_grounding_behind_the_text_is_hung_on_it() -> None:
    grounding = {
        "groundingChunks": [{"web": {"uri": "https://a.example"}}],
        "groundingSupports": [{"segment": {"endIndex": 3}, "groundingChunkIndices": [0]}],
    }
    last = chunk({"text": "", "thoughtSignature": "AAAA"}, stop="STOP")
    last["candidates"][0]["groundingMetadata"] = grounding
    [cited] = [event for event in decoded(sse(chunk({"text": "abc"}), last)) if isinstance(event, Cited)]
    assert (cited.number, cited.citation.url, cited.citation.start, cited.citation.end) == (
        0,
        "https://a.example",
        0,
        3,
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_line_ends_comments_and_portions_make_no_difference(end: str, size: int) -> None:
    plain = [chunk({"text": "ü€😀"}), chunk({"text": "!"}, stop="STOP")]
    data = f": hello{end}{end}event: message{end}id: 1{end}".encode() + sse(*plain, end=end) + f": bye{end}".encode()
    decoder = Decoder()
    events = [event for at in range(0, len(data), size) for event in decoder.feed(data[at : at + size])]
    assert events + decoder.end() == decoded(sse(*plain))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_json_array_is_read_in_any_portions(size: int) -> None:
    chunks = [chunk({"text": '"]}\\'}), chunk({"text": "[{"}, stop="STOP")]
    data = b"[" + b"\n,\r\n".join(json.dumps(one, indent=2).encode() for one in chunks) + b"]\n"
    decoder = Decoder(array=True)
    events = [event for at in range(0, len(data), size) for event in decoder.feed(data[at : at + size])]
    assert events + decoder.end() == decoded(sse(*chunks))


def test_the_last_event_may_lack_its_empty_line() -> None:
    data = sse(chunk({"text": "a"}, stop="STOP")).rstrip()
    assert decoded(data)[-1] == Finished()


def test_half_a_character_in_an_event_does_not_end_the_stream() -> None:
    data = sse(chunk({"text": "HALF"}), chunk({"text": "b"}, stop="STOP")).replace(b"HALF", b"a\\ud83d")
    deltas = [event.text for event in decoded(data) if isinstance(event, TextDelta)]
    assert deltas == ["a\ufffd", "b"]


FAULTS: dict[str, bytes] = {
    "nothing": b"",
    "no stop": sse(chunk({"text": "a"})),
    "cut in an event": sse(chunk({"text": "a"}), chunk({"text": "b"}, stop="STOP"))[:-60],
    "no JSON": b"data: <html>\n\n",
    "no object": b"data: [1]\n\n",
    "wrong types": sse({"candidates": "x"}),
    "nested": b"data: " + b"[" * 5000 + b"\n\n",
    "base64": sse(chunk({"inlineData": {"mimeType": "image/png", "data": "?"}}, stop="STOP")),
    "error in the middle": sse(chunk({"text": "a"}), {"error": {"code": 503, "message": "m", "status": "UNAVAILABLE"}}),
    "no answer": sse({"candidates": [], "modelVersion": "m"}),
    "negative index": sse({"candidates": [{"index": -1, "finishReason": "STOP"}]}),
    "endless": b"data: " + b"x" * (MOST_EVENT_BYTES + 10),
}


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_broken_stream_fails_once_and_last(fault: str) -> None:
    events = decoded(FAULTS[fault])
    assert isinstance(events[-1], Failed)
    assert not any(isinstance(event, Failed | Finished) for event in events[:-1])


def test_an_error_in_the_middle_says_what_the_vendor_said() -> None:
    assert decoded(FAULTS["error in the middle"])[-1] == Failed(
        VendorError(message="m", type="UNAVAILABLE", code="503")
    )


@pytest.mark.parametrize(
    "data",
    [b"[", b'[{"candidates":[', b"[" + json.dumps(chunk({"text": "a"})).encode(), b"[]", b'[{"error":{"code":500}}]'],
)
def test_a_broken_array_fails(data: bytes) -> None:
    assert isinstance(decoded(data, array=True)[-1], Failed)


def sdk(data: bytes, array: bool = False) -> list[types.GenerateContentResponse]:
    """What Google's SDK reads of a stream."""
    found = json.loads(data) if array else [json.loads(event[6:]) for event in data.decode().split("\r\n\r\n")[:-1]]
    return [types.GenerateContentResponse.model_validate(one) for one in found]


OTHERS: list[Event] = [
    Started("msg_1", "claude"),
    UsageSeen(Usage(7, 2, None, None)),
    PartStarted(0, 0, Reasoning()),
    ThoughtDelta(0, 0, "h"),
    ThoughtDelta(0, 0, summary="m", new_paragraph=True),
    ThoughtDelta(0, 0, signature="AA"),
    ThoughtDelta(0, 0, signature="AA"),
    PartEnded(0, 0),
    PartStarted(0, 1, Text(text="")),
    TextDelta(0, 1, "Hello "),
    TextDelta(0, 1, "wörld"),
    PartEnded(0, 1),
    PartStarted(0, 2, ToolCall(id="t1", name="f")),
    ArgumentsDelta(0, 2, '{"a":'),
    ArgumentsDelta(0, 2, "1}"),
    PartEnded(0, 2),
    Stopped(0, "tool_calls"),
    UsageSeen(Usage(None, None, 9, 4)),
]


@pytest.mark.parametrize("array", [True, False])
@pytest.mark.parametrize("size", [1, 5, 100])
def test_the_stream_of_another_vendor_is_taken_by_googles_sdk(array: bool, size: int) -> None:
    encoder = Encoder(ASKED, array=array)
    events = [*OTHERS, Finished()]
    data = b"".join(encoder.encode(events[at : at + size]) for at in range(0, len(events), size))
    assert encoder.encode([TextDelta(0, 3, "late")]) == b""
    replies = sdk(data, array)
    # Google's own chats forget a turn of which any chunk has no parts.
    parts = [part for reply in replies for part in reply.candidates[0].content.parts]  # type: ignore[index, union-attr]
    assert {(reply.response_id, reply.model_version) for reply in replies} == {("msg_1", "claude")}
    assert "".join(part.text or "" for part in parts if part.thought) == "h\n\nm"
    assert [part.thought_signature for part in parts if part.thought_signature] == [b"\0\0\0"]
    assert "".join(part.text or "" for part in parts if not part.thought) == "Hello wörld"
    [call] = [part.function_call for part in parts if part.function_call]
    assert (call.id, call.name, call.args) == ("t1", "f", {"a": 1})
    last = replies[-1]
    assert last.candidates is not None
    assert last.candidates[0].finish_reason == types.FinishReason.STOP
    assert last.usage_metadata is not None
    assert (last.usage_metadata.prompt_token_count, last.usage_metadata.candidates_token_count) == (7, 5)
    assert all(reply.candidates[0].finish_reason is None for reply in replies[:-1])  # type: ignore[index]


@pytest.mark.parametrize(
    ("array", "read"),
    [
        (False, lambda data: json.loads(data.decode().split("\r\n\r\n")[-2][6:])),
        (True, lambda data: json.loads(data)[-1]),
    ],
)
def test_a_failure_is_told_in_googles_form(array: bool, read: Callable[[bytes], Any]) -> None:
    failed = Failed(VendorError(message="overloaded", code="overloaded_error"))
    for events in ([failed], [*OTHERS, failed]):
        encoder = Encoder(ASKED, array=array)
        error = read(encoder.encode(events))["error"]
        assert (error["code"], error["message"], error["status"]) == (502, "overloaded", "UNAVAILABLE")
        assert encoder.encode([Finished()]) == b""


def test_an_answer_without_a_word_has_no_content() -> None:
    [reply] = sdk(Encoder(ASKED).encode([Started("r", "m"), Stopped(0, "content_filter"), Finished()]))
    assert reply.candidates is not None
    assert reply.candidates[0].content is None
    assert reply.candidates[0].finish_reason == types.FinishReason.SAFETY
