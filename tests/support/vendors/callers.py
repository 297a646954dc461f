"""The same requests as callers of each inbound dialect write them."""

import json
from typing import Any, NamedTuple

from torana.dialects.registry import DIALECTS, GEMINI_ARRAY, Dialect

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
PNG = "iVBORw0KGgo="
Json = dict[str, Any]


class Turn(NamedTuple):
    """What is asked."""

    text: str = "What is the weather?"
    system: str = "Be brief."
    tools: bool = False
    result: str | None = None
    """Of the call to `weather` that was made before, if there was one."""
    image: bool = False
    schema: bool = False
    seed: int | None = None
    """What not every vendor can do."""
    user: str | None = None
    """A hint."""


CALL = ("call_1", "weather", '{"city":"Paris"}')


def openai_chat(turn: Turn, model: str, stream: bool) -> Json:
    content: Any = turn.text
    if turn.image:
        url = {"url": f"data:image/png;base64,{PNG}"}
        content = [{"type": "text", "text": turn.text}, {"type": "image_url", "image_url": url}]
    messages: list[Json] = [{"role": "system", "content": turn.system}, {"role": "user", "content": content}]
    if turn.result is not None:
        call = {"id": CALL[0], "type": "function", "function": {"name": CALL[1], "arguments": CALL[2]}}
        messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
        messages.append({"role": "tool", "tool_call_id": CALL[0], "content": turn.result})
    body: Json = {"model": model, "messages": messages}
    if turn.tools:
        function = {"name": "weather", "description": "Tells it", "parameters": SCHEMA}
        body["tools"] = [{"type": "function", "function": function}]
    if turn.schema:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "city", "schema": SCHEMA, "strict": True},
        }
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body | _rest(turn)


def _rest(turn: Turn) -> Json:
    said = {"seed": turn.seed, "user": turn.user}
    return {name: value for name, value in said.items() if value is not None}


def openai_completions(turn: Turn, model: str, stream: bool) -> Json:
    body: Json = {"model": model, "prompt": turn.text, "max_tokens": 50}
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body | _rest(turn)


def openai_responses(turn: Turn, model: str, stream: bool) -> Json:
    content: list[Json] = [{"type": "input_text", "text": turn.text}]
    if turn.image:
        content.append({"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"})
    items: list[Json] = [{"type": "message", "role": "user", "content": content}]
    if turn.result is not None:
        items.append({"type": "function_call", "call_id": CALL[0], "name": CALL[1], "arguments": CALL[2]})
        items.append({"type": "function_call_output", "call_id": CALL[0], "output": turn.result})
    body: Json = {"model": model, "instructions": turn.system, "input": items}
    if turn.tools:
        body["tools"] = [
            {"type": "function", "name": "weather", "description": "Tells it", "parameters": SCHEMA, "strict": False}
        ]
    if turn.schema:
        body["text"] = {"format": {"type": "json_schema", "name": "city", "schema": SCHEMA, "strict": True}}
    if stream:
        body["stream"] = True
    if turn.seed is not None:
        # What it has instead: hosted tools.
        body["tools"] = [*body.get("tools", ()), {"type": "web_search"}]
    if turn.user is not None:
        body["prompt_cache_key"] = turn.user
    return body


def anthropic_messages(turn: Turn, model: str, stream: bool) -> Json:
    content: list[Json] = [{"type": "text", "text": turn.text}]
    if turn.image:
        content.append({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}})
    messages: list[Json] = [{"role": "user", "content": content}]
    if turn.result is not None:
        call = {"type": "tool_use", "id": CALL[0], "name": CALL[1], "input": json.loads(CALL[2])}
        messages.append({"role": "assistant", "content": [call]})
        result = {"type": "tool_result", "tool_use_id": CALL[0], "content": turn.result}
        messages.append({"role": "user", "content": [result]})
    body: Json = {"model": model, "max_tokens": 500, "system": turn.system, "messages": messages}
    if turn.tools:
        body["tools"] = [{"name": "weather", "description": "Tells it", "input_schema": SCHEMA}]
    if turn.schema:
        body["output_config"] = {"format": {"type": "json_schema", "schema": SCHEMA}}
    if stream:
        body["stream"] = True
    if turn.seed is not None:
        # What it has instead: hosted tools.
        body["tools"] = [*body.get("tools", ()), {"type": "web_search_20250305", "name": "web_search"}]
    if turn.user is not None:
        body["context_management"] = {"edits": []}
    return body


