"""Requests as Google's documentation and SDKs write them."""

import json
from typing import Any

import pytest

from torana.core.errors import Refusal
from torana.core.exchange import (
    Audio,
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
    Video,
)
from torana.dialects.gemini.request import decode_request


def decoded(body: dict[str, Any]) -> ModelRequest:
    """The request of a body."""
    return decode_request(json.dumps(body).encode(), "gemini-3-pro", False)


def parts(*given: dict[str, Any]) -> tuple[Any, ...]:
    """The parts of one turn of the user."""
    [message] = decoded({"contents": [{"role": "user", "parts": list(given)}]}).messages
    return message.parts


def test_the_models_name_and_the_streaming_come_from_the_path() -> None:
    request = decode_request(b'{"contents":[]}', "gemini-3-pro", True)
    assert (request.dialect, request.model, request.stream) == ("gemini", "gemini-3-pro", True)


def test_googles_own_curl_example_with_bare_objects_for_lists_is_read() -> None:
    request = decoded(
        {
            "system_instruction": {"parts": {"text": "You are a cat. Your name is Neko."}},
            "contents": {"parts": {"text": "Good morning! How are you?"}},
            "tools": {"function_declarations": {"name": "purr"}},
        }
    )
    assert request.messages == (
        Message(role="system", parts=(Text(text="You are a cat. Your name is Neko."),)),
        Message(role="user", parts=(Text(text="Good morning! How are you?"),)),
    )
    assert request.tools == (Tool(name="purr"),)


SNAKE = {
    "system_instruction": {"parts": [{"text": "s"}]},
    "contents": [
        {"role": "user", "parts": [{"inline_data": {"mime_type": "image/png", "data": "AAAA"}}]},
        {
            "role": "model",
            "parts": [{"function_call": {"name": "f", "args": {"a_b": 1}}, "thought_signature": "AAAA"}],
        },
        {"role": "user", "parts": [{"function_response": {"name": "f", "response": {"some_key": 1}}}]},
    ],
    "tool_config": {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["f", "g"]}},
    "generation_config": {
        "max_output_tokens": 5,
        "stop_sequences": ["x"],
        "thinking_config": {"thinking_budget": 0, "include_thoughts": True},
        "response_mime_type": "application/json",
        "response_schema": {"type": "OBJECT", "properties": {"snake_name": {"type": "STRING", "any_of": []}}},
    },
    "safety_settings": [],
}


@pytest.mark.parametrize("snake", [True, False])
def test_both_spellings_of_every_name_are_read(snake: bool) -> None:
    written = json.dumps(SNAKE)
    if not snake:
        for name in [
            "system_instruction",
            "inline_data",
            "mime_type",
            "function_call",
            "thought_signature",
            "function_response",
            "tool_config",
            "function_calling_config",
            "allowed_function_names",
            "generation_config",
            "max_output_tokens",
            "stop_sequences",
            "thinking_config",
            "thinking_budget",
            "include_thoughts",
            "response_mime_type",
            "response_schema",
            "any_of",
            "safety_settings",
        ]:
            head, *rest = name.split("_")
            written = written.replace(f'"{name}"', f'"{head}{"".join(word.title() for word in rest)}"')
    request = decode_request(written.encode(), "m", False)
    assert request.messages[1].parts == (Image(source=Source(media_type="image/png", data="AAAA")),)
    assert request.messages[2].parts == (ToolCall(id="call_g_1", name="f", arguments='{"a_b":1}', signature="AAAA"),)
    assert request.messages[3].parts == (
        ToolResult(call_id="call_g_1", name="f", content=(Text(text='{"some_key":1}'),)),
    )
    assert request.tool_choice == ToolChoice(mode="required", allowed=("f", "g"))
    assert (request.max_tokens, request.stop) == (5, ("x",))
    assert request.thinking == Thinking(enabled=False, budget_tokens=0, visible=True)
    assert request.format == Format(
        kind="schema", schema={"type": "object", "properties": {"snake_name": {"type": "string", "anyOf": []}}}
    )
    assert request.extra == {"safetySettings": []}


