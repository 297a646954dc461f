"""What callers of Converse ask, field by field."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dialects.bedrock_converse.asking import CLAUDE, PNG
from tests.dialects.bedrock_converse.shapes import check_request
from torana.core.errors import Refusal
from torana.core.exchange import (
    Audio,
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
    Video,
)
from torana.core.losses import Losses
from torana.dialects.bedrock_converse import NAME
from torana.dialects.bedrock_converse.request import decode_request, encode_request, places

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
POINT = {"cachePoint": {"type": "default"}}
EXAMPLE: dict[str, Any] = {
    "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default", "ttl": "1h"}}, {"text": "Be kind."}],
    "messages": [
        {
            "role": "user",
            "content": [
                {"text": "What is it?"},
                {"image": {"format": "jpeg", "source": {"bytes": PNG}}},
                {"document": {"format": "pdf", "name": "Report", "source": {"bytes": "JVBERi0="}, "context": "c"}},
                {
                    "document": {
                        "format": "pdf",
                        "name": "Cited",
                        "source": {"bytes": "YQ=="},
                        "citations": {"enabled": True},
                    }
                },
                {"video": {"format": "mp4", "source": {"s3Location": {"uri": "s3://bucket/film.mp4"}}}},
                {"audio": {"format": "wav", "source": {"bytes": "UklGRg=="}}},
                POINT,
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "c2ln"}}},
                {"reasoningContent": {"redactedContent": "c2VjcmV0"}},
                {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Paris"}}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "toolResult": {
                        "toolUseId": "t1",
                        "content": [{"text": "rain"}, {"image": {"format": "png", "source": {"bytes": PNG}}}],
                        "status": "error",
                    }
                },
                POINT,
            ],
        },
    ],
    "inferenceConfig": {"maxTokens": 100, "temperature": 0.5, "topP": 0.9, "stopSequences": ["END"]},
    "toolConfig": {
        "tools": [
            {
                "toolSpec": {
                    "name": "weather",
                    "description": "Tells it",
                    "inputSchema": {"json": SCHEMA},
                    "strict": True,
                }
            },
            POINT,
            {"systemTool": {"name": "nova_grounding"}},
        ],
        "toolChoice": {"tool": {"name": "weather"}},
    },
    "outputConfig": {
        "textFormat": {
            "type": "json_schema",
            "structure": {"jsonSchema": {"schema": json.dumps(SCHEMA), "name": "n", "description": "d"}},
        }
    },
    "guardrailConfig": {"guardrailIdentifier": "abc", "guardrailVersion": "1"},
    "requestMetadata": {"team": "a"},
    "performanceConfig": {"latency": "optimized"},
    "serviceTier": {"type": "flex"},
    "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 2000}, "top_k": 5, "odd": [1]},
    "additionalModelResponseFieldPaths": ["/stop_sequence"],
}


def decode(value: Any, stream: bool = False) -> ModelRequest:
    return decode_request(json.dumps(value).encode(), "my/model", stream)


def said(*content: Any) -> tuple[Part, ...]:
    """The parts of a user's message of this content."""
    return decode({"messages": [{"role": "user", "content": list(content)}]}).messages[0].parts


