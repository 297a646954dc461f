"""Requests of other dialects as Cohere's chat takes them, as the official SDK would send them."""

import json
from typing import Any

import pytest
from cohere.types import ChatMessageV2
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tests.dialects.cohere.sdk import through_sdk
from torana.core.errors import Refusal
from torana.core.exchange import (
    Audio,
    Cache,
    Citation,
    Declined,
    Document,
    Format,
    Image,
    Message,
    ModelRequest,
    Opaque,
    Part,
    Reasoning,
    Role,
    Source,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Video,
)
from torana.core.losses import Losses
from torana.dialects.cohere.paths import upstream_path
from torana.dialects.cohere.request import encode_request

MODEL = "command-a-03-2025"
REPLY = {"id": "a", "finish_reason": "COMPLETE", "message": {"role": "assistant"}}
WEATHER = Tool(name="weather", description="Tells it", parameters={"type": "object", "properties": {"city": {}}})
_messages: TypeAdapter[Any] = TypeAdapter(list[ChatMessageV2])


def say(*parts: Part, role: Role = "user") -> Message:
    return Message(role=role, parts=parts)


def encode(request: ModelRequest, drop: bool = False) -> tuple[dict[str, Any], list[str]]:
    losses = Losses({}, drop)
    body = encode_request(request, MODEL, losses)
    value = json.loads(body)
    written, _ = through_sdk("chat", body, REPLY)
    assert {**written, "stream": None} == {**value, "stream": None}
    _messages.validate_python(value["messages"])
    return value, losses.dropped


def ask(**fields: Any) -> ModelRequest:
    fields.setdefault("messages", (say(Text(text="Hi")),))
    return ModelRequest(dialect="openai_chat", model="any", **fields)


def test_a_plain_question_says_only_what_was_asked() -> None:
    assert encode(ask()) == ({"model": MODEL, "messages": [{"role": "user", "content": "Hi"}]}, [])
    assert encode(ask(stream=True))[0]["stream"] is True
    assert [upstream_path(name, MODEL, True) for name in ("chat", "embed", "rerank")] == [
        "/chat",
        "/embed",
        "/rerank",
    ]


def test_what_cohere_does_not_do_has_no_path() -> None:
    with pytest.raises(ValueError, match="images"):
        upstream_path("images", "m", False)


def test_settings_have_cohere_s_names() -> None:
    body, dropped = encode(
        ask(
            max_tokens=5,
            temperature=0.5,
            top_p=0.9,
            top_k=3,
            seed=7,
            stop=("a",),
            frequency_penalty=0.1,
            presence_penalty=0,
            logprobs=True,
        )
    )
    body.pop("messages")
    assert body == {
        "model": MODEL,
        "max_tokens": 5,
        "temperature": 0.5,
        "p": 0.9,
        "k": 3,
        "seed": 7,
        "stop_sequences": ["a"],
        "frequency_penalty": 0.1,
        "presence_penalty": 0,
        "logprobs": True,
    }
    assert dropped == []


