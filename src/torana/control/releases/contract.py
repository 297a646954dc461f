"""Whether a contract's schemas are JSON Schema 2020-12 that can be compared and shown.

What is checked is what the meta-schemas demand (https://json-schema.org/draft/2020-12/schema): the form of every keyword's value.
Keywords that nobody knows are annotations there, and here too. Beyond that: nothing outside the schema is referred to, since
nothing is fetched, and a schema is bounded in size and depth.
"""

import re
from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any

MOST_BYTES = 256 * 1024
MOST_DEPTH = 32
TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
SIDES = ("input", "output")
_DIALECTS = ("https://json-schema.org/draft/2020-12/schema", "https://json-schema.org/draft/2020-12/schema#")
_ANCHOR = re.compile(r"[A-Za-z_][-A-Za-z0-9._]*", re.ASCII)
_MOST_PROBLEMS = 20

ONE = ("additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames", "then",
       "unevaluatedItems", "unevaluatedProperties")  # fmt: skip
"""Keywords whose value is a schema."""
MANY = ("allOf", "anyOf", "oneOf", "prefixItems")
"""Keywords whose value is a list of schemas."""
NAMED = ("$defs", "dependentSchemas", "patternProperties", "properties")
"""Keywords whose value is an object of schemas."""


def contract_problems(contract: Any) -> list[str]:
    """What is wrong with a contract, each as `place: reason`."""
    if not isinstance(contract, dict):
        return ["contract: expected an object with the schemas input and output"]
    problems = [f"contract.{name}: expected input or output" for name in contract if name not in SIDES]
    for side in SIDES:
        if contract.get(side) is not None:
            problems += schema_problems(contract[side], f"contract.{side}")
    return problems[:_MOST_PROBLEMS]


def schema_problems(schema: Any, place: str) -> list[str]:
    """What keeps this from being a JSON Schema, each as `place: reason`."""
    try:
        found = list(_problems(schema, schema, place, 0))
    except RecursionError:
        return [f"{place}: nested too deeply"]
    return found[:_MOST_PROBLEMS]


def opened(root: Any, reference: str) -> Any:
    """The schema that a local reference leads to. Raises LookupError."""
    if reference == "#":
        return root
    if not reference.startswith("#/"):
        return _anchored(root, reference.removeprefix("#"))
    found = root
    for part in reference[2:].split("/"):
        name = _unescaped(part)
        if isinstance(found, dict):
            found = found[name]
        elif isinstance(found, list) and name.isascii() and name.isdigit():
            found = found[int(name)]
        else:
            raise LookupError(reference)
    return found


def inner(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The schemas right inside a schema, each with its place."""
    for word in ONE:
        if word in schema:
            yield word, schema[word]
    for word in MANY:
        if isinstance(schema.get(word), list):
            yield from ((f"{word}[{number}]", one) for number, one in enumerate(schema[word]))
    for word in NAMED:
        if isinstance(schema.get(word), dict):
            yield from ((f"{word}.{name[:100]}", one) for name, one in schema[word].items())


def _problems(schema: Any, root: Any, place: str, depth: int) -> Iterator[str]:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        yield f"{place}: a schema is an object, true or false"
        return
    if depth > MOST_DEPTH:
        yield f"{place}: nested more than {MOST_DEPTH} deep"
        return
    for word, value in schema.items():
        check = _CHECKS.get(word)
        if check is not None and (reason := check(value)):
            yield f"{place}.{word}: {reason}"
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#"):
        try:
            opened(root, reference)
        except (LookupError, ValueError):
            yield f"{place}.$ref: there is nothing at {reference[:100]}"
    for where, one in inner(schema):
        yield from _problems(one, root, f"{place}.{where}", depth + 1)


def _anchored(root: Any, anchor: str) -> Any:
    waiting = [root]
    while waiting:
        schema = waiting.pop()
        if isinstance(schema, dict):
            if schema.get("$anchor") == anchor:
                return schema
            waiting += [one for _, one in inner(schema)]
    raise LookupError(anchor)


def _unescaped(part: str) -> str:
    # RFC 6901, section 4: ~1 before ~0.
    return part.replace("~1", "/").replace("~0", "~")


def _count(value: Any) -> str | None:
    whole = isinstance(value, int) or (isinstance(value, float) and isfinite(value) and value.is_integer())
    return None if whole and not isinstance(value, bool) and value >= 0 else "expected a whole number from 0"


def _is_number(value: Any) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and isfinite(value))


def _number(value: Any) -> str | None:
    return None if _is_number(value) else "expected a number"


def _factor(value: Any) -> str | None:
    return None if _is_number(value) and value > 0 else "expected a number above 0"


def _flag(value: Any) -> str | None:
    return None if isinstance(value, bool) else "expected true or false"


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) else "expected text"


def _list(value: Any) -> str | None:
    return None if isinstance(value, list) else "expected a list"


def _schemas(value: Any) -> str | None:
    return None if isinstance(value, list) and value else "expected a list of at least one schema"


def _named(value: Any) -> str | None:
    return None if isinstance(value, dict) else "expected an object of schemas"


def _names(value: Any) -> str | None:
    fits = isinstance(value, list) and all(isinstance(one, str) for one in value) and len(set(value)) == len(value)
    return None if fits else "expected a list of names, each once"


def _dependent(value: Any) -> str | None:
    fits = isinstance(value, dict) and all(_names(one) is None for one in value.values())
    return None if fits else "expected an object of lists of names"


def _type(value: Any) -> str | None:
    kinds = value if isinstance(value, list) else [value]
    fits = kinds and all(isinstance(kind, str) and kind in TYPES for kind in kinds) and len(set(kinds)) == len(kinds)
    return None if fits else f"expected one or several of {', '.join(TYPES)}"


def _pattern(value: Any) -> str | None:
    return None if isinstance(value, str) and len(value) <= 1000 else "expected a regular expression"


def _patterns(value: Any) -> str | None:
    return None if isinstance(value, dict) else "expected an object of schemas by regular expression"


def _reference(value: Any) -> str | None:
    fits = isinstance(value, str) and value.startswith("#")
    return None if fits else "expected a reference inside this schema, such as #/$defs/NAME; nothing is fetched"


def _dialect(value: Any) -> str | None:
    return None if value in _DIALECTS else f"expected {_DIALECTS[0]}"


def _anchor(value: Any) -> str | None:
    return None if isinstance(value, str) and _ANCHOR.fullmatch(value) else "expected a name"


def _not_here(_: Any) -> str:
    return "this keyword is not supported"


_CHECKS: dict[str, Callable[[Any], str | None]] = {
    **dict.fromkeys(
        (
            "maxLength",
            "minLength",
            "maxItems",
            "minItems",
            "maxProperties",
            "minProperties",
            "minContains",
            "maxContains",
        ),
        _count,
    ),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _number),
    **dict.fromkeys(("uniqueItems", "deprecated", "readOnly", "writeOnly"), _flag),
    **dict.fromkeys(("title", "description", "format", "$comment", "contentEncoding", "contentMediaType"), _text),
    **dict.fromkeys(("enum", "examples"), _list),
    **dict.fromkeys(MANY, _schemas),
    **dict.fromkeys(NAMED, _named),
    # Whose meaning depends on the way that the evaluation took, or on what would have to be fetched.
    **dict.fromkeys(
        ("$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "$vocabulary", "$id"), _not_here
    ),
    "multipleOf": _factor,
    "required": _names,
    "dependentRequired": _dependent,
    "type": _type,
    "pattern": _pattern,
    "patternProperties": _patterns,
    "$ref": _reference,
    "$schema": _dialect,
    "$anchor": _anchor,
}
