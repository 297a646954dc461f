"""Embeddings of `/v2/embed`."""

from typing import Any

import msgspec

from torana.core.exchange import EmbedReply, EmbedRequest, Image, Part, Text
from torana.core.losses import Losses
from torana.core.usage import UNKNOWN, Usage
from torana.dialects import NotAReplyError
from torana.dialects.cohere.request import write
from torana.dialects.fields import wrong

_OWN: dict[str, type[Any]] = {"input_type": str, "truncate": str, "max_tokens": int, "priority": int}
_TYPES = {
    "search_query": "search_query",
    "search_document": "search_document",
    "classification": "classification",
    "clustering": "clustering",
    "similarity": "clustering",
    "question_answering": "search_query",
    "fact_verification": "search_query",
    "code_query": "search_query",
}
DEFAULT_TYPE = "search_document"
"""Cohere has to be told what the vectors are for; this is said where the caller's dialect has no word for it."""


def encode_embed(request: EmbedRequest, model: str, losses: Losses) -> bytes:
    """The body. Vectors are always asked for as numbers. Raises Refusal for what Cohere cannot carry."""
    body: dict[str, Any] = {"model": model}
    texts = [value for value in request.inputs if isinstance(value, str)]
    if len(texts) == len(request.inputs):
        body["texts"] = texts
    else:
        body["inputs"] = [
            {"content": _content(value, f"input[{number}]", losses)} for number, value in enumerate(request.inputs)
        ]
    body["input_type"] = _TYPES.get(request.task or "", DEFAULT_TYPE)
    body["embedding_types"] = ["float"]
    if request.dimensions is not None:
        body["output_dimension"] = request.dimensions
    for name in ("title", "user"):
        if getattr(request, name) is not None:
            losses.hint(name)
    for name, value in request.extra.items():
        kind = _OWN.get(name)
        if kind is None:
            losses.need(name, "Cohere has no such field")
        elif not isinstance(value, kind) or isinstance(value, bool):
            raise wrong(name, "it has the wrong type for Cohere")
        else:
            body[name] = value
    return write(body)


def _content(value: str | tuple[int, ...] | tuple[Part, ...], place: str, losses: Losses) -> list[dict[str, Any]]:
    if isinstance(value, str):
        return [{"type": "text", "text": value}]
    content: list[dict[str, Any]] = []
    for part in value:
        if isinstance(part, int):
            losses.need(place, "Cohere takes text, not token ids")
            break
        if isinstance(part, Text):
            content.append({"type": "text", "text": part.text})
        elif isinstance(part, Image) and (part.source.data is not None or part.source.url is not None):
            source = part.source
            url = source.url or f"data:{source.media_type or 'image/png'};base64,{source.data}"
            content.append({"type": "image_url", "image_url": {"url": url}})
        else:
            losses.need(place, "Cohere turns text and images into vectors only")
    return content


class _Vectors(msgspec.Struct):
    float: list[tuple[float, ...]]


class _Billed(msgspec.Struct):
    input_tokens: float | None = None
    image_tokens: float | None = None


class _Meta(msgspec.Struct):
    billed_units: _Billed | None = None


class _Reply(msgspec.Struct):
    embeddings: _Vectors
    meta: _Meta | None = None


_decode = msgspec.json.Decoder(_Reply).decode


def decode_embed_reply(body: bytes) -> EmbedReply:
    """The vectors. Raises NotAReplyError."""
    try:
        reply = _decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise NotAReplyError(str(error)) from None
    billed = None if reply.meta is None else reply.meta.billed_units
    usage = UNKNOWN
    if billed is not None:
        counts = [count for count in (billed.input_tokens, billed.image_tokens) if count is not None]
        usage = Usage(int(sum(counts)) if counts and 0 <= sum(counts) < 2**53 else None, None, None, None)
    return EmbedReply(vectors=tuple(reply.embeddings.float), usage=usage)
