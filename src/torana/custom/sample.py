"""A sample request for trying a description, in OpenAI's form, and a reply in that form: what a caller would send and see.

Small on purpose: the dialects are for calls. Known are `model`, `stream`, `messages` with text and `image_url` parts, `tools`,
`input`, `dimensions` and the parameters that templates see.
"""

from typing import Any

import msgspec

from torana.core.exchange import (
    EmbedReply,
    EmbedRequest,
    Image,
    Message,
    ModelReply,
    ModelRequest,
    Part,
    Source,
    Text,
    Tool,
    ToolCall,
)
from torana.custom.errors import DescriptionError

_ROLES = ("system", "developer", "user", "assistant")
_PARAMETERS = {
    "max_tokens": int, "temperature": float, "top_p": float, "top_k": int, "seed": int, "frequency_penalty": float,
    "presence_penalty": float, "user": str, "metadata": dict[str, Any],
}  # fmt: skip


def read_sample(text: bytes, content: str) -> ModelRequest | EmbedRequest:
    """The request in a JSON text, for a model of this content. Raises DescriptionError."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise DescriptionError([f"the sample is not JSON: {error}"]) from None
    if not isinstance(value, dict):
        raise DescriptionError(["the sample has to be an object"])
    model = value.pop("model", "sample")
    if content == "embeddings":
        return _embed(value, model)
    return _chat(value, model)


def shown_reply(reply: ModelReply | EmbedReply) -> dict[str, Any]:
    """A reply as a caller of OpenAI's form sees it, shortened to what matters."""
    usage = {"input": reply.usage.input, "output": reply.usage.output}
    if isinstance(reply, EmbedReply):
        data = [{"index": number, "embedding": list(vector)} for number, vector in enumerate(reply.vectors)]
        return {"model": reply.model, "data": data, "usage": usage}
    choice = reply.choices[0]
    message: dict[str, Any] = {"role": "assistant"}
    message["content"] = "".join(part.text for part in choice.parts if isinstance(part, Text))
    calls = [
        {"id": part.id, "type": "function", "function": {"name": part.name, "arguments": part.arguments}}
        for part in choice.parts
        if isinstance(part, ToolCall)
    ]
    if calls:
        message["tool_calls"] = calls
    others = [msgspec.to_builtins(part) for part in choice.parts if not isinstance(part, Text | ToolCall)]
    if others:
        message["other_parts"] = others
    return {"model": reply.model, "choices": [{"message": message, "finish_reason": choice.stop}], "usage": usage}


def _chat(value: dict[str, Any], model: Any) -> ModelRequest:
    fields: dict[str, Any] = {}
    stop = value.pop("stop", ())
    for name, kind in _PARAMETERS.items():
        if name in value:
            fields[name] = _typed(value.pop(name), kind, name)
    try:
        request = ModelRequest(
            dialect="openai_chat",
            model=_typed(model, str, "model"),
            stream=_typed(value.pop("stream", False), bool, "stream"),
            stop=tuple(_typed([stop] if isinstance(stop, str) else stop, list[str], "stop")),
            messages=tuple(
                _message(_typed(one, dict[str, Any], f"messages[{number}]"), f"messages[{number}]")
                for number, one in enumerate(_typed(value.pop("messages", None), list[Any], "messages"))
            ),
            tools=tuple(_tool(one) for one in _typed(value.pop("tools", []), list[Any], "tools")),
            **fields,
        )
    except RecursionError:
        raise DescriptionError(["the sample is nested too deeply"]) from None
    _no_more(value)
    return request


def _embed(value: dict[str, Any], model: Any) -> EmbedRequest:
    given = value.pop("input", None)
    texts = _typed([given] if isinstance(given, str) else given, list[str], "input")
    dimensions = _typed(value.pop("dimensions", None), int | None, "dimensions")
    _no_more(value)
    return EmbedRequest(
        dialect="openai_chat",
        model=_typed(model, str, "model"),
        inputs=tuple(texts),
        dimensions=dimensions,
        single=isinstance(given, str),
    )


def _message(value: dict[str, Any], place: str) -> Message:
    role: Any = value.get("role")
    if role not in _ROLES:
        raise DescriptionError([f"sample: {place}.role: it has to be one of {', '.join(_ROLES)}"])
    content = value.get("content")
    if isinstance(content, str):
        return Message(role=role, parts=(Text(text=content),))
    parts = _typed(content, list[dict[str, Any]], f"{place}.content")
    return Message(role=role, parts=tuple(_part(part, f"{place}.content[{at}]") for at, part in enumerate(parts)))


def _part(value: dict[str, Any], place: str) -> Part:
    if value.get("type") == "text":
        return Text(text=_typed(value.get("text"), str, f"{place}.text"))
    if value.get("type") != "image_url":
        raise DescriptionError([f"sample: {place}.type: it has to be text or image_url"])
    inner = _typed(value.get("image_url"), dict[str, Any], f"{place}.image_url")
    url = _typed(inner.get("url"), str, f"{place}.image_url.url")
    if not url.startswith("data:"):
        return Image(source=Source(url=url))
    head, _, data = url.removeprefix("data:").partition(",")
    return Image(source=Source(media_type=head.partition(";")[0], data=data))


def _tool(value: Any) -> Tool:
    function = value.get("function") if isinstance(value, dict) else None
    if not isinstance(function, dict):
        raise DescriptionError(["sample: tools: each has to have a function"])
    return Tool(
        name=_typed(function.get("name"), str, "tools.name"),
        description=_typed(function.get("description"), str | None, "tools.description"),
        parameters=_typed(function.get("parameters"), dict[str, Any] | None, "tools.parameters"),
    )


def _typed(value: Any, kind: Any, place: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise DescriptionError([f"sample: {place}: {str(error).replace('`', '')}"]) from None


def _no_more(value: dict[str, Any]) -> None:
    if value:
        raise DescriptionError([f"sample: {next(iter(value))}: there is no such field in a sample"])
