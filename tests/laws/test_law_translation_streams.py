"""Any vendor's stream, in any portions, becomes the caller's stream: the same as the whole reply translated, or an error event."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws.meaning import answered, counted
from tests.support.collecting import collect
from tests.support.eventstream import Header, write_frame
from tests.support.splits import cut_at, split_points
from tests.support.vendors import VENDORS
from tests.support.vendors.shape import INPUT, OUTPUT, Answer
from torana.core.errors import Refusal
from torana.core.exchange import Message, ModelRequest, Text
from torana.core.replay import replay
from torana.core.stream import (
    Event,
    Failed,
    Finished,
    TextDelta,
)
from torana.dialects import NotAReplyError
from torana.dialects.registry import DIALECTS, GEMINI_ARRAY, INBOUND, OUTBOUND, Dialect

CALL = ("call_1", "weather", '{"city":"Orléans","days":[1,2.5,null]}')
ANSWERS = {
    "text": Answer("Hello, naïve 😀 world: a text of some length."),
    "call": Answer(call=CALL),
    "all": Answer("I look it up.", "Let me think about it for a while.", CALL),
    "cut short": Answer("Hello, na", cut_short=True),
}
CALLERS: dict[str, Dialect] = {**{name: DIALECTS[name] for name in INBOUND}, "gemini_array": GEMINI_ARRAY}
EVENT: list[Header] = [
    (":event-type", 7, "contentBlockDelta"),
    (":content-type", 7, "application/json"),
    (":message-type", 7, "event"),
]
LONGEST = 3
"""Times that a failed stream may be longer than a whole one."""


def asked(caller: Dialect) -> ModelRequest:
    said = (Message(role="user", parts=(Text(text="Hi"),)),)
    return ModelRequest(dialect=caller.folder, model="m", messages=said, stream=True, stream_usage=True)


def cases() -> list[Any]:
    return [
        pytest.param(vendor, name, id=f"{vendor}-{name}")
        for vendor in OUTBOUND
        for name in ANSWERS
        if vendor != "openai_completions" or name in ("text", "cut short")
    ]


def through(vendor: str, portions: list[bytes], caller: Dialect) -> tuple[bytes, list[Event]]:
    """The caller's stream for these portions of the vendor's, and what was understood of the latter."""
    decoder, encoder = DIALECTS[vendor].decoder(), caller.encoder(asked(caller))
    out, understood = b"", []
    for portion in portions:
        events = decoder.feed(portion)
        understood += events
        out += encoder.encode(events)
    events = decoder.end()
    return out + encoder.encode(events), understood + events


def read(caller: Dialect, stream: bytes) -> list[Event]:
    decoder = caller.decoder()
    return decoder.feed(stream) + decoder.end()


@pytest.mark.parametrize(("vendor", "name"), cases())
@pytest.mark.parametrize("caller", CALLERS.values(), ids=CALLERS.keys())
@settings(max_examples=8)
@given(data=st.data())
def test_a_stream_in_any_portions_says_what_the_whole_reply_says(
    vendor: str, name: str, caller: Dialect, data: st.DataObject
) -> None:
    answer, target = ANSWERS[name], DIALECTS[vendor]
    whole = target.decode_reply(VENDORS[vendor].whole(answer))
    expected = caller.decode_reply(caller.encode_reply(whole, asked(caller)))
    if caller.name != "openai_completions":
        assert answered(expected) == answered(whole)
    stream = b"".join(VENDORS[vendor].events(answer))
    told, _ = through(vendor, cut_at(stream, data.draw(split_points(stream))), caller)
    found = collect(read(caller, told))
    assert answered(found) == answered(expected)
    assert counted(found.usage) == counted(expected.usage) == (INPUT, OUTPUT)
    replayed = collect(read(caller, caller.encoder(asked(caller)).encode(replay(whole))))
    assert answered(replayed) == answered(expected)


def fails(caller: Dialect, told: bytes) -> None:
    """The caller is told of an error, once and in its own form, and of no proper end."""
    events = read(caller, told)
    assert isinstance(events[-1], Failed), events[-1:]
    assert not any(isinstance(event, Finished) for event in events)
    if caller is GEMINI_ARRAY:
        assert "error" in json.loads(told)[-1]


@pytest.mark.parametrize("vendor", OUTBOUND)
@pytest.mark.parametrize("caller", CALLERS.values(), ids=CALLERS.keys())
def test_an_error_at_any_place_of_a_stream_is_the_callers_own_error_event(vendor: str, caller: Dialect) -> None:
    simulated = VENDORS[vendor]
    events = simulated.events(ANSWERS["text"])
    for place in range(len(events) - 2):
        told, understood = through(vendor, [*events[:place], simulated.error_event, *events[place:]], caller)
        assert isinstance(understood[-1], Failed)
        fails(caller, told)


@pytest.mark.parametrize("vendor", OUTBOUND)
@pytest.mark.parametrize("caller", CALLERS.values(), ids=CALLERS.keys())
@pytest.mark.parametrize("name", ["text", "all"])
def test_a_stream_that_is_cut_fails_unless_it_was_whole(vendor: str, caller: Dialect, name: str) -> None:
    if vendor == "openai_completions" and name == "all":
        return
    stream = b"".join(VENDORS[vendor].events(ANSWERS[name]))
    whole, _ = through(vendor, [stream], caller)
    expected = answered(collect(read(caller, whole)))
    for length in range(0, len(stream), 11):
        told, understood = through(vendor, [stream[:length]], caller)
        if isinstance(understood[-1], Finished):
            assert answered(collect(read(caller, told))) == expected
        else:
            fails(caller, told)


JUNK = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"data: {\n\n",
            b"data: []\n\n",
            b"data: null\n\n",
            b'data: {"choices": 1}\n\n',
            b"data: " + b"[" * 5000 + b"\n\n",
            b'data: {"a": NaN}\n\n',
            b'data: {"error": 1}\n\n',
            b"\n{}\n",
            b"\r\n\r\n: comment\r\n\r\n",
            b"event: \xff\ndata: \xff\xfe\n\n",
            b"\x00\x00\x00\x10\x00\x00\x00\x00",
        ]
    ),
)


@pytest.mark.parametrize("vendor", OUTBOUND)
@settings(max_examples=60)
@given(data=st.data())
def test_garbage_in_a_stream_ends_it_properly_or_by_an_error(vendor: str, data: st.DataObject) -> None:
    caller = data.draw(st.sampled_from(list(CALLERS.values())))
    stream = b"".join(VENDORS[vendor].events(ANSWERS["all" if vendor != "openai_completions" else "text"]))
    place, junk = data.draw(st.integers(0, len(stream))), data.draw(JUNK)
    told, understood = through(vendor, [stream[:place], junk, stream[place:]], caller)
    assert isinstance(understood[-1], Failed | Finished)
    if isinstance(understood[-1], Failed):
        fails(caller, told)
    else:
        collect(read(caller, told))
    assert len(told) <= LONGEST * len(through(vendor, [stream], caller)[0]) + 4 * len(junk) + 2000


@pytest.mark.parametrize("vendor", OUTBOUND)
@settings(max_examples=60)
@given(data=st.data())
def test_a_whole_reply_with_any_byte_changed_is_translated_or_is_none(vendor: str, data: st.DataObject) -> None:
    caller = data.draw(st.sampled_from([DIALECTS[name] for name in INBOUND]))
    body = VENDORS[vendor].whole(ANSWERS["all"])
    place = data.draw(st.integers(0, len(body) - 1))
    changed = (
        body[:place]
        + data.draw(st.binary(max_size=3) | st.sampled_from([b'"', b"[", b"null", b"{}", b"1e999"]))
        + body[place + 1 :]
    )
    try:
        reply = DIALECTS[vendor].decode_reply(changed)
        caller.encode_reply(reply, asked(caller))
        caller.encoder(asked(caller)).encode(replay(reply))
    except (Refusal, NotAReplyError):
        pass


@pytest.mark.parametrize("caller", CALLERS.values(), ids=CALLERS.keys())
@pytest.mark.parametrize("vendor", list(OUTBOUND))
def test_half_an_emoji_costs_a_reply_nothing_but_itself(caller: Dialect, vendor: str) -> None:
    # JSON may say half of a surrogate pair, as vendors do that cut texts by UTF-16 units; no UTF-8 can hold it.
    answer = Answer("Hello, HALF and more")
    whole = DIALECTS[vendor].decode_reply(VENDORS[vendor].whole(answer).replace(b"HALF", b"\\ud83d"))
    caller.encode_reply(whole, asked(caller)).decode()
    portions = [_with_half(event) for event in VENDORS[vendor].events(answer)]
    told, understood = through(vendor, portions, caller)
    assert not isinstance(understood[-1], Failed), understood[-1]
    if caller.name != "bedrock_converse":
        # Its frames have checksums.
        told.decode()
    texts = "".join(event.text for event in read(caller, told) if isinstance(event, TextDelta))
    assert texts.startswith("Hello, ")
    assert texts.endswith(" and more")


def _with_half(event: bytes) -> bytes:
    if b"HALF" in event and event[:1] == b"\x00":
        # A frame of Bedrock's, which tells its own length and checksum.
        return write_frame(EVENT, b'{"contentBlockIndex":0,"delta":{"text":"\\ud83d an"}}')
    return event.replace(b"HALF", b"\\ud83d")
