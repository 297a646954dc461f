"""Requests as callers of the Responses API send them, both ways."""

import json
from typing import Any

import pytest

from tests.dialects.openai_responses.samples import CODEX
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
from torana.dialects.openai_responses import NAME
from torana.dialects.openai_responses.carried import PREFIX
from torana.dialects.openai_responses.request import (
    HARMLESS,
    decode_request,
    encode_request,
    refuse_stored,
)

PIXEL = "iVBORw0KGgo="


def decode(**fields: Any) -> ModelRequest:
    return decode_request(json.dumps({"model": "gpt-5.1", **fields}).encode(), None, None)


def encode(request: ModelRequest, drop: bool = False) -> tuple[dict[str, Any], list[str]]:
    losses = Losses(drop=drop)
    body: dict[str, Any] = json.loads(encode_request(request, "served", losses))
    return body, losses.dropped


def test_a_request_of_codex_is_read_whole() -> None:
    request = decode(**CODEX)
    assert request.messages == (
        Message(role="system", parts=(Text(text="You are Codex."),), apart=True),
        Message(role="developer", parts=(Text(text="Sandbox: none."),)),
        Message(role="user", parts=(Text(text="List files."),)),
        Message(
            role="assistant",
            parts=(
                Reasoning(summary=("Hm.",), encrypted="gAAA"),
                ToolCall(id="call_1", name="shell", arguments='{"command":["ls"]}'),
                ToolCall(id="call_2", name="apply_patch", arguments="*** Begin", custom=True),
            ),
        ),
        Message(
            role="user",
            parts=(
                ToolResult(call_id="call_1", name="shell", content=(Text(text="a.txt"),)),
                ToolResult(call_id="call_2", name="apply_patch", content=(Text(text="done"),), custom=True),
            ),
        ),
    )
    assert request.tools == (
        Tool(name="shell", description="Runs.", parameters={"type": "object"}, strict=False),
        Tool(
            name="apply_patch",
            description="Edits.",
            parameters={"type": "grammar", "syntax": "lark", "definition": "start: /x/"},
            custom=True,
        ),
        Opaque(dialect=NAME, kind="local_shell", raw={"type": "local_shell"}),
        Opaque(dialect=NAME, kind="web_search", raw={"type": "web_search"}),
    )
    assert request.thinking == Thinking(effort="medium", summary="auto", visible=True, encrypted=True)
    assert request.tool_choice == ToolChoice(mode="auto")
    assert (request.parallel_tool_calls, request.store, request.stream) == (True, False, True)
    assert (request.cache_key, request.verbosity) == ("key", "low")
    assert request.extra == {"client_metadata": {"x": "y"}}
    assert set(request.extra) <= HARMLESS


def test_a_text_alone_is_a_user_message() -> None:
    assert decode(input="Hi").messages == (Message(role="user", parts=(Text(text="Hi"),)),)


def test_every_part_of_a_message_is_read() -> None:
    request = decode(
        input=[
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}},
                    {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "low"},
                    {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "auto"},
                    {"type": "input_image", "file_id": "file_1"},
                    {"type": "input_file", "file_data": f"data:application/pdf;base64,{PIXEL}", "filename": "a.pdf"},
                    {"type": "input_file", "file_data": PIXEL, "filename": "b", "detail": "high"},
                    {"type": "input_file", "file_url": "https://example.com/a.pdf"},
                    {"type": "input_file", "file_id": "file_2"},
                    {"type": "input_audio", "input_audio": {"data": PIXEL, "format": "mp3"}},
                    {"type": "input_smell", "smell": "rose"},
                ],
            }
        ]
    )
    assert request.messages[0].parts == (
        Text(text="a", cache=Cache(ttl="30m")),
        Image(source=Source(url="https://example.com/a.png"), detail="low"),
        Image(source=Source(media_type="image/png", data=PIXEL), detail="auto"),
        Image(source=Source(file_id="file_1")),
        Document(source=Source(media_type="application/pdf", data=PIXEL), title="a.pdf"),
        Document(source=Source(data=PIXEL), title="b", detail="high"),
        Document(source=Source(url="https://example.com/a.pdf")),
        Document(source=Source(file_id="file_2")),
        Audio(source=Source(media_type="audio/mpeg", data=PIXEL)),
        Opaque(dialect=NAME, kind="content.input_smell", raw={"type": "input_smell", "smell": "rose"}),
    )