def test_a_name_in_both_spellings_at_once_is_refused() -> None:
    with pytest.raises(Refusal) as caught:
        decoded({"contents": [], "generation_config": {}, "generationConfig": {}})
    assert caught.value.param == "generationConfig"


def test_inline_data_in_the_url_safe_alphabet_is_brought_into_the_standard_one() -> None:
    [image] = parts({"inlineData": {"mimeType": "image/png", "data": "-_-_-w"}})
    assert image.source.data == "+/+/+w=="


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [("image/webp", Image), ("audio/mp3", Audio), ("video/mp4", Video), ("application/pdf", Document)],
)
def test_a_media_type_tells_the_kind_of_part(media_type: str, kind: type) -> None:
    [part] = parts({"inlineData": {"mimeType": media_type, "data": "AAAA"}})
    assert type(part) is kind


@pytest.mark.parametrize(
    ("uri", "field"),
    [
        ("https://generativelanguage.googleapis.com/v1beta/files/abc", "file_id"),
        ("gs://bucket/cat.png", "file_id"),
        ("https://www.youtube.com/watch?v=x", "url"),
    ],
)
def test_googles_own_files_are_ids_and_what_is_on_the_web_is_a_url(uri: str, field: str) -> None:
    [part] = parts({"fileData": {"mimeType": "video/mp4", "fileUri": uri}})
    assert getattr(part.source, field) == uri


def test_thoughts_and_their_signatures_are_read() -> None:
    request = decoded(
        {
            "contents": [
                {
                    "role": "model",
                    "parts": [
                        {"text": "hm", "thought": True, "thoughtSignature": "AAAA"},
                        {"text": "yes", "thoughtSignature": "BBBB"},
                    ],
                }
            ]
        }
    )
    assert request.messages[0].parts == (Reasoning(text="hm", signature="AAAA"), Text(text="yes", signature="BBBB"))


def test_a_turn_whose_chunks_came_as_contents_of_their_own_is_one_turn_again() -> None:
    chunks: list[dict[str, Any]] = [
        {"text": "I thi", "thought": True},
        {"text": "nk", "thought": True},
        {"text": "", "thought": True, "thoughtSignature": "AAAA"},
        {"text": "Hel"},
        {"text": "lo"},
        {"functionCall": {"name": "f", "args": {}}},
        {"text": ""},
    ]
    request = decoded({"contents": [{"role": "model", "parts": [chunk]} for chunk in chunks]})
    [message] = request.messages
    assert message.parts == (
        Reasoning(text="I think", signature="AAAA"),
        Text(text="Hello"),
        ToolCall(id="call_g_1", name="f", arguments="{}"),
    )


def test_responses_find_their_calls_by_id_else_by_name_and_order() -> None:
    call = [
        {"functionCall": {"name": "f", "args": {"n": 1}}},
        {"functionCall": {"name": "f", "args": {"n": 2}}},
        {"functionCall": {"name": "g", "id": "own", "args": {}}},
    ]
    answer: list[dict[str, Any]] = [
        {"functionResponse": {"name": "g", "id": "own", "response": {"output": "third"}}},
        {"functionResponse": {"name": "f", "response": {"output": "first"}}},
        {"functionResponse": {"name": "f", "response": {"error": "second"}}},
    ]
    request = decoded({"contents": [{"role": "model", "parts": call}, {"role": "function", "parts": answer}]})
    assert [part.id for part in request.messages[0].parts] == ["call_g_1", "call_g_2", "own"]  # type: ignore[union-attr]
    assert request.messages[1] == Message(
        role="user",
        parts=(
            ToolResult(call_id="own", name="g", content=(Text(text="third"),)),
            ToolResult(call_id="call_g_1", name="f", content=(Text(text="first"),)),
            ToolResult(call_id="call_g_2", name="f", content=(Text(text="second"),), error=True),
        ),
    )


def test_the_images_of_a_functions_response_are_read() -> None:
    [result] = parts(
        {
            "functionResponse": {
                "name": "shot",
                "response": {"output": "see"},
                "parts": [{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}],
            }
        }
    )
    assert result.content == (Text(text="see"), Image(source=Source(media_type="image/png", data="AAAA")))


