"""A caller's request in our words. Examples after https://platform.claude.com/docs/en/api/messages and what Claude Code sends."""

import json
from typing import Any

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
    Part,
    Reasoning,
    Source,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from torana.dialects.anthropic_messages.request import HARMLESS, decode_request
from torana.dialects.anthropic_messages.signatures import MARK, NAME
from torana.dialects.proofs import Wrapped, wrap


def decode(**fields: Any) -> ModelRequest:
    return decode_request(json.dumps({"model": "claude", "messages": [], **fields}).encode())


def parts(*blocks: Any, role: str = "user") -> tuple[Part, ...]:
    return decode(messages=[{"role": role, "content": list(blocks)}]).messages[0].parts


def refused(**fields: Any) -> str | None:
    with pytest.raises(Refusal) as caught:
        decode(**fields)
    assert caught.value.code == "invalid_field"
    return caught.value.param


def test_settings_are_read_field_by_field() -> None:
    request = decode(
        max_tokens=1024,
        temperature=0.5,
        top_p=0.9,
        top_k=40,
        stop_sequences=["END", "STOP"],
        stream=True,
        service_tier="standard_only",
        metadata={"user_id": "u-1"},
    )
    assert request == ModelRequest(
        dialect=NAME,
        model="claude",
        max_tokens=1024,
        temperature=0.5,
        top_p=0.9,
        top_k=40,
        stop=("END", "STOP"),
        stream=True,
        service_tier="standard_only",
        user="u-1",
    )


MARKER = {"type": "ephemeral", "ttl": "1h"}
CLAUDE_CODE: dict[str, Any] = {
    "system": [{"type": "text", "text": "You are Claude Code.", "cache_control": MARKER}],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "Look.", "cache_control": {"type": "ephemeral"}}]},
        {"role": "system", "content": "Be brief."},
        {"role": "assistant", "content": "Well."},
    ],
    "thinking": {"type": "adaptive", "display": "omitted"},
    "output_config": {"effort": "high", "task_budget": {"type": "tokens", "total": 9}},
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    "tools": [
        {
            "name": "Read",
            "description": "Reads.",
            "input_schema": {"type": "object"},
            "strict": True,
            "eager_input_streaming": True,
            "cache_control": MARKER,
        },
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 5},
    ],
    "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
    "metadata": {"user_id": "user_1", "more": 1},
}


def test_a_request_as_claude_code_sends_it_keeps_everything() -> None:
    request = decode(**CLAUDE_CODE)
    assert request.messages == (
        Message(role="system", parts=(Text(text="You are Claude Code.", cache=Cache(ttl="1h")),)),
        Message(role="user", parts=(Text(text="Look.", cache=Cache()),)),
        Message(role="system", parts=(Text(text="Be brief."),)),
        Message(role="assistant", parts=(Text(text="Well."),)),
    )
    assert request.thinking == Thinking(enabled=True, adaptive=True, effort="high", visible=False)
    assert request.tools == (
        Tool(
            name="Read",
            description="Reads.",
            parameters={"type": "object"},
            strict=True,
            cache=Cache(ttl="1h"),
            extra={"eager_input_streaming": True},
        ),
        Opaque(
            dialect=NAME,
            kind="web_search_20250305",
            raw={"type": "web_search_20250305", "name": "web_search", "max_uses": 5},
        ),
    )
    assert request.tool_choice == ToolChoice(mode="auto")
    assert request.parallel_tool_calls is False
    assert request.metadata == {"more": 1}
    assert request.extra == {
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "output_config.task_budget": {"type": "tokens", "total": 9},
    }
    assert request.extra.keys() <= HARMLESS


def test_a_system_text_is_the_first_message() -> None:
    assert decode(system="Be kind.").messages == (Message(role="system", parts=(Text(text="Be kind."),)),)


def test_images_are_read_from_base64_url_and_file() -> None:
    assert parts(
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}},
        {"type": "image", "source": {"type": "url", "url": "https://a/b.png"}, "cache_control": {"type": "ephemeral"}},
        {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
    ) == (
        Image(source=Source(media_type="image/png", data="iVBO")),
        Image(source=Source(url="https://a/b.png"), cache=Cache()),
        Image(source=Source(file_id="file_1")),
    )


def test_base64_in_the_url_safe_alphabet_and_without_padding_is_put_right() -> None:
    source = {"type": "base64", "media_type": "image/png", "data": "-_-_QQ"}
    assert parts({"type": "image", "source": source}) == (
        Image(source=Source(media_type="image/png", data="+/+/QQ==")),
    )


