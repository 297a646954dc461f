"""Requests of any dialect as Anthropic takes them."""

import json
from typing import Any

import pytest
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from pydantic import TypeAdapter

from tests.dialects.anthropic_messages.written import HELLO, assistant, dropped, encode, refusal, user
from torana.core.exchange import (
    Cache,
    Declined,
    Document,
    Format,
    Image,
    Message,
    Reasoning,
    Source,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from torana.core.losses import Losses
from torana.dialects.anthropic_messages.request import DEFAULT_MAX_TOKENS, decode_request, encode_request
from torana.dialects.anthropic_messages.signatures import MARK
from torana.dialects.anthropic_messages.turns_out import OPENING

TOOL = Tool(name="f", parameters={"type": "object"})
SDK = TypeAdapter[Any](MessageCreateParamsNonStreaming)


def test_nothing_is_said_that_was_not_asked_but_the_tokens_that_anthropic_requires() -> None:
    assert encode() == {
        "model": "claude-x",
        "max_tokens": DEFAULT_MAX_TOKENS,
        "messages": [{"role": "user", "content": "Hello"}],
    }


WRITTEN: dict[str, Any] = {
    "model": "claude-x",
    "max_tokens": 100,
    "temperature": 0.2,
    "top_p": 0.5,
    "top_k": 3,
    "stop_sequences": ["END"],
    "tools": [
        {
            "name": "f",
            "description": "d",
            "input_schema": {"type": "object"},
            "strict": True,
            "cache_control": {"type": "ephemeral"},
        }
    ],
    "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
    "metadata": {"user_id": "u"},
    "service_tier": "standard_only",
    "output_config": {
        "effort": "low",
        "format": {"type": "json_schema", "schema": {"type": "object", "description": "The answer."}},
    },
    "system": [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral", "ttl": "5m"}}],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look."},
                {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "/9j/AA=="}},
                {
                    "type": "document",
                    "source": {"type": "text", "media_type": "text/plain", "data": "words"},
                    "title": "t",
                    "context": "c",
                    "citations": {"enabled": True},
                },
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "EqQB"},
                {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1.0}},
            ],
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "a", "content": "yes", "is_error": True}],
        },
    ],
}


def test_a_request_with_everything_has_the_types_of_the_sdk() -> None:
    body = encode(
        Message(role="system", parts=(Text(text="Be kind.", cache=Cache(ttl="5m")),)),
        user(
            Text(text="Look."),
            Image(source=Source(media_type="image/jpg", data="/9j/AA==")),
            Document(source=Source(text="words"), title="t", context="c", citations=True),
        ),
        assistant(Reasoning(text="Hm.", signature=MARK + "EqQB"), ToolCall(id="a", name="f", arguments='{"x": 1.0}')),
        user(ToolResult(call_id="a", content=(Text(text="yes"),), error=True)),
        tools=(Tool(name="f", description="d", parameters={"type": "object"}, strict=True, cache=Cache()),),
        tool_choice=ToolChoice(mode="auto"),
        parallel_tool_calls=False,
        max_tokens=100,
        temperature=0.2,
        top_p=0.5,
        top_k=3,
        stop=("END",),
        format=Format(kind="schema", schema={"type": "object"}, name="answer", description="The answer."),
        thinking=Thinking(effort="low"),
        user="u",
        service_tier="default",
    )
    SDK.validate_python(body)
    assert body == WRITTEN


def test_messages_of_one_role_become_one() -> None:
    body = encode(user(Text(text="a")), user(Text(text="b")), assistant(Text(text="c")), assistant(Text(text="d")))
    assert body["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "c"}, {"type": "text", "text": "d"}]},
    ]


def test_a_conversation_that_the_model_begins_gets_an_opening() -> None:
    assert encode(assistant(Text(text="Welcome."))) == encode(
        Message(role="user", parts=(Text(text=OPENING),)), assistant(Text(text="Welcome."))
    )


def test_instructions_alone_get_an_opening() -> None:
    body = encode(Message(role="developer", parts=(Text(text="Tell a joke."),)))
    assert body["system"] == "Tell a joke."
    assert body["messages"] == [{"role": "user", "content": OPENING}]