@pytest.mark.parametrize("kind", ["executableCode", "codeExecutionResult", "toolCall", "toolResponse", "somethingNew"])
def test_parts_that_only_gemini_understands_are_kept_whole(kind: str) -> None:
    raw = {kind: {"x": 1}, "thoughtSignature": "AAAA"}
    assert parts(raw) == (Opaque(dialect="gemini", kind=kind, raw=raw),)


def test_a_part_with_a_field_that_the_exchange_lacks_is_kept_whole() -> None:
    raw = {"fileData": {"fileUri": "files/x", "mimeType": "video/mp4"}, "videoMetadata": {"fps": 2}}
    assert parts(raw) == (Opaque(dialect="gemini", kind="videoMetadata", raw=raw),)


def test_the_resolution_of_an_image_is_its_detail() -> None:
    image = {"mimeType": "image/png", "data": "AAAA"}
    [part] = parts({"inlineData": image, "mediaResolution": {"level": "MEDIA_RESOLUTION_HIGH"}})
    assert part == Image(source=Source(media_type="image/png", data="AAAA"), detail="high")


def test_geminis_schema_becomes_json_schema() -> None:
    schema = {
        "type": "OBJECT",
        "propertyOrdering": ["when", "who"],
        "required": ["when"],
        "properties": {
            "when": {"type": "STRING", "format": "date-time", "nullable": True},
            "who": {
                "type": "ARRAY",
                "items": {"type": "STRING", "format": "enum", "enum": ["A", "B"]},
                "minItems": "1",
            },
            "nullable": {"anyOf": [{"type": "INTEGER"}, {"type": "NUMBER"}], "nullable": True, "example": 3},
        },
    }
    [tool] = decoded({"contents": [], "tools": [{"functionDeclarations": [{"name": "f", "parameters": schema}]}]}).tools
    assert isinstance(tool, Tool)
    assert tool.parameters == {
        "type": "object",
        "propertyOrdering": ["when", "who"],
        "required": ["when"],
        "properties": {
            "when": {"type": ["string", "null"], "format": "date-time"},
            "who": {"type": "array", "items": {"type": "string", "enum": ["A", "B"]}, "minItems": 1},
            "nullable": {"anyOf": [{"type": "integer"}, {"type": "number"}, {"type": "null"}], "examples": [3]},
        },
    }


def test_a_json_schema_of_a_tool_stays_as_it_is() -> None:
    schema = {"type": "object", "properties": {"snake_case": {"type": ["string", "null"]}}}
    declared = {"name": "f", "description": "d", "parametersJsonSchema": schema}
    request = decoded({"contents": [], "tools": [{"functionDeclarations": [declared]}]})
    assert request.tools == (Tool(name="f", description="d", parameters=schema),)


def test_googles_own_tools_are_kept_for_google() -> None:
    request = decoded({"contents": [], "tools": [{"googleSearch": {}, "codeExecution": {}}, {"urlContext": {}}]})
    assert request.tools == tuple(
        Opaque(dialect="gemini", kind=kind, raw={kind: {}}) for kind in ("googleSearch", "codeExecution", "urlContext")
    )


@pytest.mark.parametrize(
    ("config", "choice"),
    [
        ({"mode": "AUTO"}, ToolChoice(mode="auto")),
        ({"mode": "NONE"}, ToolChoice(mode="none")),
        ({"mode": "ANY"}, ToolChoice(mode="required")),
        ({"mode": "any", "allowedFunctionNames": ["f"]}, ToolChoice(mode="named", name="f")),
        ({"mode": "ANY", "allowedFunctionNames": ["f", "g"]}, ToolChoice(mode="required", allowed=("f", "g"))),
        ({"mode": "VALIDATED"}, ToolChoice(mode="auto")),
    ],
)
def test_the_choice_of_tools_is_read(config: dict[str, Any], choice: ToolChoice) -> None:
    request = decoded({"contents": [], "toolConfig": {"functionCallingConfig": config}})
    assert request.tool_choice == choice


