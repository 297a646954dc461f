"""Requests of other dialects, encoded, and what this dialect cannot say."""

import json
from typing import Any

import pytest

from torana.core.errors import Refusal
from torana.core.exchange import (
    Audio,
    Cache,
    Document,
    Image,
    Message,
    ModelRequest,
    Opaque,
    Reasoning,
    Source,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    Video,
)
from torana.core.losses import Losses
from torana.dialects.openai_responses.carried import carry
from torana.dialects.openai_responses.request import (
    decode_request,
    encode_request,
)

PIXEL = "iVBORw0KGgo="


def decode(**fields: Any) -> ModelRequest:
    return decode_request(json.dumps({"model": "gpt-5.1", **fields}).encode(), None, None)


def encode(request: ModelRequest, drop: bool = False) -> tuple[dict[str, Any], list[str]]:
    losses = Losses(drop=drop)
    body: dict[str, Any] = json.loads(encode_request(request, "served", losses))
    return body, losses.dropped


def foreign(**fields: Any) -> ModelRequest:
    return ModelRequest(dialect="anthropic_messages", model="m", **fields)


def test_a_function_without_parameters_says_so_for_the_field_is_required() -> None:
    body, dropped = encode(foreign(messages=(Message(role="user", parts=(Text(text="Hi"),)),), tools=(Tool(name="f"),)))
    assert body["tools"] == [{"type": "function", "name": "f", "parameters": None, "strict": False}]
    assert dropped == []


def test_a_request_of_another_dialect_becomes_one_of_this() -> None:
    request = foreign(
        messages=(
            Message(role="system", parts=(Text(text="Be brief."),)),
            Message(role="user", parts=(Text(text="Look"), Image(source=Source(media_type="image/png", data=PIXEL)))),
            Message(role="assistant", parts=(Text(text="Calling."), ToolCall(id="t1", name="f", arguments="{}"))),
            Message(
                role="user",
                parts=(ToolResult(call_id="t1", content=(Text(text="42"),)), Text(text="And now?")),
            ),
        ),
        tools=(Tool(name="f", parameters={"type": "object"}),),
        max_tokens=100,
        stream=True,
        service_tier="standard_only",
    )
    body, dropped = encode(request)
    assert body == {
        "model": "served",
        "input": [
            {"type": "message", "role": "system", "content": "Be brief."},
            {
                "type": "message",
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "Look"},
                    {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "auto"},
                ],
            },
            {"type": "message", "role": "assistant", "content": "Calling."},
            {"type": "function_call", "call_id": "t1", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "t1", "output": "42"},
            {"type": "message", "role": "user", "content": "And now?"},
        ],
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": False}],
        "max_output_tokens": 100,
        "stream": True,
        "service_tier": "default",
    }
    assert dropped == []


@pytest.mark.parametrize(
    ("thinking", "reasoning", "encrypted"),
    [
        (Thinking(enabled=True, budget_tokens=2000), {"effort": "low"}, True),
        (Thinking(enabled=True, budget_tokens=10_000, visible=True), {"effort": "medium", "summary": "auto"}, True),
        (Thinking(budget_tokens=50_000), {"effort": "high"}, True),
        (Thinking(budget_tokens=0), {"effort": "none"}, False),
        (Thinking(enabled=False), {"effort": "none"}, False),
        (Thinking(adaptive=True, effort="max"), {"effort": "max"}, True),
        (Thinking(effort="low"), {"effort": "low"}, False),
        (Thinking(budget_tokens=-1), None, True),
    ],
)
def test_how_much_to_think_is_said_in_this_apis_words(
    thinking: Thinking, reasoning: dict[str, Any] | None, encrypted: bool
) -> None:
    body, _ = encode(foreign(thinking=thinking))
    assert body.get("reasoning") == reasoning
    assert ("include" in body) == encrypted


@pytest.mark.parametrize(
    "fields",
    [
        {"stop": ("x",)},
        {"seed": 1},
        {"top_k": 3},
        {"frequency_penalty": 0.5},
        {"presence_penalty": 0.5},
        {"choices": 2},
        {"logit_bias": {"1": 2}},
        {"modalities": ("text", "audio")},
        {"extra": {"odd": 1}},
    ],
)
def test_what_this_api_has_no_word_for_is_refused_or_dropped_by_name(fields: dict[str, Any]) -> None:
    (name,) = fields.get("extra", fields)
    with pytest.raises(Refusal) as refused:
        encode(foreign(**fields))
    assert (refused.value.code, refused.value.param) == ("unsupported_parameter", name)
    assert encode(foreign(**fields), drop=True)[1] == [name]


def test_values_that_say_nothing_are_no_loss() -> None:
    request = foreign(choices=1, frequency_penalty=0, presence_penalty=0.0, modalities=("text",), logit_bias={})
    assert encode(request) == ({"model": "served", "input": []}, [])


@pytest.mark.parametrize(
    "part",
    [
        Video(source=Source(url="https://example.com/v")),
        Audio(source=Source(media_type="audio/flac", data=PIXEL)),
        Document(source=Source(text="x"), context="Of 1999"),
        Document(source=Source(text="x"), citations=True),
        Opaque(dialect="anthropic_messages", kind="server_tool_use", raw={}),
    ],
)
def test_a_part_that_this_api_cannot_say_is_refused_with_its_turn(part: Any) -> None:
    with pytest.raises(Refusal) as refused:
        encode(foreign(messages=(Message(role="user", parts=(part,)),)))
    assert str(refused.value.param).startswith("messages[0].")


def test_hints_that_this_api_has_no_place_for_are_dropped_and_named() -> None:
    parts = (
        Text(text="a", cache=Cache()),
        ToolResult(call_id="c", error=True, content=(Text(text="bad"),)),
    )
    request = foreign(
        messages=(
            Message(role="user", parts=parts, name="Ann"),
            Message(role="assistant", parts=(Reasoning(text="hm", signature="sig"), Text(text="ok", signature="s"))),
        ),
        tools=(Tool(name="f", cache=Cache()),),
        metadata={"a": 1},
        service_tier="turbo",
        thinking=Thinking(budget_tokens=5),
    )
    body, dropped = encode(request)
    assert [item["type"] for item in body["input"]] == ["message", "function_call_output", "message"]
    assert dropped == [
        "messages[0].name",
        "messages[0].cache",
        "messages[0].is_error",
        "messages[1].reasoning",
        "messages[1].signature",
        "service_tier",
        "metadata",
        "tools.cache",
        "thinking.budget_tokens",
    ]


def test_encrypted_reasoning_of_another_dialects_caller_goes_on() -> None:
    request = foreign(messages=(Message(role="assistant", parts=(Reasoning(encrypted="gAAA", id="rs_1"),)),))
    assert encode(request)[0]["input"] == [
        {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "gAAA"}
    ]


def test_a_signed_thought_comes_back_from_a_caller_who_drops_its_text() -> None:
    thought = Reasoning(text="Let me see.", signature="sig==", id="rs_1")
    item: dict[str, Any] = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": carry(thought)}
    assert decode(input=[item]).messages[0].parts == (thought,)
    shown = {**item, "summary": [{"type": "summary_text", "text": "Let me see."}]}
    assert decode(input=[shown]).messages[0].parts == (thought,)


def test_a_text_document_is_sent_as_a_file() -> None:
    request = foreign(messages=(Message(role="user", parts=(Document(source=Source(text="hi")),)),))
    assert encode(request)[0]["input"][0]["content"] == [
        {"type": "input_file", "file_data": "data:text/plain;base64,aGk=", "filename": "document.txt"}
    ]
