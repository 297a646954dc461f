"""The states of a subscription, as laws: nothing leads to a grant past an approval that is needed, or past a suspension."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torana.control.subscriptions.states import MOVES, OVER, STATES, Move, State, moved
from torana.core.errors import Refusal

ALL: tuple[Move, ...] = get_args(Move)
BY_SUBSCRIBER: frozenset[Move] = frozenset(("ask", "cancel", "expire"))
"""What the app's side can do alone where an approval is needed, and what time does."""


def reachable(start: State | None, moves: frozenset[Move]) -> set[State | None]:
    """Where these moves lead to, however often and in whatever order."""
    found: set[State | None] = {start}
    while True:
        more: set[State | None] = {
            MOVES[move].after for move in moves for state in found if state in MOVES[move].before
        }
        if more <= found:
            return found
        found |= more


def test_every_move_has_a_rule_and_every_state_a_way_to_it() -> None:
    assert set(MOVES) == set(ALL)
    assert {rule.after for rule in MOVES.values()} == set(STATES)
    assert reachable(None, frozenset(ALL)) == {None, *STATES}


def test_where_an_approval_is_needed_nothing_else_leads_to_a_first_grant() -> None:
    without = frozenset(ALL) - {"grant", "approve"}
    assert reachable(None, without) & {"approved", "suspended"} == set()
    # Nor back from where it is over.
    for state in OVER:
        assert reachable(state, without) & {"approved", "suspended"} == set()


def test_nobody_comes_back_from_a_suspension_without_the_services_side() -> None:
    assert reachable("suspended", BY_SUBSCRIBER | {"grant"}) == {"suspended"}
    assert MOVES["resume"].before == frozenset(("suspended",))


@given(st.booleans(), st.lists(st.sampled_from(ALL), max_size=30))
def test_whatever_is_tried_a_grant_was_approved_where_that_is_needed(needed: bool, tried: list[Move]) -> None:
    state: State | None = None
    approved = False
    # As moves.py chooses between the two.
    chosen: dict[Move, Move] = {"ask": "ask" if needed else "grant", "grant": "ask" if needed else "grant"}
    for move in (chosen.get(one, one) for one in tried):
        if state not in MOVES[move].before:
            with pytest.raises(Refusal, match="subscription_1"):
                moved(move, state, "subscription_1")
            continue
        approved = approved or move in ("grant", "approve")
        if move == "ask":
            approved = False
        state = moved(move, state, "subscription_1")
        assert approved or state not in ("approved", "suspended")


@pytest.mark.parametrize("state", STATES)
def test_a_refused_move_names_the_states_from_which_it_is_possible(state: State) -> None:
    for move, rule in MOVES.items():
        if state not in rule.before:
            with pytest.raises(Refusal) as refused:
                moved(move, state, "subscription_1")
            assert state in refused.value.sentence
            assert all(one in refused.value.sentence for one in rule.before if one)
