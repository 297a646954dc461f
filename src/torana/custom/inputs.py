"""A neutral request as what templates and mappings see: plain JSON values, never our objects.

A chat request gives `model`, `stream`, `messages` (each `role`, `text`, `name`, `images`, `documents`, `audio`, `video`,
`tool_calls`, `tool_results`), `system` (all instructions), `prompt` (the conversation as one text), `last_user`, `data`
(`last_user` read as JSON, else null), `images`, `documents`, `audio`, `video` (of all messages; a message has their numbers),
`tools`, `format` (a JSON Schema, `{}` for any JSON, or null), `metadata` and `parameters` (only those that the caller gave). An
embeddings request gives `model`, `inputs`, `single`, `parameters`.
"""

from typing import Any

import msgspec

from torana.core.errors import Refusal
from torana.core.exchange import (
    Audio,
    Declined,
    Document,
    EmbedRequest,
    Image,
    Message,
    ModelRequest,
    Opaque,
    Part,
    Source,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    Video,
)
from torana.core.losses import Losses
from torana.custom.describe import CustomModel, Subject
from torana.custom.schema import violation

Inputs = dict[str, Any]
_MEDIA: dict[type, Subject] = {Image: "images", Document: "documents", Audio: "audio", Video: "video"}
_LABELS = {"user": "User", "assistant": "Assistant"}
_PARAMETERS = (
    "max_tokens",
    "temperature",
    "top_p",
    "top_k",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "logit_bias",
    "user",
)
_HINTS = (
    "verbosity",
    "thinking",
    "service_tier",
    "cache_key",
    "safety_id",
    "store",
    "parallel_tool_calls",
    "tool_choice",
)
_json = msgspec.json.Decoder().decode
_as_json = msgspec.json.Encoder().encode


def encoded(inputs: Inputs) -> bytes:
    """The inputs as the JSON text of a job."""
    return _as_json(inputs)


def chat_inputs(request: ModelRequest, model: CustomModel, losses: Losses, name: str | None = None) -> Inputs:
    """The inputs of a chat request; `name` is the model's name at the service, else the caller's.

    What the description does not accept goes to `losses`. Raises Refusal, also where the last user message is not what
    `inputs_schema` asks for.
    """
    media: dict[str, list[Inputs]] = {subject: [] for subject in _MEDIA.values()}
    messages = [_message(message, number, model, media, losses) for number, message in enumerate(request.messages)]
    spoken = [message for message in messages if message["role"] not in ("system", "developer")]
    last_user = next((message["text"] for message in reversed(messages) if message["role"] == "user"), "")
    inputs: Inputs = {
        "model": request.model if name is None else name,
        "stream": request.stream and model.stream is not None,
        "messages": messages,
        "system": "\n\n".join(message["text"] for message in messages if message["role"] in ("system", "developer")),
        "prompt": _prompt(spoken),
        "last_user": last_user,
        "data": _data(last_user, request, model),
        "tools": _tools(request, model, losses),
        "format": _format(request, model, losses),
        "parameters": _parameters(request),
        "metadata": request.metadata or {},
    }
    inputs |= media
    _note_losses(request, losses)
    return inputs


def embed_inputs(request: EmbedRequest, losses: Losses, name: str | None = None) -> Inputs:
    """The inputs of an embeddings request. Raises Refusal where an input is not text."""
    texts = []
    for number, one in enumerate(request.inputs):
        if isinstance(one, str):
            texts.append(one)
        elif all(isinstance(part, Text) for part in one):
            texts.append("".join(part.text for part in one if isinstance(part, Text)))
        else:
            raise Refusal("invalid_field", param=f"input[{number}]", reason="this model takes texts only")
    for field in request.extra:
        losses.need(field, "a custom model takes no such field")
    values = {"dimensions": request.dimensions, "task": request.task, "title": request.title, "user": request.user}
    return {
        "model": request.model if name is None else name,
        "inputs": texts,
        "single": request.single,
        "parameters": {field: value for field, value in values.items() if value is not None},
    }


def _message(
    message: Message, number: int, model: CustomModel, media: dict[str, list[Inputs]], losses: Losses
) -> Inputs:
    place = f"messages[{number}]"
    found: Inputs = {"role": message.role, "text": "", "images": [], "documents": [], "audio": [], "video": []}
    found |= {"tool_calls": [], "tool_results": []}
    if message.name is not None:
        found["name"] = message.name
    texts: list[str] = []
    for part in message.parts:
        if isinstance(part, Text | Declined):
            texts.append(part.text)
        elif isinstance(part, Image | Document | Audio | Video):
            if _takes(part, place, model, losses):
                subject = _MEDIA[type(part)]
                found[subject].append(len(media[subject]))
                media[subject].append(_source(part.source))
        elif isinstance(part, ToolCall | ToolResult):
            _take_tool_part(part, place, found, model, losses)
        elif isinstance(part, Opaque):
            losses.need(f"{place}.{part.kind}", "a custom model takes no such part")
        # What is left is reasoning: what a model thought in an earlier turn says nothing to a service of another kind.
    found["text"] = "\n".join(texts) if message.role == "user" else "".join(texts)
    return found


