"""The demo's embeddings: unit vectors made from a hash of the text. They carry no meaning, only identity.

Source of the form: https://platform.openai.com/docs/api-reference/embeddings
"""

import base64
import hashlib
import math
import struct
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from torana.gate.demo.wire import DemoError, DemoReply, count_tokens, decode

DEFAULT_DIMENSIONS = 256
MOST_INPUTS = 2048
MOST_NUMBERS = MOST_INPUTS * DEFAULT_DIMENSIONS
"""Of one reply: inputs times dimensions. The demo runs on the gate's event loop, so its work is bounded."""


class EmbeddingRequest(msgspec.Struct):
    """What the demo reads of an embeddings request."""

    input: str | list[str | int | list[int]]
    dimensions: Annotated[int, Meta(ge=1, le=4096)] | None = None
    encoding_format: Literal["float", "base64"] | None = None
    user: str | None = None


_DECODER = msgspec.json.Decoder(EmbeddingRequest)


def answer(body: bytes, model: str) -> DemoReply:
    """One reply to an embeddings request. Raises DemoError."""
    request = decode(_DECODER, body)
    inputs = _inputs(request.input)
    dimensions = request.dimensions or DEFAULT_DIMENSIONS
    if len(inputs) * dimensions > MOST_NUMBERS:
        raise DemoError(
            f"The demo computes at most {MOST_NUMBERS} numbers a request: send fewer inputs or dimensions.", "input"
        )
    data = []
    for index, item in enumerate(inputs):
        packed = _vector(item, dimensions)
        embedding: object = (
            base64.b64encode(packed).decode()
            if request.encoding_format == "base64"
            else struct.unpack(f"<{dimensions}f", packed)
        )
        data.append({"object": "embedding", "index": index, "embedding": embedding})
    tokens = sum(count_tokens(item) if isinstance(item, str) else len(item) for item in inputs)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return DemoReply(200, msgspec.json.encode({"object": "list", "data": data, "model": model, "usage": usage}), None)


def _inputs(given: str | list[str | int | list[int]]) -> list[str | list[int]]:
    if isinstance(given, str):
        inputs: list[str | list[int]] = [given]
    elif given and all(isinstance(item, int) for item in given):
        inputs = [[item for item in given if isinstance(item, int)]]
    else:
        inputs = [item for item in given if not isinstance(item, int)]
        if len(inputs) != len(given) or len({type(item) for item in inputs}) > 1:
            raise DemoError(
                "Invalid value for 'input': expected texts or arrays of token numbers, not a mixture.",
                "input",
                "invalid_type",
            )
    if not inputs or not all(inputs):
        raise DemoError("Invalid value for 'input': it must not be empty.", "input")
    if len(inputs) > MOST_INPUTS:
        raise DemoError(f"Invalid value for 'input': at most {MOST_INPUTS} inputs are accepted.", "input")
    return inputs


def _vector(item: str | list[int], dimensions: int) -> bytes:
    """A unit vector as little-endian 32-bit floats. Every number is odd before scaling, so its length is never zero."""
    seed = b"text:" + item.encode() if isinstance(item, str) else b"tokens:" + ",".join(map(str, item)).encode()
    numbers = [2 * n + 1 for n in struct.unpack(f"<{dimensions}h", hashlib.shake_256(seed).digest(2 * dimensions))]
    length = math.sqrt(sum(n * n for n in numbers))
    return struct.pack(f"<{dimensions}f", *[n / length for n in numbers])
