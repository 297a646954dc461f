"""Judges requests as strictly as the official SDKs' types of them: a field that they do not know is refused, wherever it stands.

Each SDK is imported at its first request: it takes a second or so.
"""

import functools
import json
import operator
import os
import typing
from collections import abc
from collections.abc import Callable
from functools import cache
from types import UnionType
from typing import Annotated, Any

import pydantic
import typing_extensions
from typing_extensions import is_typeddict

from tests.support.simulated.wire import Refused

_COHERE = {
    "/chat": {
        *(
            "model",
            "messages",
            "tools",
            "strict_tools",
            "documents",
            "citation_options",
            "response_format",
            "safety_mode",
        ),
        *("max_tokens", "stop_sequences", "temperature", "seed", "frequency_penalty", "presence_penalty", "k", "p"),
        *("logprobs", "tool_choice", "thinking", "priority", "stream"),
    },
    "/embed": {
        *("model", "input_type", "texts", "images", "inputs", "max_tokens", "output_dimension", "embedding_types"),
        *("truncate", "priority"),
    },
    "/rerank": {"model", "query", "documents", "top_n", "max_tokens_per_doc", "relevant_spans", "priority"},
}
_OLLAMA = {
    "/chat": {
        *(
            "model",
            "messages",
            "tools",
            "format",
            "options",
            "stream",
            "think",
            "keep_alive",
            "logprobs",
            "top_logprobs",
        )
    },
    "/embed": {"model", "input", "truncate", "dimensions", "options", "keep_alive"},
}


def check_openai(path: str, body: dict[str, Any]) -> None:
    """Raises Refused with 400."""
    from openai.types import completion_create_params, embedding_create_params
    from openai.types.chat import completion_create_params as chat
    from openai.types.responses import response_create_params as responses

    params: dict[str, Any] = {
        "/chat/completions": chat.CompletionCreateParamsStreaming,
        "/completions": completion_create_params.CompletionCreateParamsStreaming,
        "/responses": responses.ResponseCreateParamsStreaming,
        "/embeddings": embedding_create_params.EmbeddingCreateParams,
    }
    wanted = params.get(path)
    if wanted is not None:
        stream = {} if path == "/embeddings" else {"stream": True}
        _judge(_strict(wanted), {**_as_openai_takes_it(body), **stream})


def _as_openai_takes_it(body: dict[str, Any]) -> dict[str, Any]:
    """An answer of its own may come back as it was, with fields that a request has no use for."""
    if "messages" not in body:
        return body
    mine = ("annotations", "audio")
    messages = [{k: v for k, v in one.items() if not (k in mine and not v)} for one in body["messages"]]
    return {**body, "messages": messages}


def check_anthropic(path: str, body: dict[str, Any]) -> None:
    """Raises Refused with 400."""
    import anthropic.types as types

    # The SDK's types have lost what models before 2026 still take.
    body = {name: value for name, value in body.items() if name not in ("temperature", "top_p", "top_k")}
    if path == "/messages":
        _judge(_strict(types.message_create_params.MessageCreateParamsStreaming), {**body, "stream": True})
    elif path == "/messages/count_tokens":
        _judge(_strict(types.MessageCountTokensParams), body)


def check_gemini(method: str, body: dict[str, Any]) -> dict[str, Any]:
    """The body in Google's own spelling: it takes both its own and that of its field names. Raises Refused with 400."""
    found = _gemini().get(method)
    if found is None:
        return body
    read = _judge(found, body)
    own: dict[str, Any] = found.dump_python(read, mode="json", by_alias=True, exclude_none=True)
    return own


def check_bedrock(model: str, action: str, body: dict[str, Any]) -> None:
    """Raises Refused with 400."""
    service = _botocore()
    operation = "ConverseStream" if action == "converse-stream" else "Converse"
    from botocore.validate import ParamValidator  # type: ignore[import-untyped]

    report = ParamValidator().validate({**body, "modelId": model}, service.operation_model(operation).input_shape)
    if report.has_errors():
        raise Refused(400, report.generate_report())


def check_cohere(path: str, body: dict[str, Any]) -> None:
    """Raises Refused with 400."""
    from cohere.types import ChatMessageV2, ToolV2

    _only(_COHERE, path, body)
    for name, kind in (("messages", ChatMessageV2), ("tools", ToolV2)):
        for one in body.get(name) or ():
            _judge(_adapter(kind), one)


def check_mistral(path: str, body: dict[str, Any]) -> None:
    """Raises Refused with 422."""
    from mistralai.client.models import ChatCompletionRequest, EmbeddingRequest

    kind: Any = {"/chat/completions": ChatCompletionRequest, "/embeddings": EmbeddingRequest}.get(path)
    if kind is None:
        return
    known = {field.alias or name for name, field in kind.model_fields.items()}
    if unknown := body.keys() - known:
        raise Refused(422, f"Extra inputs are not permitted: {', '.join(sorted(unknown))}")
    try:
        kind.model_validate(body)
    except pydantic.ValidationError as error:
        raise Refused(422, str(error)[:1500]) from None


