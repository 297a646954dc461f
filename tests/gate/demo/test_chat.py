"""The demo's chat, judged by the official SDK's own types."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import ErrorObject
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from torana.gate.demo import DemoReply, answer

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "minLength": 6}, "unit": {"enum": ["celsius", "kelvin"]}},
            "required": ["city", "unit"],
            "additionalProperties": False,
        },
    },
}
CLOCK = {"type": "function", "function": {"name": "clock"}}


def call(**fields: Any) -> DemoReply:
    fields.setdefault("messages", [{"role": "user", "content": "Hello there"}])
    return answer("/v1/chat/completions", json.dumps({"model": "demo/chat", **fields}).encode(), "demo/chat")


def chat(**fields: Any) -> ChatCompletion:
    reply = call(**fields)
    assert reply.status == 200
    assert reply.body is not None, reply
    return ChatCompletion.model_validate_json(reply.body, strict=True, extra="forbid")


def stream(**fields: Any) -> list[ChatCompletionChunk]:
    reply = call(stream=True, **fields)
    assert reply.events is not None, reply
    events = list(reply.events)
    assert events[-1] == b"data: [DONE]\n\n"
    assert all(event.startswith(b"data: ") and event.endswith(b"\n\n") and event.count(b"\n") == 2 for event in events)
    return [ChatCompletionChunk.model_validate_json(event[6:], strict=True, extra="forbid") for event in events[:-1]]


def error(**fields: Any) -> ErrorObject:
    reply = call(**fields)
    assert reply.status == 400
    assert reply.body is not None
    return ErrorObject.model_validate(json.loads(reply.body)["error"], strict=True, extra="forbid")


def text_of(completion: ChatCompletion) -> str:
    content = completion.choices[0].message.content
    assert content is not None
    return content


def test_an_answer_says_that_it_is_a_demo_and_refers_to_the_last_user_message() -> None:
    said = chat(messages=[{"role": "user", "content": "one"}, {"role": "user", "content": "two"}])
    assert "demo, not a real model" in text_of(said)
    assert '"two"' in text_of(said)
    assert said.choices[0].finish_reason == "stop"
    assert said.model == "demo/chat"
    assert said.system_fingerprint
    assert said.service_tier == "default"


def test_usage_adds_up_and_has_its_details() -> None:
    usage = chat().usage
    assert usage is not None
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert usage.prompt_tokens_details is not None
    assert usage.completion_tokens_details is not None
    assert usage.completion_tokens_details.reasoning_tokens == 0


@given(content=st.text(max_size=300), streamed=st.booleans())
def test_the_same_request_gives_the_same_bytes(content: str, streamed: bool) -> None:
    body = json.dumps({"messages": [{"role": "user", "content": content}], "stream": streamed}).encode()
    one, two = (answer("/v1/chat/completions", body, "demo/chat") for _ in range(2))
    assert (one.status, one.body) == (two.status, two.body)
    assert list(one.events or ()) == list(two.events or ())


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
@given(most=st.integers(1, 30))
def test_a_token_limit_ends_the_answer_with_length(field: str, most: int) -> None:
    said = chat(**{field: most}, messages=[{"role": "user", "content": "ëmöjï 😀 " * 3}])
    whole = math.ceil(len(text_of(chat(messages=[{"role": "user", "content": "ëmöjï 😀 " * 3}])).encode()) / 4)
    assert said.usage is not None
    assert said.usage.completion_tokens <= most
    assert said.choices[0].finish_reason == ("length" if most < whole else "stop")


def test_a_stop_sequence_ends_the_answer_before_it() -> None:
    said = chat(stop=["a real", "demo"])
    assert text_of(said) == "This is Torana's built-in "
    assert said.choices[0].finish_reason == "stop"


def test_n_gives_as_many_choices_and_counts_them_all() -> None:
    one, three = chat(), chat(n=3)
    assert [choice.index for choice in three.choices] == [0, 1, 2]
    assert one.usage is not None
    assert three.usage is not None
    assert three.usage.completion_tokens == 3 * one.usage.completion_tokens


def test_parts_are_read_and_an_image_is_noticed() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    said = text_of(chat(messages=[{"role": "user", "content": [{"type": "text", "text": "Look!"}, image]}]))
    assert '"Look!"' in said
    assert "I saw an image" in said


def test_a_tool_is_called_when_the_user_mentions_it_and_its_arguments_fit_its_schema() -> None:
    said = chat(tools=[CLOCK, WEATHER], messages=[{"role": "user", "content": "please get weather for me"}])
    (choice,) = said.choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    made = (choice.message.tool_calls or [])[0]
    assert made.type == "function"
    assert made.function.name == "get_weather"
    arguments = json.loads(made.function.arguments)
    assert set(arguments) == {"city", "unit"}
    assert len(arguments["city"]) >= 6
    assert arguments["unit"] in ("celsius", "kelvin")


def test_tools_are_called_in_parallel_unless_the_caller_forbids_it() -> None:
    messages = [{"role": "user", "content": "use clock and get_weather"}]
    made = chat(tools=[CLOCK, WEATHER], messages=messages).choices[0].message.tool_calls or []
    assert len(made) == 2
    assert len({one.id for one in made}) == 2
    fewer = chat(tools=[CLOCK, WEATHER], messages=messages, parallel_tool_calls=False).choices[0].message.tool_calls
    assert len(fewer or []) == 1


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("none", []),
        ("auto", []),
        ("required", ["clock"]),
        ({"type": "function", "function": {"name": "get_weather"}}, ["get_weather"]),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "required",
                    "tools": [{"type": "function", "function": {"name": "get_weather"}}],
                },
            },
            ["get_weather"],
        ),
    ],
)
def test_tool_choice_is_honoured(choice: Any, called: list[str]) -> None:
    made = chat(tools=[CLOCK, WEATHER], tool_choice=choice).choices[0].message.tool_calls or []
    assert [one.function.name for one in made if one.type == "function"] == called


def test_a_tool_result_is_answered_in_words() -> None:
    messages = [
        {"role": "user", "content": "use the clock"},
        {
            "role": "assistant",
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "clock", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c", "content": "half past nine"},
    ]
    said = chat(tools=[CLOCK], messages=messages)
    assert "half past nine" in text_of(said)
    assert said.choices[0].finish_reason == "stop"


def test_structured_output_satisfies_its_schema() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 7}}, "required": ["n"]}
    said = chat(response_format={"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": schema}})
    assert json.loads(text_of(said))["n"] >= 7


def test_json_mode_answers_with_an_object() -> None:
    assert json.loads(text_of(chat(response_format={"type": "json_object"})))["demo"] is True


@pytest.mark.parametrize(
    "fields", [{}, {"n": 2}, {"max_tokens": 3}, {"messages": [{"role": "user", "content": "日本語 😀😀"}]}]
)
def test_a_stream_says_the_same_as_the_whole_reply(fields: dict[str, Any]) -> None:
    whole, chunks = chat(**fields), stream(**fields)
    for choice in whole.choices:
        mine = [c for chunk in chunks for c in chunk.choices if c.index == choice.index]
        assert mine[0].delta.role == "assistant"
        assert "".join(c.delta.content or "" for c in mine) == choice.message.content
        assert [c.finish_reason for c in mine] == [None] * (len(mine) - 1) + [choice.finish_reason]
    assert len({(chunk.id, chunk.created, chunk.model) for chunk in chunks}) == 1


def test_a_streamed_tool_call_arrives_in_pieces_that_join_to_the_whole() -> None:
    fields: dict[str, Any] = {"tools": [CLOCK, WEATHER], "messages": [{"role": "user", "content": "clock get_weather"}]}
    whole = chat(**fields).choices[0].message.tool_calls or []
    joined: dict[int, dict[str, str]] = {}
    for chunk in stream(**fields):
        for piece in chunk.choices[0].delta.tool_calls or ():
            mine = joined.setdefault(piece.index, {"arguments": ""})
            assert piece.function is not None
            if piece.id:
                mine["name"] = piece.function.name or ""
            mine["arguments"] += piece.function.arguments or ""
    assert [joined[index] for index in sorted(joined)] == [
        {"name": one.function.name, "arguments": one.function.arguments} for one in whole if one.type == "function"
    ]


def test_stream_usage_comes_only_when_asked_for() -> None:
    assert all("usage" not in chunk.model_fields_set and chunk.choices for chunk in stream())
    *others, last = stream(stream_options={"include_usage": True})
    assert all("usage" in chunk.model_fields_set and chunk.usage is None for chunk in others)
    assert last.choices == []
    assert last.usage == chat().usage


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": "hello"}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "king", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"n": 1000}, "n"),
        ({"stream": "yes"}, "stream"),
        ({"temperature": 3}, "temperature"),
        ({"stop": [1]}, "stop[0]"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tools": [CLOCK], "tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool_choice"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
    ],
)
def test_a_wrong_field_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    refused = error(**fields)
    assert refused.param == param
    assert refused.type == "invalid_request_error"
    assert refused.message


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"\xff\xfe",
        b'{"messages": NaN}',
        b'{"messages":[{"role":"user","content":"\\ud800"}]}',
        b"[" * 5000,
        b'{"messages":[{"role":"user","content":"x"}],"response_format":' + b'{"a":' * 5000,
    ],
)
def test_what_is_not_a_json_object_is_refused(body: bytes) -> None:
    reply = answer("/v1/chat/completions", body, "demo/chat")
    assert reply.status == 400
    assert reply.body is not None
    assert json.loads(reply.body)["error"]["type"] == "invalid_request_error"


def test_an_endpoint_the_demo_has_not_is_not_found() -> None:
    assert answer("/v1/images/generations", b"{}", "demo/chat").status == 404
