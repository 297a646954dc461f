"""Embeddings of `/api/embed`."""

from typing import Annotated, Any

import msgspec

from torana.core.exchange import EmbedReply, EmbedRequest, Part, Text
from torana.core.losses import Losses
from torana.core.usage import UNKNOWN, Usage
from torana.dialects import NotAReplyError
from torana.dialects.ollama.request import put_own, write


def encode_embed(request: EmbedRequest, model: str, losses: Losses) -> bytes:
    """The body. Raises Refusal for what Ollama cannot carry."""
    inputs = [_text(value, f"input[{number}]", losses) for number, value in enumerate(request.inputs)]
    body: dict[str, Any] = {"model": model, "input": inputs}
    if request.dimensions is not None:
        body["dimensions"] = request.dimensions
    if request.task is not None:
        losses.need("task", "Ollama does not know what vectors are for")
    for name in ("title", "user"):
        if getattr(request, name) is not None:
            losses.hint(name)
    put_own(request.extra, losses, body)
    return write(body)


def _text(value: str | tuple[int, ...] | tuple[Part, ...], place: str, losses: Losses) -> str:
    if isinstance(value, str):
        return value
    texts: list[str] = []
    for part in value:
        if isinstance(part, Text):
            texts.append(part.text)
        else:
            losses.need(place, "Ollama turns text only into vectors")
    return "\n".join(texts)


class _Reply(msgspec.Struct):
    embeddings: list[tuple[float, ...]]
    model: str = ""
    prompt_eval_count: Annotated[int, msgspec.Meta(ge=0, lt=2**53)] | None = None


_decode = msgspec.json.Decoder(_Reply).decode


def decode_embed_reply(body: bytes) -> EmbedReply:
    """The vectors. Raises NotAReplyError."""
    try:
        reply = _decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise NotAReplyError(str(error)) from None
    count = reply.prompt_eval_count
    usage = UNKNOWN if count is None else Usage(count, None, None, None)
    return EmbedReply(model=reply.model, vectors=tuple(reply.embeddings), usage=usage)
