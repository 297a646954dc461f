"""Embeddings, both ways. Source: https://platform.openai.com/docs/api-reference/embeddings"""

import array
import base64
import binascii
import sys
from typing import Any

import msgspec

from torana.core.exchange import EmbedReply, EmbedRequest, Part, Text
from torana.core.losses import Losses
from torana.dialects import NotAReplyError
from torana.dialects.fields import Fields, parse, wrong
from torana.dialects.openai_chat.errors import decode_error
from torana.dialects.openai_chat.parts import NAME
from torana.dialects.openai_chat.request import encode_body
from torana.dialects.openai_chat.watch import UsageBlock, read_usage

_encode = msgspec.json.Encoder().encode


def decode_embed(body: bytes, model: str | None = None) -> EmbedRequest:
    """What the caller asks. Raises Refusal."""
    fields = parse(body)
    named = fields.text("model")
    if model is None and named is None:
        raise wrong("model", "it is missing")
    single, inputs = _read_input(fields)
    form = fields.text("encoding_format")
    if form not in (None, "float", "base64"):
        raise wrong("encoding_format", "it has to be float or base64")
    return EmbedRequest(
        dialect=NAME,
        model=model or named or "",
        inputs=inputs,
        dimensions=fields.integer("dimensions", 1),
        base64=form == "base64",
        user=fields.text("user"),
        single=single,
        extra=fields.known(),
    )


def _read_input(fields: Fields) -> tuple[bool, tuple[str | tuple[int, ...], ...]]:
    """Whether one input stands alone, and the inputs."""
    given = fields.take("input")
    if isinstance(given, str):
        return True, (given,)
    if not isinstance(given, list) or not given:
        raise wrong("input", "it has to be a string or an array that is not empty")
    if is_tokens(given):
        return True, (tuple(given),)
    inputs: list[str | tuple[int, ...]] = []
    for number, value in enumerate(given):
        if isinstance(value, str):
            inputs.append(value)
        elif isinstance(value, list) and value and is_tokens(value):
            inputs.append(tuple(value))
        else:
            raise wrong(f"input[{number}]", "it has to be a string or an array of token ids")
    return False, tuple(inputs)


def is_tokens(values: list[Any]) -> bool:
    """Whether all of it are token ids."""
    return all(type(value) is int for value in values)


def encode_embed(request: EmbedRequest, model: str, losses: Losses, quirks: frozenset[str] = frozenset()) -> bytes:
    """The body for a vendor. Raises Refusal for what it cannot carry. Asks for base64 only where the caller did."""
    own = request.dialect == NAME
    inputs = [_write_input(value, number, losses) for number, value in enumerate(request.inputs)]
    body: dict[str, Any] = {"model": model, "input": inputs[0] if request.single and len(inputs) == 1 else inputs}
    if request.dimensions is not None:
        body["dimensions"] = request.dimensions
    if request.base64:
        body["encoding_format"] = "base64"
    if request.user is not None:
        if "unknown_fields_refused" in quirks and not own:
            losses.hint("user")
        else:
            body["user"] = request.user
    for name in ("task", "title"):
        # OpenAI's models make the same vector for every task.
        if getattr(request, name) is not None:
            losses.hint(name)
    for name, value in request.extra.items():
        if own:
            body.setdefault(name, value)
        else:
            losses.need(name, "OpenAI's embeddings have no such field")
    return encode_body(body)


def _write_input(value: str | tuple[int, ...] | tuple[Part, ...], number: int, losses: Losses) -> Any:
    if isinstance(value, str):
        return value
    if not any(isinstance(part, msgspec.Struct) for part in value):
        return list(value)
    texts = [part.text for part in value if isinstance(part, Text)]
    if len(texts) < len(value):
        losses.need(f"inputs[{number}]", "OpenAI's embeddings take text and token ids only")
    return "\n".join(texts)


class _Row(msgspec.Struct):
    embedding: list[float] | str
    index: int | None = None


class _Reply(msgspec.Struct):
    data: list[_Row]
    model: str | None = None
    usage: msgspec.Raw = msgspec.Raw()


_decode = msgspec.json.Decoder(_Reply).decode
_usage = msgspec.json.Decoder(UsageBlock | None).decode


def decode_embed_reply(body: bytes) -> EmbedReply:
    """What the vendor answered, floats or base64. Raises NotAReplyError."""
    try:
        reply = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as problem:
        error = decode_error(body)
        raise NotAReplyError(str(problem) if error is None else f"it is an error: {error.message}") from None
    rows = reply.data
    if all(row.index is not None for row in rows):
        rows = sorted(rows, key=lambda row: row.index or 0)
    try:
        block = _usage(reply.usage) if bytes(reply.usage) else None
    except msgspec.DecodeError:
        block = None
    return EmbedReply(
        model=reply.model or "", vectors=tuple(_read_vector(row.embedding) for row in rows), usage=read_usage(block)
    )


def _read_vector(given: list[float] | str) -> tuple[float, ...]:
    if isinstance(given, list):
        return tuple(given)
    try:
        data = binascii.a2b_base64(given, strict_mode=True)
        numbers = array.array("f", data)
    except ValueError:
        raise NotAReplyError("a vector is not base64 of 32-bit floats") from None
    if sys.byteorder == "big":
        numbers.byteswap()
    return tuple(numbers)


def encode_embed_reply(reply: EmbedReply, request: EmbedRequest) -> bytes:
    """The reply for a caller of OpenAI's embeddings."""
    data = [
        {"object": "embedding", "index": index, "embedding": _packed(vector) if request.base64 else vector}
        for index, vector in enumerate(reply.vectors)
    ]
    used = reply.usage.input or 0
    usage = {"prompt_tokens": used, "total_tokens": used}
    return _encode({"object": "list", "data": data, "model": reply.model or request.model, "usage": usage})


def _packed(vector: tuple[float, ...]) -> str:
    numbers = array.array("f", vector)
    if sys.byteorder == "big":
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode()