def test_instructions_of_other_dialects_all_stand_in_system() -> None:
    body = encode(
        Message(role="system", parts=(Text(text="one"),)), HELLO, Message(role="developer", parts=(Text(text="two"),))
    )
    assert body["system"] == [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    assert body["messages"] == [{"role": "user", "content": "Hello"}]


def test_instructions_between_messages_stay_there_for_a_caller_of_this_dialect() -> None:
    body = encode(HELLO, Message(role="system", parts=(Text(text="two"),)), dialect="anthropic_messages")
    assert "system" not in body
    assert body["messages"] == [{"role": "user", "content": "Hello"}, {"role": "system", "content": "two"}]


def test_results_of_tools_stand_before_what_else_the_user_says() -> None:
    body = encode(
        HELLO,
        assistant(ToolCall(id="a", name="f"), ToolCall(id="b", name="f")),
        user(Text(text="Meanwhile."), ToolResult(call_id="a")),
        user(ToolResult(call_id="b")),
    )
    assert [block["type"] for block in body["messages"][2]["content"]] == ["tool_result", "tool_result", "text"]


def test_empty_texts_and_messages_are_left_out() -> None:
    body = encode(HELLO, assistant(Text(text="")), user(Text(text=" \n"), Text(text="b")))
    assert body["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "Hello"}, {"type": "text", "text": "b"}]}
    ]


def test_ids_that_anthropic_does_not_allow_are_replaced_alike_in_call_and_result() -> None:
    body = encode(HELLO, assistant(ToolCall(id="functions.f:0", name="f")), user(ToolResult(call_id="functions.f:0")))
    used, result = body["messages"][1]["content"][0]["id"], body["messages"][2]["content"][0]["tool_use_id"]
    assert used == result
    assert used.replace("_", "").isalnum()
    other = encode(HELLO, assistant(ToolCall(id="functions.f:1", name="f")))["messages"][1]["content"][0]["id"]
    assert other != used


@pytest.mark.parametrize("arguments", ["[1]", "{", "null", '{"a":"\\ud83d"}', '{"a":"\ud83d"}', '{"a":' * 50_000])
def test_arguments_that_are_no_object_are_refused_with_their_place(arguments: str) -> None:
    found = refusal(HELLO, assistant(ToolCall(id="a", name="f", arguments=arguments)))
    assert found.code == "invalid_field"
    assert found.param == "messages[1].tool_calls"


def test_a_call_without_arguments_has_an_empty_input() -> None:
    assert encode(HELLO, assistant(ToolCall(id="a", name="f")))["messages"][1]["content"][0]["input"] == {}


def test_a_tool_without_parameters_gets_the_schema_that_anthropic_requires() -> None:
    tools = encode(tools=(Tool(name="a"), Tool(name="b", parameters={"properties": {}})))["tools"]
    assert [tool["input_schema"] for tool in tools] == [
        {"type": "object", "properties": {}},
        {"type": "object", "properties": {}},
    ]


@pytest.mark.parametrize(
    ("choice", "parallel", "expected"),
    [
        (ToolChoice(mode="required"), None, {"type": "any"}),
        (ToolChoice(mode="none"), False, {"type": "none"}),
        (ToolChoice(mode="named", name="f"), False, {"type": "tool", "name": "f", "disable_parallel_tool_use": True}),
        (ToolChoice(mode="auto"), True, {"type": "auto"}),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (None, True, None),
    ],
)
def test_tool_choice_is_written(choice: ToolChoice | None, parallel: bool | None, expected: Any) -> None:
    assert encode(tools=(TOOL,), tool_choice=choice, parallel_tool_calls=parallel).get("tool_choice") == expected


def test_a_choice_among_no_tools_is_left_out() -> None:
    assert "tool_choice" not in encode(tool_choice=ToolChoice(mode="auto"), parallel_tool_calls=False)


def test_of_allowed_tools_only_those_are_sent() -> None:
    body = encode(
        tools=(TOOL, Tool(name="g")), tool_choice=ToolChoice(mode="required", allowed=("g",)), dialect="openai_chat"
    )
    assert [tool["name"] for tool in body["tools"]] == ["g"]
    assert body["tool_choice"] == {"type": "any"}


@pytest.mark.parametrize(
    ("thinking", "written", "effort"),
    [
        (Thinking(effort="none"), {"type": "disabled"}, None),
        (Thinking(budget_tokens=0), {"type": "disabled"}, None),
        (Thinking(budget_tokens=-1), {"type": "adaptive"}, None),
        (Thinking(budget_tokens=100), {"type": "enabled", "budget_tokens": 1024}, None),
        (Thinking(budget_tokens=5000, visible=True), {"type": "enabled", "budget_tokens": 5000, "display": "summarized"}, None),
        (Thinking(effort="minimal"), {"type": "adaptive"}, "low"),
        (Thinking(effort="high", summary="auto"), {"type": "adaptive", "display": "summarized"}, "high"),
        (Thinking(encrypted=True), None, None),
    ],
)  # fmt: skip
def test_thinking_of_other_dialects_is_written(thinking: Thinking, written: Any, effort: str | None) -> None:
    body = encode(thinking=thinking)
    assert body.get("thinking") == written
    assert body.get("output_config", {}).get("effort") == effort


def test_an_effort_does_not_ask_for_thinking_where_anthropic_would_refuse_it() -> None:
    forced = encode(thinking=Thinking(effort="high"), tools=(TOOL,), tool_choice=ToolChoice(mode="required"))
    assert "thinking" not in forced
    assert "thinking" not in encode(thinking=Thinking(effort="high"), temperature=0)


def test_a_budget_for_thinking_comes_on_top_of_the_tokens_that_nobody_limited() -> None:
    assert encode(thinking=Thinking(budget_tokens=5000))["max_tokens"] == DEFAULT_MAX_TOKENS + 5000


def test_thoughts_of_other_vendors_are_not_sent() -> None:
    signed = Reasoning(text="Hm.", signature="CiQB", id="rs_1")
    body = encode(HELLO, assistant(Reasoning(text="Hm."), signed, Reasoning(encrypted="gAAA"), Text(text="Hi")))
    assert body["messages"][1] == {"role": "assistant", "content": "Hi"}
    assert dropped(HELLO, assistant(Reasoning(text="Hm."))) == []
    assert dropped(HELLO, assistant(signed)) == ["reasoning"]
    assert dropped(HELLO, assistant(signed), dialect="anthropic_messages") == []


def test_redacted_thinking_goes_back() -> None:
    body = encode(HELLO, assistant(Reasoning(encrypted=MARK + "EmwK")))
    assert body["messages"][1]["content"] == [{"type": "redacted_thinking", "data": "EmwK"}]


def test_images_without_a_type_are_known_by_their_first_bytes() -> None:
    body = encode(user(Image(source=Source(data="iVBORw0KGgo="))))
    assert body["messages"][0]["content"][0]["source"]["media_type"] == "image/png"


def test_a_text_file_is_a_text_document() -> None:
    body = encode(user(Document(source=Source(media_type="text/csv", data="YSxi"))))
    assert body["messages"][0]["content"][0]["source"] == {"type": "text", "media_type": "text/plain", "data": "a,b"}


def test_a_refusal_in_the_models_words_stays_a_text() -> None:
    assert encode(HELLO, assistant(Declined(text="No.")))["messages"][1]["content"] == "No."


def test_a_safety_id_names_the_user_where_nothing_else_does() -> None:
    assert encode(safety_id="s")["metadata"] == {"user_id": "s"}


EVERYTHING: dict[str, Any] = {
    "model": "claude-x",
    "max_tokens": 10,
    "stream": True,
    "temperature": 1.5,
    "stop_sequences": ["\n"],
    "tools": [
        {"name": "f", "input_schema": {"type": "object"}, "strict": False, "eager_input_streaming": True},
        {"type": "bash_20250124", "name": "bash"},
    ],
    "tool_choice": {"type": "any", "disable_parallel_tool_use": False},
    "thinking": {"type": "enabled", "budget_tokens": 1, "display": "omitted"},
    "metadata": {"user_id": "u", "more": 1},
    "service_tier": "auto",
    "container": {"id": "c"},
    "mcp_servers": [{"type": "url", "url": "https://a", "name": "a"}],
    "cache_control": {"type": "ephemeral"},
    "output_config": {
        "task_budget": {"type": "tokens", "total": 9},
        "effort": "max",
        "format": {"type": "json_schema", "schema": {"type": "object"}},
    },
    "system": [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
    "messages": [
        {"role": "user", "content": "a"},
        {"role": "system", "content": "b"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "t", "signature": "Eq"},
                {"type": "redacted_thinking", "data": "Em"},
                {
                    "type": "text",
                    "text": "c",
                    "citations": [
                        {
                            "type": "char_location",
                            "cited_text": "x",
                            "document_index": 0,
                            "document_title": None,
                            "start_char_index": 0,
                            "end_char_index": 1,
                        }
                    ],
                },
                {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}},
                {"type": "web_search_tool_result", "tool_use_id": "s", "content": []},
                {"type": "tool_use", "id": "i", "name": "f", "input": {"a": 1.0, "b": 10**30}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "i",
                    "content": [
                        {"type": "text", "text": "d"},
                        {"type": "image", "source": {"type": "file", "file_id": "f"}},
                    ],
                    "cache_control": {"type": "ephemeral"},
                }
            ],
        },
    ],
}


def test_what_came_in_this_dialect_is_written_as_it_was() -> None:
    losses = Losses()
    request = decode_request(json.dumps(EVERYTHING).encode())
    assert json.loads(encode_request(request, "claude-x", losses)) == EVERYTHING
    assert losses.dropped == []


def test_text_that_utf_8_cannot_hold_is_refused() -> None:
    assert refusal(user(Text(text="a\ud83d"))).code == "invalid_json"


def test_a_conversation_in_this_dialect_that_the_model_begins_is_left_to_the_vendor() -> None:
    body = encode(assistant(Text(text="Welcome.")), dialect="anthropic_messages")
    assert body["messages"] == [{"role": "assistant", "content": "Welcome."}]