def test_a_tool_turn_is_carried() -> None:
    body, dropped = encode(
        ask(
            messages=(
                say(Text(text="Be kind"), role="developer"),
                say(Text(text="Weather?")),
                say(
                    Reasoning(text="I will look.", id="tool_plan"),
                    Reasoning(text="Hm", signature="s"),
                    Text(text="Looking"),
                    ToolCall(id="c1", name="weather", arguments='{"city":"Rome"}'),
                    ToolCall(id="c2", name="weather"),
                    role="assistant",
                ),
                say(
                    ToolResult(call_id="c1", content=(Text(text="sunny"),)),
                    ToolResult(
                        call_id="c2",
                        content=(Text(text="a"), Document(source=Source(text="b"), title="B")),
                        error=True,
                    ),
                    Text(text="So?"),
                ),
            ),
            tools=(WEATHER, Tool(name="time", strict=True)),
            tool_choice=ToolChoice(mode="required"),
        )
    )
    assert body["messages"] == [
        {"role": "system", "content": "Be kind"},
        {"role": "user", "content": "Weather?"},
        {
            "role": "assistant",
            "tool_plan": "I will look.",
            "content": [{"type": "thinking", "thinking": "Hm"}, {"type": "text", "text": "Looking"}],
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Rome"}'}},
                {"id": "c2", "type": "function", "function": {"name": "weather", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
        {
            "role": "tool",
            "tool_call_id": "c2",
            "content": [
                {"type": "text", "text": "a"},
                {"type": "document", "document": {"data": {"text": "b", "title": "B"}}},
            ],
        },
        {"role": "user", "content": "So?"},
    ]
    assert body["tools"][1]["function"] == {"name": "time", "parameters": {"type": "object", "properties": {}}}
    assert body["strict_tools"] is True
    assert body["tool_choice"] == "REQUIRED"
    assert dropped == ["messages[3].tool_result.error"]


@pytest.mark.parametrize(
    ("choice", "word", "names"),
    [
        (ToolChoice(mode="auto"), None, ["weather", "time"]),
        (ToolChoice(mode="none"), "NONE", ["weather", "time"]),
        (ToolChoice(mode="named", name="time"), "REQUIRED", ["time"]),
        (ToolChoice(mode="auto", allowed=("weather",)), None, ["weather"]),
    ],
)
def test_tool_choices_are_carried(choice: ToolChoice, word: str | None, names: list[str]) -> None:
    body, _ = encode(ask(tools=(WEATHER, Tool(name="time")), tool_choice=choice))
    assert body.get("tool_choice") == word
    assert [tool["function"]["name"] for tool in body["tools"]] == names


def test_images_and_documents_are_carried() -> None:
    body, _ = encode(
        ask(
            messages=(
                say(
                    Text(text="See"),
                    Image(source=Source(url="https://example.com/a.png"), detail="low"),
                    Image(source=Source(media_type="image/gif", data="aGk="), detail="original"),
                    Document(source=Source(text="Rome is old"), title="Rome", context="c"),
                ),
            ),
            extra={"documents": ["first"], "citation_options": {"mode": "FAST"}, "safety_mode": "STRICT"},
        )
    )
    assert body["messages"][0]["content"] == [
        {"type": "text", "text": "See"},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "data:image/gif;base64,aGk="}},
    ]
    document = {"id": "doc:0", "data": {"text": "Rome is old", "title": "Rome", "context": "c"}}
    assert body["documents"] == ["first", document]
    assert body["citation_options"] == {"mode": "FAST"}
    assert body["safety_mode"] == "STRICT"


def test_formats_are_carried() -> None:
    schema = {"type": "object", "properties": {}}
    assert encode(ask(format=Format(kind="json")))[0]["response_format"] == {"type": "json_object"}
    body, _ = encode(ask(format=Format(kind="schema", schema=schema, name="N", strict=True)))
    assert body["response_format"] == {"type": "json_object", "json_schema": schema}
    assert "response_format" not in encode(ask(format=Format(kind="text")))[0]


@pytest.mark.parametrize(
    ("thinking", "expected", "dropped"),
    [
        (Thinking(enabled=False), {"type": "disabled"}, []),
        (Thinking(effort="none"), {"type": "disabled"}, []),
        (Thinking(effort="high"), {"type": "enabled"}, []),
        (Thinking(effort="low"), {"type": "enabled"}, ["thinking"]),
        (Thinking(enabled=True, budget_tokens=500), {"type": "enabled", "token_budget": 500}, []),
        (Thinking(visible=True), None, []),
    ],
)
def test_thinking_is_carried(thinking: Thinking, expected: Any, dropped: list[str]) -> None:
    losses = Losses()
    body = json.loads(encode_request(ask(thinking=thinking), "command-a-reasoning-08-2025", losses))
    assert (body.get("thinking"), losses.dropped) == (expected, dropped)


def test_a_model_that_cannot_think_is_not_told_to() -> None:
    assert encode(ask(thinking=Thinking(effort="high"))) == (encode(ask())[0], ["thinking"])
    assert encode(ask(thinking=Thinking(enabled=False))) == encode(ask())
    with pytest.raises(Refusal, match="thinking"):
        encode(ask(thinking=Thinking(enabled=True, budget_tokens=500)))


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"choices": 2}, "choices"),
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"logit_bias": {"1": 5}}, "logit_bias"),
        ({"modalities": ("audio",)}, "modalities"),
        ({"extra": {"brand_new": 1}}, "brand_new"),
        ({"tools": (Tool(name="free", custom=True),)}, r"tools\[0\]"),
        ({"tools": (Opaque(dialect="gemini", kind="googleSearch", raw={}),)}, r"tools\[0\]\.googleSearch"),
    ],
)
def test_what_changes_the_answer_is_refused_by_name_or_dropped(fields: dict[str, Any], name: str) -> None:
    with pytest.raises(Refusal, match=name):
        encode(ask(**fields))
    assert len(encode(ask(**fields), drop=True)[1]) == 1