def test_every_field_of_a_request_is_understood() -> None:
    asked = decode(EXAMPLE, stream=True)
    picture = Source(media_type="image/jpeg", data=PNG)
    user = (
        Text(text="What is it?"),
        Image(source=picture),
        Document(source=Source(media_type="application/pdf", data="JVBERi0="), title="Report", context="c"),
        Document(source=Source(media_type="application/pdf", data="YQ=="), title="Cited", citations=True),
        Video(source=Source(media_type="video/mp4", url="s3://bucket/film.mp4")),
        Audio(source=Source(media_type="audio/wav", data="UklGRg=="), cache=Cache()),
    )
    assistant = (
        Reasoning(text="Hm", signature="bedrock_converse:c2ln"),
        Reasoning(encrypted="bedrock_converse:c2VjcmV0"),
        ToolCall(id="t1", name="weather", arguments='{"city":"Paris"}'),
    )
    result = ToolResult(
        call_id="t1",
        name="weather",
        content=(Text(text="rain"), Image(source=Source(media_type="image/png", data=PNG))),
        error=True,
        cache=Cache(),
    )
    assert asked == ModelRequest(
        dialect=NAME,
        model="my/model",
        messages=(
            Message(role="system", parts=(Text(text="Be brief.", cache=Cache(ttl="1h")), Text(text="Be kind."))),
            Message(role="user", parts=user),
            Message(role="assistant", parts=assistant),
            Message(role="user", parts=(result,)),
        ),
        tools=(
            Tool(name="weather", description="Tells it", parameters=SCHEMA, strict=True, cache=Cache()),
            Opaque(dialect=NAME, kind="systemTool", raw={"systemTool": {"name": "nova_grounding"}}),
        ),
        tool_choice=ToolChoice(mode="named", name="weather"),
        max_tokens=100,
        temperature=0.5,
        top_p=0.9,
        top_k=5,
        stop=("END",),
        format=Format(kind="schema", schema=SCHEMA, name="n", description="d"),
        thinking=Thinking(enabled=True, budget_tokens=2000),
        stream=True,
        metadata={"team": "a"},
        service_tier="flex",
        extra={
            "guardrailConfig": {"guardrailIdentifier": "abc", "guardrailVersion": "1"},
            "performanceConfig": {"latency": "optimized"},
            "additionalModelRequestFields": {"odd": [1]},
            "additionalModelResponseFieldPaths": ["/stop_sequence"],
        },
    )
    assert places(asked) == ["system", "messages[0]", "messages[1]", "messages[2]"]


