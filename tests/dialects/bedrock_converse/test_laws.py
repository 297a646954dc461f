"""What holds for every reply that Converse can say, and for every one that is shown to its callers."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dialects.bedrock_converse.shapes import check_reply, check_stream
from tests.support.collecting import collect
from tests.support.exchanges import (
    ARGUMENTS,
    BASE64,
    CALLS,
    DECLINED,
    NAMES,
    SOUNDS,
    URLS,
    WORDS,
    choices,
    replies,
    streams,
)
from tests.support.splits import cut_at, split_points
from torana.core.exchange import (
    Choice,
    Citation,
    Image,
    Message,
    ModelReply,
    ModelRequest,
    Part,
    Reasoning,
    Source,
    Text,
    ToolCall,
)
from torana.core.replay import replay
from torana.core.stream import Event, Failed, Finished, PartEnded, PartStarted, Started, ThoughtDelta
from torana.core.usage import UNKNOWN, Usage
from torana.dialects import NotAReplyError
from torana.dialects.bedrock_converse import NAME
from torana.dialects.bedrock_converse.reply import decode_reply, encode_reply, read_citation
from torana.dialects.bedrock_converse.request import decode_request
from torana.dialects.bedrock_converse.stream import Decoder, Encoder

REQUEST = ModelRequest(dialect=NAME, model="asked", stream=True)
MARKED = BASE64.map(lambda proof: f"bedrock_converse:{proof}")
IMAGES: st.SearchStrategy[Part] = st.builds(
    Image, source=st.builds(Source, media_type=st.sampled_from(["image/png", "image/jpeg"]), data=BASE64)
)
CITATIONS = st.builds(
    lambda title, url, text: read_citation(
        {"title": title, "location": {"web": {"url": url}}, "sourceContent": [{"text": text}]}
    ),
    WORDS,
    URLS,
    WORDS,
)
CITED: st.SearchStrategy[Part] = st.builds(Text, text=WORDS, citations=st.lists(CITATIONS, max_size=2).map(tuple))
THOUGHT: st.SearchStrategy[Part] = st.builds(Reasoning, text=WORDS, signature=st.none() | MARKED)
REDACTED: st.SearchStrategy[Part] = st.builds(Reasoning, encrypted=MARKED)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    fresh, out = draw(st.integers(0, 2**40)), draw(st.integers(0, 2**40))
    read, written = draw(st.none() | st.integers(0, 2**40)), draw(st.none() | st.integers(0, 2**40))
    return Usage(fresh + (read or 0) + (written or 0), read, out, None, cache_write=written)


def _with_end(choice: Choice) -> Choice:
    if any(isinstance(part, ToolCall) for part in choice.parts) and choice.stop == "stop":
        choice = msgspec.structs.replace(choice, stop="tool_calls")
    details = {"content_filter": "content_filtered", "error": "malformed_model_output"}
    return msgspec.structs.replace(choice, stop_detail=details.get(choice.stop or ""))


STOPS = ("stop", "length", "stop_sequence", "content_filter", "refusal", "pause", "context_window", "error")
OWN = replies(
    choices(THOUGHT, REDACTED, CITED, IMAGES, CALLS, CALLS, stops=STOPS).map(_with_end),
    usage=usages(),
    id=st.just(""),
    model=st.just(""),
    created=st.none(),
)


def read(portions: list[bytes]) -> list[Event]:
    decoder = Decoder()
    return [event for portion in portions for event in decoder.feed(portion)] + decoder.end()


@given(OWN, st.none() | st.sampled_from(["default", "priority"]), st.none() | WORDS)
def test_a_reply_written_and_read_is_the_same_and_one_that_botocore_takes(
    reply: ModelReply, tier: str | None, sequence: str | None
) -> None:
    first = msgspec.structs.replace(reply.choices[0], stop_sequence=sequence)
    reply = msgspec.structs.replace(reply, service_tier=tier, choices=(first,))
    written = encode_reply(reply, REQUEST)
    check_reply(written)
    assert decode_reply(written) == reply


@given(streams(OWN), st.data())
def test_a_stream_written_and_read_in_any_portions_adds_up_to_the_same_reply(
    told: tuple[ModelReply, list[Event]], data: st.DataObject
) -> None:
    reply, events = told
    encoder = Encoder(REQUEST)
    cut = data.draw(st.integers(0, len(events)))
    stream = encoder.encode(events[:cut]) + encoder.encode(events[cut:])
    check_stream(stream)
    assert collect(read(cut_at(stream, data.draw(split_points(stream))))) == reply


OTHERS = st.sampled_from(["anthropic_messages:c2ln", "AVSoXO4=", "gAAAAABo"])
FOREIGN_THOUGHT: st.SearchStrategy[Part] = st.one_of(
    st.builds(Reasoning, text=WORDS, signature=OTHERS),
    st.builds(Reasoning, summary=WORDS.map(lambda text: (text,)), encrypted=OTHERS, id=NAMES),
    st.builds(Reasoning, encrypted=OTHERS),
)
SIGNED_CALL: st.SearchStrategy[Part] = st.builds(
    ToolCall, id=NAMES, name=NAMES, arguments=ARGUMENTS, signature=st.none() | OTHERS
)
SIGNED_TEXT: st.SearchStrategy[Part] = st.builds(Text, text=WORDS, signature=st.none() | OTHERS)
FOREIGN = replies(choices(FOREIGN_THOUGHT, SIGNED_TEXT, SIGNED_CALL))


def put_together(events: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """The blocks of a stream, as an application makes its next request of them."""
    blocks: dict[int, dict[str, Any]] = {}
    for kind, event in events:
        if kind == "contentBlockStart":
            blocks[event["contentBlockIndex"]] = {"toolUse": {**event["start"]["toolUse"], "input": ""}}
        elif kind == "contentBlockDelta":
            block, delta = blocks.setdefault(event["contentBlockIndex"], {}), event["delta"]
            if "text" in delta:
                block["text"] = block.get("text", "") + delta["text"]
            elif "toolUse" in delta:
                block["toolUse"]["input"] += delta["toolUse"]["input"]
            else:
                thought = block.setdefault("reasoningContent", {}).setdefault("reasoningText", {})
                for name, value in delta["reasoningContent"].items():
                    thought[name] = thought.get(name, "") + value
    for block in blocks.values():
        if "toolUse" in block:
            block["toolUse"]["input"] = json.loads(block["toolUse"]["input"] or "{}")
    return [blocks[index] for index in sorted(blocks)]


@given(FOREIGN)
def test_what_another_vendor_wants_back_comes_back_through_the_caller_whole_or_streamed(reply: ModelReply) -> None:
    whole = check_reply(encode_reply(reply, REQUEST))["output"]["message"]["content"]
    streamed = put_together(check_stream(Encoder(REQUEST).encode(replay(reply))))
    for content in (whole, streamed):
        body = json.dumps({"messages": [{"role": "assistant", "content": content}]}).encode()
        assert decode_request(body, "m", False).messages == (Message(role="assistant", parts=reply.choices[0].parts),)
    assert decode_reply(encode_reply(reply, REQUEST)).choices[0].parts == reply.choices[0].parts


ANY = replies(choices(FOREIGN_THOUGHT, SIGNED_TEXT, DECLINED, SOUNDS, SIGNED_CALL, stops=STOPS), most_choices=3)


@given(streams(ANY))
def test_whatever_a_vendor_says_is_shown_in_a_form_that_botocore_takes(told: tuple[ModelReply, list[Event]]) -> None:
    reply, events = told
    check_reply(encode_reply(reply, REQUEST))
    kinds = [kind for kind, _ in check_stream(Encoder(REQUEST).encode(events))]
    assert (kinds[0], kinds[-2:]) == ("messageStart", ["messageStop", "metadata"])


def test_a_reply_without_an_answer_is_empty_and_one_to_a_refused_prompt_is_filtered() -> None:
    assert check_reply(encode_reply(ModelReply(), REQUEST)) == {
        "output": {"message": {"role": "assistant", "content": []}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0},
        "metrics": {"latencyMs": 0},
    }
    assert check_reply(encode_reply(ModelReply(blocked="SAFETY"), REQUEST))["stopReason"] == "content_filtered"


def test_the_measured_time_is_told() -> None:
    reply = ModelReply(choices=(Choice(stop="stop"),), latency_ms=17)
    assert check_reply(encode_reply(reply, REQUEST))["metrics"] == {"latencyMs": 17}
    (_, last) = check_stream(Encoder(REQUEST).encode(replay(reply)))[-1]
    assert last["metrics"] == {"latencyMs": 17}


def test_calls_end_a_reply_as_tool_use_even_where_the_vendor_says_a_plain_stop() -> None:
    choice = Choice(parts=(ToolCall(id="c", name="n", arguments="no JSON"),), stop="stop")
    reply = check_reply(encode_reply(ModelReply(choices=(choice,)), REQUEST))
    assert reply["stopReason"] == "tool_use"
    (block,) = reply["output"]["message"]["content"]
    # No JSON is shown as it is, and comes back so.
    assert block["toolUse"]["input"] == "no JSON"


@pytest.mark.parametrize(
    ("citation", "shown"),
    [
        (
            Citation(url="https://example.com", title="t"),
            {"title": "t", "location": {"web": {"url": "https://example.com"}}},
        ),
        (
            Citation(document=1, cited_text="x"),
            {"sourceContent": [{"text": "x"}], "location": {"documentChunk": {"documentIndex": 1}}},
        ),
    ],
)
def test_citations_of_others_are_shown(citation: Citation, shown: dict[str, Any]) -> None:
    reply = ModelReply(choices=(Choice(parts=(Text(text="a", citations=(citation,)),), stop="stop"),))
    (block,) = check_reply(encode_reply(reply, REQUEST))["output"]["message"]["content"]
    assert block["citationsContent"] == {"content": [{"text": "a"}], "citations": [shown]}
    events = check_stream(Encoder(REQUEST).encode(replay(reply)))
    assert ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"citation": shown}}) in events


def test_a_text_that_no_frame_could_hold_comes_in_several() -> None:
    text = "\u0001" * 5_000_000
    reply = ModelReply(choices=(Choice(parts=(Text(text=text),), stop="stop"),), usage=UNKNOWN)
    assert collect(read([Encoder(REQUEST).encode(replay(reply))])).choices == reply.choices


def test_a_proof_that_no_frame_could_hold_ends_the_stream_by_an_exception() -> None:
    encoder = Encoder(REQUEST)
    proof = "bedrock_converse:" + "A" * (25 * 1_048_576)
    stream = encoder.encode(
        [
            Started("", ""),
            PartStarted(0, 0, Reasoning()),
            ThoughtDelta(0, 0, text="Hm", signature=proof),
            PartEnded(0, 0),
        ]
    )
    assert check_stream(stream)[-1][0] == "modelStreamErrorException"
    assert encoder.encode([Finished()]) == b""
    assert isinstance(read([stream])[-1], Failed)


def test_what_json_cannot_hold_is_no_reply() -> None:
    reply = ModelReply(choices=(Choice(parts=(Text(text="\ud800"),), stop="stop"),))
    with pytest.raises(NotAReplyError):
        encode_reply(reply, REQUEST)
