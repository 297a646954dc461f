"""Requests of other dialects' callers for Gemini: what is carried, and what is said of what is not."""

import json
from typing import Any

import msgspec
import pytest

from torana.core.errors import Refusal
from torana.core.exchange import (
    Cache,
    Document,
    Format,
    Image,
    Message,
    ModelRequest,
    Opaque,
    Reasoning,
    Source,
    Speech,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from torana.core.losses import Losses
from torana.dialects.gemini.request import decode_request, encode_request
from torana.dialects.gemini.signatures import PLACEHOLDER

HELLO = (Message(role="user", parts=(Text(text="hi"),)),)
CALLED = (
    *HELLO,
    Message(
        role="assistant",
        parts=(ToolCall(id="a", name="f", arguments='{"x":1}'), ToolCall(id="b", name="g", arguments="{}")),
    ),
    Message(role="user", parts=(ToolResult(call_id="a", content=(Text(text="1"),)),)),
    Message(role="user", parts=(ToolResult(call_id="b", content=(Text(text='{"y":2}'),), error=True),)),
)


def encoded(model: str = "gemini-2.5-flash", losses: Losses | None = None, **fields: Any) -> dict[str, Any]:
    """The body for a request of a caller of OpenAI's dialect."""
    request = ModelRequest(**{"dialect": "openai_chat", "model": "x", "messages": HELLO, **fields})
    body: dict[str, Any] = json.loads(encode_request(request, model, losses or Losses()))
    return body


def test_nothing_is_said_that_was_not_asked_for() -> None:
    assert encoded() == {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}


def test_instructions_from_anywhere_go_to_the_one_place_for_them() -> None:
    messages = (
        Message(role="system", parts=(Text(text="a"),)),
        *HELLO,
        Message(role="developer", parts=(Text(text="b"),)),
    )
    body = encoded(messages=messages)
    assert body["systemInstruction"] == {"parts": [{"text": "a"}, {"text": "b"}]}
    assert len(body["contents"]) == 1


def test_results_stand_together_and_carry_the_names_of_their_calls() -> None:
    [_, called, answered] = encoded(messages=CALLED)["contents"]
    assert called == {
        "role": "model",
        "parts": [
            {"functionCall": {"name": "f", "args": {"x": 1}, "id": "a"}},
            {"functionCall": {"name": "g", "args": {}, "id": "b"}},
        ],
    }
    assert answered == {
        "role": "user",
        "parts": [
            {"functionResponse": {"name": "f", "response": {"output": "1"}, "id": "a"}},
            {"functionResponse": {"name": "g", "response": {"error": {"y": 2}}, "id": "b"}},
        ],
    }


def test_calls_of_the_current_turn_without_a_signature_get_googles_placeholder_where_gemini_demands_one() -> None:
    earlier = (*CALLED, Message(role="assistant", parts=(Text(text="so"),)))
    contents = encoded(model="gemini-3-pro", messages=(*earlier, *CALLED))["contents"]
    signed = [
        part.get("thoughtSignature") for content in contents for part in content["parts"] if "functionCall" in part
    ]
    # Of the first turn nothing is checked; of parallel calls only the first.
    assert signed == [None, None, PLACEHOLDER, None]


@pytest.mark.parametrize("model", ["gemini-2.5-pro", "gemini-2.0-flash", "gemma-3-27b-it", "models/gemini-1.5-pro"])
def test_models_that_demand_no_signature_get_no_placeholder(model: str) -> None:
    assert PLACEHOLDER not in json.dumps(encoded(model=model, messages=CALLED))


def test_a_calls_own_signature_is_kept() -> None:
    call = ToolCall(id="a", name="f", signature="AAAA")
    messages = (*HELLO, Message(role="assistant", parts=(call,)))
    [_, content] = encoded(model="gemini-3-flash", messages=messages)["contents"]
    assert content["parts"] == [{"functionCall": {"name": "f", "args": {}, "id": "a"}, "thoughtSignature": "AAAA"}]


def test_ids_that_the_gate_made_up_are_not_shown_to_gemini() -> None:
    call = ToolCall(id="call_g_1", name="f")
    messages = (Message(role="assistant", parts=(call,)), Message(role="user", parts=(ToolResult(call_id="call_g_1"),)))
    assert "call_g_1" not in json.dumps(encoded(messages=messages))


def test_a_result_whose_call_nobody_made_is_refused() -> None:
    with pytest.raises(Refusal) as caught:
        encoded(messages=(Message(role="user", parts=(ToolResult(call_id="lost"),)),))
    assert caught.value.param == "messages[0]"


def test_the_images_of_a_result_are_carried() -> None:
    image = Image(source=Source(media_type="image/png", data="AAAA"))
    result = ToolResult(call_id="a", name="f", content=(Text(text="see"), image))
    [content] = encoded(messages=(Message(role="user", parts=(result,)),))["contents"]
    assert content["parts"][0]["functionResponse"]["parts"] == [
        {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}
    ]


@pytest.mark.parametrize(
    ("text", "args"),
    [("", {}), ('{"a":1}', {"a": 1}), ('{"a":', {"arguments": '{"a":'}), ("[1]", {"arguments": "[1]"})],
)
def test_arguments_that_are_no_object_are_passed_on_as_text(text: str, args: dict[str, Any]) -> None:
    call = ToolCall(id="a", name="f", arguments=text)
    [content] = encoded(messages=(Message(role="assistant", parts=(call,)),))["contents"]
    assert content["parts"][0]["functionCall"]["args"] == args


def test_images_and_documents_go_by_url_or_inline() -> None:
    parts = (
        Image(source=Source(url="https://example.com/cat.jpg?s=1")),
        Image(source=Source(url="data:image/gif;base64,AAAA")),
        Document(source=Source(text="words")),
        Document(source=Source(media_type="application/pdf", data="AAAA")),
    )
    [content] = encoded(messages=(Message(role="user", parts=parts),))["contents"]
    assert content["parts"] == [
        {"fileData": {"fileUri": "https://example.com/cat.jpg?s=1", "mimeType": "image/jpeg"}},
        {"inlineData": {"mimeType": "image/gif", "data": "AAAA"}},
        {"inlineData": {"mimeType": "text/plain", "data": "d29yZHM="}},
        {"inlineData": {"mimeType": "application/pdf", "data": "AAAA"}},
    ]


def test_tools_go_as_json_schema_and_unchanged() -> None:
    schema = {"type": "object", "properties": {"a": {"type": ["string", "null"]}}, "additionalProperties": False}
    body = encoded(tools=(Tool(name="f", description="d", parameters=schema), Tool(name="g")))
    assert body["tools"] == [
        {"functionDeclarations": [{"name": "f", "description": "d", "parametersJsonSchema": schema}, {"name": "g"}]}
    ]


@pytest.mark.parametrize(
    ("choice", "strict", "config"),
    [
        (None, False, None),
        (None, True, {"mode": "VALIDATED"}),
        (ToolChoice(mode="auto"), False, {"mode": "AUTO"}),
        (ToolChoice(mode="auto"), True, {"mode": "VALIDATED"}),
        (ToolChoice(mode="auto", allowed=("f",)), False, {"mode": "VALIDATED", "allowedFunctionNames": ["f"]}),
        (ToolChoice(mode="none"), False, {"mode": "NONE"}),
        (ToolChoice(mode="required"), True, {"mode": "ANY"}),
        (ToolChoice(mode="required", allowed=("f", "g")), False, {"mode": "ANY", "allowedFunctionNames": ["f", "g"]}),
        (ToolChoice(mode="named", name="f"), False, {"mode": "ANY", "allowedFunctionNames": ["f"]}),
    ],
)
def test_the_choice_of_tools_is_carried(choice: ToolChoice | None, strict: bool, config: dict[str, Any] | None) -> None:
    body = encoded(tools=(Tool(name="f", strict=strict),), tool_choice=choice)
    assert body.get("toolConfig") == (None if config is None else {"functionCallingConfig": config})


@pytest.mark.parametrize(
    ("thinking", "model", "config"),
    [
        (Thinking(effort="high"), "gemini-2.5-pro", {"thinkingBudget": 24576}),
        (Thinking(effort="high"), "gemini-3-pro", {"thinkingLevel": "HIGH"}),
        (Thinking(effort="max"), "gemini-3-pro", {"thinkingLevel": "HIGH"}),
        (Thinking(effort="none"), "gemini-2.5-flash", {"thinkingBudget": 0}),
        (Thinking(enabled=False), "gemini-flash-latest", {"thinkingLevel": "MINIMAL"}),
        (
            Thinking(enabled=True, budget_tokens=2048),
            "gemini-2.5-pro",
            {"thinkingBudget": 2048, "includeThoughts": True},
        ),
        (Thinking(enabled=True, adaptive=True), "gemini-2.5-pro", {"thinkingBudget": -1, "includeThoughts": True}),
        (Thinking(enabled=True, adaptive=True), "gemini-3-pro", {"includeThoughts": True}),
        (Thinking(enabled=True, visible=False), "gemini-3-pro", {"includeThoughts": False}),
        (Thinking(effort="low", summary="auto"), "gemini-3-pro", {"thinkingLevel": "LOW", "includeThoughts": True}),
    ],
)
def test_thinking_is_said_as_the_model_takes_it(thinking: Thinking, model: str, config: dict[str, Any] | None) -> None:
    assert encoded(model=model, thinking=thinking).get("generationConfig", {}).get("thinkingConfig") == config


def test_a_schema_for_the_answer_is_carried() -> None:
    schema = {"type": "object"}
    body = encoded(format=Format(kind="schema", schema=schema, name="n", strict=True))
    assert body["generationConfig"] == {"responseMimeType": "application/json", "responseJsonSchema": schema}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"logit_bias": {"1": 5}}, "logit_bias"),
        ({"tools": (Tool(name="f", custom=True),)}, "tools[0]"),
        ({"tools": (Opaque(dialect="openai_responses", kind="web_search", raw={}),)}, "tools[0].web_search"),
        ({"extra": {"web_search_options": {}}}, "web_search_options"),
        ({"speech": Speech(voice="alloy", format="mp3")}, "speech.format"),
        (
            {"messages": (Message(role="user", parts=(Image(source=Source(file_id="file-1")),)),)},
            "messages[0].parts[0]",
        ),
        (
            {"messages": (Message(role="user", parts=(Document(source=Source(data="AAAA"), citations=True),)),)},
            "messages[0].parts[0].citations",
        ),
        (
            {
                "messages": (
                    Message(role="user", parts=(Opaque(dialect="anthropic_messages", kind="search_result", raw={}),)),
                )
            },
            "messages[0].search_result",
        ),
    ],
)
def test_what_gemini_cannot_do_is_refused_by_name_or_dropped_where_the_policy_says_so(
    fields: dict[str, Any], param: str
) -> None:
    with pytest.raises(Refusal) as caught:
        encoded(**fields)
    assert (caught.value.code, caught.value.param) == ("unsupported_parameter", param)
    losses = Losses(drop=True)
    encoded(losses=losses, **fields)
    assert losses.dropped == [param]


