"""Requests of other dialects as Converse takes them, checked by botocore's shapes."""

from base64 import b64encode
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dialects.bedrock_converse.asking import CLAUDE, PNG, WEATHER, ask, encode, say
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
    Opaque,
    Part,
    Reasoning,
    Source,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Video,
)
from torana.core.losses import Losses
from torana.dialects.bedrock_converse.paths import upstream_path
from torana.dialects.bedrock_converse.request import encode_request


def test_a_plain_question_says_only_what_was_asked() -> None:
    assert encode(ask()) == ({"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}, [])


def test_a_models_id_is_encoded_in_the_path_as_aws_does() -> None:
    assert upstream_path("chat", "anthropic.claude-v2:1", False) == "/model/anthropic.claude-v2%3A1/converse"
    arn = "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.amazon.nova-pro-v1:0"
    assert upstream_path("chat", arn, True).count("%2F") == 1
    assert encode(ask(stream=True), arn)[0]["messages"]


def test_what_converse_does_not_do_has_no_path() -> None:
    with pytest.raises(ValueError, match="embed"):
        upstream_path("embed", "m", False)


def test_settings_go_to_the_inference_config() -> None:
    body, dropped = encode(ask(max_tokens=5, temperature=0.5, top_p=0.9, stop=("a", "b"), top_k=7, stream=True))
    assert body["inferenceConfig"] == {"maxTokens": 5, "temperature": 0.5, "topP": 0.9, "stopSequences": ["a", "b"]}
    assert body["additionalModelRequestFields"] == {"top_k": 7}
    assert dropped == []


def test_instructions_from_anywhere_stand_in_system() -> None:
    body, _ = encode(
        ask(
            messages=(
                say(Text(text="Be kind", cache=Cache(ttl="1h")), role="system"),
                say(Text(text="Hi")),
                say(Text(text="Be brief"), role="developer"),
            )
        )
    )
    assert body["system"] == [
        {"text": "Be kind"},
        {"cachePoint": {"type": "default", "ttl": "1h"}},
        {"text": "Be brief"},
    ]


def test_messages_of_the_same_role_become_one_and_blank_text_is_left_out() -> None:
    body, _ = encode(ask(messages=(say(Text(text="a")), say(Text(text=" \n")), say(Text(text="b")))))
    assert body["messages"] == [{"role": "user", "content": [{"text": "a"}, {"text": "b"}]}]


def test_a_tool_turn_is_carried() -> None:
    body, dropped = encode(
        ask(
            messages=(
                say(Text(text="Weather?")),
                say(
                    Reasoning(text="Hm", signature="bedrock_converse:c2ln"),
                    Reasoning(encrypted="bedrock_converse:c2VjcmV0"),
                    Reasoning(text="nobody signed this"),
                    Text(text="Looking"),
                    ToolCall(id="call_1", name="weather", arguments='{"city":"Rome"}'),
                    ToolCall(id="x" * 80, name="weather", arguments=""),
                    role="assistant",
                ),
                say(
                    ToolResult(
                        call_id="call_1",
                        content=(Text(text="sunny"), Image(source=Source(media_type="image/png", data=PNG))),
                        cache=Cache(),
                    ),
                    ToolResult(call_id="x" * 80, content=(Text(text="no"),), error=True),
                ),
            ),
            tools=(WEATHER, Tool(name="time", strict=True, cache=Cache())),
            tool_choice=ToolChoice(mode="required"),
            parallel_tool_calls=True,
        )
    )
    first, second = body["messages"][1]["content"], body["messages"][2]["content"]
    assert first[:3] == [
        {"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "c2ln"}}},
        {"reasoningContent": {"redactedContent": "c2VjcmV0"}},
        {"text": "Looking"},
    ]
    assert first[3] == {"toolUse": {"toolUseId": "call_1", "name": "weather", "input": {"city": "Rome"}}}
    assert first[4]["toolUse"]["input"] == {}
    assert second[0]["toolResult"]["content"] == [
        {"text": "sunny"},
        {"image": {"format": "png", "source": {"bytes": PNG}}},
    ]
    assert second[1] == {"cachePoint": {"type": "default"}}
    assert second[2]["toolResult"]["toolUseId"] == first[4]["toolUse"]["toolUseId"]
    assert second[2]["toolResult"]["status"] == "error"
    assert body["toolConfig"] == {
        "tools": [
            {
                "toolSpec": {
                    "name": "weather",
                    "description": "Tells it",
                    "inputSchema": {"json": {"type": "object", "properties": {"city": {}}}},
                }
            },
            {
                "toolSpec": {
                    "name": "time",
                    "inputSchema": {"json": {"type": "object", "properties": {}}},
                    "strict": True,
                }
            },
            {"cachePoint": {"type": "default"}},
        ],
        "toolChoice": {"any": {}},
    }
    assert dropped == ["messages[1].reasoning"]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (ToolChoice(mode="auto"), {"auto": {}}),
        (ToolChoice(mode="named", name="weather"), {"tool": {"name": "weather"}}),
    ],
)
def test_tool_choices_are_carried(choice: ToolChoice, expected: Any) -> None:
    assert encode(ask(tools=(WEATHER,), tool_choice=choice))[0]["toolConfig"]["toolChoice"] == expected


def test_tools_that_must_not_be_called_are_left_out() -> None:
    assert "toolConfig" not in encode(ask(tools=(WEATHER,), tool_choice=ToolChoice(mode="none")))[0]
    choice = ToolChoice(mode="required", allowed=("time",))
    body, _ = encode(ask(tools=(WEATHER, Tool(name="time")), tool_choice=choice))
    assert [tool["toolSpec"]["name"] for tool in body["toolConfig"]["tools"]] == ["time"]


def test_a_conversation_with_calls_defines_their_tools() -> None:
    history = (
        say(Text(text="Hi")),
        say(ToolCall(id="a", name="weather", arguments="{}"), role="assistant"),
        say(ToolResult(call_id="a", content=(Text(text="sunny"),))),
    )
    with pytest.raises(Refusal, match="tools"):
        encode(ask(messages=history))
    body, dropped = encode(ask(messages=history), drop=True)
    assert body["toolConfig"]["tools"][0]["toolSpec"]["name"] == "weather"
    assert dropped == ["tools"]


def test_files_of_every_kind_are_carried() -> None:
    body, _ = encode(
        ask(
            messages=(
                say(
                    Text(text="See"),
                    Image(source=Source(media_type="image/jpeg", data=PNG)),
                    Image(source=Source(url="s3://bucket/a.jpg")),
                    Document(
                        source=Source(media_type="application/pdf", data=PNG),
                        title="a_b/c.pdf  (1)",
                        context="old",
                        citations=True,
                    ),
                    Document(source=Source(text="Grüße"), cache=Cache()),
                    Document(source=Source(text="x")),
                    Audio(source=Source(media_type="audio/wav", data=PNG)),
                    Video(source=Source(media_type="video/mp4", url="s3://bucket/v.mp4")),
                ),
            )
        )
    )
    content = body["messages"][0]["content"]
    assert content[1] == {"image": {"format": "jpeg", "source": {"bytes": PNG}}}
    assert content[2] == {"image": {"format": "jpeg", "source": {"s3Location": {"uri": "s3://bucket/a.jpg"}}}}
    assert content[3] == {
        "document": {
            "format": "pdf",
            "source": {"bytes": PNG},
            "name": "a b c pdf (1)",
            "context": "old",
            "citations": {"enabled": True},
        }
    }
    assert content[4]["document"]["source"] == {"bytes": b64encode("Grüße".encode()).decode()}
    assert content[5] == {"cachePoint": {"type": "default"}}
    assert content[6]["document"]["name"] == "document 2"
    assert content[7]["audio"]["format"] == "wav"
    assert content[8]["video"]["source"] == {"s3Location": {"uri": "s3://bucket/v.mp4"}}


@pytest.mark.parametrize(
    ("part", "place"),
    [
        (Image(source=Source(url="https://example.com/a.png")), r"messages\[0\]\.image"),
        (Image(source=Source(media_type="image/tiff", data=PNG)), r"messages\[0\]\.image"),
        (Image(source=Source(media_type="image/png", data="no base64")), r"messages\[0\]\.image"),
        (Document(source=Source(media_type="application/pdf", file_id="file-1")), r"messages\[0\]\.document"),
        (Opaque(dialect="gemini", kind="executableCode", raw={}), r"messages\[0\]\.executableCode"),
        (ToolCall(id="a", name="b", arguments="[1]"), r"messages\[0\]\.tool_calls"),
        (ToolCall(id="a", name="b", arguments="{"), r"messages\[0\]\.tool_calls"),
        (ToolResult(call_id="a", content=(Audio(source=Source(data=PNG)),)), r"messages\[0\]\.tool_result"),
    ],
)
def test_parts_that_bedrock_cannot_take_are_refused_by_their_place_or_dropped(part: Part, place: str) -> None:
    request = ask(messages=(say(Text(text="Hi"), part),), tools=(Tool(name="b"),))
    with pytest.raises(Refusal, match=place):
        encode(request)
    assert len(encode(request, drop=True)[1]) == 1


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"seed": 1}, "seed"),
        ({"frequency_penalty": 1}, "frequency_penalty"),
        ({"presence_penalty": 0.5}, "presence_penalty"),
        ({"choices": 2}, "choices"),
        ({"logprobs": True}, "logprobs"),
        ({"logit_bias": {"1": 5}}, "logit_bias"),
        ({"modalities": ("text", "audio")}, "modalities"),
        ({"format": Format(kind="json")}, "format"),
        ({"extra": {"brand_new": 1}}, "brand_new"),
        ({"tools": (Tool(name="free", custom=True),)}, r"tools\[0\]"),
        ({"tools": (Opaque(dialect="anthropic_messages", kind="bash", raw={}),)}, r"tools\[0\]\.bash"),
    ],
)
def test_what_changes_the_answer_is_refused_by_name_or_dropped(fields: dict[str, Any], name: str) -> None:
    with pytest.raises(Refusal, match=name):
        encode(ask(**fields))
    assert len(encode(ask(**fields), drop=True)[1]) == 1


