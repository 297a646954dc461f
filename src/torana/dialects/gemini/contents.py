"""A caller's `contents` and `systemInstruction` as messages."""

from typing import Any

from torana.core.exchange import Message, Opaque, Part, Reasoning, Source, Text, ToolCall, ToolResult
from torana.dialects.fields import Fields, wrong
from torana.dialects.gemini import NAME
from torana.dialects.gemini.media import file_source, media_part
from torana.dialects.gemini.names import dump, inner, listed
from torana.dialects.gemini.signatures import read_signature, standard

MADE_ID = "call_g_"
"""How ids begin that the gate made because Gemini's callers and Gemini itself may leave them out."""
KNOWN = ("text", "inlineData", "fileData", "functionCall", "functionResponse")
_DETAILS = {"MEDIA_RESOLUTION_LOW": "low", "MEDIA_RESOLUTION_HIGH": "high"}


class _Calls:
    """Function calls that wait for their responses."""

    __slots__ = ("_made", "_waiting")

    def __init__(self) -> None:
        self._waiting: dict[str, list[str]] = {}
        self._made = 0

    def call(self, name: str, ident: str | None) -> str:
        """The call's id: its own, or one that depends only on how many came before."""
        if not ident:
            self._made += 1
            ident = f"{MADE_ID}{self._made}"
        self._waiting.setdefault(name, []).append(ident)
        return ident

    def answered(self, name: str, ident: str | None) -> str:
        """The id of the call that a response belongs to: by id, else the oldest unanswered of that name."""
        waiting = self._waiting.get(name, [])
        if ident:
            if ident in waiting:
                waiting.remove(ident)
            return ident
        if waiting:
            return waiting.pop(0)
        self._made += 1
        return f"{MADE_ID}{self._made}"


def decode_system(fields: Fields) -> Message | None:
    """`systemInstruction`: a content, whatever its role, or a bare string."""
    value = fields.rest.get("systemInstruction")
    if isinstance(value, str):
        fields.rest.pop("systemInstruction")
        return Message(role="system", parts=(Text(text=value),))
    content = inner(fields, "systemInstruction")
    if content is None:
        return None
    return Message(role="system", parts=_parts(content, _Calls()))


def decode_contents(fields: Fields) -> list[Message]:
    """`contents`. Raises Refusal: invalid_field."""
    value = fields.rest.get("contents")
    if isinstance(value, str):
        fields.rest.pop("contents")
        return [Message(role="user", parts=(Text(text=value),))]
    calls = _Calls()
    messages: list[Message] = []
    for content in listed(fields, "contents"):
        message = _message(content, calls)
        if message.role == "assistant" and messages and messages[-1].role == "assistant":
            # SDKs keep each chunk of a streamed answer as a content of its own: together they are one turn.
            parts = _joined([*messages[-1].parts, *message.parts], len(messages[-1].parts))
            messages[-1] = Message(role="assistant", parts=tuple(parts))
        else:
            messages.append(message)
    return messages


def _joined(parts: list[Part], seam: int) -> list[Part]:
    """The parts of a turn whose pieces came in two contents, the second of which begins at `seam`, as they were meant."""
    before, after = parts[seam - 1] if seam else None, parts[seam] if seam < len(parts) else None
    if isinstance(before, Text) and isinstance(after, Text) and before.signature is None:
        joined: Part = Text(text=before.text + after.text, signature=after.signature)
        return [*parts[: seam - 1], joined, *parts[seam + 1 :]]
    if isinstance(before, Reasoning) and isinstance(after, Reasoning) and not _closed(before):
        joined = Reasoning(
            text=before.text + after.text, signature=after.signature, encrypted=after.encrypted, id=after.id
        )
        return [*parts[: seam - 1], joined, *parts[seam + 1 :]]
    if isinstance(after, Text) and not after.text and after.signature is None:
        return [*parts[:seam], *parts[seam + 1 :]]
    return parts


def _closed(thought: Reasoning) -> bool:
    return thought.signature is not None or thought.encrypted is not None or thought.id is not None


def decode_parts(content: Fields) -> tuple[Part, ...]:
    """The parts of one content alone."""
    return _parts(content, _Calls())


def _message(content: Fields, calls: _Calls) -> Message:
    role = content.text("role")
    if role not in (None, "", "user", "model", "function"):
        raise wrong(content.place("role"), "it has to be user or model")
    return Message(role="assistant" if role == "model" else "user", parts=_parts(content, calls))


def _parts(content: Fields, calls: _Calls) -> tuple[Part, ...]:
    sent = content.rest.get("parts")
    if isinstance(sent, list) and len(sent) == 1:
        # The common content, one plain text, without a reader for each field.
        [only] = sent
        if isinstance(only, dict) and len(only) == 1 and isinstance(text := only.get("text"), str):
            return (Text(text=text),)
    return tuple(_part(part, calls) for part in listed(content, "parts"))


