"""What is written as YAML is read back as what it was, whatever it is."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from torana.control.declaration.custom import described
from torana.control.declaration.document import read_document
from torana.control.declaration.problems import Place, Problems
from torana.control.export.text import Number, document, flow, scalar

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=150),
    st.sampled_from(
        [
            *["null", "~", "", "yes", "1e5", "0x10", "1_0", "-", "a: b", "# c", "@x", "{{ a }}", "\U0001f600", "a\nb"],
            *["12:30:45", ".5", "- a", "!x", "&a", "*a", "NaN", "TRUE", "a-", "a,b", "[a]", "\u2028", "\x85", "\ufeff"],
        ]
    ),
)
DATA = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**17), 10**17),
        st.floats(allow_nan=False, allow_infinity=False),
        TEXTS,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=20,
)


def _read(text: str) -> Any:
    problems = Problems("here")
    root = read_document(text.encode(), problems)
    # As the description of a model, which may hold anything; that it is none is not asked here.
    read = described(root, Place(1, 1), Problems(""))
    assert read is not None
    return msgspec.json.decode(read)


@given(st.dictionaries(TEXTS, DATA, min_size=1, max_size=4))
def test_any_data_is_read_back_as_it_was(data: dict[str, Any]) -> None:
    assert _read(flow(data)) == data


@given(st.lists(st.dictionaries(TEXTS, DATA, min_size=1, max_size=6), min_size=1, max_size=4), st.lists(TEXTS))
def test_a_whole_file_is_read_back_as_it_was(entries: list[dict[str, Any]], comments: list[str]) -> None:
    assert _read(document({"services": entries, "teams": []}, comments)) == {"services": entries}


@given(TEXTS)
def test_a_text_stays_a_text(text: str) -> None:
    assert _read(f"a: {scalar(text)}") == {"a": text}


def test_nothing_at_all_and_numbers_as_they_are_written() -> None:
    assert document({"services": [], "teams": []}, ["a\nb: c"]) == "# a b: c\n{}\n"
    assert flow({"input": Number("0.25"), "many": [1, 2.5, True, None]}) == "{input: 0.25, many: [1, 2.5, true, null]}"