def gemini(turn: Turn, model: str, stream: bool) -> Json:
    parts: list[Json] = [{"text": turn.text}]
    if turn.image:
        parts.append({"inlineData": {"mimeType": "image/png", "data": PNG}})
    contents: list[Json] = [{"role": "user", "parts": parts}]
    if turn.result is not None:
        call = {"functionCall": {"id": CALL[0], "name": CALL[1], "args": json.loads(CALL[2])}}
        contents.append({"role": "model", "parts": [call]})
        result = {"id": CALL[0], "name": CALL[1], "response": {"output": turn.result}}
        contents.append({"role": "user", "parts": [{"functionResponse": result}]})
    body: Json = {"contents": contents, "systemInstruction": {"parts": [{"text": turn.system}]}}
    if turn.tools:
        function = {"name": "weather", "description": "Tells it", "parametersJsonSchema": SCHEMA}
        body["tools"] = [{"functionDeclarations": [function]}]
    if turn.schema:
        body["generationConfig"] = {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}
    if turn.seed is not None:
        # What it has instead: hosted tools.
        body["tools"] = [*body.get("tools", ()), {"googleSearch": {}}]
    if turn.user is not None:
        body["safetySettings"] = [{"category": "HARM_CATEGORY_HATE_SPEECH", "threshold": "BLOCK_NONE"}]
    return body


def bedrock_converse(turn: Turn, model: str, stream: bool) -> Json:
    content: list[Json] = [{"text": turn.text}]
    if turn.image:
        content.append({"image": {"format": "png", "source": {"bytes": PNG}}})
    messages: list[Json] = [{"role": "user", "content": content}]
    if turn.result is not None:
        call = {"toolUseId": CALL[0], "name": CALL[1], "input": json.loads(CALL[2])}
        messages.append({"role": "assistant", "content": [{"toolUse": call}]})
        result = {"toolUseId": CALL[0], "content": [{"text": turn.result}]}
        messages.append({"role": "user", "content": [{"toolResult": result}]})
    body: Json = {"messages": messages, "system": [{"text": turn.system}]}
    tools: list[Json] = []
    if turn.tools:
        spec = {"name": "weather", "description": "Tells it", "inputSchema": {"json": SCHEMA}}
        tools.append({"toolSpec": spec})
    if turn.seed is not None:
        # What it has instead: hosted tools.
        tools.append({"systemTool": {"name": "nova_grounding"}})
    if tools:
        body["toolConfig"] = {"tools": tools}
    if turn.schema:
        structure = {"jsonSchema": {"schema": json.dumps(SCHEMA), "name": "city"}}
        body["outputConfig"] = {"textFormat": {"type": "json_schema", "structure": structure}}
    if turn.user is not None:
        body["performanceConfig"] = {"latency": "standard"}
    return body


class Caller(NamedTuple):
    """How callers of a dialect call."""

    dialect: Dialect
    write: Any
    path: str
    streaming_path: str
    hint: str
    """What `user` is there."""
    need: str
    """What `seed` is there."""


def _gemini(method: str) -> str:
    return f"/v1beta/models/%s:{method}"


_STREAM = "streamGenerateContent"
CALLERS = {
    "openai_chat": Caller(
        DIALECTS["openai_chat"], openai_chat, "/v1/chat/completions", "/v1/chat/completions", "user", "seed"
    ),
    "openai_completions": Caller(
        DIALECTS["openai_completions"], openai_completions, "/v1/completions", "/v1/completions", "user", "seed"
    ),
    "openai_responses": Caller(
        DIALECTS["openai_responses"], openai_responses, "/v1/responses", "/v1/responses", "prompt_cache_key", "tools[0]"
    ),
    "anthropic_messages": Caller(
        DIALECTS["anthropic_messages"],
        anthropic_messages,
        "/v1/messages",
        "/v1/messages",
        "context_management",
        "tools[0]",
    ),
    "gemini": Caller(
        DIALECTS["gemini"],
        gemini,
        _gemini("generateContent"),
        _gemini(f"{_STREAM}?alt=sse"),
        "safetySettings",
        "tools[0]",
    ),
    "gemini_array": Caller(
        GEMINI_ARRAY, gemini, _gemini("generateContent"), _gemini(_STREAM), "safetySettings", "tools[0]"
    ),
    "bedrock_converse": Caller(
        DIALECTS["bedrock_converse"],
        bedrock_converse,
        "/model/%s/converse",
        "/model/%s/converse-stream",
        "performanceConfig",
        "toolConfig.tools[0]",
    ),
}
