"""Messages of the neutral form as Converse's messages and content blocks."""

import re
from hashlib import sha256
from typing import Any

import msgspec

from torana.core.exchange import (
    Audio,
    Cache,
    Declined,
    Document,
    Image,
    Message,
    Opaque,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    Video,
)
from torana.core.losses import Losses
from torana.dialects import proofs
from torana.dialects.bedrock_converse import NAME
from torana.dialects.bedrock_converse.media import file_block, is_base64

Block = dict[str, Any]

_object = msgspec.json.Decoder(dict[str, Any]).decode
_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9 ()\[\]-]+")
_SPACES = re.compile(r"\s+")
_MOST_NAME = 180


def cache_point(cache: Cache) -> Block:
    """The marker that stands behind what may be kept."""
    point = {"type": "default"}
    if cache.ttl is not None:
        point["ttl"] = cache.ttl
    return {"cachePoint": point}


class Conversation:
    """Writes the messages of one request. Instructions go to `system`, which Converse has in one place only."""

    __slots__ = ("_claude", "_losses", "_names", "messages", "system", "tool_names")

    def __init__(self, losses: Losses, claude: bool) -> None:
        self._claude = claude
        self._losses = losses
        self._names: set[str] = set()
        self.system: list[Block] = []
        self.messages: list[dict[str, Any]] = []
        self.tool_names: dict[str, None] = {}
        """Tools that were called before, in their order."""

    def add(self, message: Message, place: str) -> None:
        """One message. Two of the same role become one, because Converse wants them to alternate."""
        if message.name is not None:
            self._losses.hint(f"{place}.name")
        if message.role in ("system", "developer"):
            self._instruct(message, place)
            return
        blocks: list[Block] = []
        for part in message.parts:
            blocks += self._blocks(part, place)
        if not blocks:
            return
        if self.messages and self.messages[-1]["role"] == message.role:
            self.messages[-1]["content"] += blocks
        else:
            self.messages.append({"role": message.role, "content": blocks})

    def _instruct(self, message: Message, place: str) -> None:
        for part in message.parts:
            if isinstance(part, Opaque) and part.dialect == NAME:
                self.system.append(part.raw)
            elif not isinstance(part, Text):
                self._losses.need(place, "Bedrock's instructions are text only")
            elif part.text.strip():
                self.system.append({"text": part.text})
                if part.cache is not None:
                    self.system.append(cache_point(part.cache))

    def _blocks(self, part: Part, place: str) -> list[Block]:
        block = self._block(part, place)
        if block is None:
            return []
        signature = None if isinstance(part, Reasoning) else getattr(part, "signature", None)
        if signature is not None:
            self._losses.hint(f"{place}.signature")
        cache: Cache | None = getattr(part, "cache", None)
        return [block] if cache is None else [block, cache_point(cache)]

    def _block(self, part: Part, place: str) -> Block | None:
        match part:
            case Text():
                return _text(part)
            case Image() | Document() | Audio() | Video():
                return self._file(part, place)
            case Reasoning():
                return self._reasoning(part, place)
            case ToolCall():
                return self._call(part, place)
            case ToolResult():
                return self._result(part, place)
            case Declined():
                return {"text": part.text} if part.text.strip() else None
            case Opaque():
                if part.dialect == NAME:
                    return dict(part.raw) if isinstance(part.raw, dict) else None
                self._losses.need(f"{place}.{part.kind}", "only its own dialect understands it")
                return None

    def _file(self, part: Image | Document | Audio | Video, place: str) -> Block | None:
        kind = type(part).__name__.lower()
        if isinstance(part, Audio) and part.source.data is None and part.transcript:
            # What the model said aloud earlier: an id of another vendor, and its words.
            return {"text": part.transcript}
        block = file_block(part, f"{place}.{kind}", self._losses)
        if block is None:
            return None
        if isinstance(part, Image | Document) and part.detail not in (None, "auto"):
            self._losses.hint(f"{place}.{kind}.detail")
        if isinstance(part, Document):
            block["name"] = self._document_name(part.title)
            if part.context is not None:
                block["context"] = part.context
            if part.citations:
                block["citations"] = {"enabled": True}
        return {kind: block}

    def _document_name(self, title: str | None) -> str:
        """Each only once in a request, and of the few characters that Converse allows."""
        plain = _SPACES.sub(" ", _NOT_IN_NAMES.sub(" ", title or "")).strip()[:_MOST_NAME].strip() or "document"
        name, number = plain, 1
        while name in self._names:
            number += 1
            name = f"{plain} {number}"
        self._names.add(name)
        return name

    def _reasoning(self, part: Reasoning, place: str) -> Block | None:
        encrypted, signature = self._own_proof(part.encrypted), self._own_proof(part.signature)
        if encrypted is not None and is_base64(encrypted):
            return {"reasoningContent": {"redactedContent": encrypted}}
        if signature is not None:
            return {"reasoningContent": {"reasoningText": {"text": part.text, "signature": signature}}}
        # Thoughts that nobody signed, or another vendor: Bedrock's models refuse them.
        self._losses.hint(f"{place}.reasoning")
        return None

    def _own_proof(self, proof: str | None) -> str | None:
        """What Bedrock signed itself. A Claude model takes what Anthropic signed too: its signatures hold on every platform.

        Source: https://platform.claude.com/docs/en/build-with-claude/extended-thinking#thinking-encryption
        """
        own = proofs.unmarked(proofs.BEDROCK, proof)
        return proofs.unmarked(proofs.ANTHROPIC, proof) if own is None and self._claude else own

    def _call(self, part: ToolCall, place: str) -> Block | None:
        if part.custom:
            self._losses.need(f"{place}.tool_calls", "Bedrock has no free-text tools")
        self.tool_names[part.name] = None
        arguments: dict[str, Any] = {}
        if part.arguments.strip():
            try:
                arguments = _object(part.arguments)
            except (msgspec.MsgspecError, UnicodeError, RecursionError):
                self._losses.need(f"{place}.tool_calls", f"the arguments of {part.name[:64]} are not a JSON object")
        return {"toolUse": {"toolUseId": tool_id(part.id), "name": part.name, "input": arguments}}

    def _result(self, part: ToolResult, place: str) -> Block:
        content: list[Block] = []
        for inner in part.content:
            if isinstance(inner, Text):
                content.append({"text": inner.text})
            elif isinstance(inner, Opaque) and inner.dialect == NAME:
                content.append(inner.raw)
            elif isinstance(inner, Image | Document | Video):
                block = self._file(inner, f"{place}.tool_result")
                if block is not None:
                    content.append(block)
            else:
                self._losses.need(
                    f"{place}.tool_result", f"Bedrock takes no {type(inner).__name__.lower()} as a tool's result"
                )
        result: Block = {"toolUseId": tool_id(part.call_id), "content": content}
        if part.error:
            result["status"] = "error"
        return {"toolResult": result}


def _text(part: Text) -> Block | None:
    if not part.text.strip():
        # Converse refuses blank text.
        return None
    own = [citation.raw for citation in part.citations if citation.dialect == NAME]
    if own:
        return {"citationsContent": {"content": [{"text": part.text}], "citations": own}}
    return {"text": part.text}


def tool_id(given: str) -> str:
    """The id of a call as Converse takes it: another vendor's is replaced by one made from it where it is too long or odd."""
    if _ID.fullmatch(given):
        return given
    return "call_" + sha256(given.encode("utf-8", "surrogatepass")).hexdigest()[:40]
