"""Whole messages, both ways. Examples after https://platform.claude.com/docs/en/api/messages."""

import json
from typing import Any

import pytest
from anthropic.types import Message as SdkMessage

from torana.core.exchange import (
    Audio,
    Choice,
    Citation,
    Declined,
    Image,
    ModelReply,
    ModelRequest,
    Opaque,
    Part,
    Reasoning,
    Source,
    Stop,
    Text,
    ToolCall,
)
from torana.core.usage import UNKNOWN, Usage
from torana.dialects import NotAReplyError
from torana.dialects.anthropic_messages.reply import decode_reply, encode_reply
from torana.dialects.anthropic_messages.request import decode_request
from torana.dialects.anthropic_messages.signatures import MARK, NAME

REQUEST = ModelRequest(dialect=NAME, model="asked")
WEB = {
    "type": "web_search_result_location",
    "url": "https://a",
    "title": "A",
    "cited_text": "x",
    "encrypted_index": "Eo8",
}


def message(*content: Any, **fields: Any) -> bytes:
    return json.dumps(
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-x",
            "content": list(content),
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 10, "output_tokens": 5},
            **fields,
        }
    ).encode()


def encode(*parts: Part, stop: Stop | None = "stop", **fields: Any) -> dict[str, Any]:
    choice = Choice(parts=parts, stop=stop, stop_detail=fields.pop("stop_detail", None))
    written = encode_reply(ModelReply(choices=(choice,), **fields), REQUEST)
    SdkMessage.model_validate_json(written)
    found: dict[str, Any] = json.loads(written)
    return found