def test_an_answer_is_read_with_citations_refusal_and_phase() -> None:
    request = decode(
        input=[
            {
                "type": "message",
                "id": "msg_1",
                "role": "assistant",
                "status": "completed",
                "phase": "commentary",
                "content": [
                    {
                        "type": "output_text",
                        "text": "Hi",
                        "annotations": [
                            {"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 2}
                        ],
                    },
                    {"type": "refusal", "refusal": "No."},
                ],
            },
            {"role": "assistant", "content": "And more"},
        ]
    )
    assert request.messages == (
        Message(
            role="assistant",
            id="msg_1",
            parts=(
                Text(text="Hi", phase="commentary", citations=(Citation(url="u", title="t", start=0, end=2),)),
                Declined(text="No."),
            ),
        ),
        Message(role="assistant", parts=(Text(text="And more"),)),
    )


def test_calls_of_one_turn_stay_together_even_around_a_second_message() -> None:
    def call(name: str) -> dict[str, Any]:
        return {"type": "function_call", "call_id": name, "name": "f", "arguments": "{}"}

    request = decode(
        input=[
            {"role": "assistant", "content": "one"},
            call("a"),
            {"role": "assistant", "content": "two"},
            call("b"),
            {"type": "function_call_output", "call_id": "a", "output": ""},
            {"type": "function_call_output", "call_id": "b", "output": [{"type": "input_text", "text": "x"}]},
        ]
    )
    assert [message.role for message in request.messages] == ["assistant", "user"]
    assert [type(part) for part in request.messages[0].parts] == [Text, ToolCall, Text, ToolCall]
    assert request.messages[1].parts == (
        ToolResult(call_id="a", name="f"),
        ToolResult(call_id="b", name="f", content=(Text(text="x"),)),
    )


def test_a_tool_may_answer_with_an_image() -> None:
    image = {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "auto"}
    request = decode(input=[{"type": "function_call_output", "call_id": "a", "output": [image]}])
    result = ToolResult(call_id="a", content=(Image(source=Source(media_type="image/png", data=PIXEL), detail="auto"),))
    assert request.messages == (Message(role="user", parts=(result,)),)
    assert encode(request)[0]["input"] == [{"type": "function_call_output", "call_id": "a", "output": [image]}]


@pytest.mark.parametrize(
    "item",
    [
        {"type": "web_search_call", "id": "ws", "status": "completed"},
        {"type": "computer_call_output", "call_id": "c", "output": {"type": "computer_screenshot"}},
        {"type": "mcp_approval_response", "approval_request_id": "a", "approve": True},
        {"type": "local_shell_call", "id": "l", "call_id": "c", "status": "completed", "action": {"type": "exec"}},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}", "namespace": "crm"},
        {"type": "something_new", "x": [1, 2.5, None]},
        {"type": "item_reference", "id": "msg_1"},
    ],
)
def test_an_item_without_a_neutral_word_goes_back_as_it_came(item: dict[str, Any]) -> None:
    request = decode(input=[item, {"role": "user", "content": "Go on"}])
    body, dropped = encode(request)
    # null says nothing in this API.
    assert body["input"][0] == {name: value for name, value in item.items() if value is not None}
    assert dropped == []


def test_a_reference_needs_no_type() -> None:
    request = decode(input=[{"id": "msg_1"}])
    assert request.messages[0].parts == (Opaque(dialect=NAME, kind="item_reference", raw={"id": "msg_1"}),)


