"""Ids: random for things, sorted by time for calls, never twice."""

from hypothesis import given
from hypothesis import strategies as st

from torana.core.ids import CallIds, call_id_floor, epoch_us, is_call_id, new_id

times = st.integers(0, 2**47 * 1000 - 1)


@given(times, times)
def test_call_ids_sort_by_time_over_processes(one: int, other: int) -> None:
    first, second = CallIds().next(one), CallIds().next(other)
    if one // 1000 != other // 1000:
        assert (first < second) is (one < other)


@given(times, times)
def test_a_time_is_a_bound_on_ids(began: int, bound: int) -> None:
    assert (CallIds().next(began) >= call_id_floor(bound)) is (began // 1000 >= bound // 1000)


@given(times)
def test_a_call_id_is_known_by_its_form(began: int) -> None:
    made = CallIds().next(began)
    assert is_call_id(made)
    assert not is_call_id(made[:-1])
    assert not is_call_id(made.upper() + "G")
    assert not is_call_id(made[:-1] + "g")


def test_the_ids_of_one_moment_are_distinct_and_in_order() -> None:
    ids, now = CallIds(), epoch_us()
    made = [ids.next(now) for _ in range(5_000)]
    assert made == sorted(set(made))
    assert len({made_by.next(now) for made_by in (CallIds() for _ in range(100))}) == 100


def test_a_time_before_1970_is_a_bound_below_every_id() -> None:
    assert call_id_floor(-5) == "0" * 12


def test_the_ids_of_things_carry_their_noun_and_do_not_repeat() -> None:
    made = {new_id("team") for _ in range(5_000)}
    assert len(made) == 5_000
    assert all(one.startswith("team_") and len(one) == 25 for one in made)
