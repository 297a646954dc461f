"""`inputs_schema`: what fits, and how what does not is named."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torana.custom.schema import schema_problems, violation

ROW: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["age"],
    "properties": {
        "age": {"type": "integer", "minimum": 18, "maximum": 120},
        "share": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        "name": {"type": ["string", "null"], "minLength": 2, "maxLength": 4},
        "kind": {"enum": ["a", 1]},
        "flag": {"const": True},
        "rows": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "object", "required": ["x"]}},
    },
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ROW, *ROW["properties"], "x"]), inner)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ([], ""),
        ({}, ".age"),
        ({"age": 17}, ".age"),
        ({"age": 121}, ".age"),
        ({"age": 20.5}, ".age"),
        ({"age": True}, ".age"),
        ({"age": 20, "other": 1}, ".other"),
        ({"age": 20, "share": 0}, ".share"),
        ({"age": 20, "share": 1}, ".share"),
        ({"age": 20, "name": "a"}, ".name"),
        ({"age": 20, "name": "abcde"}, ".name"),
        ({"age": 20, "kind": True}, ".kind"),
        ({"age": 20, "flag": 1}, ".flag"),
        ({"age": 20, "rows": []}, ".rows"),
        ({"age": 20, "rows": [{"x": 1}, {}]}, ".rows[1].x"),
        ({"age": 20, "rows": [{}] * 3}, ".rows"),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(value: Any, place: str) -> None:
    found = violation(ROW, value)
    assert found is not None
    assert found.place == place


def test_what_fits_has_no_violation() -> None:
    assert schema_problems(ROW) == []
    assert (
        violation(ROW, {"age": 20.0, "share": 0.5, "name": None, "kind": 1, "flag": True, "rows": [{"x": 0}]}) is None
    )


@given(JSON, JSON)
def test_any_schema_is_refused_or_judges_any_value(schema: Any, value: Any) -> None:
    if not schema_problems(schema):
        violation(schema, value)


def test_a_schema_that_is_nested_too_deeply_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(100):
        schema = {"items": schema}
    assert "nested more than" in schema_problems(schema)[0]