@pytest.mark.parametrize(
    ("part", "place"),
    [
        (Image(source=Source(file_id="f")), r"messages\[0\]\.image"),
        (Document(source=Source(media_type="application/pdf", data="aGk=")), r"messages\[0\]\.document"),
        (Audio(source=Source(data="aGk=")), r"messages\[0\]\.audio"),
        (Video(source=Source(url="https://v")), r"messages\[0\]\.video"),
        (Opaque(dialect="gemini", kind="executableCode", raw={}), r"messages\[0\]\.executableCode"),
        (ToolResult(call_id="a", content=(Image(source=Source(url="https://i")),)), r"messages\[0\]\.tool_result"),
    ],
)
def test_parts_that_cohere_cannot_take_are_refused_by_their_place_or_dropped(part: Part, place: str) -> None:
    with pytest.raises(Refusal, match=place):
        encode(ask(messages=(say(Text(text="Hi"), part),)))
    assert len(encode(ask(messages=(say(Text(text="Hi"), part),)), drop=True)[1]) == 1


def test_hints_are_dropped_and_named() -> None:
    _, dropped = encode(
        ask(
            messages=(say(Text(text="Hi", cache=Cache())), say(Reasoning(encrypted="x"), role="assistant")),
            user="u",
            verbosity="low",
            cache_key="k",
            safety_id="s",
            store=True,
            service_tier="flex",
            metadata={"a": "b"},
        )
    )
    expected = ["cache_key", "messages[0].cache", "messages[1].reasoning", "metadata", "safety_id", "service_tier"]
    assert sorted(dropped) == [*expected, "store", "user", "verbosity"]


def test_own_fields_of_the_wrong_type_are_refused() -> None:
    wrong: list[dict[str, Any]] = [{"documents": "a"}, {"priority": True}, {"safety_mode": 1}, {"citation_options": []}]
    for extra in wrong:
        with pytest.raises(Refusal, match=next(iter(extra))):
            encode(ask(extra=extra))


def test_what_came_from_cohere_goes_back_as_it_was() -> None:
    raw = {"start": 0, "end": 4, "text": "Rome", "sources": [{"type": "document", "id": "doc:0"}]}
    part = Text(text="Rome", citations=(Citation(raw=raw, dialect="cohere"), Citation(url="https://other")))
    body, _ = encode(ask(messages=(say(part, Declined(text="No."), role="assistant"),)))
    assert body["messages"][0]["citations"] == [{**raw, "content_index": 0}]


def test_what_cannot_be_written_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(100_000):
        schema = {"items": schema}
    with pytest.raises(Refusal, match="nested"):
        encode_request(ask(format=Format(kind="schema", schema=schema)), MODEL, Losses())
    with pytest.raises(Refusal, match="surrogate"):
        encode_request(ask(messages=(say(Text(text="\ud800")),)), MODEL, Losses())


_text = st.text(max_size=8)
_parts: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, text=_text),
    st.builds(ToolCall, id=_text, name=_text, arguments=_text),
    st.builds(ToolResult, call_id=_text, content=st.lists(st.builds(Text, text=_text)).map(tuple)),
    st.builds(Reasoning, text=_text, id=st.none() | st.just("tool_plan")),
    st.builds(Document, source=st.builds(Source, text=_text), title=st.none() | _text),
    st.builds(Image, source=st.builds(Source, url=_text)),
)


@given(
    st.lists(
        st.builds(
            Message,
            role=st.sampled_from(["system", "user", "assistant", "developer"]),
            parts=st.lists(_parts, max_size=4).map(tuple),
        ),
        max_size=4,
    )
)
def test_any_conversation_can_be_written_when_losses_are_dropped(messages: list[Message]) -> None:
    json.loads(encode_request(ask(messages=tuple(messages)), MODEL, Losses({}, True)))
