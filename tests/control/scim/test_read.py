"""Whatever a client sends is understood or refused in SCIM's form."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from torana.control.scim.errors import ScimError
from torana.control.scim.read import MOST, body_of, listing_of, operations_of, path_of, terms_of

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
pieces = st.sampled_from(
    [
        "userName",
        "members",
        "[",
        "]",
        '"',
        "\\",
        " eq ",
        " and ",
        "value",
        ".",
        "urn:",
        ":",
        "(",
        "true",
        " ",
        "\0",
        "é",
    ]
)


def refusal(read: Callable[[Any], object], said: Any) -> str | None:
    """The kind of the refusal; None when what is said was understood."""
    try:
        read(said)
    except ScimError as error:
        return f"{error.status} {error.kind}"
    return None


@given(st.lists(pieces, max_size=12).map("".join) | st.text(max_size=30))
def test_a_filter_or_path_is_read_or_refused(text: str) -> None:
    assert refusal(terms_of, text) in (None, "400 invalidFilter")
    assert refusal(path_of, text) in (None, "400 invalidPath")


@given(st.text(max_size=40).filter(str.isprintable))
def test_a_value_in_a_filter_is_what_was_written(value: str) -> None:
    written = f"userName eq {json.dumps(value)} and active eq true"
    assert terms_of(written) == [("username", value), ("active", True)]


@given(st.binary(max_size=30) | values.map(lambda value: json.dumps(value).encode()))
def test_a_body_is_an_object_or_refused(raw: bytes) -> None:
    assert refusal(body_of, raw) in (None, "400 invalidSyntax")


@given(st.dictionaries(st.text(max_size=8), values, max_size=4))
def test_an_object_is_read_by_names_without_case(said: dict[str, Any]) -> None:
    assert body_of(json.dumps(said).encode()).keys() == {name.lower() for name in said}


@given(st.lists(st.dictionaries(st.sampled_from(["op", "Op", "path", "value"]), values | st.just("add")), max_size=3))
def test_operations_are_read_or_refused(operations: list[dict[str, Any]]) -> None:
    kinds = (None, "400 invalidSyntax", "400 invalidPath", "400 noTarget")
    assert refusal(operations_of, {"operations": operations}) in kinds


@given(st.integers(-10_000, 10_000), st.integers(-10_000, 10_000))
def test_a_part_of_a_list_is_within_bounds(start: int, count: int) -> None:
    listing = listing_of(QueryParams({"startIndex": str(start), "count": str(count)}))
    assert listing.start >= 1
    assert 0 <= listing.most <= MOST


@given(st.text(max_size=12))
def test_a_number_is_read_or_refused(text: str) -> None:
    assert refusal(listing_of, QueryParams({"startIndex": text})) in (None, "400 invalidValue")


@pytest.mark.parametrize(
    "text", ["a" * 100_000, 'a eq "' + "\\" * 100_000, "a[" * 50_000, " " * 100_000, "a eq " * 50_000]
)
def test_what_is_too_long_is_refused_at_once(text: str) -> None:
    with pytest.raises(ScimError):
        terms_of(text)
    with pytest.raises(ScimError):
        path_of(text)
