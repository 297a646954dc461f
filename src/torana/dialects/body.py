"""Looks into a request's JSON without rewriting it, and replaces single fields by splicing bytes.

Bodies are never parsed and written again on the way through: numbers, key order and unknown fields stay as the caller wrote them.
Shared by every dialect's `look.py`.
"""

import re

import msgspec

from torana.core.errors import Refusal

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_anything = msgspec.json.Decoder().decode
_check = msgspec.json.Decoder(float_hook=str).decode
"""Reads everything, but leaves numbers alone: those that do not fit a float are the vendor's business."""
_encode = msgspec.json.Encoder().encode
_KEY = re.compile(rb'[ \t\r\n]*"((?:[^"\\]|\\.)*)"[ \t\r\n]*:[ \t\r\n]*')
_NEXT = re.compile(rb"[ \t\r\n]*([,}])")
_QUOTE, _BACKSLASH = 34, 92
_MOST_TAG_BYTES = 4096
MOST_USER_CHARS = 256


class Peek(msgspec.Struct, eq=False):
    """What governing needs to know of a body."""

    fields: dict[str, msgspec.Raw]
    gap: int | None = None
    """Spaces after each colon and comma between the outermost fields, where there is no other white space: 0 or 1; else None."""
    model: str | None = None
    stream: bool = False
    wants_usage: bool = False
    """Whether the caller asked for usage in the stream."""
    user: str | None = None
    tags: str | None = None
    """The `metadata` object as the caller wrote it."""


def read_fields(body: bytes) -> Peek:
    """The outermost fields. Raises Refusal: invalid_json or duplicate_field."""
    try:
        if not body.isascii():
            body.decode()
        fields = _fields(body)
        # Skipped values are not looked into; escaped surrogates are the one thing in them that vendors choke on.
        if _BACKSLASH in body and (b"\\ud" in body or b"\\uD" in body):
            _check(body)
    except msgspec.ValidationError:
        raise Refusal("invalid_json", reason="it is not an object") from None
    except msgspec.DecodeError as error:
        raise Refusal("invalid_json", reason=str(error)) from None
    except UnicodeDecodeError as error:
        raise Refusal("invalid_json", reason=f"it is not UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise Refusal("invalid_json", reason="it is nested too deeply") from None
    # A body that its distinct fields give back names none of them twice. Nothing is as short as the compact way of writing them.
    if len(_encode(fields)) == len(body):
        return Peek(fields, 0)
    if _spaced(fields) == body:
        return Peek(fields, 1)
    _refuse_duplicates(body, fields)
    return Peek(fields)


def _spaced(fields: dict[str, msgspec.Raw]) -> bytes:
    """The fields as Python's json writes them by default."""
    return b"{%b}" % b", ".join([b"%b: %b" % (_encode(name), value) for name, value in fields.items()])


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


def splice(body: bytes, seen: Peek, changes: dict[str, bytes]) -> bytes:
    """The body with other values for some of its top-level fields, all of which it has."""
    fields, gap = seen.fields, seen.gap
    if gap is not None and len(changes) == 1 and (first := next(iter(fields))) in changes:
        start = len(_encode(first)) + 2 + gap
        return b"%b%b%b" % (body[:start], changes[first], body[start + len(fields[first]) :])
    if gap is None:
        found = _spans(body, fields)
        spans = [(*found[name][0], value) for name, value in changes.items()]
    else:
        spans, end, left = [], 1, len(changes)
        for name, old in fields.items():
            start = end + len(_encode(name)) + 1 + gap
            end = start + len(old)
            if name in changes:
                spans.append((start, end, changes[name]))
                left -= 1
                if not left:
                    break
            end += 1 + gap
    if len(spans) > 1:
        spans.sort(reverse=True)
    for start, end, value in spans:
        body = b"%b%b%b" % (body[:start], value, body[end:])
    return body


def text(raw: msgspec.Raw, name: str) -> str:
    """A field that has to be a string. Raises Refusal."""
    written = bytes(raw)
    if written[0] != _QUOTE:
        raise Refusal("invalid_field", param=name, reason="it has to be a string")
    if _BACKSLASH not in written:
        return written[1:-1].decode()
    try:
        return str(_anything(written))
    except msgspec.DecodeError as error:
        raise Refusal("invalid_field", param=name, reason=str(error)) from None


def flag(raw: msgspec.Raw, name: str) -> bool:
    """A field that has to be true or false; null is false. Raises Refusal."""
    text = bytes(raw)
    if text == b"true":
        return True
    if text in (b"false", b"null"):
        return False
    raise Refusal("invalid_field", param=name, reason="it has to be true or false")


def tags(raw: msgspec.Raw) -> str | None:
    """An object of tags as it was written; None when it is something else or too long."""
    text = bytes(raw)
    return text.decode() if text.startswith(b"{") and len(text) <= _MOST_TAG_BYTES else None
