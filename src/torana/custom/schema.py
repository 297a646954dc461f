"""`inputs_schema`: the part of JSON Schema that says what a row of inputs looks like, checked in time linear in the input.

No `$ref` (nothing is fetched), no `pattern` (nothing backtracks), no combinators: a keyword outside KEYWORDS is refused when the
description is read. Meaning as in https://json-schema.org/draft/2020-12/json-schema-validation.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

KEYWORDS = frozenset(
    {
        "type", "enum", "const", "properties", "required", "additionalProperties", "items", "minItems", "maxItems",
        "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "title", "description",
        "default", "examples", "format", "$schema", "$comment",
    }
)  # fmt: skip
_TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")
_COUNTS = ("minItems", "maxItems", "minLength", "maxLength")
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_MOST_DEPTH = 12


class Violation(NamedTuple):
    """What does not fit, and where: `` or `.rows[2].age`."""

    place: str
    reason: str


def schema_problems(schema: Any, place: str = "inputs_schema", depth: int = 0) -> list[str]:
    """What is wrong with a schema, each as `field: reason`."""
    if isinstance(schema, bool) and depth:
        return []
    if not isinstance(schema, dict):
        return [f"{place}: a schema has to be an object"]
    if depth > _MOST_DEPTH:
        return [f"{place}: nested more than {_MOST_DEPTH} deep"]
    problems = [f"{place}.{word}: this keyword is not supported" for word in schema if word not in KEYWORDS]
    kinds = _kinds(schema)
    if "type" in schema and (not kinds or any(kind not in _TYPES for kind in kinds)):
        problems.append(f"{place}.type: it has to be one or several of {', '.join(_TYPES)}")
    problems += [f"{place}.{word}: {needed}" for word, needed in _keyword_problems(schema)]
    for word in ("items", "additionalProperties"):
        if word in schema:
            problems += schema_problems(schema[word], f"{place}.{word}", depth + 1)
    properties = schema.get("properties", {})
    if not isinstance(properties, dict):
        return [*problems, f"{place}.properties: it has to be an object"]
    for name, inner in properties.items():
        problems += schema_problems(inner, f"{place}.properties.{name}", depth + 1)
    return problems


def _keyword_problems(schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for word in _COUNTS:
        value = schema.get(word, 0)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            yield word, "it has to be a whole number from 0"
    for word in _BOUNDS:
        if word in schema and not _is_number(schema[word]):
            yield word, "it has to be a number"
    if not isinstance(schema.get("enum", []), list):
        yield "enum", "it has to be a list"
    required = schema.get("required", [])
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        yield "required", "it has to be a list of names"


def violation(schema: Any, value: Any, place: str = "") -> Violation | None:
    """The first thing in a JSON value that does not fit a schema without problems; None when all of it does."""
    if schema is True or schema is False:
        return None if schema else Violation(place, "it is not allowed here")
    kinds = _kinds(schema)
    if kinds and not any(_is(kind, value) for kind in kinds):
        return Violation(place, f"it has to be of type {' or '.join(kinds)}")
    if "enum" in schema and not any(_same(value, one) for one in schema["enum"]):
        return Violation(place, f"it has to be one of {_shown(schema['enum'])}")
    if "const" in schema and not _same(value, schema["const"]):
        return Violation(place, f"it has to be {_shown([schema['const']])}")
    if _is_number(value):
        return _in_number(schema, value, place)
    if isinstance(value, str):
        return _in_length(schema, len(value), place, "Length", "characters")
    if isinstance(value, list):
        return _in_length(schema, len(value), place, "Items", "entries") or _in_items(schema, value, place)
    return _in_object(schema, value, place) if isinstance(value, dict) else None


def _in_number(schema: dict[str, Any], value: float, place: str) -> Violation | None:
    if value < schema.get("minimum", value):
        return Violation(place, f"it has to be at least {schema['minimum']}")
    if value > schema.get("maximum", value):
        return Violation(place, f"it has to be at most {schema['maximum']}")
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        return Violation(place, f"it has to be more than {schema['exclusiveMinimum']}")
    if "exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]:
        return Violation(place, f"it has to be less than {schema['exclusiveMaximum']}")
    return None


def _in_length(schema: dict[str, Any], length: int, place: str, of: str, what: str) -> Violation | None:
    if length < schema.get(f"min{of}", 0):
        return Violation(place, f"it has to have at least {schema[f'min{of}']} {what}")
    if length > schema.get(f"max{of}", length):
        return Violation(place, f"it has to have at most {schema[f'max{of}']} {what}")
    return None


def _in_items(schema: dict[str, Any], value: list[Any], place: str) -> Violation | None:
    items = schema.get("items", True)
    for number, item in enumerate(value):
        if found := violation(items, item, f"{place}[{number}]"):
            return found
    return None


def _in_object(schema: dict[str, Any], value: dict[str, Any], place: str) -> Violation | None:
    for name in schema.get("required", ()):
        if name not in value:
            return Violation(f"{place}.{name}", "it is missing")
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    for name, inner in value.items():
        if found := violation(properties.get(name, others), inner, f"{place}.{name}"):
            return found
    return None


def _kinds(schema: dict[str, Any]) -> list[Any]:
    kinds = schema.get("type", [])
    return kinds if isinstance(kinds, list) else [kinds]


def _is(kind: str, value: Any) -> bool:
    if kind == "number":
        return _is_number(value)
    if kind == "integer":
        return _is_number(value) and (isinstance(value, int) or value.is_integer())
    if kind == "null":
        return value is None
    types: dict[str, type] = {"object": dict, "array": list, "string": str, "boolean": bool}
    return isinstance(value, types[kind])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(one: Any, other: Any) -> bool:
    """Equality of JSON, where true is not 1."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _shown(values: list[Any]) -> str:
    text = ", ".join(str(value) for value in values[:20])
    return text if len(text) <= 200 else text[:200] + "…"
