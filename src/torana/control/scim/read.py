"""What a client sends: bodies, filters, paths of a PATCH, and which part of a list. Everything else is refused in SCIM's form.

Names of attributes have no case (RFC 7643, section 2.1). Source: RFC 7644, sections 3.4.2, 3.5.2 and 3.10.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from starlette.datastructures import QueryParams

from torana.control.scim.errors import ScimError

MOST = 200
"""Resources of one list."""
MOST_OPERATIONS = 1000
_MOST_FILTER = 2000
_TERM = re.compile(
    r"\s*(?P<name>[A-Za-z][A-Za-z0-9_.:$-]*(?:\[[^\]\"]*(?:\"[^\"\]]*\"[^\]\"]*)?\])?(?:\.[A-Za-z$]+)?)"
    r"\s+eq\s+(?P<value>\"(?:[^\"\\]|\\.)*\"|true|false)\s*",
    re.ASCII | re.IGNORECASE,
)
_AND = re.compile(r"and\s", re.ASCII | re.IGNORECASE)
_PATH = re.compile(r"(?P<name>[A-Za-z$][A-Za-z0-9_$-]*)(?:\[(?P<filter>[^\]]*)\])?(?:\.(?P<sub>[A-Za-z$]+))?", re.ASCII)
_CORE = re.compile(r"urn:ietf:params:scim:schemas:core:2\.0:(user|group):", re.IGNORECASE)
_object = msgspec.json.Decoder(dict[str, Any]).decode


class Path(NamedTuple):
    """What an operation changes, in lower case."""

    name: str
    filter: str | None
    sub: str | None


class Operation(NamedTuple):
    """One step of a PATCH."""

    op: str
    """`add`, `remove` or `replace`."""
    path: Path | None
    value: Any


class Listing(NamedTuple):
    """Which resources of a list: those that have all these values, from the `start`th, counted from 1."""

    terms: list[tuple[str, str | bool]]
    start: int
    most: int


def body_of(raw: bytes) -> dict[str, Any]:
    """The JSON object, its attributes by their names in lower case. Raises ScimError."""
    try:
        return lowered(_object(raw))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise ScimError(400, "The body is not a JSON object.", "invalidSyntax") from None


def lowered(said: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes by their names in lower case, without the schema's name before them."""
    return {_CORE.sub("", name).lower(): value for name, value in said.items()}


def operations_of(body: Mapping[str, Any]) -> list[Operation]:
    """The steps of a PATCH. Raises ScimError."""
    listed = body.get("operations")
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_OPERATIONS:
        raise ScimError(400, f"Expected 1 to {MOST_OPERATIONS} Operations.", "invalidSyntax")
    return [_operation(one) for one in listed]


def _operation(said: object) -> Operation:
    if not isinstance(said, dict):
        raise ScimError(400, "Each of the Operations is an object.", "invalidSyntax")
    fields = lowered(said)
    op = fields.get("op")
    # Entra writes `Add`, `Replace` and `Remove`.
    word = op.lower() if isinstance(op, str) else ""
    if word not in ("add", "remove", "replace"):
        raise ScimError(400, "op is add, remove or replace.", "invalidSyntax")
    path = fields.get("path")
    if path is None or path == "":
        if word == "remove":
            raise ScimError(400, "What is to be removed needs a path.", "noTarget")
        return Operation(word, None, fields.get("value"))
    return Operation(word, path_of(path), fields.get("value"))


def path_of(text: object) -> Path:
    """The path of an operation. Raises ScimError `invalidPath`."""
    if isinstance(text, str) and len(text) <= _MOST_FILTER:
        plain = _CORE.sub("", text.strip())
        if plain.lower().startswith("urn:"):
            # Of an extension, none of which is kept.
            return Path("urn", None, None)
        found = _PATH.fullmatch(plain)
        if found is not None:
            sub = found["sub"]
            return Path(found["name"].lower(), found["filter"], sub.lower() if sub else None)
    raise ScimError(400, "The path cannot be read.", "invalidPath")


def terms_of(text: str) -> list[tuple[str, str | bool]]:
    """The terms `name eq value` of a filter, joined by `and`. Raises ScimError `invalidFilter`."""
    terms: list[tuple[str, str | bool]] = []
    at = 0
    while len(text) <= _MOST_FILTER and (found := _TERM.match(text, at)) is not None:
        name = re.sub(r"\[.*\]", "", _CORE.sub("", found["name"])).lower()
        terms.append((name, _literal(found["value"])))
        at = found.end()
        if at == len(text):
            return terms
        joint = _AND.match(text, at)
        if joint is None:
            break
        at = joint.end()
    raise ScimError(400, 'Only filters such as userName eq "a@example.org" are understood.', "invalidFilter")


def _literal(text: str) -> str | bool:
    try:
        value: str | bool = text.lower() == "true"
        if text.startswith('"'):
            value = msgspec.json.decode(text, type=str)
    except (msgspec.MsgspecError, ValueError):
        value = "\0"
    if isinstance(value, str) and not value.isprintable():
        raise ScimError(400, "A value in the filter cannot be read.", "invalidFilter")
    return value


def listing_of(query: QueryParams) -> Listing:
    """Which part of a list is asked for. Raises ScimError."""
    text = query.get("filter")
    start = max(_number(query.get("startIndex"), 1), 1)
    count = min(max(_number(query.get("count"), 100), 0), MOST)
    return Listing([] if text is None else terms_of(text), start, count)


def _number(text: str | None, default: int) -> int:
    if text is None or text == "":
        return default
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        raise ScimError(400, "startIndex and count are numbers.", "invalidValue")
    return int(text)


def chosen(resource: dict[str, Any], query: QueryParams) -> dict[str, Any]:
    """The resource with the attributes that are asked for (RFC 7644, section 3.9)."""
    wanted, unwanted = _names(query.get("attributes")), _names(query.get("excludedAttributes"))
    if wanted:
        return {key: value for key, value in resource.items() if key in _ALWAYS or key.lower() in wanted}
    return {key: value for key, value in resource.items() if key in _ALWAYS or key.lower() not in unwanted}


_ALWAYS = frozenset(("schemas", "id"))


def _names(text: str | None) -> frozenset[str]:
    parts = (text or "").split(",")
    return frozenset(_CORE.sub("", part.strip()).partition(".")[0].lower() for part in parts if part.strip())


def truth_of(value: object) -> bool:
    """A boolean; Entra writes it as text. Raises ScimError."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise ScimError(400, "active is true or false.", "invalidValue")


def text_of(value: object, name: str, most: int) -> str:
    """Visible text of 1 to `most` characters. Raises ScimError."""
    if isinstance(value, str) and 1 <= len(value.strip()) <= most and value.strip().isprintable():
        return value.strip()
    raise ScimError(400, f"{name} is text of 1 to {most} visible characters.", "invalidValue")
