"""Random JSON Schemas and values for the laws of contracts."""

from typing import Any

from hypothesis import strategies as st

NAMES = ("a", "b", "c")
scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "x", "yy", "zzz"]) | st.just(1.5)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=6,
)
_types = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])


def _with(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {},
        optional={
            "type": _types | st.lists(_types, min_size=1, max_size=3, unique=True),
            "enum": st.lists(scalars, min_size=1, max_size=3),
            "const": scalars,
            "minimum": st.integers(-2, 2),
            "exclusiveMaximum": st.integers(-2, 3),
            "multipleOf": st.sampled_from([1, 2, 3, 0.5]),
            "minLength": st.integers(0, 2),
            "maxLength": st.integers(0, 3),
            "minItems": st.integers(0, 2),
            "maxItems": st.integers(0, 3),
            "uniqueItems": st.booleans(),
            "maxProperties": st.integers(0, 3),
            "properties": st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
            "required": st.lists(st.sampled_from(NAMES), max_size=2, unique=True),
            "additionalProperties": inner,
            "propertyNames": st.sampled_from([{"maxLength": 1}, {"enum": ["a", "b"]}, True]),
            "items": inner,
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "contains": inner,
            "minContains": st.integers(0, 2),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
            "$ref": st.sampled_from(["#/$defs/one", "#/$defs/two", "#"]),
            "unevaluatedProperties": st.booleans(),
            "title": st.just("t"),
        },
    )


_inner = st.booleans() | _with(st.booleans())
schemas = st.builds(
    lambda schema, one, two: {**schema, "$defs": {"one": one, "two": two}},
    _with(_inner),
    _with(st.booleans()),
    _with(st.booleans()),
)
"""Objects whose references lead somewhere."""


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    """Two schemas, mostly alike, since unlike ones are found to be so at once."""
    first = draw(schemas)
    other = draw(schemas)
    second = {**first, **{word: value for word, value in other.items() if draw(st.integers(0, 3)) == 0}}
    for word in list(second):
        if word != "$defs" and draw(st.integers(0, 5)) == 0:
            del second[word]
    return (first, second) if draw(st.booleans()) else (second, first)
