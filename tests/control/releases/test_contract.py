"""Which schemas a contract may hold: those that the meta-schema takes, and that nothing has to be fetched for."""

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.control.releases.schemas import schemas
from torana.control.releases.contract import contract_problems, opened

wrong = st.sampled_from([None, -1, 1.5, "x", True, [], ["x", "x"], {}, {"a": 1}, [1], {"a": ["b", "b"]}])
words = st.sampled_from(
    [
        "type", "enum", "properties", "required", "items", "prefixItems", "minimum", "minLength", "uniqueItems", "allOf", "not",
        "multipleOf", "dependentRequired", "patternProperties", "title", "format", "$anchor", "$comment", "deprecated", "examples",
        "contains", "maxContains", "if", "$defs", "additionalProperties", "dependentSchemas", "contentEncoding", "propertyNames",
    ]
)  # fmt: skip


@given(schemas)
def test_a_valid_schema_has_no_problems(schema: Any) -> None:
    assert contract_problems({"input": schema, "output": None}) == []


@given(words, wrong, st.booleans())
def test_what_the_meta_schema_refuses_is_refused_with_its_place(word: str, value: Any, nested: bool) -> None:
    schema: Any = {word: value}
    if nested:
        schema = {"properties": {"inner": schema}}
    problems = contract_problems({"input": schema})
    assert bool(problems) != jsonschema_rs.meta.is_valid(
        {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    )
    assert all(problem.startswith("contract.input") for problem in problems)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "https://example.org/schema"},
        {"$ref": "#/$defs/missing"},
        {"$ref": "#nowhere"},
        {"$ref": 5},
        {"$id": "https://example.org/schema"},
        {"$schema": "http://json-schema.org/draft-07/schema#"},
        {"$dynamicRef": "#a"},
        "text",
        None,
        [],
    ],
)
def test_what_would_have_to_be_fetched_or_is_no_schema_is_refused(schema: Any) -> None:
    assert contract_problems({"output": schema}) != [] or schema is None


def test_depth_and_unknown_sides_are_refused_without_a_fault() -> None:
    deep: Any = {}
    for _ in range(5_000):
        deep = {"items": deep}
    assert contract_problems({"input": deep}) != []
    assert contract_problems({"inputs": {}}) != []
    assert contract_problems([]) != []


def test_references_are_followed_by_pointer_and_by_anchor() -> None:
    root = {"$defs": {"a/b": {"$anchor": "here", "type": "string"}, "list": [{"const": 1}]}}
    assert opened(root, "#/$defs/a~1b") is opened(root, "#here")
    assert opened(root, "#/$defs/list/0") == {"const": 1}
    assert opened(root, "#") is root
