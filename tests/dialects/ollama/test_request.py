"""Requests of other dialects as Ollama's chat and embeddings take them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torana.core.errors import Refusal
from torana.core.exchange import (
    Audio,
    Cache,
    Declined,
    Document,
    EmbedRequest,
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
from torana.dialects.ollama.embed import encode_embed
from torana.dialects.ollama.paths import upstream_path
from torana.dialects.ollama.request import encode_request

MODEL = "qwen3:8b"
WEATHER = Tool(name="weather", description="Tells it", parameters={"type": "object", "properties": {"city": {}}})


def say(*parts: Part, role: Role = "user") -> Message:
    return Message(role=role, parts=parts)


def encode(request: ModelRequest, drop: bool = False) -> tuple[dict[str, Any], list[str]]:
    losses = Losses({}, drop)
    return json.loads(encode_request(request, MODEL, losses)), losses.dropped


def ask(**fields: Any) -> ModelRequest:
    fields.setdefault("messages", (say(Text(text="Hi")),))
    return ModelRequest(dialect="openai_chat", model="any", **fields)


def test_a_plain_question_says_whether_it_is_streamed_because_ollama_would_stream_otherwise() -> None:
    expected = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}], "stream": False}
    assert encode(ask()) == (expected, [])
    assert encode(ask(stream=True))[0]["stream"] is True
    assert [upstream_path(name, MODEL, True) for name in ("chat", "embed")] == ["/chat", "/embed"]


def test_what_ollama_does_not_do_has_no_path() -> None:
    with pytest.raises(ValueError, match="rerank"):
        upstream_path("rerank", "m", False)


def test_settings_are_options() -> None:
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
            top_logprobs=2,
            extra={"keep_alive": "10m", "options": {"num_ctx": 8192, "seed": 1}},
        )
    )
    assert body["options"] == {
        "num_ctx": 8192,
        "num_predict": 5,
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 3,
        "seed": 7,
        "stop": ["a"],
        "frequency_penalty": 0.1,
        "presence_penalty": 0,
    }
    assert (body["logprobs"], body["top_logprobs"], body["keep_alive"]) == (True, 2, "10m")
    assert dropped == []


def test_a_tool_turn_is_carried() -> None:
    body, dropped = encode(
        ask(
            messages=(
                say(Text(text="Be kind"), role="developer"),
                say(Text(text="Weather?"), Image(source=Source(media_type="image/png", data="aGk="))),
                say(
                    Reasoning(text="Hm"),
                    Text(text="Looking"),
                    ToolCall(id="c1", name="weather", arguments='{"city":"Rome"}'),
                    ToolCall(id="c2", name="time"),
                    role="assistant",
                ),
                say(
                    ToolResult(call_id="c1", content=(Text(text="sunny"), Text(text="warm"))),
                    ToolResult(call_id="c2", content=(Image(source=Source(data="aGk=")),), error=True),
                    Text(text="So?"),
                    Document(source=Source(text="Rome is old"), title="Rome"),
                ),
            ),
            tools=(WEATHER, Tool(name="time")),
            tool_choice=ToolChoice(mode="auto"),
        )
    )
    assert body["messages"] == [
        {"role": "system", "content": "Be kind"},
        {"role": "user", "content": "Weather?", "images": ["aGk="]},
        {
            "role": "assistant",
            "content": "Looking",
            "thinking": "Hm",
            "tool_calls": [
                {"id": "c1", "function": {"name": "weather", "arguments": {"city": "Rome"}}},
                {"id": "c2", "function": {"name": "time", "arguments": {}}},
            ],
        },
        {"role": "tool", "content": "sunny\nwarm", "tool_name": "weather", "tool_call_id": "c1"},
        {"role": "tool", "content": "", "images": ["aGk="], "tool_name": "time", "tool_call_id": "c2"},
        {"role": "user", "content": "So?\nRome\nRome is old"},
    ]
    assert body["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "weather",
                "description": "Tells it",
                "parameters": {"type": "object", "properties": {"city": {}}},
            },
        },
        {"type": "function", "function": {"name": "time", "parameters": {"type": "object", "properties": {}}}},
    ]
    assert dropped == ["messages[3].tool_result.error"]


def test_tools_that_must_not_be_called_are_left_out() -> None:
    assert "tools" not in encode(ask(tools=(WEATHER,), tool_choice=ToolChoice(mode="none")))[0]
    body, _ = encode(ask(tools=(WEATHER, Tool(name="time")), tool_choice=ToolChoice(mode="auto", allowed=("time",))))
    assert [tool["function"]["name"] for tool in body["tools"]] == ["time"]


def test_formats_are_carried() -> None:
    schema = {"type": "object", "properties": {}}
    assert encode(ask(format=Format(kind="json")))[0]["format"] == "json"
    assert encode(ask(format=Format(kind="schema", schema=schema, name="N")))[0]["format"] == schema
    assert "format" not in encode(ask(format=Format(kind="text")))[0]


@pytest.mark.parametrize(
    ("thinking", "expected"),
    [
        (Thinking(enabled=False), False),
        (Thinking(effort="none"), False),
        (Thinking(budget_tokens=0), False),
        (Thinking(effort="high"), None),
        (Thinking(enabled=True, budget_tokens=500), True),
        (Thinking(adaptive=True), True),
        (Thinking(visible=True), None),
    ],
)
def test_thinking_is_carried(thinking: Thinking, expected: Any) -> None:
    body = json.loads(encode_request(ask(thinking=thinking), "qwen3:8b", Losses()))
    assert body.get("think") == expected


@pytest.mark.parametrize(
    ("model", "thinking", "expected", "dropped"),
    [
        ("gpt-oss:20b", Thinking(effort="minimal"), "low", []),
        ("gpt-oss:20b", Thinking(effort="max"), "high", []),
        ("qwen3:8b", Thinking(effort="low"), None, ["thinking"]),
        ("qwen3:8b", Thinking(enabled=True, budget_tokens=500), True, ["thinking"]),
        ("llama3.2", Thinking(effort="low"), None, ["thinking"]),
        ("llama3.2", Thinking(adaptive=True), None, ["thinking"]),
        ("deepseek-r1:8b-llama-distill-q4_K_M", Thinking(enabled=True), True, []),
    ],
)
def test_degrees_of_thinking_are_for_those_models_that_know_them(
    model: str, thinking: Thinking, expected: Any, dropped: list[str]
) -> None:
    losses = Losses()
    body = json.loads(encode_request(ask(thinking=thinking), model, losses))
    assert (body.get("think"), losses.dropped) == (expected, dropped)


def test_a_budget_for_a_model_that_cannot_think_is_refused_or_dropped() -> None:
    asked = ask(thinking=Thinking(enabled=True, budget_tokens=500))
    with pytest.raises(Refusal, match="thinking"):
        encode_request(asked, "llama3.2", Losses())
    losses = Losses(drop=True)
    assert "think" not in json.loads(encode_request(asked, "llama3.2", losses))
    assert losses.dropped == ["thinking"]


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"choices": 2}, "choices"),
        ({"logit_bias": {"1": 5}}, "logit_bias"),
        ({"modalities": ("audio",)}, "modalities"),
        ({"extra": {"brand_new": 1}}, "brand_new"),
        ({"tools": (WEATHER,), "tool_choice": ToolChoice(mode="required")}, "tool_choice"),
        ({"tools": (WEATHER,), "tool_choice": ToolChoice(mode="named", name="weather")}, "tool_choice"),
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
        (Image(source=Source(url="https://i")), r"messages\[0\]\.image"),
        (Document(source=Source(media_type="application/pdf", data="aGk=")), r"messages\[0\]\.document"),
        (Audio(source=Source(data="aGk=")), r"messages\[0\]\.audio"),
        (Video(source=Source(url="https://v")), r"messages\[0\]\.video"),
        (Opaque(dialect="gemini", kind="executableCode", raw={}), r"messages\[0\]\.executableCode"),
        (ToolCall(id="a", name="b", arguments="{"), r"messages\[0\]\.tool_calls"),
        (ToolResult(call_id="a", content=(ToolCall(id="b", name="c"),)), r"messages\[0\]\.tool_result"),
    ],
)
def test_parts_that_ollama_cannot_take_are_refused_by_their_place_or_dropped(part: Part, place: str) -> None:
    with pytest.raises(Refusal, match=place):
        encode(ask(messages=(say(Text(text="Hi"), part),)))
    assert len(encode(ask(messages=(say(Text(text="Hi"), part),)), drop=True)[1]) == 1


def test_hints_are_dropped_and_named() -> None:
    _, dropped = encode(
        ask(
            messages=(
                say(Text(text="Hi", cache=Cache())),
                say(Reasoning(encrypted="x"), Declined(text="No."), role="assistant"),
            ),
            tools=(Tool(name="a", strict=True),),
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
    assert sorted(dropped) == [*expected, "store", "tools[0].strict", "user", "verbosity"]


def test_own_fields_of_the_wrong_type_are_refused() -> None:
    wrong: list[dict[str, Any]] = [{"options": []}, {"keep_alive": True}, {"truncate": 1}]
    for extra in wrong:
        with pytest.raises(Refusal, match=next(iter(extra))):
            encode(ask(extra=extra))


def test_what_cannot_be_written_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(100_000):
        schema = {"items": schema}
    with pytest.raises(Refusal, match="nested"):
        encode(ask(format=Format(kind="schema", schema=schema)))
    with pytest.raises(Refusal, match="surrogate"):
        encode(ask(messages=(say(Text(text="\ud800")),)))


def test_texts_are_embedded() -> None:
    request = EmbedRequest(
        dialect="openai_chat",
        model="any",
        inputs=("a", (Text(text="b"), Text(text="c"))),
        dimensions=256,
        user="u",
        extra={"truncate": False},
    )
    losses = Losses()
    assert json.loads(encode_embed(request, "embeddinggemma", losses)) == {
        "model": "embeddinggemma",
        "input": ["a", "b\nc"],
        "dimensions": 256,
        "truncate": False,
    }
    assert losses.dropped == ["user"]


@pytest.mark.parametrize("fields", [{"inputs": ((1, 2),)}, {"inputs": ("a",), "task": "search_query"}])
def test_what_cannot_be_embedded_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(Refusal):
        encode_embed(EmbedRequest(dialect="openai_chat", model="m", **fields), "m", Losses())


_text = st.text(max_size=8)
_parts: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, text=_text),
    st.builds(ToolCall, id=_text, name=_text, arguments=_text),
    st.builds(ToolResult, call_id=_text, content=st.lists(st.builds(Text, text=_text)).map(tuple)),
    st.builds(Reasoning, text=_text),
    st.builds(Document, source=st.builds(Source, text=_text), title=st.none() | _text),
    st.builds(Image, source=st.builds(Source, data=_text)),
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
    body, _ = encode(ask(messages=tuple(messages)), drop=True)
    assert all({"role", "content"} <= set(message) for message in body["messages"])