def check_ollama(path: str, body: dict[str, Any]) -> None:
    """Raises Refused with 400."""
    _only(_OLLAMA, path, body)


def _only(known: dict[str, set[str]], path: str, body: dict[str, Any]) -> None:
    if path in known and (unknown := body.keys() - known[path]):
        raise Refused(400, f"unknown field: parameter '{min(unknown)}' is not a valid field")


def _judge(adapter: "pydantic.TypeAdapter[Any]", body: Any) -> Any:
    try:
        return adapter.validate_json(json.dumps(body))
    except pydantic.ValidationError as error:
        told = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_input=False)]
        raise Refused(400, "; ".join(told)[:1500]) from None


@cache
def _strict(params: Any) -> "pydantic.TypeAdapter[Any]":
    """An adapter for a TypedDict that refuses unknown fields at any depth."""
    return pydantic.TypeAdapter(_closed(params, {}))


def _closed(kind: Any, made: dict[Any, Any]) -> Any:
    """The same type with lists for iterables, which pydantic reads only when somebody asks, and without room for unknown fields."""
    if is_typeddict(kind):
        if kind not in made:
            made[kind] = dict[str, Any]  # what a type that holds itself finds there
            hints = typing_extensions.get_type_hints(kind, include_extras=True)
            fields = {name: _closed(hint, made) for name, hint in hints.items()}
            # One that extends another is called total, although what it inherits may be left out.
            required: Any = typing.Required
            total = kind.__total__ and not any(typing.get_origin(hint) is required for hint in hints.values())
            made_of: Any = typing_extensions.TypedDict
            made[kind] = made_of(kind.__name__, fields, total=total)
            made[kind].__pydantic_config__ = pydantic.ConfigDict(extra="forbid")
        return made[kind]
    origin: Any = typing.get_origin(kind)
    arguments = typing.get_args(kind)
    if origin is None or origin is typing.Literal:
        return kind
    if origin in (typing.IO, os.PathLike):
        return str
    inner = [_closed(one, made) for one in arguments]
    if origin is Annotated:
        return inner[0]
    if origin in (abc.Iterable, abc.Sequence) or getattr(origin, "__name__", "") == "SequenceNotStr":
        return list.__class_getitem__(inner[0])
    if origin in (typing.Union, UnionType):
        # A reply's own class may be handed to the SDK instead of its fields; it would let everything pass.
        plain = [one for one in inner if not (isinstance(one, type) and issubclass(one, pydantic.BaseModel))]
        return functools.reduce(operator.or_, plain) if plain else inner[0]
    return origin[inner[0] if len(inner) == 1 else tuple(inner)]


@cache
def _adapter(kind: Any) -> "pydantic.TypeAdapter[Any]":
    return pydantic.TypeAdapter(kind)


@cache
def _gemini() -> "dict[str, pydantic.TypeAdapter[Any]]":
    from google.genai import types

    common: dict[str, Any] = {
        "contents": (list[types.Content], ...),
        "systemInstruction": (types.Content | None, None),
        "tools": (list[types.Tool] | None, None),
        "toolConfig": (types.ToolConfig | None, None),
        "generationConfig": (types.GenerationConfig | None, None),
        "safetySettings": (list[types.SafetySetting] | None, None),
        "cachedContent": (str | None, None),
        "serviceTier": (str | None, None),
    }
    embed: dict[str, Any] = {
        "model": (str, ...),
        "content": (types.Content, ...),
        "taskType": (str | None, None),
        "title": (str | None, None),
        "outputDimensionality": (int | None, None),
    }
    strict = pydantic.ConfigDict(extra="forbid")
    make: Callable[..., Any] = pydantic.create_model
    one = make("Embed", __config__=strict, **embed)
    generate = make("Generate", __config__=strict, **common)
    counted = make(
        "Count", __config__=strict, contents=(list[types.Content] | None, None), generateContentRequest=(Any, None)
    )
    batch = make("Batch", __config__=strict, requests=(list.__class_getitem__(one), ...))
    shapes = {
        "generateContent": generate,
        "streamGenerateContent": generate,
        "countTokens": counted,
        "embedContent": one,
        "batchEmbedContents": batch,
    }
    return {name: pydantic.TypeAdapter(shape) for name, shape in shapes.items()}


@cache
def _botocore() -> Any:
    import botocore.session  # type: ignore[import-untyped]

    return botocore.session.Session().get_service_model("bedrock-runtime")
