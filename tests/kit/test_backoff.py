"""Waits between attempts: they double, up to a bound, and are spread."""

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from torana.kit.backoff import backoff


@given(st.floats(0.001, 10), st.floats(0.001, 1_000))
def test_waits_double_up_to_the_bound_and_are_shortened_by_at_most_a_quarter(first: float, most: float) -> None:
    full = first
    for wait in islice(backoff(first, most), 20):
        assert 0.75 * full <= wait <= full
        full = min(full * 2, most)
