"""What a subscription can be, and how it comes from one state to another: as data, so that it can be proved what cannot happen."""

from typing import Literal, NamedTuple, get_args

from torana.core.errors import Refusal

State = Literal["requested", "approved", "rejected", "suspended", "cancelled", "expired"]
Move = Literal["ask", "grant", "approve", "reject", "suspend", "resume", "cancel", "cancel_suspended", "expire"]

STATES: tuple[State, ...] = get_args(State)
OVER: frozenset[State] = frozenset(("rejected", "cancelled", "expired"))
"""From where one may ask again, which is then decided like a first time."""


class Rule(NamedTuple):
    """From which states a move leads to which; None is where there is no subscription yet."""

    before: frozenset[State | None]
    after: State


MOVES: dict[Move, Rule] = {
    # Where the service's policy needs an approval …
    "ask": Rule(OVER | {None}, "requested"),
    # … and where it needs none.
    "grant": Rule(OVER | {None}, "approved"),
    # Only by the outcome of an approval.
    "approve": Rule(frozenset(("requested",)), "approved"),
    "reject": Rule(frozenset(("requested",)), "rejected"),
    "suspend": Rule(frozenset(("approved",)), "suspended"),
    "resume": Rule(frozenset(("suspended",)), "approved"),
    "cancel": Rule(frozenset(("requested", "approved")), "cancelled"),
    # By the service's side only: who was suspended must not come back by cancelling and asking anew.
    "cancel_suspended": Rule(frozenset(("suspended",)), "cancelled"),
    # For the same reason a suspended one does not expire.
    "expire": Rule(frozenset(("requested", "approved")), "expired"),
}


def moved(move: Move, state: State | None, subscription_id: str) -> State:
    """The state after a move. Raises Refusal `wrong_state`."""
    rule = MOVES[move]
    if state not in rule.before:
        needed = " or ".join(sorted(one for one in rule.before if one is not None))
        raise Refusal("wrong_state", noun="subscription", name=subscription_id, state=state, needed=needed)
    return rule.after
