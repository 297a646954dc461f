"""Writes instructions and messages of any dialect as Anthropic takes them.

What Anthropic would refuse and what changes no meaning is put right: consecutive messages of one role become one, results of
tools stand first in their message, empty texts are left out, ids of calls get letters that are allowed, and a conversation of
another dialect that does not begin with the user begins with OPENING.
Source: https://platform.claude.com/docs/en/api/messages and …/agents-and-tools/tool-use/implement-tool-use
"""

import hashlib
import re
from typing import Any

import msgspec

from torana.core.exchange import (
    Audio,
    Cache,
    Citation,
    Declined,
    Document,
    Image,
    Message,
    ModelRequest,
    Opaque,
    Part,
    Reasoning,
    Source,
    Text,
    ToolCall,
    ToolResult,
    Video,
)
from torana.core.losses import Losses
from torana.dialects.anthropic_messages.media import document_source, image_source
from torana.dialects.anthropic_messages.signatures import NAME, unmarked
from torana.dialects.fields import wrong

OPENING = "(start of the conversation)"
_ID = re.compile(r"[a-zA-Z0-9_-]+")
_object = msgspec.json.Decoder(dict[str, Any]).decode
_TTLS = frozenset(("5m", "1h"))
Block = dict[str, Any]


def call_id(ident: str) -> str:
    """An id of a tool call in the letters that Anthropic allows: another one becomes the same digest everywhere."""
    if _ID.fullmatch(ident):
        return ident
    return "call_" + hashlib.sha256(ident.encode(errors="surrogatepass")).hexdigest()[:32]


def cache_marker(cache: Cache) -> Block:
    """`cache_control`."""
    return {"type": "ephemeral", "ttl": cache.ttl} if cache.ttl in _TTLS else {"type": "ephemeral"}


def write_turns(request: ModelRequest, losses: Losses) -> tuple[list[Block], list[Block]]:
    """`system` and `messages`."""
    writer = _Writer(request.dialect == NAME, losses)
    system: list[Block] = []
    turns: list[tuple[str, list[Block]]] = []
    for number, message in enumerate(request.messages):
        place = f"messages[{number}]"
        if message.name is not None:
            losses.hint(f"{place}.name")
        blocks = writer.blocks(message, place)
        instructs = message.role in ("system", "developer")
        if instructs and (not turns or not writer.own):
            system += blocks
        elif blocks:
            role = "system" if instructs else message.role
            if turns and turns[-1][0] == role:
                turns[-1][1].extend(blocks)
            else:
                turns.append((role, blocks))
    if not writer.own and (not turns or turns[0][0] != "user"):
        turns.insert(0, ("user", [{"type": "text", "text": OPENING}]))
    return system, [{"role": role, "content": _content(role, blocks)} for role, blocks in turns]


def _content(role: str, blocks: list[Block]) -> str | list[Block]:
    if len(blocks) == 1 and blocks[0].keys() == {"type", "text"}:
        text: str = blocks[0]["text"]
        return text
    if role == "user" and any(block.get("type") == "tool_result" for block in blocks):
        return sorted(blocks, key=lambda block: block.get("type") != "tool_result")
    return blocks