def test_a_caller_that_is_direct_is_the_ordinary_case() -> None:
    item = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "", "caller": {"type": "direct"}}
    assert decode(input=[item]).messages[0].parts == (ToolCall(id="c", name="f"),)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"background": True}, "background"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input (item_reference)"),
        ({"input": [{"type": "compaction", "encrypted_content": "x"}]}, "input (compaction)"),
    ],
)
def test_what_only_the_vendor_keeps_is_refused_by_name_for_other_targets(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(Refusal) as refused:
        refuse_stored(decode(**fields))
    assert (refused.value.code, refused.value.param, refused.value.status) == ("unsupported_parameter", param, 400)
    assert "send" in refused.value.sentence


def test_what_says_the_default_is_no_loss_for_other_targets() -> None:
    request = decode(input="Hi", background=False, truncation="disabled", previous_response_id=None, include=[])
    refuse_stored(request)
    assert request.extra == {}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": 3}, "input"),
        ({"input": [3]}, "input[0]"),
        ({"input": [{"role": "king", "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": "user"}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "input[0].content[0]"),
        ({"input": [{"role": "user", "content": [{"type": "input_file"}]}]}, "input[0].content[0]"),
        (
            {
                "input": [
                    {"role": "user", "content": [{"type": "input_image", "image_url": "data:image/png;base64,a*b"}]}
                ]
            },
            "input[0].content[0].image_url",
        ),
        (
            {
                "input": [
                    {"role": "user", "content": [{"type": "input_image", "image_url": "data:text/html;base64,YQ=="}]}
                ]
            },
            "input[0].content[0].image_url",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "input_file", "file_data": "%%%"}]}]},
            "input[0].content[0].file_data",
        ),
        ({"input": [{"type": "function_call", "name": "f", "arguments": "{}"}]}, "input[0].call_id"),
        ({"input": [{"type": "reasoning", "encrypted_content": PREFIX + "!"}]}, "input[0].encrypted_content"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tools": [{"name": "f"}]}, "tools[0].type"),
        ({"tool_choice": "perhaps"}, "tool_choice"),
        ({"tool_choice": {"type": "allowed_tools", "mode": "none", "tools": []}}, "tool_choice.mode"),
        ({"reasoning": {"effort": "enormous"}}, "reasoning.effort"),
        ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "text.format.schema"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"max_output_tokens": "9"}, "max_output_tokens"),
        ({"temperature": "hot"}, "temperature"),
        ({"stream": "yes"}, "stream"),
        ({"include": [3]}, "include[0]"),
    ],
)
def test_a_wrong_field_is_refused_with_its_place(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(Refusal) as refused:
        decode(**fields)
    assert (refused.value.code, refused.value.param) == ("invalid_field", param)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"input":"\xff"}', b'{"input":"\\ud800"}', b'{"temperature":NaN}']
)
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        decode_request(body, None, None)
    assert refused.value.code == "invalid_json"


@pytest.mark.parametrize("depth", [900, 985, 990, 995, 1000, 100_000])
def test_a_body_nested_too_deeply_is_refused_and_nothing_else(depth: int) -> None:
    body = b'{"model":"m","input":"x","tools":[{"type":"web_search","x":%b%b}]}' % (b"[" * depth, b"]" * depth)
    codes = []
    try:
        encode_request(decode_request(body, None, None), "m", Losses())
    except Refusal as refused:
        codes.append(refused.code)
    assert codes == ([] if depth == 900 else codes)
    assert set(codes) <= {"invalid_json"}


def test_what_the_path_says_wins() -> None:
    request = decode_request(b'{"model":"a","input":"x","stream":false}', "b", True)
    assert (request.model, request.stream) == ("b", True)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("required", ToolChoice(mode="required")),
        ({"type": "function", "name": "f"}, ToolChoice(mode="named", name="f")),
        ({"type": "custom", "name": "p"}, ToolChoice(mode="named", name="p")),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]},
            ToolChoice(mode="required", allowed=("f",)),
        ),
        ({"type": "web_search_preview"}, None),
        ({"type": "allowed_tools", "mode": "auto", "tools": [{"type": "image_generation"}]}, None),
    ],
)
def test_tool_choice_is_the_same_after_both_ways(choice: Any, expected: ToolChoice | None) -> None:
    tools = [{"type": "function", "name": "f"}, {"type": "custom", "name": "p"}]
    request = decode(input="x", tools=tools, tool_choice=choice)
    assert request.tool_choice == expected
    assert encode(request)[0]["tool_choice"] == choice


def test_settings_inside_objects_that_have_no_neutral_word_stay() -> None:
    text = {"format": {"type": "grammar", "definition": "x"}, "verbosity": "high", "new": 1}
    reasoning = {"effort": "low", "context": "all_turns"}
    include = ["reasoning.encrypted_content", "web_search_call.results", "message.output_text.logprobs"]
    request = decode(input="x", text=text, reasoning=reasoning, include=include, top_logprobs=2)
    body, _ = encode(request)
    assert body["text"] == text
    assert body["reasoning"] == reasoning
    assert sorted(body["include"]) == sorted(include)
    assert (request.logprobs, request.top_logprobs) == (True, 2)


def test_a_schema_for_the_answer_is_read() -> None:
    form = {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True, "description": "d"}
    request = decode(input="x", text={"format": form})
    assert request.format == Format(kind="schema", schema={"type": "object"}, name="n", strict=True, description="d")
    assert encode(request)[0]["text"] == {"format": form}
