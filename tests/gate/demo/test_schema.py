"""Values made for JSON schemas: they satisfy them, and hostile schemas cost little."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torana.gate.demo.schema import UnsatisfiableError, sample


def fits(value: Any, schema: Any) -> bool:
    """A small checker for the words that `schemas` uses."""
    if "anyOf" in schema:
        return any(fits(value, branch) for branch in schema["anyOf"])
    if "enum" in schema:
        return value in schema["enum"]
    kind = schema["type"]
    if kind == "object":
        return (
            isinstance(value, dict)
            and set(schema["required"]) <= set(value) <= set(schema["properties"])
            and all(fits(inner, schema["properties"][name]) for name, inner in value.items())
        )
    if kind == "array":
        bounds = schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 99)
        return isinstance(value, list) and bounds and all(fits(item, schema["items"]) for item in value)
    if kind == "string":
        return isinstance(value, str) and schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 99)
    if kind in ("integer", "number"):
        good = isinstance(value, int if kind == "integer" else (int, float)) and not isinstance(value, bool)
        return good and schema.get("minimum", value) <= value <= schema.get("maximum", value)
    return value is None if kind == "null" else isinstance(value, bool)


def bounded(kind: str, low: str, high: str, least: int) -> st.SearchStrategy[dict[str, Any]]:
    pairs = st.tuples(st.integers(least, 40), st.integers(0, 20))
    return st.one_of(
        st.just({"type": kind}),
        pairs.map(lambda p: {"type": kind, low: p[0], high: p[0] + p[1]}),
        pairs.map(lambda p: {"type": kind, low: p[0]}),
        pairs.map(lambda p: {"type": kind, high: p[0]}),
    )


simple = st.one_of(
    bounded("string", "minLength", "maxLength", 0),
    bounded("integer", "minimum", "maximum", -40),
    bounded("number", "minimum", "maximum", -40),
    st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"enum": ["a", 2, None]}]),
)


def nested(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    properties = st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=4)
    return st.one_of(
        properties.flatmap(
            lambda p: (
                st.lists(st.sampled_from(sorted(p)), unique=True).map(
                    lambda r: {"type": "object", "properties": p, "required": r}
                )
                if p
                else st.just({"type": "object", "properties": {}, "required": []})
            )
        ),
        st.tuples(inner, st.integers(0, 3)).map(
            lambda p: {"type": "array", "items": p[0], "minItems": p[1], "maxItems": p[1] + 1}
        ),
        st.lists(inner, min_size=1, max_size=3).map(lambda branches: {"anyOf": branches}),
    )


@given(st.recursive(simple, nested, max_leaves=12))
def test_what_is_made_for_a_schema_satisfies_it(schema: dict[str, Any]) -> None:
    made = sample(schema)
    assert fits(json.loads(json.dumps(made)), schema), (made, schema)
    assert made == sample(schema)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"const": {"a": [1]}}, {"a": [1]}),
        ({"type": ["null", "boolean"]}, True),
        ({"type": "integer", "multipleOf": 7, "minimum": 8}, 14),
        ({"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5}, 4),
        ({"type": "string", "format": "date"}, "2026-01-01"),
        ({"type": "string", "format": "uuid"}, "00000000-0000-4000-8000-000000000000"),
        ({"type": "array", "uniqueItems": True, "minItems": 3, "items": {"type": "integer", "minimum": 5}}, [5, 6, 7]),
        ({"type": "array", "uniqueItems": True, "minItems": 2, "items": {"enum": ["a", "b"]}}, ["a", "b"]),
        ({"type": "array", "prefixItems": [{"const": 1}, {"const": 2}]}, [1, 2]),
        ({"allOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"b": {"const": 2}}}]}, {"a": 1, "b": 2}),
        ({"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"const": 5}}}, 5),
        ({"required": ["x"], "additionalProperties": {"type": "null"}}, {"x": None}),
        ({"anyOf": [False, {"type": "integer", "minimum": 2, "maximum": 1}, {"const": "last"}]}, "last"),
        ({"type": "object", "minProperties": 2, "additionalProperties": {"const": 0}}, {"field1": 0, "field2": 0}),
    ],
)
def test_each_word_is_honoured(schema: dict[str, Any], expected: Any) -> None:
    assert sample(schema) == expected


def test_a_recursive_schema_ends_where_it_may() -> None:
    node = {
        "type": "object",
        "properties": {"value": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}},
        "required": ["value", "next"],
    }
    made = sample({"$ref": "#/$defs/node", "$defs": {"node": node}})
    while made is not None:
        assert made["value"] == 1
        made = made["next"]


def test_a_schema_that_branches_into_itself_falls_back_to_the_least() -> None:
    tree = {"type": "object", "properties": {f"p{n}": {"$ref": "#"} for n in range(40)}, "required": []}
    assert sample(tree) == {}


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
        {"properties": {"x": {"$ref": "#"}}, "required": ["x"]},
        {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]},
        {"type": "array", "items": {"$ref": "#"}, "minItems": 5},
        {"type": "array", "minItems": 10**12},
        {"type": "string", "minLength": 10**12},
        {"type": "object", "minProperties": 10**12},
        {"type": "array", "minItems": 3000, "items": {"const": "x" * 5000}},
        {
            "type": "array",
            "minItems": 3000,
            "items": {"$ref": "#/d"},
            "d": {"properties": {str(n): True for n in range(9000)}},
        },
        {"allOf": [{"enum": list(range(4000))}, {"enum": list(range(4000))}]},
        {"$ref": "http://example.com/other.json"},
        {"$ref": "#/nowhere"},
        {"enum": []},
        {"type": "integer", "minimum": 5, "maximum": 4},
        {"type": "integer", "multipleOf": -1},
        {"type": "array", "uniqueItems": True, "minItems": 3, "items": {"type": "boolean"}},
        {"type": "thing"},
        {"type": 7},
        {"properties": 5},
        {"required": 5},
        {"anyOf": 5},
        {"allOf": [5]},
        {"type": "object", "required": ["a"], "additionalProperties": False},
        {"type": "string", "minLength": "x"},
    ],
)
def test_a_schema_that_nothing_satisfies_or_that_never_ends_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(UnsatisfiableError):
        sample(schema)
