"""Messages of the neutral form as Ollama's messages: one text each, with its images beside it."""

from typing import Any

import msgspec

from torana.core.exchange import (
    Audio,
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

_object = msgspec.json.Decoder(dict[str, Any]).decode
Written = dict[str, Any]


class Conversation:
    """Writes the messages of one request."""

    __slots__ = ("_losses", "_names", "messages")

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._names: dict[str, str] = {}
        """Of the tool, by the call's id."""
        self.messages: list[Written] = []

    def add(self, message: Message, place: str) -> None:
        """One message, and a `tool` message for each result in it."""
        if message.name is not None:
            self._losses.hint(f"{place}.name")
        texts: list[str] = []
        written: Written = {"role": "system" if message.role == "developer" else message.role, "content": ""}
        for part in message.parts:
            if getattr(part, "cache", None) is not None:
                self._losses.hint(f"{place}.cache")
            if isinstance(part, ToolResult):
                self._result(part, place)
            elif isinstance(part, ToolCall):
                self._call(part, place, written)
            elif isinstance(part, Reasoning):
                self._reasoning(part, place, written)
            else:
                self._content(part, place, texts, written)
        written["content"] = "\n".join(texts)
        if written["content"] or len(written) > 2:
            self.messages.append(written)

    def _content(self, part: Part, place: str, texts: list[str], written: Written) -> None:
        match part:
            case Text() | Declined():
                texts.append(part.text)
            case Image():
                if part.source.data is None:
                    self._losses.need(f"{place}.image", "Ollama takes images inline only")
                else:
                    written.setdefault("images", []).append(part.source.data)
                    if part.detail not in (None, "auto"):
                        self._losses.hint(f"{place}.image.detail")
            case Document(source=source) if source.text is not None:
                texts.append(source.text if part.title is None else f"{part.title}\n{source.text}")
            case Audio(transcript=str(words)) if part.source.data is None:
                texts.append(words)
            case Document() | Audio() | Video():
                self._losses.need(f"{place}.{type(part).__name__.lower()}", "Ollama reads text and images only")
            case Opaque():
                self._losses.need(f"{place}.{part.kind}", "only its own dialect understands it")
            case _:
                self._losses.need(f"{place}.{type(part).__name__.lower()}", "Ollama takes it in no such place")

    def _reasoning(self, part: Reasoning, place: str, written: Written) -> None:
        # A caller who asked for summaries was shown the thought as one, and sends it back so.
        if words := part.text or "\n\n".join(part.summary):
            written["thinking"] = written.get("thinking", "") + words
        else:
            self._losses.hint(f"{place}.reasoning")

    def _call(self, part: ToolCall, place: str, written: Written) -> None:
        if part.custom:
            self._losses.need(f"{place}.tool_calls", "Ollama has no free-text tools")
        self._names[part.id] = part.name
        arguments: dict[str, Any] = {}
        if part.arguments.strip():
            try:
                arguments = _object(part.arguments)
            except (msgspec.MsgspecError, UnicodeError, RecursionError):
                self._losses.need(f"{place}.tool_calls", f"the arguments of {part.name[:64]} are not a JSON object")
        call = {"id": part.id, "function": {"name": part.name, "arguments": arguments}}
        written.setdefault("tool_calls", []).append(call)

    def _result(self, part: ToolResult, place: str) -> None:
        texts: list[str] = []
        written: Written = {"role": "tool", "content": ""}
        for inner in part.content:
            self._content(inner, f"{place}.tool_result", texts, written)
        written["content"] = "\n".join(texts)
        name = part.name or self._names.get(part.call_id)
        if name is not None:
            written["tool_name"] = name
        written["tool_call_id"] = part.call_id
        if part.error:
            self._losses.hint(f"{place}.tool_result.error")
        self.messages.append(written)