def _part(part: Fields, calls: _Calls) -> Part:
    """One part. Sub-fields of which the exchange knows nothing make it opaque as a whole, so that none is lost."""
    whole = dict(part.rest)
    kinds = [kind for kind in KNOWN if part.rest.get(kind) is not None]
    if len(kinds) > 1:
        raise wrong(part.place(kinds[1]), f"a part holds one thing, and this one has {kinds[0]} too")
    thought = part.flag("thought") or False
    sent = part.text("thoughtSignature")
    if not kinds:
        kind = next((name for name in part.known()), None)
        if kind is None:
            return Reasoning(**_proof(sent)) if thought else Text(text="", signature=_signature(sent))
        return Opaque(dialect=NAME, kind=kind, raw=whole)
    kind = kinds[0]
    detail = _detail(part) if kind in ("inlineData", "fileData") else None
    extras = [name for name in part.known() if name != kind]
    if extras:
        return Opaque(dialect=NAME, kind=extras[0], raw=whole)
    return _known(part, kind, thought, sent, detail, calls)


def _known(part: Fields, kind: str, thought: bool, sent: str | None, detail: str | None, calls: _Calls) -> Part:
    if kind == "text":
        text = part.need_text("text")
        return Reasoning(text=text, **_proof(sent)) if thought else Text(text=text, signature=_signature(sent))
    value = inner(part, kind)
    assert value is not None
    if kind == "functionCall":
        return _call(value, _signature(sent), calls)
    if kind == "functionResponse":
        return _response(value, calls)
    return _media(value, kind, _signature(sent), detail)


def _signature(sent: str | None) -> str | None:
    return None if sent is None else read_signature(sent).signature


def _proof(sent: str | None) -> dict[str, Any]:
    return {} if sent is None else read_signature(sent)._asdict()


def _detail(part: Fields) -> str | None:
    value = part.rest.get("mediaResolution")
    if isinstance(value, dict) and list(value) == ["level"] and isinstance(value["level"], str):
        detail = _DETAILS.get(value["level"])
        media = part.rest.get("inlineData") or part.rest.get("fileData")
        media_type = (media.get("mimeType") or media.get("mime_type")) if isinstance(media, dict) else None
        if detail is not None and isinstance(media_type, str) and media_type.startswith("image/"):
            part.rest.pop("mediaResolution")
            return detail
    return None


def _call(value: Fields, signature: str | None, calls: _Calls) -> ToolCall:
    name = value.need_text("name")
    arguments = value.json_object("args")
    return ToolCall(
        id=calls.call(name, value.text("id")),
        name=name,
        arguments=dump({} if arguments is None else arguments).decode(),
        signature=signature,
    )


def _response(value: Fields, calls: _Calls) -> ToolResult:
    name = value.need_text("name")
    ident = calls.answered(name, value.text("id"))
    text, error = read_response(value.json_object("response") or {})
    content: list[Part] = [] if text is None else [Text(text=text)]
    for part in listed(value, "parts"):
        kind = next((kind for kind in ("inlineData", "fileData") if kind in part.rest), None)
        if kind is None:
            content.append(Opaque(dialect=NAME, kind=next(iter(part.known()), "part"), raw=part.rest))
            continue
        medium = inner(part, kind)
        if medium is None:
            raise wrong(part.place(kind), "it is missing")
        content.append(_media(medium, kind, None, None))
    return ToolResult(call_id=ident, name=name, content=tuple(content), error=error)


def read_response(response: dict[str, Any]) -> tuple[str | None, bool]:
    """A function's answer as text, and whether it is an error.

    Google: "Use "output" key to specify function output and "error" key to specify error details (if any). If "output" and
    "error" keys are not specified, then whole "response" is treated as function output."
    """
    if not response:
        return None, False
    if len(response) == 1:
        [(key, value)] = response.items()
        if key in ("output", "error"):
            return (value if isinstance(value, str) else dump(value).decode()), key == "error"
    return dump(response).decode(), False


def _media(value: Fields, kind: str, signature: str | None, detail: str | None) -> Part:
    media_type = value.text("mimeType")
    title = value.text("displayName")
    if kind == "fileData":
        return media_part(file_source(value.need_text("fileUri"), media_type), title, signature, detail)
    sent = value.need_text("data")
    data = standard(sent)
    if data is None:
        raise wrong(value.place("data"), "it is not base64")
    if media_type is None:
        raise wrong(value.place("mimeType"), "it is missing")
    return media_part(Source(media_type=media_type, data=data), title, signature, detail)
