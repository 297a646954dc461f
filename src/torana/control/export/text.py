"""Data as the text of a torana.yaml, which declaration/document.py reads back as the same data.

Whatever could be taken for anything but a text is quoted as JSON quotes it, which YAML understands
(https://yaml.org/spec/1.2.2/#732-double-quoted-style); what YAML does not print is escaped.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

Data = bool | int | float | str | Sequence["Data"] | Mapping[str, "Data"] | None


class Number(str):
    """A number that stays exactly as it is written."""

    __slots__ = ()


WIDTH = 120
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._/@+-]*(?<!-)")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_NOT_PRINTED = re.compile('["\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]')
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def document(sections: Mapping[str, Sequence[Mapping[str, Data]]], comments: Iterable[str] = ()) -> str:
    """A whole file: lists of mappings under their names, those without entries left out, behind lines of comment."""
    lines = [f"# {_in_one_line(comment)}".rstrip() for comment in comments]
    for name, entries in sections.items():
        if not entries:
            continue
        if lines:
            lines.append("")
        lines.append(f"{name}:")
        lines += _listed(entries, 2)
    if not any(sections.values()):
        lines.append("{}")
    return "\n".join(lines) + "\n"


def flow(value: Data) -> str:
    """Data in one line."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, str):
        return scalar(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(name)}: {flow(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(flow(inner) for inner in value) + "]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return repr(value)


def scalar(text: str) -> str:
    """A text, in quotes where it needs them."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS and len(text) < WIDTH:
        return text
    return '"' + _NOT_PRINTED.sub(_escaped, text) + '"'


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    return _ESCAPES.get(character) or f"\\u{ord(character):04x}"


def _listed(entries: Sequence[Data], indent: int) -> list[str]:
    lines: list[str] = []
    for entry in entries:
        block = _entry(entry, indent + 2)
        lines.append(" " * indent + "- " + block[0].lstrip())
        lines += block[1:]
    return lines


def _entry(value: Data, indent: int) -> list[str]:
    """In one line where it fits and nothing nests deeper than a list of small things, else a field a line."""
    line = " " * indent + flow(value)
    if not isinstance(value, Mapping) or not value or (len(line) <= WIDTH and _small(value)):
        return [line]
    lines: list[str] = []
    for name, inner in value.items():
        field = " " * indent + f"{scalar(name)}: {flow(inner)}"
        if len(field) <= WIDTH or not isinstance(inner, Sequence) or isinstance(inner, str):
            lines.append(field)
        else:
            lines.append(" " * indent + f"{scalar(name)}:")
            lines += _listed(inner, indent + 2)
    return lines


def _small(value: Mapping[str, Data]) -> bool:
    return len(value) <= 4 or not any(isinstance(inner, Mapping | list) for inner in value.values())


def _in_one_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
