"""The verdict on a contract: what breaks callers and readers, and laws that hold for every schema."""

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import assume, given, settings

from tests.control.releases.schemas import pairs, schemas, values
from torana.control.releases.breaking import breaking

TEXT, NUMBER, WHOLE = {"type": "string"}, {"type": "number"}, {"type": "integer"}


def record(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


CASES = [
    ("a field is newly required", record(a=TEXT), record("a", a=TEXT), {"input"}),
    ("a field is no longer required", record("a", a=TEXT), record(a=TEXT), {"output"}),
    ("an optional field is new", record(a=TEXT), record(a=TEXT, b=TEXT), set()),
    ("a required field is new", record(a=TEXT), record("b", a=TEXT, b=TEXT), {"input"}),
    ("a property is gone", record(a=TEXT, b=TEXT), record(a=TEXT), {"input", "output"}),
    ("a property inside is gone", record(a=record(b=TEXT)), record(a=record()), {"input", "output"}),
    ("a type is narrower", NUMBER, WHOLE, {"input"}),
    ("a type is wider", WHOLE, NUMBER, {"output"}),
    ("a type is another", TEXT, WHOLE, {"input", "output"}),
    ("a type may also be null", TEXT, {"type": ["string", "null"]}, {"output"}),
    ("an enumeration is shorter", {"enum": ["a", "b"]}, {"enum": ["a"]}, {"input"}),
    ("an enumeration is longer", {"const": "a"}, {"enum": ["a", "b"]}, {"output"}),
    ("a bound is lower", {"maximum": 9}, {"maximum": 8}, {"input"}),
    ("a bound is gone", {"maxLength": 9}, {}, {"output"}),
    ("no more fields are taken", record(a=TEXT), {**record(a=TEXT), "additionalProperties": False}, {"input"}),
    ("items are narrower", {"items": NUMBER}, {"items": WHOLE}, {"input"}),
    ("a pattern is another", {"pattern": "a"}, {"pattern": "b"}, {"input", "output"}),
    ("only words for people differ", {**TEXT, "title": "a"}, {**TEXT, "description": "b", "default": ""}, set()),
    ("a reference leads to the same", {"$ref": "#/$defs/a", "$defs": {"a": TEXT}}, TEXT, set()),
    (
        "what is referred to is narrower",
        {"anyOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": NUMBER}},
        {"anyOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": WHOLE}},
        {"input", "output"},
    ),
    ("it takes nothing any more", {}, False, {"input"}),
]


@pytest.mark.parametrize(("before", "after", "sides"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_breaks(before: Any, after: Any, sides: set[str]) -> None:
    for side in ("input", "output"):
        reasons = breaking({side: before}, {side: after})
        assert bool(reasons) == (side in sides), reasons
        assert all(reason.startswith(side) for reason in reasons)


def test_a_contract_that_comes_narrows_what_is_taken_and_promises_what_is_sent() -> None:
    assert breaking(None, {"output": TEXT}) == []
    assert breaking(None, {"input": TEXT}) != []
    assert breaking({"input": TEXT}, None) == []
    assert breaking({"output": TEXT}, None) != []
    assert breaking(None, None) == []


def test_a_schema_that_refers_to_itself_is_compared_in_finite_time() -> None:
    tree = {"type": "object", "properties": {"left": {"$ref": "#"}, "value": NUMBER}}
    narrower = {"type": "object", "properties": {"left": {"$ref": "#"}, "value": WHOLE}}
    assert breaking({"input": tree}, {"input": tree}) == []
    assert breaking({"input": tree}, {"input": narrower}) != []
    assert breaking({"input": {"$ref": "#"}}, {"input": {"$ref": "#"}}) == []


@given(schemas)
def test_nothing_breaks_where_nothing_differs(schema: Any) -> None:
    assert breaking({"input": schema, "output": schema}, {"input": schema, "output": schema}) == []


def _takes(schema: Any, value: Any) -> bool:
    try:
        return jsonschema_rs.Draft202012Validator(schema).is_valid(value)
    except (ValueError, RecursionError):
        # Such as a reference that leads back to itself.
        assume(False)
        raise


def _names(schema: Any) -> set[str]:
    if isinstance(schema, dict):
        return set(schema.get("properties", {})).union(*map(_names, schema.values()))
    return set().union(*map(_names, schema)) if isinstance(schema, list) else set()


def _without(schema: Any, *words: str) -> Any:
    if isinstance(schema, dict):
        return {word: _without(value, *words) for word, value in schema.items() if word not in words}
    return [_without(one, *words) for one in schema] if isinstance(schema, list) else schema


def _used(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(_used, value.values()))
    return set().union(*map(_used, value)) if isinstance(value, list) else set()


@settings(max_examples=80)
@given(pairs(), values)
def test_whatever_was_taken_is_still_taken_where_the_verdict_is_that_nothing_breaks(
    pair: tuple[Any, Any], value: Any
) -> None:
    before, after = pair
    # What nobody spoke of before may be spoken of now: a new property is not broken by what somebody sent under its name.
    assume(_used(value) <= _names(before))
    if breaking({"input": before}, {"input": after}) == [] and _takes(before, value):
        assert _takes(after, value)


@settings(max_examples=80)
@given(pairs(), values)
def test_whatever_is_sent_could_have_been_sent_before_where_the_verdict_is_that_nothing_breaks(
    pair: tuple[Any, Any], value: Any
) -> None:
    # Who reads an object passes over what is new in it, however it is called.
    before, after = (_without(schema, "additionalProperties", "propertyNames") for schema in pair)
    assume(_used(value) <= _names(before))
    if breaking({"output": before}, {"output": after}) == [] and _takes(after, value):
        assert _takes(before, value)
