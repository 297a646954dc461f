"""Looks into a request body: finds what governing needs, refuses what is ambiguous, changes only what must change.

Bodies are never parsed and written again: numbers, key order and unknown fields stay as the caller wrote them. The few
fields that have to differ are replaced by splicing bytes.
"""

import re
from collections.abc import Mapping

import msgspec

from torana.core.errors import Refusal

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_anything = msgspec.json.Decoder().decode
_check = msgspec.json.Decoder(float_hook=str).decode
"""Reads everything, but leaves numbers alone: those that do not fit a float are the vendor's business."""
_encode = msgspec.json.Encoder().encode
_TRUE = msgspec.Raw(b"true")
_KEY = re.compile(rb'[ \t\r\n]*"((?:[^"\\]|\\.)*)"[ \t\r\n]*:[ \t\r\n]*')
_NEXT = re.compile(rb"[ \t\r\n]*([,}])")
_QUOTE = 34
_MOST_TAG_BYTES = 4096
_MOST_USER_CHARS = 256


class Peek(msgspec.Struct, eq=False):
    """What governing needs to know of a body."""

    fields: Mapping[str, msgspec.Raw]
    model: str | None = None
    stream: bool = False
    wants_usage: bool = False
    """Whether the caller asked for usage in the stream."""
    user: str | None = None
    tags: str | None = None
    """The `metadata` object as the caller wrote it."""


def peek(body: bytes) -> Peek:
    """Look into a JSON object. Raises Refusal: invalid_json, duplicate_field or invalid_field."""
    fields = _read_fields(body)
    seen = Peek(fields)
    get = fields.get
    if (raw := get("model")) is not None:
        text = bytes(raw)
        # The common form, without a call: a string without escapes.
        seen.model = text[1:-1].decode() if text[0] == _QUOTE and b"\\" not in text else _text(raw, "model")
    if (raw := get("stream")) is not None and _flag(raw, "stream"):
        seen.stream = True
        seen.wants_usage = (raw := get("stream_options")) is not None and _asks_for_usage(raw)
    if (raw := get("user")) is not None and bytes(raw) != b"null":
        seen.user = _text(raw, "user")[:_MOST_USER_CHARS]
    if (raw := get("metadata")) is not None:
        seen.tags = _tags(raw)
    return seen


def for_upstream(body: bytes, seen: Peek, model: str, ask_usage: bool) -> bytes:
    """The body to send: the deployment's model in place of the asked one, and usage asked for where the stream would lack it."""
    if model == seen.model and not seen.stream:
        return body
    changes: dict[str, bytes] = {}
    if model != seen.model:
        changes["model"] = _encode(model)
    if ask_usage and seen.stream and not seen.wants_usage:
        options = seen.fields.get("stream_options")
        if options is None:
            start = body.index(b"{") + 1
            body = b'%b"stream_options":{"include_usage":true},%b' % (body[:start], body[start:])
        else:
            given = {} if bytes(options) == b"null" else _fields(options)
            changes["stream_options"] = _encode({**given, "include_usage": _TRUE})
    return _splice(body, changes) if changes else body


def _read_fields(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        if not body.isascii():
            body.decode()
        fields = _fields(body)
        # Skipped values are not looked into; escaped surrogates are the one thing in them that vendors choke on.
        if b"\\u" in body and (b"\\ud" in body or b"\\uD" in body):
            _check(body)
    except msgspec.ValidationError:
        raise Refusal("invalid_json", reason="it is not an object") from None
    except msgspec.DecodeError as error:
        raise Refusal("invalid_json", reason=str(error)) from None
    except UnicodeDecodeError as error:
        raise Refusal("invalid_json", reason=f"it is not UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise Refusal("invalid_json", reason="it is nested too deeply") from None
    # A body exactly as long as its distinct fields need without white space names none of them twice.
    if len(_encode(fields)) != len(body):
        _refuse_duplicates(body, fields)
    return fields


def _refuse_duplicates(body: bytes, fields: dict[str, msgspec.Raw]) -> None:
    """Vendors may take the first of two equal keys where we take the last, so two are refused."""
    for name, (_, count) in _spans(body, fields).items():
        if count > 1:
            raise Refusal("duplicate_field", param=name)


def _spans(body: bytes, fields: dict[str, msgspec.Raw]) -> dict[str, tuple[tuple[int, int], int]]:
    """Where each top-level value stands, and how often its key does. The walk jumps over values: it is linear in their number.

    A key met twice has, the first time, a value that is not the decoded one; it ends the walk, being refused anyway.
    """
    spans: dict[str, tuple[tuple[int, int], int]] = {}
    position = body.index(b"{") + 1
    while match := _KEY.match(body, position):
        name = _anything(b'"%b"' % match[1])
        start = match.end()
        value = bytes(fields[name])
        end = start + len(value)
        separator = _NEXT.match(body, end) if body.startswith(value, start) else None
        if separator is None or name in spans:
            spans[name] = ((start, end), 2)
            break
        spans[name] = ((start, end), 1)
        position = separator.end()
        if separator[1] == b"}":
            break
    return spans


def _splice(body: bytes, changes: dict[str, bytes]) -> bytes:
    spans = _spans(body, _fields(body))
    for name in sorted(changes, key=lambda name: spans[name][0], reverse=True):
        (start, end), _ = spans[name]
        body = body[:start] + changes[name] + body[end:]
    return body


def _text(raw: msgspec.Raw, name: str) -> str:
    text = bytes(raw)
    if text[0] != _QUOTE:
        raise Refusal("invalid_field", param=name, reason="it has to be a string")
    if b"\\" not in text:
        return text[1:-1].decode()
    try:
        return str(_anything(text))
    except msgspec.DecodeError as error:
        raise Refusal("invalid_field", param=name, reason=str(error)) from None


def _flag(raw: msgspec.Raw, name: str) -> bool:
    text = bytes(raw)
    if text == b"true":
        return True
    if text in (b"false", b"null"):
        return False
    raise Refusal("invalid_field", param=name, reason="it has to be true or false")


def _tags(raw: msgspec.Raw) -> str | None:
    text = bytes(raw)
    return text.decode() if text.startswith(b"{") and len(text) <= _MOST_TAG_BYTES else None


def _asks_for_usage(raw: msgspec.Raw) -> bool:
    try:
        options = _check(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refusal("invalid_field", param="stream_options", reason=str(error)) from None
    if options is None:
        return False
    if not isinstance(options, dict):
        raise Refusal("invalid_field", param="stream_options", reason="it has to be an object")
    return options.get("include_usage") is True
