"""Reads a caller's instructions and messages. A block that nobody else understands stays whole as `Opaque`."""

from collections.abc import Iterator
from typing import Any

import msgspec

from torana.core.exchange import (
    Audio,
    Cache,
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
    Video,
)
from torana.dialects import proofs
from torana.dialects.bedrock_converse import NAME
from torana.dialects.bedrock_converse.media import is_base64, media_type
from torana.dialects.bedrock_converse.reply import read_cited
from torana.dialects.bedrock_converse.thoughts import read_thought, signed
from torana.dialects.fields import Fields, wrong
from torana.dialects.proofs import Wrapped

_encode = msgspec.json.Encoder().encode
_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system"}
_MARKED = (Text, Image, Document, Audio, Video, ToolCall, ToolResult)
"""Parts behind which a cachePoint may stand."""
_FILES: dict[str, type[Image | Document | Audio | Video]] = {
    "image": Image,
    "document": Document,
    "audio": Audio,
    "video": Video,
}


def read_system(body: Fields) -> Iterator[Message]:
    """The instructions in `system`."""
    if parts := _read_blocks(body, "system", {}):
        yield Message(role="system", parts=parts)


def read_messages(body: Fields) -> Iterator[Message]:
    """The messages, each as one turn."""
    names: dict[str, str] = {}
    for message in body.objects("messages"):
        role = _ROLES.get(message.need_text("role"))
        if role is None:
            raise wrong(message.place("role"), "it has to be user, assistant or system")
        if message.rest.get("content") is None:
            raise wrong(message.place("content"), "it is missing")
        parts = _read_blocks(message, "content", names)
        nothing_more(message)
        yield Message(role=role, parts=parts)


def nothing_more(fields: Fields) -> None:
    """Raises Refusal where a structure of Converse has a member that it does not know."""
    if known := fields.known():
        raise wrong(fields.place(next(iter(known))), "it is not known")


def read_cache(point: Fields) -> Cache:
    """A cachePoint. Raises Refusal."""
    if point.need_text("type") != "default":
        raise wrong(point.place("type"), "it has to be default")
    cache = Cache(ttl=point.text("ttl"))
    nothing_more(point)
    return cache


def marked(last: Any, cache: Cache) -> Any:
    """The part or tool with the marker that stands behind it; None where it can bear none, or bears one."""
    return None if last.cache is not None else msgspec.structs.replace(last, cache=cache)


