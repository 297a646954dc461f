"""What Gemini replies, typed: `GenerateContentResponse`, whole or as the chunk of a stream.

Fields that nobody knows are passed over.

https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
"""

import json
import re
from typing import Any

import msgspec

from torana.dialects import NotAReplyError

_HALVES = re.compile("[\ud800-\udfff]")


class Blob(msgspec.Struct, rename="camel"):
    """`inlineData`."""

    mime_type: str | None = None
    data: str = ""


class File(msgspec.Struct, rename="camel"):
    """`fileData`."""

    mime_type: str | None = None
    file_uri: str = ""


class Call(msgspec.Struct, rename="camel"):
    """`functionCall`."""

    name: str = ""
    args: msgspec.Raw = msgspec.Raw()
    id: str | None = None


class Piece(msgspec.Struct, rename="camel"):
    """A part."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: Call | None = None
    inline_data: Blob | None = None
    file_data: File | None = None
    executable_code: Any = None
    code_execution_result: Any = None
    tool_call: Any = None
    tool_response: Any = None


class Content(msgspec.Struct, rename="camel"):
    """A turn."""

    parts: list[Piece] | None = None


class Token(msgspec.Struct, rename="camel"):
    """A likely token."""

    token: str = ""
    log_probability: float = 0.0


class Tokens(msgspec.Struct, rename="camel"):
    """The likely tokens of one place."""

    candidates: list[Token] | None = None


class Logprobs(msgspec.Struct, rename="camel"):
    """`logprobsResult`."""

    chosen_candidates: list[Token] | None = None
    top_candidates: list[Tokens] | None = None


class Sources(msgspec.Struct, rename="camel"):
    """`citationMetadata`, with both names that Google gives its list."""

    citations: list[dict[str, Any]] | None = None
    citation_sources: list[dict[str, Any]] | None = None


class Candidate(msgspec.Struct, rename="camel"):
    """One answer, or more of it."""

    content: Content | None = None
    finish_reason: str | None = None
    index: int | None = None
    citation_metadata: Sources | None = None
    grounding_metadata: dict[str, Any] | None = None
    logprobs_result: Logprobs | None = None


class Feedback(msgspec.Struct, rename="camel"):
    """`promptFeedback`."""

    block_reason: str | None = None


class Chunk(msgspec.Struct, rename="camel"):
    """A reply, or a chunk of it."""

    candidates: list[Candidate] | None = None
    prompt_feedback: Feedback | None = None
    usage_metadata: msgspec.Raw = msgspec.Raw()
    """Read when it is asked for: every chunk of a stream has it, and the last one counts."""
    model_version: str | None = None
    response_id: str | None = None
    error: msgspec.Raw = msgspec.Raw()


_decode = msgspec.json.Decoder(Chunk).decode


def read_chunk(data: bytes) -> Chunk:
    """Raises NotAReplyError: no JSON, or a field that is not what it should be."""
    try:
        return _decode(data)
    except msgspec.ValidationError as error:
        raise NotAReplyError(str(error)) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        reason = str(error)
    if b"\\ud" not in data and b"\\uD" not in data:
        raise NotAReplyError(reason)
    # Half a character, whose other half the next chunk may bring or not: shown as what cannot be shown.
    try:
        mended = json.loads(data)
        return _decode(_HALVES.sub("�", json.dumps(mended, ensure_ascii=False)).encode())
    except (ValueError, RecursionError):
        raise NotAReplyError(reason) from None