def test_a_request_that_has_to_be_written_again_says_the_same() -> None:
    value, _ = check_request(encode_request(decode(EXAMPLE), CLAUDE, Losses()), CLAUDE, False)
    schema = value["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    schema["schema"] = json.dumps(json.loads(schema["schema"]))
    assert value == EXAMPLE


@pytest.mark.parametrize(
    ("choice", "expected"),
    [({"auto": {}}, "auto"), ({"any": {}}, "required")],
)
def test_tool_choices(choice: dict[str, Any], expected: str) -> None:
    asked = decode({"toolConfig": {"tools": [], "toolChoice": choice}})
    assert asked.tool_choice is not None
    assert asked.tool_choice.mode == expected


@pytest.mark.parametrize(
    ("own", "thinking"),
    [
        ({"thinking": {"type": "disabled"}}, Thinking(enabled=False)),
        ({"thinking": {"type": "adaptive"}}, Thinking(enabled=True, adaptive=True)),
        ({"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}}, Thinking(enabled=True, effort="low")),
        ({"reasoningConfig": {"type": "disabled"}}, Thinking(enabled=False)),
        ({"reasoning_effort": "high"}, Thinking(effort="high")),
    ],
)
def test_what_a_family_of_models_calls_thinking_is_thinking(own: dict[str, Any], thinking: Thinking) -> None:
    asked = decode({"additionalModelRequestFields": own})
    assert (asked.thinking, asked.extra) == (thinking, {})


@pytest.mark.parametrize(
    "own",
    [
        {"thinking": {"type": "enabled", "budget_tokens": 5, "display": "omitted"}},
        {"thinking": {"type": "later"}},
        {"thinking": {"type": "enabled", "budget_tokens": "many"}},
        {"thinking": 1},
        {"reasoningConfig": {"type": "disabled", "maxReasoningEffort": "low"}},
        {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "extreme"}},
        {"reasoning_effort": ["high"]},
        {"inferenceConfig": {"topK": 5, "odd": 1}},
    ],
)
def test_what_is_not_known_of_a_models_own_fields_stays_as_it_is(own: dict[str, Any]) -> None:
    asked = decode({"additionalModelRequestFields": own})
    assert (asked.thinking, asked.top_k, asked.extra) == (None, None, {"additionalModelRequestFields": own})


def test_an_effort_and_novas_top_k() -> None:
    asked = decode(
        {"outputConfig": {"effort": "low"}, "additionalModelRequestFields": {"inferenceConfig": {"topK": 5}}}
    )
    assert (asked.thinking, asked.top_k, asked.extra) == (Thinking(effort="low"), 5, {})


def test_results_as_json_and_documents_as_text() -> None:
    (result,) = said({"toolResult": {"toolUseId": "x", "content": [{"json": {"a": [1, None]}}]}})
    assert result == ToolResult(call_id="x", content=(Text(text='{"a":[1,null]}'),))
    (document,) = said({"document": {"name": "n", "source": {"text": "plain"}}})
    assert document == Document(source=Source(text="plain"), title="n")


OPAQUE: list[dict[str, Any]] = [
    {"guardContent": {"text": {"text": "x", "qualifiers": ["query"]}}},
    {"searchResult": {"source": "s", "title": "t", "content": [{"text": "x"}]}},
    {"image": {"format": "bmp", "source": {"bytes": PNG}}},
    {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://b/x", "bucketOwner": "123456789012"}}}},
    {"image": {"format": "png", "source": {"laterOn": {}}}},
    {"image": {"format": "png", "source": {"bytes": PNG}, "error": {"message": "x"}}},
    {"document": {"format": "pdf", "name": "n", "source": {"content": [{"text": "x"}]}}},
    {"toolUse": {"toolUseId": "t", "name": "search", "input": {}, "type": "server_tool_use"}},
    {"toolResult": {"toolUseId": "t", "content": [], "type": "x"}},
    {"reasoningContent": {"laterOn": {}}},
    {"cachePoint": {"type": "default"}},
    {"laterOn": {"a": 1}},
    {"laterOn": "text"},
]


@pytest.mark.parametrize("block", OPAQUE, ids=lambda block: next(iter(block)))
def test_what_only_bedrock_understands_stays_whole_and_is_refused_elsewhere(block: dict[str, Any]) -> None:
    (part,) = said(block)
    assert part == Opaque(dialect=NAME, kind=next(iter(block)), raw=block)
    asked = ModelRequest(dialect=NAME, model="m", messages=(Message(role="user", parts=(part,)),))
    assert json.loads(encode_request(asked, CLAUDE, Losses()))["messages"][0]["content"] == [block]


def test_a_second_cache_point_and_one_behind_a_thought_stay_where_they_are() -> None:
    parts = said({"text": "a"}, POINT, POINT, {"reasoningContent": {"redactedContent": "YQ=="}}, POINT)
    assert [type(part).__name__ for part in parts] == ["Text", "Opaque", "Reasoning", "Opaque"]


def _user(block: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [block]}]}


WRONG: list[tuple[Any, str]] = [
    ({"messages": 1}, "messages"),
    ({"messages": [1]}, "messages[0]"),
    ({"messages": [{"content": []}]}, "messages[0].role"),
    ({"messages": [{"role": "tool", "content": []}]}, "messages[0].role"),
    ({"messages": [{"role": "user"}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": "Hi"}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": [], "name": "x"}]}, "messages[0].name"),
    ({"system": "Be brief."}, "system"),
    ({"system": [{"text": 1}]}, "system[0].text"),
    (_user({}), "messages[0].content[0]"),
    (_user({"text": "a", "image": {}}), "messages[0].content[0]"),
    (_user({"text": None}), "messages[0].content[0]"),
    (_user({"text": ["a"]}), "messages[0].content[0].text"),
    (_user({"image": 1}), "messages[0].content[0].image"),
    (_user({"image": {"format": "png"}}), "messages[0].content[0].image.source"),
    (_user({"image": {"format": "png", "source": {}}}), "messages[0].content[0].image.source"),
    (_user({"image": {"format": 1, "source": {"bytes": PNG}}}), "messages[0].content[0].image.format"),
    (_user({"image": {"format": "png", "source": {"bytes": "!!"}}}), "messages[0].content[0].image.source.bytes"),
    (_user({"image": {"format": "png", "source": {"bytes": "YQ"}}}), "messages[0].content[0].image.source.bytes"),
    (_user({"toolUse": {"toolUseId": "t", "name": "n"}}), "messages[0].content[0].toolUse.input"),
    (_user({"toolUse": {"toolUseId": "t", "input": {}}}), "messages[0].content[0].toolUse.name"),
    (_user({"toolResult": {"content": []}}), "messages[0].content[0].toolResult.toolUseId"),
    (_user({"toolResult": {"toolUseId": "t", "status": "maybe"}}), "messages[0].content[0].toolResult.status"),
    (_user({"toolResult": {"toolUseId": "t", "content": [{}]}}), "messages[0].content[0].toolResult.content[0]"),
    (_user({"reasoningContent": {"redactedContent": "!"}}), "messages[0].content[0].reasoningContent.redactedContent"),
    (_user({"reasoningContent": {"reasoningText": {}}}), "messages[0].content[0].reasoningContent.reasoningText.text"),
    (_user({"cachePoint": {"type": "later"}}), "messages[0].content[0].cachePoint.type"),
    (_user({"citationsContent": {"content": [1]}}), "messages[0].content[0].citationsContent"),
    (_user({"citationsContent": {"citations": [{"location": 1}]}}), "messages[0].content[0].citationsContent"),
    ({"inferenceConfig": {"maxTokens": 0}}, "inferenceConfig.maxTokens"),
    ({"inferenceConfig": {"temperature": "hot"}}, "inferenceConfig.temperature"),
    ({"inferenceConfig": {"stopSequences": [1]}}, "inferenceConfig.stopSequences[0]"),
    ({"inferenceConfig": {"topK": 1}}, "inferenceConfig.topK"),
    ({"toolConfig": {"tools": [{"toolSpec": {"name": "n"}}]}}, "toolConfig.tools[0].toolSpec.inputSchema"),
    (
        {"toolConfig": {"tools": [{"toolSpec": {"name": "n", "inputSchema": {}}}]}},
        "toolConfig.tools[0].toolSpec.inputSchema.json",
    ),
    ({"toolConfig": {"toolChoice": {"none": {}}}}, "toolConfig.toolChoice"),
    ({"toolConfig": {"toolChoice": {"tool": {}}}}, "toolConfig.toolChoice.tool.name"),
    ({"outputConfig": {"effort": "extreme"}}, "outputConfig.effort"),
    ({"outputConfig": {"textFormat": {"type": "xml"}}}, "outputConfig.textFormat.type"),
    ({"outputConfig": {"textFormat": {"type": "json_schema"}}}, "outputConfig.textFormat.structure.jsonSchema"),
    (
        {"outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": "[]"}}}}},
        "outputConfig.textFormat.structure.jsonSchema.schema",
    ),
    ({"serviceTier": {}}, "serviceTier.type"),
    ({"requestMetadata": []}, "requestMetadata"),
    ({"additionalModelRequestFields": []}, "additionalModelRequestFields"),
]


