"""Which share of a service's calls each of its live releases gets: pure rules, whoever changes the weights."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

WHOLE = 100
"""What the weights come to that the rules here give. Others may be set by hand: only their proportions count."""

Weights = dict[str, int]
"""By the id of the release."""


class Live(NamedTuple):
    """A release that takes calls."""

    id: str
    major: int
    minor: int
    weight: int
    rolled_back: bool = False
    """Whether it was found worse than the one before."""

    @property
    def version(self) -> tuple[int, int]:
        """For comparisons."""
        return self.major, self.minor


def major_weights(live: Sequence[Live]) -> Weights:
    """Shares of the calls that pin a major version only.

    As among all calls; of a major version that gets none of those, the newest release that was not rolled back takes all.
    """
    found: Weights = {}
    for major in {one.major for one in live}:
        members = [one for one in live if one.major == major]
        if any(one.weight for one in members):
            found |= {one.id: one.weight for one in members}
        else:
            chosen = newest(members)
            found |= {one.id: int(one is chosen) for one in members}
    return found


def newest(live: Sequence[Live]) -> Live | None:
    """The newest that was not rolled back; where all were, the newest."""
    return max(live, key=lambda one: (not one.rolled_back, one.version), default=None)


def all_to(live: Sequence[Live], chosen: str) -> Weights:
    """One release gets every call."""
    return {one.id: WHOLE if one.id == chosen else 0 for one in live}


def with_canary(live: Sequence[Live], canary: str, percent: int) -> Weights:
    """One release gets `percent` of the calls, the others share the rest in the proportions that they have."""
    others = {one.id: one.weight for one in live if one.id != canary}
    if not any(others.values()):
        return all_to(live, canary)
    return {**_shared(others, WHOLE - percent), canary: percent}


def without(live: Sequence[Live], gone: str) -> Weights:
    """The weights once a release takes no more calls: the others keep theirs; where they have none, the newest gets all."""
    left = [one for one in live if one.id != gone]
    if any(one.weight for one in left):
        return {one.id: one.weight for one in left}
    chosen = newest(left)
    return {} if chosen is None else all_to(left, chosen.id)


def back(live: Sequence[Live]) -> tuple[Live, Live] | None:
    """What a rollback takes the calls from, and what it gives them to; None where there is nothing to go back to.

    From the newest release that gets calls, to the newest before it that was not rolled back itself.
    """
    current = max((one for one in live if one.weight), key=lambda one: one.version, default=None)
    if current is None:
        return None
    before = [one for one in live if one.version < current.version and not one.rolled_back]
    target = max(before, key=lambda one: one.version, default=None)
    return None if target is None else (current, target)


def _shared(weights: Mapping[str, int], whole: int) -> Weights:
    """Whole numbers in these proportions that add up to `whole`; none that had a share loses it all as long as there is enough."""
    total = sum(weights.values())
    exact = {name: weight * whole / total for name, weight in weights.items()}
    shares = {name: int(share) for name, share in exact.items()}
    by_rest = sorted(weights, key=lambda name: (shares[name] - exact[name], name))
    for name in by_rest[: whole - sum(shares.values())]:
        shares[name] += 1
    for name in sorted(name for name, weight in weights.items() if weight and not shares[name]):
        richest = max(shares, key=lambda one: (shares[one], one))
        if shares[richest] > 1:
            shares[richest] -= 1
            shares[name] = 1
    return shares
