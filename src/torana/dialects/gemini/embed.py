"""Embeddings: `embedContent` and `batchEmbedContents`, both ways.

https://ai.google.dev/api/embeddings
"""

from typing import Any

import msgspec

from torana.core.exchange import EmbedReply, EmbedRequest, Opaque, Part, Text
from torana.core.losses import Losses
from torana.core.usage import Usage
from torana.dialects import NotAReplyError
from torana.dialects.fields import Fields, parse, wrong
from torana.dialects.gemini import NAME
from torana.dialects.gemini.contents import decode_parts
from torana.dialects.gemini.look import resource
from torana.dialects.gemini.media import Media, own_file
from torana.dialects.gemini.names import dump, inner, listed, spelled
from torana.dialects.gemini.parts import write_media
from torana.dialects.gemini.usage import UsageBlock, read_usage

_TASKS = {
    "RETRIEVAL_QUERY": "search_query",
    "RETRIEVAL_DOCUMENT": "search_document",
    "CLASSIFICATION": "classification",
    "CLUSTERING": "clustering",
    "SEMANTIC_SIMILARITY": "similarity",
    "QUESTION_ANSWERING": "question_answering",
    "FACT_VERIFICATION": "fact_verification",
    "CODE_RETRIEVAL_QUERY": "code_query",
}
_TYPES = {task: name for name, task in _TASKS.items()}
_encode = msgspec.json.Encoder().encode


class _Vector(msgspec.Struct):
    values: list[float] = []


class _Reply(msgspec.Struct, rename="camel"):
    embedding: _Vector | None = None
    embeddings: list[_Vector] | None = None
    usage_metadata: UsageBlock | None = None


_decode = msgspec.json.Decoder(_Reply).decode


def decode_embed(body: bytes, model: str | None) -> EmbedRequest:
    """A caller's body of either method: the one with `requests` is the batch. Raises Refusal."""
    fields = spelled(parse(body))
    single = "requests" not in fields.rest
    requests = [fields] if single else list(listed(fields, "requests"))
    inputs: list[str | tuple[int, ...] | tuple[Part, ...]] = []
    said: dict[str, Any] = {}
    for number, one in enumerate(requests):
        inputs.append(_input(one))
        settings = _settings(one)
        if number and settings != said:
            raise wrong(
                one.at, "its taskType, title, outputDimensionality and model have to be those of the first request"
            )
        said = settings
    named = said.pop("model", None)
    extra = said.pop("extra", {})
    if not single:
        extra = {**extra, **fields.known()}
    return EmbedRequest(
        dialect=NAME,
        model=model or (named or "").removeprefix("models/"),
        inputs=tuple(inputs),
        single=single,
        extra=extra,
        **said,
    )


def _input(one: Fields) -> str | tuple[Part, ...]:
    text = one.rest.get("content")
    if isinstance(text, str):
        one.take("content")
        return text
    content = inner(one, "content")
    if content is None:
        raise wrong(one.place("content"), "it is missing")
    parts = decode_parts(content)
    if len(parts) == 1 and isinstance(parts[0], Text):
        return parts[0].text
    return parts


def _settings(one: Fields) -> dict[str, Any]:
    """What applies to all texts alike; `embedContentConfig` is the newer place for it."""
    config = inner(one, "embedContentConfig")
    places = [one] if config is None else [config, one]
    task = _first([place.text("taskType") for place in places])
    title = _first([place.text("title") for place in places])
    dimensions = _first([place.integer("outputDimensionality", least=1) for place in places])
    named = one.text("model")
    extra = one.known()
    if config is not None:
        extra.update({f"embedContentConfig.{name}": value for name, value in config.known().items()})
    if task == "TASK_TYPE_UNSPECIFIED":
        task = None
    if task is not None and task not in _TASKS:
        raise wrong(one.place("taskType"), f"it has to be one of {', '.join(_TASKS)}")
    neutral = None if task is None else _TASKS[task]
    return {"task": neutral, "title": title, "dimensions": dimensions, "model": named, "extra": extra}


def _first(values: list[Any]) -> Any:
    return next((value for value in values if value is not None), None)


def encode_embed(request: EmbedRequest, model: str, losses: Losses) -> bytes:
    """The body of `batchEmbedContents`, for one text as for many. Raises Refusal: unsupported_parameter."""
    if request.user is not None:
        losses.hint("user")
    common: dict[str, Any] = {"model": resource(model)}
    if request.task is not None:
        if request.task in _TYPES:
            common["taskType"] = _TYPES[request.task]
        else:
            losses.need("task", "Gemini has no such task")
    if request.title is not None:
        common["title"] = request.title
    if request.dimensions is not None:
        common["outputDimensionality"] = request.dimensions
    config: dict[str, Any] = {}
    for name, value in request.extra.items():
        if request.dialect != NAME:
            losses.need(name, "Gemini's embeddings have no such field")
        elif name.startswith("embedContentConfig."):
            config[name.partition(".")[2]] = value
        else:
            common[name] = value
    if config:
        common["embedContentConfig"] = config
    requests = [
        {**common, "content": {"parts": _parts(one, number, losses)}} for number, one in enumerate(request.inputs)
    ]
    return dump({"requests": requests})


def _parts(one: str | tuple[int, ...] | tuple[Part, ...], number: int, losses: Losses) -> list[dict[str, Any]]:
    if isinstance(one, str):
        return [{"text": one}]
    place = f"input[{number}]"
    parts: list[dict[str, Any]] = []
    for part in one:
        if isinstance(part, Text):
            parts.append({"text": part.text})
        elif isinstance(part, Opaque) and part.dialect == NAME:
            parts.append(part.raw)
        elif isinstance(part, Media) and (part.source.file_id is None or own_file(part.source.file_id)):
            parts.append(write_media(part))
        else:
            reason = "Gemini takes no token ids" if isinstance(part, int) else "Gemini cannot embed it"
            losses.need(place, reason)
            break
    return parts


def decode_embed_reply(body: bytes) -> EmbedReply:
    """A vendor's reply of either method. Raises NotAReplyError."""
    try:
        reply = _decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise NotAReplyError(str(error)) from None
    vectors = [reply.embedding] if reply.embedding is not None else reply.embeddings
    if vectors is None:
        raise NotAReplyError("it has no embeddings")
    usage = read_usage(reply.usage_metadata)
    return EmbedReply(
        vectors=tuple(tuple(vector.values) for vector in vectors), usage=Usage(usage.input, None, None, None)
    )


def encode_embed_reply(reply: EmbedReply, request: EmbedRequest) -> bytes:
    """The reply for a caller of Gemini, in the form of the method that was called."""
    vectors = [{"values": vector} for vector in reply.vectors]
    body: dict[str, Any] = {"embedding": vectors[0]} if request.single and vectors else {"embeddings": vectors}
    if reply.usage.input is not None:
        body["usageMetadata"] = {"promptTokenCount": reply.usage.input, "totalTokenCount": reply.usage.input}
    return _encode(body)
