"""Rerank: Cohere's `/v2/rerank`, and the form that callers use for any vendor's, which is Cohere's and Jina's.

Sources: https://docs.cohere.com/reference/rerank, https://api.jina.ai/redoc#tag/rerank
"""

from typing import Any

import msgspec

from torana.core.exchange import Ranked, RerankReply, RerankRequest
from torana.core.losses import Losses
from torana.core.usage import UNKNOWN, Usage
from torana.dialects import NotAReplyError
from torana.dialects.cohere import NAME
from torana.dialects.cohere.request import write
from torana.dialects.fields import Fields, parse, wrong

MOST_DOCUMENTS = 10_000
_OWN = frozenset(("priority",))
_encode = msgspec.json.Encoder().encode


def decode_rerank(body: bytes, model: str | None = None) -> RerankRequest:
    """A caller's request: documents are texts, or objects with `text`. Raises Refusal."""
    fields = parse(body)
    asked = fields.text("model") or model
    if asked is None:
        raise wrong("model", "it is missing")
    documents = fields.items("documents")
    if not documents:
        raise wrong("documents", "it has to be an array of texts that is not empty")
    if len(documents) > MOST_DOCUMENTS:
        raise wrong("documents", f"it has more than {MOST_DOCUMENTS} texts")
    return RerankRequest(
        dialect=NAME,
        model=asked,
        query=fields.need_text("query"),
        documents=tuple([_document(value, f"documents[{number}]") for number, value in enumerate(documents)]),
        top=fields.integer("top_n", 1),
        return_documents=fields.flag("return_documents"),
        max_tokens_per_document=fields.integer("max_tokens_per_doc", 1),
        extra=fields.known(),
    )


def _document(value: Any, place: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return Fields(value, place).need_text("text")
    raise wrong(place, "it has to be a text")


def encode_rerank(request: RerankRequest, model: str, losses: Losses) -> bytes:
    """The body for Cohere. The documents of the reply, if asked for, are added from the request."""
    body: dict[str, Any] = {"model": model, "query": request.query, "documents": list(request.documents)}
    if request.top is not None:
        body["top_n"] = request.top
    if request.max_tokens_per_document is not None:
        body["max_tokens_per_doc"] = request.max_tokens_per_document
    for name, value in request.extra.items():
        if name in _OWN:
            body[name] = value
        else:
            losses.need(name, "Cohere's rerank has no such field")
    return write(body)


class _Result(msgspec.Struct):
    index: int
    relevance_score: float


class _Billed(msgspec.Struct):
    search_units: float | None = None
    input_tokens: float | None = None


class _Meta(msgspec.Struct):
    billed_units: _Billed | None = None


class _Usage(msgspec.Struct):
    total_tokens: int | None = None


class _Reply(msgspec.Struct):
    results: list[_Result]
    id: str | None = None
    model: str | None = None
    meta: _Meta | None = None
    usage: _Usage | None = None


_decode = msgspec.json.Decoder(_Reply).decode


def decode_rerank_reply(body: bytes) -> RerankReply:
    """A reply of Cohere or Jina. Raises NotAReplyError."""
    try:
        reply = _decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise NotAReplyError(str(error)) from None
    billed = (reply.meta and reply.meta.billed_units) or _Billed()
    tokens = reply.usage.total_tokens if reply.usage is not None else _whole(billed.input_tokens)
    return RerankReply(
        id=reply.id or "",
        model=reply.model or "",
        results=tuple([Ranked(index=result.index, score=result.relevance_score) for result in reply.results]),
        usage=UNKNOWN if tokens is None else Usage(tokens, None, None, None),
        search_units=_whole(billed.search_units),
    )


def _whole(count: float | None) -> int | None:
    return int(count) if count is not None and 0 <= count < 2**53 else None


def encode_rerank_reply(reply: RerankReply, request: RerankRequest) -> bytes:
    """The reply for the caller, with the documents where they were asked for. Raises NotAReplyError for an index out of range."""
    results: list[dict[str, Any]] = []
    for ranked in reply.results:
        if not 0 <= ranked.index < len(request.documents):
            raise NotAReplyError(f"there is no document {ranked.index}")
        result: dict[str, Any] = {"index": ranked.index, "relevance_score": ranked.score}
        if request.return_documents:
            result["document"] = {"text": request.documents[ranked.index]}
        results.append(result)
    body: dict[str, Any] = {"id": reply.id, "model": reply.model or request.model, "results": results}
    meta: dict[str, Any] = {"api_version": {"version": "2"}}
    if reply.search_units is not None:
        meta["billed_units"] = {"search_units": reply.search_units}
    body["meta"] = meta
    if reply.usage.input is not None:
        body["usage"] = {"total_tokens": reply.usage.input, "prompt_tokens": reply.usage.input}
    return _encode(body)
