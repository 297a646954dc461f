"""Messages of the neutral form as Cohere's messages and documents."""

from typing import Any

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
from torana.dialects.cohere import NAME

PLAN = "tool_plan"
"""The id of a `Reasoning` that was Cohere's plan for its calls, which has a field of its own."""
DOCUMENT_PREFIX = "doc:"
"""Before a document's number in its id, as Cohere itself numbers those without one."""
Written = dict[str, Any]


class Conversation:
    """Writes the messages of one request. Documents leave their messages: Cohere has them in one place only."""

    __slots__ = ("_losses", "documents", "messages")

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self.messages: list[Written] = []
        self.documents: list[Written] = []

    def add(self, message: Message, place: str) -> None:
        """One message, and a `tool` message for each result in it."""
        if message.name is not None:
            self._losses.hint(f"{place}.name")
        content: list[Written] = []
        written: Written = {"role": "system" if message.role == "developer" else message.role}
        for part in message.parts:
            if getattr(part, "cache", None) is not None:
                self._losses.hint(f"{place}.cache")
            if isinstance(part, ToolResult):
                self._result(part, place)
            elif isinstance(part, ToolCall):
                self._call(part, place, written)
            elif isinstance(part, Reasoning):
                self._reasoning(part, place, written, content)
            else:
                self._content(part, place, written, content)
        if content:
            written["content"] = _shortest(content)
        if len(written) > 1:
            self.messages.append(written)

    def _content(self, part: Part, place: str, written: Written, content: list[Written]) -> None:
        match part:
            case Text():
                if part.text:
                    self._cite(part, len(content), written)
                    content.append({"type": "text", "text": part.text})
            case Declined():
                content.append({"type": "text", "text": part.text})
            case Image():
                self._image(part, place, written["role"], content)
            case Document():
                self._document(part, place)
            case Audio(transcript=str(words)) if part.source.data is None:
                content.append({"type": "text", "text": words})
            case Audio() | Video():
                self._losses.need(f"{place}.{type(part).__name__.lower()}", "Cohere reads text and images only")
            case Opaque() if part.dialect == NAME:
                content.append(part.raw)
            case Opaque():
                self._losses.need(f"{place}.{part.kind}", "only its own dialect understands it")
            case _:
                raise AssertionError(part)

    def _cite(self, part: Text, index: int, written: Written) -> None:
        own = [citation.raw for citation in part.citations if citation.dialect == NAME]
        for raw in own:
            written.setdefault("citations", []).append({**raw, "content_index": index})

    def _image(self, part: Image, place: str, role: str, content: list[Written]) -> None:
        source = part.source
        if role != "user":
            self._losses.need(f"{place}.image", "Cohere takes images from the user only")
            return
        if source.data is not None:
            url = f"data:{source.media_type or 'image/png'};base64,{source.data}"
        elif source.url is not None:
            url = source.url
        else:
            self._losses.need(f"{place}.image", "Cohere has no files to refer to")
            return
        image = {"url": url}
        if part.detail in ("low", "high", "auto"):
            image["detail"] = part.detail
        elif part.detail is not None:
            self._losses.hint(f"{place}.image.detail")
        content.append({"type": "image_url", "image_url": image})

    def _document(self, part: Document, place: str) -> None:
        if part.source.text is None:
            self._losses.need(f"{place}.document", "Cohere takes documents as text only")
            return
        data = {"text": part.source.text}
        if part.title is not None:
            data["title"] = part.title
        if part.context is not None:
            data["context"] = part.context
        self.documents.append({"id": f"{DOCUMENT_PREFIX}{len(self.documents)}", "data": data})

    def _reasoning(self, part: Reasoning, place: str, written: Written, content: list[Written]) -> None:
        # A caller who asked for summaries was shown the thought as one, and sends it back so.
        words = part.text or "\n\n".join(part.summary)
        if not words:
            self._losses.hint(f"{place}.reasoning")
        elif part.id == PLAN:
            written["tool_plan"] = written.get("tool_plan", "") + words
        else:
            content.append({"type": "thinking", "thinking": words})

    def _call(self, part: ToolCall, place: str, written: Written) -> None:
        if part.custom:
            self._losses.need(f"{place}.tool_calls", "Cohere has no free-text tools")
        function = {"name": part.name, "arguments": part.arguments or "{}"}
        written.setdefault("tool_calls", []).append({"id": part.id, "type": "function", "function": function})

    def _result(self, part: ToolResult, place: str) -> None:
        content: list[Written] = []
        for inner in part.content:
            if isinstance(inner, Text):
                content.append({"type": "text", "text": inner.text})
            elif isinstance(inner, Document) and inner.source.text is not None:
                data = {"text": inner.source.text}
                if inner.title is not None:
                    data["title"] = inner.title
                content.append({"type": "document", "document": {"data": data}})
            elif isinstance(inner, Opaque) and inner.dialect == NAME:
                content.append(inner.raw)
            else:
                self._losses.need(f"{place}.tool_result", "Cohere takes text only as a tool's result")
        if part.error:
            self._losses.hint(f"{place}.tool_result.error")
        result = {"role": "tool", "tool_call_id": part.call_id, "content": _shortest(content)}
        self.messages.append(result)


def _shortest(content: list[Written]) -> str | list[Written]:
    if not content:
        return ""
    return content[0]["text"] if len(content) == 1 and content[0].get("type") == "text" else content