def test_hints_are_dropped_and_named() -> None:
    losses = Losses()
    encoded(
        losses=losses,
        user="u",
        cache_key="k",
        safety_id="s",
        verbosity="low",
        metadata={"a": "b"},
        store=True,
        service_tier="scale",
        messages=(
            Message(role="user", name="bob", parts=(Text(text="x", cache=Cache()),)),
            Message(role="assistant", parts=(Reasoning(encrypted="gAAA"),)),
        ),
    )
    assert set(losses.dropped) == {
        "user",
        "cache_key",
        "safety_id",
        "verbosity",
        "metadata",
        "store",
        "service_tier",
        "cache",
        "messages[0].name",
        "messages[1].reasoning",
    }


def test_a_thoughts_signature_that_may_be_anybodys_is_not_shown_to_gemini() -> None:
    losses = Losses()
    messages = (*HELLO, Message(role="assistant", parts=(Reasoning(text="hm", signature="AAAA"), Text(text="yes"))))
    [_, content] = encoded(losses=losses, messages=messages)["contents"]
    assert content["parts"] == [{"text": "hm", "thought": True}, {"text": "yes"}]
    assert losses.dropped == ["messages[1].reasoning"]


def test_a_results_file_that_gemini_cannot_read_is_left_out_where_the_policy_drops_it() -> None:
    losses = Losses(drop=True)
    image = Image(source=Source(file_id="file-1"))
    result = ToolResult(call_id="a", name="f", content=(Text(text="see"), image))
    [content] = encoded(losses=losses, messages=(Message(role="user", parts=(result,)),))["contents"]
    assert content["parts"] == [{"functionResponse": {"name": "f", "response": {"output": "see"}, "id": "a"}}]
    assert losses.dropped == ["messages[0].tool_result"]


def test_streamed_arguments_are_not_asked_for_where_the_stream_has_to_be_translated() -> None:
    name = "toolConfig.functionCallingConfig.streamFunctionCallArguments"
    losses = Losses()
    body = encoded(losses=losses, dialect="gemini", extra={name: True})
    assert "toolConfig" not in body
    assert losses.dropped == [name]


def test_a_request_that_is_nested_too_deeply_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(20_000):
        schema = {"items": schema}
    request = ModelRequest(dialect="x", model="m", messages=HELLO, tools=(Tool(name="f", parameters=schema),))
    with pytest.raises(Refusal) as caught:
        encode_request(request, "m", Losses())
    assert caught.value.code == "invalid_json"


def test_the_placeholder_of_a_caller_of_gemini_is_kept() -> None:
    call = {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": PLACEHOLDER}
    body = msgspec.json.encode({"contents": [{"role": "model", "parts": [call]}]})
    again = json.loads(encode_request(decode_request(body, "gemini-3-pro", False), "gemini-3-pro", Losses()))
    assert again["contents"][0]["parts"] == [call]