def test_hints_are_dropped_and_named() -> None:
    _, dropped = encode(
        ask(
            user="u",
            verbosity="low",
            cache_key="k",
            safety_id="s",
            store=True,
            service_tier="scale",
            metadata={"a": "b|c"},
            choices=1,
            frequency_penalty=0,
            stream_usage=True,
        )
    )
    assert sorted(dropped) == ["cache_key", "metadata", "safety_id", "service_tier", "store", "user", "verbosity"]


def test_metadata_and_tier_are_carried_where_aws_allows_them() -> None:
    body, dropped = encode(ask(metadata={"team": "red 1"}, service_tier="flex"))
    assert body["requestMetadata"] == {"team": "red 1"}
    assert body["serviceTier"] == {"type": "flex"}
    assert dropped == []


def test_fields_of_converse_itself_pass_untouched_from_any_dialect() -> None:
    guardrail = {"guardrailIdentifier": "abc", "guardrailVersion": "1", "trace": "enabled"}
    body, _ = encode(
        ask(
            top_k=3,
            extra={
                "guardrailConfig": guardrail,
                "additionalModelRequestFields": {"anthropic_beta": ["x"]},
                "additionalModelResponseFieldPaths": ["/stop_sequence"],
                "performanceConfig": {"latency": "optimized"},
            },
        )
    )
    assert body["guardrailConfig"] == guardrail
    assert body["additionalModelRequestFields"] == {"top_k": 3, "anthropic_beta": ["x"]}
    assert body["performanceConfig"] == {"latency": "optimized"}
    with pytest.raises(Refusal, match="guardrailConfig"):
        encode(ask(extra={"guardrailConfig": "abc"}))


