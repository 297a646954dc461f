"""Streams: any split gives the same events, and every end is told."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.custom.conftest import Evaluator
from torana.core.exchange import Declined, Image, Reasoning, Source, Text, ToolCall
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
from torana.core.usage import Usage
from torana.custom.describe import StreamForm
from torana.custom.errors import CustomError
from torana.custom.framing import MOST_EVENT_BYTES, Framer
from torana.custom.stream import StreamMapper

PROPERTY = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])

SSE = (
    b': hi\r\n\r\nevent: x\r\ndata: {"t": "a"}\r\n\r\ndata: {"t":\ndata: "b\\u00e9"}\n\n\r\r'
    b'data:{"u": 3}\r\rdata: [DONE]\n\ndata: {"t": "z"}\n\n'
)
NDJSON = b'{"t": "a"}\r\n\n{"t": "b\xc3\xa9"}\n{"u": 3, "d": true}'
ARRAY = b' [{"t": "a"},\n {"t": "b\\u00e9", "x": "],\\"[\\\\"},\r\n{"u": 3}]\n'
STREAMS = {"sse": SSE, "ndjson": NDJSON, "json-array": ARRAY}
EVENT = '{"id": "r", "text": t, "usage": u ? {"output": u}, "done": d, "error": e}'
WHOLE: list[Event] = [
    Started("r", "m"),
    PartStarted(0, 0, Text(text="")),
    TextDelta(0, 0, "a"),
    TextDelta(0, 0, "bé"),
    UsageSeen(Usage(None, None, 3, None)),
    PartEnded(0, 0),
    Stopped(0, "stop"),
    Finished(),
]


def _form(framing: Any, event: str = EVENT, **fields: Any) -> StreamForm:
    return StreamForm(framing=framing, event=event, **fields)


def _events(evaluator: Evaluator, form: StreamForm, *portions: bytes) -> list[Event]:
    async def work() -> list[Event]:
        mapper = StreamMapper(evaluator.evaluate, form, "m")
        events: list[Event] = []
        for portion in portions:
            events += await mapper.feed(portion)
        return [*events, *(await mapper.end())]

    return evaluator.run(work())


def _lines(*events: Any) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


@pytest.mark.parametrize("framing", STREAMS)
def test_each_framing_gives_the_same_events(evaluator: Evaluator, framing: str) -> None:
    assert _events(evaluator, _form(framing), STREAMS[framing]) == WHOLE


@PROPERTY
@given(data=st.data(), framing=st.sampled_from(sorted(STREAMS)))
def test_any_split_gives_the_same_events(evaluator: Evaluator, data: st.DataObject, framing: str) -> None:
    stream = STREAMS[framing]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    portions = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert _events(evaluator, _form(framing), *portions) == WHOLE


@pytest.mark.parametrize("framing", STREAMS)
def test_bytes_that_come_one_by_one_give_the_same_events(evaluator: Evaluator, framing: str) -> None:
    stream = STREAMS[framing]
    assert _events(evaluator, _form(framing), *(stream[at : at + 1] for at in range(len(stream)))) == WHOLE


@PROPERTY
@given(st.binary(max_size=80) | st.text(alphabet='[]{},"\\:data \r\n1', max_size=60).map(str.encode), st.data())
def test_any_bytes_in_any_framing_give_the_same_texts_however_they_are_split(
    stream: bytes, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(stream)))
    for framing in STREAMS:
        assert _texts(framing, stream) == _texts(framing, stream[:cut], stream[cut:])


def _texts(framing: Any, *portions: bytes) -> list[bytes] | str:
    framer = Framer(framing)
    texts: list[bytes] = []
    try:
        for portion in portions:
            texts += framer.feed(portion)
    except CustomError as error:
        return str(error)
    return texts + framer.end()


@PROPERTY
@given(
    st.lists(
        st.none()
        | st.text(alphabet="ab", max_size=2)
        | st.dictionaries(
            st.sampled_from(["text", "reasoning", "tool_calls", "stop", "usage", "done", "error", "parts", "refusal", "model"]),
            st.none() | st.text(alphabet="ab", max_size=2) | st.booleans() | st.just({"name": "f", "arguments": {"a": 1}})
            | st.just([{"arguments": "x"}]) | st.just({"output": 1}) | st.just([{"type": "image", "url": "u"}]),
            max_size=4,
        ),
        max_size=6,
    )
)  # fmt: skip
def test_whatever_events_map_to_is_a_proper_sequence_or_a_clear_error(evaluator: Evaluator, values: list[Any]) -> None:
    with suppress(CustomError):
        events = _events(evaluator, _form("ndjson", "$", until_close=True), _lines(*values))
        kinds = [type(event) for event in events]
        assert kinds[-1] in (Finished, Failed)
        assert kinds.count(Finished) + kinds.count(Failed) == 1
        numbers = [event.number for event in events if isinstance(event, PartStarted)]
        assert numbers == list(range(len(numbers)))
        if Finished in kinds:
            assert kinds[0] is Started
            assert kinds.count(PartStarted) == kinds.count(PartEnded)
            assert kinds.count(Stopped) == 1


def test_thoughts_text_calls_and_parts_follow_each_other(evaluator: Evaluator) -> None:
    events = _events(
        evaluator,
        _form("ndjson", "$"),
        _lines(
            {"id": "r", "reasoning": "h"},
            {"reasoning": "m", "text": "t"},
            {"tool_calls": {"id": "c", "name": "f", "arguments": '{"a'}},
            {"tool_calls": [{"arguments": '": 1}'}]},
            {"parts": {"type": "image", "url": "u"}},
            {"refusal": "no", "stop": "LENGTH", "done": True},
            {"text": "late"},
        ),
    )
    assert events == [
        Started("r", "m"),
        PartStarted(0, 0, Reasoning()),
        ThoughtDelta(0, 0, "h"),
        ThoughtDelta(0, 0, "m"),
        PartEnded(0, 0),
        PartStarted(0, 1, Text(text="")),
        TextDelta(0, 1, "t"),
        PartEnded(0, 1),
        PartStarted(0, 2, ToolCall(id="c", name="f")),
        ArgumentsDelta(0, 2, '{"a'),
        ArgumentsDelta(0, 2, '": 1}'),
        PartEnded(0, 2),
        PartStarted(0, 3, Image(source=Source(url="u"))),
        PartEnded(0, 3),
        PartStarted(0, 4, Declined(text="")),
        TextDelta(0, 4, "no"),
        PartEnded(0, 4),
        Stopped(0, "length"),
        Finished(),
    ]


def test_a_stream_that_ends_too_early_has_failed(evaluator: Evaluator) -> None:
    for framing, stream in (
        ("sse", b'data: {"t": "a"}\n\n'),
        ("ndjson", b'{"t": "a"}\n'),
        ("json-array", b'[{"t": "a"},'),
    ):
        events = _events(evaluator, _form(framing), stream)
        assert events[2] == TextDelta(0, 0, "a")
        assert isinstance(events[-1], Failed)


def test_a_stream_that_gave_a_stop_reason_or_may_end_with_its_body_is_whole(evaluator: Evaluator) -> None:
    assert _events(evaluator, _form("ndjson", "$"), _lines({"text": "a", "stop": "stop"}))[-1] == Finished()
    assert _events(evaluator, _form("ndjson", "$", until_close=True), _lines("a"))[-1] == Finished()


def test_an_error_in_the_middle_fails_the_stream_and_ends_it(evaluator: Evaluator) -> None:
    events = _events(
        evaluator, _form("ndjson"), _lines({"t": "a"}, {"e": {"message": "broken", "code": "E1"}}, {"t": "b"})
    )
    failure = events[-1]
    assert isinstance(failure, Failed)
    assert (failure.error.message, failure.error.code) == ("broken", "E1")
    assert TextDelta(0, 0, "b") not in events


@pytest.mark.parametrize(
    ("framing", "stream", "code"),
    [
        ("sse", b"data: {nope\n\n", "upstream_bad_reply"),
        ("ndjson", b"[" * 100_000 + b"\n", "upstream_bad_reply"),
        ("json-array", b'{"a": 1}', "upstream_bad_reply"),
        ("ndjson", b"5\n", "custom_template_failed"),
        ("ndjson", b'{"txt": 1}\n', "custom_template_failed"),
        ("ndjson", b'{"tool_calls": [{"arguments": "x"}]}\n', "custom_template_failed"),
    ],
)
def test_an_event_that_cannot_be_read_is_a_clear_error(
    evaluator: Evaluator, framing: str, stream: bytes, code: str
) -> None:
    with pytest.raises(CustomError) as caught:
        _events(evaluator, _form(framing, "$"), stream)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("framing", "head", "more"),
    [("sse", b"data: ", b"x"), ("sse", b"", b"data: xxxxxxx\n"), ("ndjson", b"", b"x"), ("json-array", b"[", b"{")],
)
def test_an_event_without_end_is_refused_before_it_fills_the_memory(framing: Any, head: bytes, more: bytes) -> None:
    framer = Framer(framing)
    framer.feed(head)
    with pytest.raises(CustomError, match="too long"):
        _feed_for_ever(framer, more * (MOST_EVENT_BYTES // len(more) // 20))


def _feed_for_ever(framer: Framer, data: bytes) -> None:
    for _ in range(100):
        framer.feed(data)
