"""Reads a caller's instructions and messages. A block of an unknown type, or with a field nobody knows, stays whole as `Opaque`."""

from collections.abc import Iterator
from typing import Any

import msgspec

from torana.core.exchange import (
    Cache,
    Citation,
    Document,
    Image,
    Message,
    Opaque,
    Part,
    Reasoning,
    Role,
    Source,
    Text,
    ToolCall,
    ToolResult,
)
from torana.dialects.anthropic_messages.media import standard_base64
from torana.dialects.anthropic_messages.signatures import NAME, marked, read_thinking
from torana.dialects.fields import Fields, wrong
from torana.dialects.proofs import Wrapped

_write = msgspec.json.Encoder().encode
_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system"}
_NO_SOURCE = Source()


def read_system(body: Fields) -> Iterator[Message]:
    """The instructions in `system`."""
    if body.rest.get("system") is None:
        body.take("system")
        return
    yield Message(role="system", parts=_read_content(body, "system", {}))


def read_messages(body: Fields) -> Iterator[Message]:
    """The messages, each as one turn."""
    names: dict[str, str] = {}
    for message in body.objects("messages"):
        role = _ROLES.get(message.need_text("role"))
        if role is None:
            raise wrong(message.place("role"), "it has to be user, assistant or system")
        parts = _read_content(message, "content", names)
        if message.known():
            raise wrong(message.place(next(iter(message.known()))), "a message has only role and content")
        yield Message(role=role, parts=parts)


def read_cache(block: Fields) -> Cache | None:
    """A cache marker. What it says beyond its lifetime is a hint that nobody else knows, and passed over."""
    marker = block.inner("cache_control")
    if marker is None:
        return None
    return Cache(ttl=marker.text("ttl"))


def _read_content(holder: Fields, name: str, names: dict[str, str]) -> tuple[Part, ...]:
    content = holder.take(name)
    place = holder.place(name)
    if isinstance(content, str):
        return (Text(text=content),) if content else ()
    if content is None:
        raise wrong(place, "it is missing")
    if not isinstance(content, list):
        raise wrong(place, "it has to be a string or an array")
    parts: list[Part] = []
    for number, raw in enumerate(content):
        where = f"{place}[{number}]"
        if not isinstance(raw, dict):
            raise wrong(where, "it has to be an object")
        part = _read_block(raw, where, names)
        if isinstance(part, Wrapped):
            _give_back(parts, part)
        else:
            parts.append(part)
    return tuple(parts)


def _give_back(parts: list[Part], found: Wrapped) -> None:
    """A signature that stood behind its part, because the part has no place for it here."""
    if parts and isinstance(parts[-1], Text | Image | ToolCall):
        parts[-1] = msgspec.structs.replace(parts[-1], signature=found.signature)


def _read_block(raw: dict[str, Any], place: str, names: dict[str, str]) -> Part | Wrapped:
    block = Fields(raw, place)
    kind = block.need_text("type")
    reader = _READERS.get(kind)
    part = None if reader is None else reader(block, names)
    if part is None or block.known():
        return Opaque(dialect=NAME, kind=kind, raw=raw)
    return part


def _read_text(block: Fields, names: dict[str, str]) -> Part | None:
    citations = tuple(read_citation(one.rest) for one in block.objects("citations"))
    return Text(text=block.need_text("text"), citations=citations, cache=read_cache(block))


def read_citation(raw: dict[str, Any]) -> Citation:
    """A citation, whose places in documents only this dialect can say."""

    def said(*names: str) -> str | None:
        return next((value for name in names if isinstance(value := raw.get(name), str)), None)

    document = raw.get("document_index")
    return Citation(
        url=said("url"),
        title=said("title", "document_title"),
        cited_text=said("cited_text"),
        document=document if isinstance(document, int) and not isinstance(document, bool) else None,
        raw=raw,
        dialect=NAME,
    )


def _read_image(block: Fields, names: dict[str, str]) -> Part | None:
    source = _read_source(block)
    return None if source is None else Image(source=source, cache=read_cache(block))


def _read_document(block: Fields, names: dict[str, str]) -> Part | None:
    source = _read_source(block)
    if source is None:
        return None
    citations = block.inner("citations")
    cited = False
    if citations is not None:
        cited = citations.flag("enabled") or False
        if citations.known():
            return None
    return Document(
        source=source,
        title=block.text("title"),
        context=block.text("context"),
        citations=cited,
        cache=read_cache(block),
    )


def _read_source(block: Fields) -> Source | None:
    """`source`; None when it is of an unknown type, such as a document made of blocks."""
    source = block.inner("source")
    if source is None:
        raise wrong(block.place("source"), "it is missing")
    kind = source.need_text("type")
    found = _NO_SOURCE
    if kind == "base64":
        data = standard_base64(source.need_text("data"))
        if data is None:
            raise wrong(source.place("data"), "it is not valid base64")
        found = Source(media_type=source.need_text("media_type"), data=data)
    elif kind == "text":
        source.text("media_type")
        found = Source(text=source.need_text("data"))
    elif kind == "url":
        found = Source(url=source.need_text("url"))
    elif kind == "file":
        found = Source(file_id=source.need_text("file_id"))
    return None if found is _NO_SOURCE or source.known() else found


def _read_thinking(block: Fields, names: dict[str, str]) -> Part | Wrapped | None:
    return read_thinking(block.need_text("thinking"), block.text("signature") or "")


def _read_redacted(block: Fields, names: dict[str, str]) -> Part | None:
    return Reasoning(encrypted=marked(block.need_text("data")))


def _read_tool_use(block: Fields, names: dict[str, str]) -> Part | None:
    given = block.take("input")
    if isinstance(given, dict):
        arguments = _write(given).decode()
    elif isinstance(given, str):
        # A call whose arguments were no JSON is shown to callers as it was, and comes back so.
        arguments = given
    else:
        raise wrong(block.place("input"), "it has to be an object")
    if block.rest.get("caller") == {"type": "direct"}:
        block.take("caller")
    ident, name = block.need_text("id"), block.need_text("name")
    names[ident] = name
    return ToolCall(id=ident, name=name, arguments=arguments, cache=read_cache(block))


def _read_tool_result(block: Fields, names: dict[str, str]) -> Part | None:
    ident = block.need_text("tool_use_id")
    content = () if block.rest.get("content") is None else _read_content(block, "content", {})
    return ToolResult(
        call_id=ident,
        name=names.get(ident),
        content=content,
        error=block.flag("is_error") or False,
        cache=read_cache(block),
    )


_READERS = {
    "text": _read_text,
    "image": _read_image,
    "document": _read_document,
    "thinking": _read_thinking,
    "redacted_thinking": _read_redacted,
    "tool_use": _read_tool_use,
    "tool_result": _read_tool_result,
}