@pytest.mark.parametrize(("value", "place"), WRONG, ids=[place for _, place in WRONG])
def test_a_mistake_is_refused_by_its_place(value: Any, place: str) -> None:
    with pytest.raises(Refusal) as caught:
        decode(value)
    assert (caught.value.code, caught.value.param) == ("invalid_field", place)


def _read(body: bytes) -> None:
    with contextlib.suppress(Refusal):
        encode_request(decode_request(body, "m", True), CLAUDE, Losses(drop=True))


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    _read(body)


_LEAVES = st.sampled_from(
    [b"null", b"1", b"-1", b"1e999", b'"x"', b"[]", b"{}", b"[[]]", b'{"a":{}}', b'"\\ud800"', b"true"]
)


@given(st.data())
def test_a_request_with_any_value_changed_is_read_or_refused(data: st.DataObject) -> None:
    places: list[tuple[Any, Any]] = []
    value = json.loads(json.dumps(EXAMPLE))
    _collect(value, places)
    holder, key = data.draw(st.sampled_from(places))
    holder[key] = "@"
    _read(json.dumps(value).replace('"@"', data.draw(_LEAVES).decode()).encode())


def _collect(value: Any, places: list[tuple[Any, Any]]) -> None:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        places.append((value, key))
        _collect(inner, places)


@pytest.mark.parametrize(
    "opened", [b'{"messages":[{"role":"user","content":[{"x":', b'{"additionalModelRequestFields":{"a":']
)
def test_deep_nesting_is_refused(opened: bytes) -> None:
    with pytest.raises(Refusal):
        decode_request(opened + b"[" * 100_000, "m", False)