def test_a_message_is_read_field_by_field() -> None:
    reply = decode_reply(
        message(
            {"type": "thinking", "thinking": "Hm.", "signature": "EqQB"},
            {"type": "redacted_thinking", "data": "EmwK"},
            {"type": "text", "text": "See A.", "citations": [WEB]},
            {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": [1, 2.5]}, "caller": {"type": "direct"}},
            {"type": "server_tool_use", "id": "srv", "name": "web_search", "input": {}},
            stop_reason="tool_use",
            usage={
                "input_tokens": 10,
                "cache_read_input_tokens": 100,
                "cache_creation_input_tokens": 1000,
                "output_tokens": 7,
                "output_tokens_details": {"thinking_tokens": 3},
                "service_tier": "priority",
            },
            future={"a": 1},
        )
    )
    assert reply == ModelReply(
        id="msg_1",
        model="claude-x",
        choices=(
            Choice(
                parts=(
                    Reasoning(text="Hm.", signature=MARK + "EqQB"),
                    Reasoning(encrypted=MARK + "EmwK"),
                    Text(
                        text="See A.",
                        citations=(Citation(url="https://a", title="A", cited_text="x", raw=WEB, dialect=NAME),),
                    ),
                    ToolCall(id="toolu_1", name="f", arguments='{"a":[1,2.5]}'),
                    Opaque(
                        dialect=NAME,
                        kind="server_tool_use",
                        raw={"type": "server_tool_use", "id": "srv", "name": "web_search", "input": {}},
                    ),
                ),
                stop="tool_calls",
            ),
        ),
        usage=Usage(1110, 100, 7, 3, cache_write=1000),
        service_tier="priority",
    )


@pytest.mark.parametrize(
    ("reason", "stop", "detail"),
    [
        ("end_turn", "stop", None),
        ("max_tokens", "length", None),
        ("tool_use", "tool_calls", None),
        ("pause_turn", "pause", None),
        ("refusal", "refusal", None),
        ("model_context_window_exceeded", "context_window", None),
        ("compaction", "pause", "compaction"),
        ("brand_new", "stop", "brand_new"),
        (None, None, None),
    ],
)
def test_every_stop_reason_is_read(reason: str | None, stop: Stop | None, detail: str | None) -> None:
    choice = decode_reply(message(stop_reason=reason)).choices[0]
    assert (choice.stop, choice.stop_detail) == (stop, detail)


def test_the_sequence_that_was_met_is_read() -> None:
    choice = decode_reply(message(stop_reason="stop_sequence", stop_sequence="END")).choices[0]
    assert (choice.stop, choice.stop_sequence) == ("stop_sequence", "END")


def test_the_category_of_a_refusal_is_read_and_written() -> None:
    details = {"type": "refusal", "category": "bio", "explanation": None}
    reply = decode_reply(message(stop_reason="refusal", stop_details=details))
    assert reply.choices[0].stop_detail == "bio"
    assert json.loads(encode_reply(reply, REQUEST))["stop_details"] == details


@pytest.mark.parametrize(
    ("stop", "reason"),
    [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("stop_sequence", "stop_sequence"),
        ("tool_calls", "tool_use"),
        ("content_filter", "refusal"),
        ("refusal", "refusal"),
        ("pause", "pause_turn"),
        ("context_window", "model_context_window_exceeded"),
        ("error", "end_turn"),
        (None, None),
    ],
)
def test_every_stop_is_written_as_the_sdk_knows_it(stop: Stop | None, reason: str | None) -> None:
    assert encode(Text(text="a"), stop=stop)["stop_reason"] == reason


def test_why_another_vendor_filtered_is_told() -> None:
    assert encode(stop="content_filter", stop_detail="SAFETY")["stop_details"] == {
        "type": "refusal",
        "category": None,
        "explanation": "SAFETY",
    }


def test_tool_calls_that_ended_with_a_plain_stop_are_a_use_of_tools() -> None:
    assert encode(ToolCall(id="a", name="f", arguments="{}"))["stop_reason"] == "tool_use"


def test_words_of_refusal_are_a_text_and_a_refusal() -> None:
    found = encode(Declined(text="I will not."))
    assert found["content"] == [{"type": "text", "text": "I will not."}]
    assert found["stop_reason"] == "refusal"


def test_a_refused_prompt_is_a_refusal_without_content() -> None:
    found = json.loads(encode_reply(ModelReply(blocked="PROHIBITED_CONTENT"), REQUEST))
    assert (found["content"], found["stop_reason"]) == ([], "refusal")
    assert found["stop_details"]["explanation"] == "PROHIBITED_CONTENT"


def test_a_reply_that_says_little_still_has_everything_the_sdk_requires() -> None:
    found = encode(Text(text="a"))
    assert found["id"].startswith("msg_")
    assert (found["type"], found["role"], found["model"]) == ("message", "assistant", "asked")
    assert found["usage"] == {"input_tokens": 0, "output_tokens": 0}


def test_input_tokens_leave_out_what_the_cache_gave_and_took() -> None:
    usage = encode(usage=Usage(1110, 100, 7, 3, cache_write=1000))["usage"]
    assert usage == {
        "input_tokens": 10,
        "cache_creation_input_tokens": 1000,
        "cache_read_input_tokens": 100,
        "output_tokens": 7,
        "output_tokens_details": {"thinking_tokens": 3},
    }


def test_the_first_of_several_choices_is_shown() -> None:
    reply = ModelReply(choices=(Choice(parts=(Text(text="a"),)), Choice(index=1, parts=(Text(text="b"),))))
    assert json.loads(encode_reply(reply, REQUEST))["content"] == [{"type": "text", "text": "a"}]


def test_a_thought_without_proof_has_an_empty_signature() -> None:
    assert encode(Reasoning(text="Hm."))["content"] == [{"type": "thinking", "thinking": "Hm.", "signature": ""}]


@pytest.mark.parametrize(
    "part",
    [
        Reasoning(text="Hm.", signature="CiQB"),
        Reasoning(summary=("In short.",), encrypted="gAAA", id="rs_1"),
        Reasoning(encrypted="gAAA", id="rs_1"),
        Reasoning(text="Hm.", id="rs_1"),
        Reasoning(text="Hm.", signature=MARK + "EqQB"),
        Reasoning(encrypted=MARK + "EmwK"),
        ToolCall(id="a", name="f", arguments="{}", signature="CiQB"),
        Text(text="a", signature="CiQB"),
    ],
)
def test_proofs_of_any_vendor_come_back_through_the_caller(part: Part) -> None:
    content = encode(part)["content"]
    body = {"model": "m", "messages": [{"role": "assistant", "content": content}]}
    assert decode_request(json.dumps(body).encode()).messages[0].parts == (part,)


def test_arguments_that_are_no_json_are_passed_on_as_text_and_come_back() -> None:
    part = ToolCall(id="a", name="f", arguments='{"a":')
    content = json.loads(encode_reply(ModelReply(choices=(Choice(parts=(part,)),)), REQUEST))["content"]
    assert content == [{"type": "tool_use", "id": "a", "name": "f", "input": '{"a":'}]
    body = {"model": "m", "messages": [{"role": "assistant", "content": content}]}
    assert decode_request(json.dumps(body).encode()).messages[0].parts == (part,)
    assert decode_reply(message(*content)).choices[0].parts == (part,)


def test_a_citation_of_another_vendor_is_shown_as_a_web_result_and_not_sent_to_anthropic() -> None:
    citation = Citation(url="https://a", title="A", start=0, end=1)
    content = encode(Text(text="a", citations=(citation,)))["content"]
    assert content[0]["citations"] == [
        {
            "type": "web_search_result_location",
            "cited_text": "",
            "encrypted_index": "",
            "title": "A",
            "url": "https://a",
        }
    ]


def test_what_was_said_is_shown_of_sound_and_images_as_they_are() -> None:
    content = json.loads(
        encode_reply(
            ModelReply(
                choices=(
                    Choice(
                        parts=(
                            Audio(source=Source(data="AAAA"), transcript="Hi"),
                            Image(source=Source(media_type="image/png", data="iVBO")),
                            Opaque(dialect="gemini", kind="executableCode", raw={}),
                        )
                    ),
                )
            ),
            REQUEST,
        )
    )["content"]
    assert content == [
        {"type": "text", "text": "Hi"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}},
    ]


def test_a_message_without_usage_has_unknown_usage() -> None:
    assert decode_reply(b'{"content":[]}').usage == UNKNOWN


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"content":null}',
        b'{"content":["a"]}',
        b'{"content":[{}]}',
        b'{"content":[{"type":"text","text":5}]}',
        b'{"content":[{"type":5}]}',
        b'{"content":[],"usage":{"input_tokens":-1}}',
        b'{"content":[],"usage":{"input_tokens":NaN}}',
        b'{"type":"error","error":{"type":"api_error","message":"x"}}',
        b'{"content":[{"a":' + b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_what_is_no_message_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(NotAReplyError):
        decode_reply(body)
