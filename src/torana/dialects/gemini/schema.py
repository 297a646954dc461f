"""Gemini's `Schema`, a subset of OpenAPI 3.0, as JSON Schema.

https://ai.google.dev/api/caching#Schema: types in upper case, `nullable`, `propertyOrdering`, counts as strings (int64 in JSON).
Only this way: what goes to Gemini goes as JSON Schema in `parametersJsonSchema` and `responseJsonSchema`, where nothing is lost.
"""

from typing import Any

from torana.dialects.fields import wrong
from torana.dialects.gemini.names import camel

_MOST_DEEP = 100
_TYPES = {"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"}
_COUNTS = {"minItems", "maxItems", "minProperties", "maxProperties", "minLength", "maxLength"}
_RENAMED = {"defs": "$defs", "ref": "$ref", "example": "examples"}
_MAPS = {"properties", "$defs"}


def to_json_schema(schema: Any, place: str, depth: int = 0) -> dict[str, Any]:
    """The same in JSON Schema. Raises Refusal: invalid_field. What is not known stays as it is."""
    if not isinstance(schema, dict):
        raise wrong(place, "it has to be an object")
    if depth > _MOST_DEEP:
        raise wrong(place, f"it is nested more than {_MOST_DEEP} deep")
    found: dict[str, Any] = {}
    nullable = False
    for sent, value in schema.items():
        name = camel(sent)
        name = _RENAMED.get(name, name)
        if value is None and name != "default":
            continue
        if name == "nullable":
            nullable = value is True
        elif name in _MAPS:
            found[name] = _each(value, f"{place}.{sent}", depth)
        elif name in ("items", "additionalProperties") and isinstance(value, dict):
            found[name] = to_json_schema(value, f"{place}.{sent}", depth + 1)
        elif name in ("anyOf", "oneOf", "prefixItems") and isinstance(value, list):
            found[name] = [
                to_json_schema(one, f"{place}.{sent}[{number}]", depth + 1) for number, one in enumerate(value)
            ]
        else:
            _keyword(found, name, value)
    return _with_null(found) if nullable else found


def _each(value: Any, place: str, depth: int) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise wrong(place, "it has to be an object")
    return {name: to_json_schema(one, f"{place}.{name}", depth + 1) for name, one in value.items()}


def _keyword(found: dict[str, Any], name: str, value: Any) -> None:
    if name == "type":
        if isinstance(value, str) and value.upper() in _TYPES:
            found["type"] = value.lower()
        elif value != "TYPE_UNSPECIFIED":
            found["type"] = value
    elif name in _COUNTS and isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        found[name] = int(value)
    elif name == "format" and value == "enum":
        # Gemini's mark of a string with `enum`; no format of JSON Schema.
        return
    elif name == "examples" and not isinstance(value, list):
        found[name] = [value]
    else:
        found[name] = value


def _with_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema that also takes null, as JSON Schema says it."""
    kind = schema.get("type")
    if isinstance(kind, str) and kind != "null":
        schema["type"] = [kind, "null"]
    elif isinstance(kind, list) and "null" not in kind:
        schema["type"] = [*kind, "null"]
    elif kind is None and isinstance(schema.get("anyOf"), list):
        schema["anyOf"] = [*schema["anyOf"], {"type": "null"}]
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    return schema