def test_documents_are_read_with_their_title_context_and_citations() -> None:
    document = {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": "The grass is green."},
        "title": "Colours",
        "context": "Trustworthy.",
        "citations": {"enabled": True},
    }
    pdf = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}}
    assert parts(document, pdf) == (
        Document(source=Source(text="The grass is green."), title="Colours", context="Trustworthy.", citations=True),
        Document(source=Source(media_type="application/pdf", data="JVBERi0=")),
    )


def test_a_document_made_of_blocks_stays_whole() -> None:
    raw = {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "a"}]}}
    assert parts(raw) == (Opaque(dialect=NAME, kind="document", raw=raw),)


@pytest.mark.parametrize(
    "raw",
    [
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
        {"type": "code_execution_tool_result", "tool_use_id": "srvtoolu_1", "content": {}},
        {"type": "search_result", "source": "s", "title": "t", "content": []},
        {"type": "container_upload", "file_id": "f"},
        {"type": "tool_use", "id": "a", "name": "f", "input": {}, "caller": {"type": "code_execution_20250825"}},
        {"type": "text", "text": "a", "something": "new"},
    ],
)
def test_what_only_this_dialect_understands_stays_whole(raw: dict[str, Any]) -> None:
    assert parts(raw, role="assistant") == (Opaque(dialect=NAME, kind=raw["type"], raw=raw),)


def test_calls_and_results_are_read_and_a_result_knows_its_tool() -> None:
    request = decode(
        messages=[
            {
                "role": "assistant",
                "content": [
                    {
                        "type": "tool_use",
                        "id": "toolu_1",
                        "name": "get_weather",
                        "input": {"city": "Köln"},
                        "caller": {"type": "direct"},
                    }
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "toolu_1",
                        "is_error": True,
                        "content": [
                            {"type": "text", "text": "15 degrees"},
                            {"type": "image", "source": {"type": "url", "url": "https://a/b"}},
                        ],
                    },
                    {"type": "tool_result", "tool_use_id": "toolu_2", "content": "plain"},
                    {"type": "tool_result", "tool_use_id": "toolu_3"},
                ],
            },
        ]
    )
    assert request.messages[0].parts == (ToolCall(id="toolu_1", name="get_weather", arguments='{"city":"Köln"}'),)
    assert request.messages[1].parts == (
        ToolResult(
            call_id="toolu_1",
            name="get_weather",
            error=True,
            content=(Text(text="15 degrees"), Image(source=Source(url="https://a/b"))),
        ),
        ToolResult(call_id="toolu_2", content=(Text(text="plain"),)),
        ToolResult(call_id="toolu_3"),
    )


def test_a_signature_of_anthropics_is_marked_as_hers() -> None:
    assert parts(
        {"type": "thinking", "thinking": "Hm.", "signature": "EqQB"},
        {"type": "redacted_thinking", "data": "EmwK"},
        role="assistant",
    ) == (Reasoning(text="Hm.", signature=MARK + "EqQB"), Reasoning(encrypted=MARK + "EmwK"))


def test_a_thought_with_an_empty_signature_has_no_proof() -> None:
    assert parts({"type": "thinking", "thinking": "Hm.", "signature": ""}) == (Reasoning(text="Hm."),)


def test_the_proof_of_another_vendor_is_unwrapped() -> None:
    shown = wrap(Wrapped(encrypted="gAAAA", id="rs_1", summary=True))
    assert parts({"type": "thinking", "thinking": "In short.", "signature": shown}) == (
        Reasoning(summary=("In short.",), encrypted="gAAAA", id="rs_1"),
    )


def test_a_proof_behind_a_call_is_given_back_to_the_call() -> None:
    call = {"type": "tool_use", "id": "a", "name": "f", "input": {}}
    proof = {"type": "thinking", "thinking": "", "signature": wrap(Wrapped(signature="CiQ", previous=True))}
    assert parts(call, proof) == (ToolCall(id="a", name="f", arguments="{}", signature="CiQ"),)