def _takes(part: Image | Document | Audio | Video, place: str, model: CustomModel, losses: Losses) -> bool:
    subject = _MEDIA[type(part)]
    if subject not in model.accepts:
        losses.need(f"{place}.{subject}", f"this model takes no {subject}")
        return False
    if part.source.file_id is not None:
        losses.need(f"{place}.{subject}", "a file's id means nothing to this model; send its content")
        return False
    return True


def _source(source: Source) -> Inputs:
    values = {"media_type": source.media_type, "url": source.url, "data": source.data, "text": source.text}
    return {field: value for field, value in values.items() if value is not None}


def _take_tool_part(part: ToolCall | ToolResult, place: str, found: Inputs, model: CustomModel, losses: Losses) -> None:
    if "tools" not in model.accepts:
        losses.need(f"{place}.tools", "this model takes no tools")
    elif isinstance(part, ToolCall):
        found["tool_calls"].append({"id": part.id, "name": part.name, "arguments": _arguments(part.arguments)})
    else:
        text = "\n".join(_text_of(inner, place, losses) for inner in part.content)
        found["tool_results"].append({"call_id": part.call_id, "name": part.name, "text": text, "error": part.error})


def _text_of(part: Part, place: str, losses: Losses) -> str:
    if isinstance(part, Text):
        return part.text
    losses.need(f"{place}.tool_result", "this model takes only text as a tool's result")
    return ""


def _arguments(text: str) -> Any:
    value = _read(text)
    return value if isinstance(value, dict) else {"text": text}


def _prompt(messages: list[Inputs]) -> str:
    if len(messages) == 1:
        return str(messages[0]["text"])
    return "\n\n".join(f"{_LABELS[message['role']]}: {message['text']}" for message in messages)


def _data(text: str, request: ModelRequest, model: CustomModel) -> Any:
    value = _read(text)
    if model.inputs_schema is None:
        return value
    number = max((at for at, message in enumerate(request.messages) if message.role == "user"), default=0)
    place = f"messages[{number}].content"
    if value is None:
        raise Refusal("invalid_field", param=place, reason="this model takes a JSON object as the last user message")
    if found := violation(model.inputs_schema, value):
        raise Refusal("invalid_field", param=place + found.place[:200], reason=found.reason)
    return value


def _read(text: str) -> Any:
    """The JSON value of a text, or None. Only objects and arrays: a text that happens to be `5` or `true` is a text."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return _json(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def _tools(request: ModelRequest, model: CustomModel, losses: Losses) -> list[Inputs]:
    if request.tools and "tools" not in model.accepts:
        losses.need("tools", "this model takes no tools")
        return []
    tools = []
    for tool in request.tools:
        if isinstance(tool, Tool) and not tool.custom:
            tools.append(
                {"name": tool.name, "description": tool.description or "", "parameters": tool.parameters or {}}
            )
        else:
            losses.need("tools", "a custom model takes only functions as tools")
    return tools


def _format(request: ModelRequest, model: CustomModel, losses: Losses) -> Any:
    asked = request.format
    if asked is None or asked.kind == "text":
        return None
    if "format" not in model.accepts:
        losses.need("format", "this model does not take a form for its answer")
        return None
    return asked.schema or {}


def _parameters(request: ModelRequest) -> Inputs:
    found = {field: getattr(request, field) for field in _PARAMETERS if getattr(request, field) is not None}
    if request.stop:
        found["stop"] = list(request.stop)
    return found


def _note_losses(request: ModelRequest, losses: Losses) -> None:
    """Parameters may or may not be read by a template; these cannot be, or their answer cannot be given."""
    if request.choices is not None and request.choices > 1:
        losses.need("choices", "a custom model gives one answer")
    if request.logprobs or request.top_logprobs:
        losses.need("logprobs", "a custom model has no log-probabilities")
    if request.modalities and set(request.modalities) != {"text"}:
        losses.need("modalities", "what a custom model answers is fixed")
    if request.speech is not None:
        losses.need("speech", "a custom model takes no voice")
    for field in request.extra:
        losses.need(field, "a custom model takes no such field")
    for field in _HINTS:
        if getattr(request, field) is not None:
            losses.hint(field)