def test_a_schema_goes_to_the_output_config() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    body, _ = encode(ask(format=Format(kind="schema", schema=schema, name="N", description="d", strict=True)))
    written = body["outputConfig"]["textFormat"]
    assert written["type"] == "json_schema"
    assert msgspec.json.decode(written["structure"]["jsonSchema"].pop("schema")) == schema
    assert written["structure"]["jsonSchema"] == {"name": "N", "description": "d"}


def test_what_came_from_bedrock_goes_back_as_it_was() -> None:
    citation = {"title": "t", "location": {"documentChar": {"documentIndex": 0, "start": 1, "end": 2}}}
    search = {"searchResult": {"source": "s", "title": "t", "content": [{"text": "c"}]}}
    body, _ = encode(
        ask(
            messages=(
                say(Opaque(dialect="bedrock_converse", kind="searchResult", raw=search)),
                say(
                    Text(text="Cited", citations=(Citation(raw=citation, dialect="bedrock_converse"),)),
                    Declined(text="No."),
                    role="assistant",
                ),
            )
        )
    )
    assert body["messages"][0]["content"] == [search]
    assert body["messages"][1]["content"] == [
        {"citationsContent": {"content": [{"text": "Cited"}], "citations": [citation]}},
        {"text": "No."},
    ]


def test_a_schema_nested_too_deeply_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(100_000):
        schema = {"items": schema}
    for fields in ({"format": Format(kind="schema", schema=schema)}, {"tools": (Tool(name="a", parameters=schema),)}):
        with pytest.raises(Refusal, match="nested"):
            encode_request(ask(**fields), CLAUDE, Losses())


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(Refusal):
        encode_request(ask(messages=(say(Text(text="\ud800")),)), CLAUDE, Losses())


_text = st.text(max_size=8)
_parts: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, text=_text, cache=st.none() | st.just(Cache())),
    st.builds(ToolCall, id=_text, name=st.sampled_from(["a", "b-c"]), arguments=_text | st.just('{"a":1}')),
    st.builds(ToolResult, call_id=_text, content=st.lists(st.builds(Text, text=_text)).map(tuple), error=st.booleans()),
    st.builds(Reasoning, text=_text, signature=st.none() | _text, encrypted=st.none() | _text | st.just("c2ln")),
    st.builds(Document, source=st.builds(Source, text=_text), title=st.none() | st.text(max_size=300)),
    st.builds(Image, source=st.builds(Source, media_type=_text | st.just("image/png"), data=_text | st.just(PNG))),
)


@given(
    st.lists(
        st.builds(
            Message,
            role=st.sampled_from(["system", "user", "assistant", "developer"]),
            parts=st.lists(_parts, max_size=4).map(tuple),
        ),
        max_size=4,
    ),
    st.lists(st.builds(Tool, name=st.sampled_from(["a", "b-c"]), description=st.none() | _text), max_size=2),
)
def test_any_conversation_is_valid_by_awss_own_model_when_losses_are_dropped(
    messages: list[Message], tools: list[Tool]
) -> None:
    encode(ask(messages=tuple(messages), tools=tuple(tools)), drop=True)
