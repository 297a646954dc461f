"""One part of a reply in the words of the exchange."""

import re
import zlib

from torana.core.exchange import Opaque, Part, Reasoning, Source, Text, ToolCall
from torana.dialects import NotAReplyError
from torana.dialects.gemini import NAME
from torana.dialects.gemini.contents import MADE_ID
from torana.dialects.gemini.media import file_source, media_part
from torana.dialects.gemini.signatures import read_signature, standard
from torana.dialects.gemini.wire import Piece

_OPAQUE = (
    ("executableCode", "executable_code"),
    ("codeExecutionResult", "code_execution_result"),
    ("toolCall", "tool_call"),
    ("toolResponse", "tool_response"),
)
_ODD = re.compile(r"[^A-Za-z0-9]")


class CallIds:
    """Ids for function calls that came without: the same for the same reply, others for other replies."""

    __slots__ = ("_count", "_reply")

    def __init__(self, response_id: str | None, body: bytes) -> None:
        """`body`, the reply or its first chunk, tells replies apart that have no id."""
        # Short, because OpenAI takes ids of at most 40 characters, and of letters that every vendor takes.
        self._reply = _ODD.sub("", response_id or "")[:24] or f"{zlib.crc32(body):08x}"
        self._count = 0

    def next(self) -> str:
        """The next call's id."""
        self._count += 1
        return f"{MADE_ID}{self._reply}_{self._count}"


def read_piece(piece: Piece, ids: CallIds) -> Part | None:
    """The part; None when it is of a kind that nobody knows, or says nothing. Raises NotAReplyError."""
    call = piece.function_call
    if call is not None:
        try:
            # What is kept as it was written has not been looked at yet.
            arguments = bytes(call.args).decode() or "{}"
        except UnicodeDecodeError:
            raise NotAReplyError("the arguments of a call are not UTF-8") from None
        return ToolCall(
            id=call.id or ids.next(),
            name=call.name,
            arguments=arguments,
            signature=piece.thought_signature,
        )
    if piece.inline_data is not None:
        data = standard(piece.inline_data.data)
        if data is None:
            raise NotAReplyError(f"its {piece.inline_data.mime_type or 'inline'} data is not base64")
        return media_part(Source(media_type=piece.inline_data.mime_type, data=data), None, piece.thought_signature)
    if piece.file_data is not None:
        source = file_source(piece.file_data.file_uri, piece.file_data.mime_type)
        return media_part(source, None, piece.thought_signature)
    for name, field in _OPAQUE:
        value = getattr(piece, field)
        if value is not None:
            raw = {name: value}
            if piece.thought_signature is not None:
                raw["thoughtSignature"] = piece.thought_signature
            return Opaque(dialect=NAME, kind=name, raw=raw)
    if piece.text is None and piece.thought_signature is None:
        return None
    text = piece.text or ""
    if piece.thought:
        proof = read_signature(piece.thought_signature) if piece.thought_signature else None
        return Reasoning(text=text) if proof is None else Reasoning(text=text, **proof._asdict())
    return Text(text=text, signature=piece.thought_signature)