@pytest.mark.parametrize("signature", ["torana:", "torana:!!", "torana:e30", "torana:bnVsbA==", "torana:eyJpZCI6MX0="])
def test_a_wrapping_that_was_tampered_with_holds_nothing(signature: str) -> None:
    assert parts({"type": "thinking", "thinking": "Hm.", "signature": signature}) == (Reasoning(text="Hm."),)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"type": "enabled", "budget_tokens": 2048}, Thinking(enabled=True, budget_tokens=2048)),
        (
            {"type": "enabled", "budget_tokens": 2048, "display": "summarized"},
            Thinking(enabled=True, budget_tokens=2048, visible=True),
        ),
        ({"type": "adaptive"}, Thinking(enabled=True, adaptive=True)),
        ({"type": "disabled"}, Thinking(enabled=False)),
    ],
)
def test_thinking_is_read(sent: dict[str, Any], expected: Thinking) -> None:
    assert decode(thinking=sent).thinking == expected


def test_a_way_of_thinking_that_is_not_known_is_kept_for_this_dialect() -> None:
    request = decode(thinking={"type": "between_tools"})
    assert request.thinking is None
    assert request.extra == {"thinking": {"type": "between_tools"}}


@pytest.mark.parametrize("place", ["output_config", "old"])
def test_a_schema_for_the_answer_is_read_from_both_its_places(place: str) -> None:
    form = {"type": "json_schema", "schema": {"type": "object"}}
    fields = {"output_format": form} if place == "old" else {"output_config": {"format": form}}
    assert decode(**fields).format == Format(kind="schema", schema={"type": "object"})


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"type": "any"}, ToolChoice(mode="required")),
        ({"type": "none"}, ToolChoice(mode="none")),
        ({"type": "tool", "name": "f"}, ToolChoice(mode="named", name="f")),
    ],
)
def test_tool_choice_is_read(sent: dict[str, Any], expected: ToolChoice) -> None:
    assert decode(tool_choice=sent).tool_choice == expected


def test_a_tool_that_only_code_may_call_stays_whole() -> None:
    tool = {"name": "f", "input_schema": {"type": "object"}, "allowed_callers": ["code_execution_20250825"]}
    assert decode(tools=[tool]).tools == (Opaque(dialect=NAME, kind="custom", raw=tool),)


def test_model_and_stream_of_the_path_stand_before_those_of_the_body() -> None:
    body = b'{"model":"a","messages":[],"stream":false}'
    assert decode_request(body, "b", True) == ModelRequest(dialect=NAME, model="b", stream=True)


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"max_tokens": "many"}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"temperature": "hot"}, "temperature"),
        ({"messages": "hello"}, "messages"),
        ({"messages": ["hello"]}, "messages[0]"),
        ({"messages": [{"content": "a"}]}, "messages[0].role"),
        ({"messages": [{"role": "tool", "content": "a"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": 1}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": ["a"]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{"text": "a"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        ({"messages": [{"role": "user", "content": "a", "name": "b"}]}, "messages[0].name"),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {
                                "type": "image",
                                "source": {"type": "base64", "media_type": "image/png", "data": "not base64!"},
                            }
                        ],
                    }
                ]
            },
            "messages[0].content[0].source.data",
        ),
        (
            {
                "messages": [
                    {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": []}]}
                ]
            },
            "messages[0].content[0].input",
        ),
        ({"system": 5}, "system"),
        ({"system": [{"type": "text", "text": 5}]}, "system[0].text"),
        ({"tools": [{"input_schema": {}}]}, "tools[0].name"),
        ({"tools": [{"name": "f", "input_schema": "x"}]}, "tools[0].input_schema"),
        ({"tool_choice": {"type": "often"}}, "tool_choice.type"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name"),
        ({"thinking": "deeply"}, "thinking"),
        ({"thinking": {"type": "enabled", "budget_tokens": "x"}}, "thinking.budget_tokens"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "output_config.format.schema"),
        ({"output_config": {"format": {"type": "xml"}}}, "output_config.format.type"),
        ({"metadata": {"user_id": 5}}, "metadata.user_id"),
        ({"stop_sequences": [1]}, "stop_sequences[0]"),
    ],
)
def test_a_field_of_the_wrong_kind_is_refused_by_its_place(fields: dict[str, Any], place: str) -> None:
    assert refused(**fields) == place


def test_a_body_without_a_model_is_refused() -> None:
    with pytest.raises(Refusal) as caught:
        decode_request(b'{"messages":[]}')
    assert caught.value.param == "model"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"a":NaN}', b'{"a":1e999}', b'{"a":"\\ud83d"}', b"[" * 100_000])
def test_what_is_not_a_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        decode_request(body)
    assert caught.value.code == "invalid_json"