def test_validated_calls_are_strict_tools() -> None:
    request = decoded(
        {
            "contents": [],
            "tools": [{"functionDeclarations": [{"name": "f"}]}],
            "toolConfig": {"functionCallingConfig": {"mode": "VALIDATED"}},
        }
    )
    assert request.tools == (Tool(name="f", strict=True),)


def test_every_setting_of_the_generation_is_read() -> None:
    request = decoded(
        {
            "contents": [],
            "generationConfig": {
                "temperature": 0.5,
                "topP": 0.9,
                "topK": 40.0,
                "maxOutputTokens": 100,
                "stopSequences": ["a"],
                "candidateCount": 2,
                "seed": 7,
                "presencePenalty": 1,
                "frequencyPenalty": -1,
                "responseLogprobs": True,
                "logprobs": 3,
                "responseModalities": ["TEXT", "AUDIO"],
                "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}},
                "thinkingConfig": {"thinkingLevel": "LOW", "includeThoughts": True},
                "mediaResolution": "MEDIA_RESOLUTION_LOW",
                "imageConfig": {"aspectRatio": "16:9"},
            },
            "cachedContent": "cachedContents/x",
            "labels": {"team": "a"},
            "serviceTier": "flex",
        }
    )
    assert (request.temperature, request.top_p, request.top_k, request.max_tokens) == (0.5, 0.9, 40, 100)
    assert (request.stop, request.choices, request.seed) == (("a",), 2, 7)
    assert (request.presence_penalty, request.frequency_penalty) == (1, -1)
    assert (request.logprobs, request.top_logprobs) == (True, 3)
    assert (request.modalities, request.speech) == (("text", "audio"), Speech(voice="Kore"))
    assert request.thinking == Thinking(enabled=True, effort="low", visible=True)
    assert (request.metadata, request.service_tier) == ({"team": "a"}, "flex")
    assert request.extra == {
        "generationConfig.mediaResolution": "MEDIA_RESOLUTION_LOW",
        "generationConfig.imageConfig": {"aspectRatio": "16:9"},
        "cachedContent": "cachedContents/x",
    }


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"contents": 1}, "contents"),
        ({"contents": [1]}, "contents[0]"),
        ({"contents": [{"role": "tool", "parts": []}]}, "contents[0].role"),
        ({"contents": [{"parts": [{"text": 1}]}]}, "contents[0].parts[0].text"),
        (
            {"contents": [{"parts": [{"text": "a", "functionCall": {"name": "f"}}]}]},
            "contents[0].parts[0].functionCall",
        ),
        (
            {"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": "!"}}]}]},
            "contents[0].parts[0].inlineData.data",
        ),
        ({"contents": [{"parts": [{"inlineData": {"data": "AAAA"}}]}]}, "contents[0].parts[0].inlineData.mimeType"),
        ({"contents": [{"parts": [{"functionCall": {}}]}]}, "contents[0].parts[0].functionCall.name"),
        ({"generationConfig": {"topK": 1.5}}, "generationConfig.topK"),
        (
            {"generationConfig": {"thinkingConfig": {"thinkingLevel": "BIG"}}},
            "generationConfig.thinkingConfig.thinkingLevel",
        ),
        ({"toolConfig": {"functionCallingConfig": {"mode": "SOME"}}}, "toolConfig.functionCallingConfig.mode"),
        (
            {"tools": [{"functionDeclarations": [{"name": "f", "parameters": 1}]}]},
            "tools[0].functionDeclarations[0].parameters",
        ),
    ],
)
def test_a_wrong_field_is_refused_by_its_place(body: dict[str, Any], place: str) -> None:
    with pytest.raises(Refusal) as caught:
        decoded(body)
    assert (caught.value.code, caught.value.param) == ("invalid_field", place)


def test_a_schema_without_an_end_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(150):
        schema = {"items": schema}
    with pytest.raises(Refusal):
        decoded({"tools": [{"functionDeclarations": [{"name": "f", "parameters": schema}]}]})