class _Writer:
    """Writes parts for one request."""

    __slots__ = ("_losses", "own")

    def __init__(self, own: bool, losses: Losses) -> None:
        self.own = own
        """The caller speaks this dialect too."""
        self._losses = losses

    def blocks(self, message: Message, place: str) -> list[Block]:
        if message.role in ("system", "developer"):
            return [block for part in message.parts if (block := self._instruction(part, place)) is not None]
        return self._parts(message.parts, place)

    def _parts(self, parts: tuple[Part, ...], place: str) -> list[Block]:
        return [block for part in parts if (block := self._block(part, place)) is not None]

    def _instruction(self, part: Part, place: str) -> Block | None:
        if isinstance(part, Text | Opaque):
            return self._block(part, place)
        self._losses.need(f"{place}.{part.__struct_config__.tag}", "Anthropic's instructions are text")
        return None

    def _block(self, part: Part, place: str) -> Block | None:
        if isinstance(part, Text):
            return self._text(part, place)
        if isinstance(part, ToolCall):
            return self._call(part, place)
        if isinstance(part, ToolResult):
            return self._result(part, place)
        if isinstance(part, Reasoning):
            return self._reasoning(part)
        if isinstance(part, Image):
            return self._image(part, place)
        if isinstance(part, Document):
            return self._document(part, place)
        if isinstance(part, Declined):
            return {"type": "text", "text": part.text} if part.text.strip() else None
        return self._foreign(part, place)

    def _text(self, part: Text, place: str) -> Block | None:
        if not part.text.strip():
            return None
        if part.phase is not None:
            self._losses.hint(f"{place}.phase")
        block: Block = {"type": "text", "text": part.text}
        if part.citations:
            citations = [raw for one in part.citations if (raw := _citation(one)) is not None]
            if citations:
                block["citations"] = citations
            if len(citations) < len(part.citations) and not self.own:
                self._losses.hint(f"{place}.citations")
        return _with_cache(block, part.cache)

    def _call(self, part: ToolCall, place: str) -> Block | None:
        if part.custom:
            self._losses.need(f"{place}.tool_calls", "Anthropic has no tools that take free text")
            return None
        block: Block = {"type": "tool_use", "id": call_id(part.id), "name": part.name}
        block["input"] = _arguments(part, place)
        return _with_cache(block, part.cache)

    def _result(self, part: ToolResult, place: str) -> Block | None:
        if part.custom:
            self._losses.need(f"{place}.tool_calls", "Anthropic has no tools that take free text")
            return None
        block: Block = {"type": "tool_result", "tool_use_id": call_id(part.call_id)}
        blocks = self._parts(part.content, place)
        if blocks:
            block["content"] = _content("tool", blocks)
        if part.error:
            block["is_error"] = True
        return _with_cache(block, part.cache)

    def _reasoning(self, part: Reasoning) -> Block | None:
        # A thought that Anthropic's models did not think has nothing to prove it with, and the next turn can do without it.
        if (data := unmarked(part.encrypted)) is not None:
            return {"type": "redacted_thinking", "data": data}
        if (signature := unmarked(part.signature)) is not None:
            return {"type": "thinking", "thinking": part.text, "signature": signature}
        if not self.own and (part.signature or part.encrypted):
            self._losses.hint("reasoning")
        return None

    def _image(self, part: Image, place: str) -> Block | None:
        if part.detail not in (None, "auto"):
            self._losses.hint(f"{place}.image.detail")
        source = self._source(part.source, image_source(part.source, self.own), f"{place}.image")
        return None if source is None else _with_cache({"type": "image", "source": source}, part.cache)

    def _document(self, part: Document, place: str) -> Block | None:
        if part.detail not in (None, "auto"):
            self._losses.hint(f"{place}.document.detail")
        source = self._source(part.source, document_source(part.source, self.own), f"{place}.document")
        if source is None:
            return None
        block: Block = {"type": "document", "source": source}
        if part.title is not None:
            block["title"] = part.title
        if part.context is not None:
            block["context"] = part.context
        if part.citations:
            block["citations"] = {"enabled": True}
        return _with_cache(block, part.cache)

    def _source(self, source: Source, written: Block | str, place: str) -> Block | None:
        if source.file_id is not None and not self.own:
            written = "the file id is one of another vendor"
        if isinstance(written, str):
            self._losses.need(place, written)
            return None
        return written

    def _foreign(self, part: Audio | Video | Opaque, place: str) -> Block | None:
        if isinstance(part, Opaque):
            if part.dialect == NAME:
                raw: Block = part.raw
                return raw
            self._losses.need(f"{place}.{part.kind}", f"only {part.dialect} understands it")
        else:
            kind = "audio" if isinstance(part, Audio) else "video"
            self._losses.need(f"{place}.{kind}", f"Anthropic's messages take no {kind}")
        return None


def _arguments(part: ToolCall, place: str) -> msgspec.Raw:
    """`input`: the arguments as they were written, where they are an object; nothing at all is an empty one."""
    if not part.arguments.strip():
        return msgspec.Raw(b"{}")
    try:
        written = part.arguments.encode()
        _object(written)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise wrong(f"{place}.tool_calls", f"the arguments of {part.name[:80]} are not a JSON object") from None
    return msgspec.Raw(written)


def _citation(citation: Citation) -> Block | None:
    """A citation that Anthropic made. One without its encrypted index was only shown as if."""
    raw = citation.raw
    if citation.dialect != NAME or not isinstance(raw, dict) or raw.get("encrypted_index") == "":
        return None
    return raw


def _with_cache(block: Block, cache: Cache | None) -> Block:
    if cache is not None:
        block["cache_control"] = cache_marker(cache)
    return block
