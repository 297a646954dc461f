"""Bytes of another program's file as plain data, bounded, and fields out of it that may be anything."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from torana.control.declaration.document import MOST_BYTES, Node, read_document
from torana.control.declaration.problems import DeclarationError, Problems
from torana.control.importers.report import MOST_TEXT, NotReadable

_TRUE, _FALSE = ("true", "True", "TRUE", "yes", "on"), ("false", "False", "FALSE", "no", "off")


def from_yaml(text: bytes) -> Any:
    """Data of a YAML document; texts, numbers and words as YAML 1.1 reads them. Raises NotReadable."""
    try:
        return _plain(read_document(text, Problems("it")))
    except DeclarationError as error:
        # Not the rest of the line: a parser may repeat what stands there.
        first = error.problems[0]
        where = f" (line {first.line}, column {first.column})" if first.line else ""
        raise NotReadable(f"it is not a YAML document{where}: {first.message.partition(':')[0]}") from None


def from_json(text: bytes) -> Any:
    """Data of a JSON document. Raises NotReadable."""
    if len(text) > MOST_BYTES:
        raise NotReadable(f"it is larger than {MOST_BYTES // 1024 // 1024} MiB")
    try:
        return msgspec.json.decode(text.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise NotReadable("it is not a JSON document") from None


def mapping(value: Any) -> Mapping[str, Any]:
    """A mapping, or an empty one."""
    return value if isinstance(value, dict) else {}


def entries(value: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The mappings of a list, each with its place."""
    for number, entry in enumerate(value if isinstance(value, list) else ()):
        if isinstance(entry, dict):
            yield number, entry


def words(value: Any) -> str:
    """A text, or a number as one; empty for anything else."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def number(value: Any) -> float | None:
    """A number, also one that is written as a text; None for anything else."""
    if isinstance(value, bool):
        return None
    try:
        found = float(value) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        return None
    return found if found is not None and abs(found) < 1e15 else None


def shown(value: Any) -> str:
    """A text for a report: short and printable. Not for what may be a secret."""
    text = words(value)[:MOST_TEXT]
    return "".join(c if c.isprintable() else "�" for c in text)


def _plain(node: Node) -> Any:
    value = node.value
    if isinstance(value, dict):
        return {name: _plain(inner) for name, (_, _, inner) in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if not node.plain:
        return value
    if node.empty:
        return None
    if value in _TRUE or value in _FALSE:
        return value in _TRUE
    try:
        return int(value) if len(value) < 18 else value
    except ValueError:
        found = number(value)
        return value if found is None else found