def _read_blocks(holder: Fields, name: str, names: dict[str, str]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for block in holder.objects(name):
        part = _read_block(block, names)
        if isinstance(part, Wrapped):
            if parts:
                parts[-1] = signed(parts[-1], part)
        elif isinstance(part, Cache):
            before = marked(parts[-1], part) if parts and isinstance(parts[-1], _MARKED) else None
            if before is not None:
                parts[-1] = before
            else:
                raw = {"type": "default"} if part.ttl is None else {"type": "default", "ttl": part.ttl}
                parts.append(Opaque(dialect=NAME, kind="cachePoint", raw={"cachePoint": raw}))
        else:
            parts.append(part)
    return tuple(parts)


def only_member(union: Fields) -> str:
    """The name of the one member of a union. Raises Refusal."""
    known = union.known()
    if len(known) != 1:
        raise wrong(union.at, "it has to have exactly one member")
    return str(next(iter(known)))


def _read_block(block: Fields, names: dict[str, str]) -> Part | Wrapped | Cache:
    kind = only_member(block)
    raw = block.known()
    if kind == "text":
        return Text(text=block.need_text("text"))
    inner = block.inner(kind) if kind in _READ else None
    if inner is None:
        return Opaque(dialect=NAME, kind=kind, raw=raw)
    found: Part | Wrapped | Cache | None
    if kind in _FILES:
        found = _read_file(_FILES[kind], inner)
    elif kind == "toolUse":
        found = _read_call(inner, names)
    elif kind == "toolResult":
        found = _read_result(inner, names)
    elif kind == "reasoningContent":
        found = _read_reasoning(inner)
    elif kind == "cachePoint":
        found = read_cache(inner)
    else:
        found = _read_cited(inner)
    return Opaque(dialect=NAME, kind=kind, raw=raw) if found is None else found


_READ = frozenset((*_FILES, "toolUse", "toolResult", "reasoningContent", "cachePoint", "citationsContent"))


def _read_file(kind: type[Image | Document | Audio | Video], block: Fields) -> Part | None:
    """None where it has something that only Bedrock understands."""
    format_ = block.text("format")
    source = block.inner("source")
    if source is None:
        raise wrong(block.place("source"), "it is missing")
    type_ = media_type(format_, kind)
    found = _read_source(source, type_)
    if found is None or (type_ is None and (format_ is not None or kind is not Document)):
        return None
    if kind is not Document:
        return None if block.known() else kind(source=found)
    title, context = block.text("name"), block.text("context")
    citations, cited = block.inner("citations"), False
    if citations is not None:
        cited = citations.flag("enabled") or False
        nothing_more(citations)
    return None if block.known() else Document(source=found, title=title, context=context, citations=cited)


def _read_source(source: Fields, type_: str | None) -> Source | None:
    kind = only_member(source)
    if kind == "bytes":
        data = source.need_text("bytes")
        if not is_base64(data):
            raise wrong(source.place("bytes"), "it is not valid base64")
        return Source(media_type=type_, data=data)
    if kind == "text":
        return Source(text=source.need_text("text"))
    location = source.inner("s3Location") if kind == "s3Location" else None
    if location is None:
        return None
    address = location.need_text("uri")
    return None if location.known() else Source(media_type=type_, url=address)


def _read_call(use: Fields, names: dict[str, str]) -> Part | None:
    if use.text("type") is not None:
        return None
    given = use.take("input")
    if not isinstance(given, dict | str):
        # Text: a call whose arguments were no JSON is shown to callers as it was, and comes back so.
        raise wrong(use.place("input"), "it has to be an object")
    ident, name = use.need_text("toolUseId"), use.need_text("name")
    names[ident] = name
    nothing_more(use)
    arguments = given if isinstance(given, str) else _encode(given).decode()
    return ToolCall(id=ident, name=name, arguments=arguments)


def _read_result(result: Fields, names: dict[str, str]) -> Part | None:
    if result.text("type") is not None:
        return None
    ident, status = result.need_text("toolUseId"), result.text("status")
    if status not in (None, "success", "error"):
        raise wrong(result.place("status"), "it has to be success or error")
    content = tuple([_read_told(block) for block in result.objects("content")])
    nothing_more(result)
    return ToolResult(call_id=ident, name=names.get(ident), content=content, error=status == "error")


def _read_told(block: Fields) -> Part:
    if only_member(block) == "json":
        return Text(text=_encode(block.take("json")).decode())
    raw = block.known()
    part = _read_block(block, {})
    return part if isinstance(part, Text | Image | Document | Video) else _opaque(raw)


def _opaque(raw: dict[str, Any]) -> Opaque:
    return Opaque(dialect=NAME, kind=next(iter(raw)), raw=raw)


def _read_reasoning(block: Fields) -> Reasoning | Wrapped | None:
    kind = only_member(block)
    if kind == "redactedContent":
        data = block.need_text(kind)
        if not is_base64(data):
            raise wrong(block.place(kind), "it is not valid base64")
        return Reasoning(encrypted=proofs.marked(proofs.BEDROCK, data))
    thought = block.inner(kind) if kind == "reasoningText" else None
    if thought is None:
        return None
    found = read_thought(thought.need_text("text"), thought.text("signature"))
    nothing_more(thought)
    return found


def _read_cited(block: Fields) -> Text:
    try:
        return read_cited(block.rest)
    except (AttributeError, KeyError, TypeError):
        raise wrong(block.at, "it is not a citationsContent") from None
