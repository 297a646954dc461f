"""Weights, differences, versions and verdicts on canaries: laws of what is worked out without a database."""

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from torana.control.releases import traffic
from torana.control.releases.canary import NONE, Canary, Figures, percentile_us, worse
from torana.control.releases.design import Design, DesignedDeployment, plain, read, written
from torana.control.releases.difference import Version, breaks, difference, next_version
from torana.control.releases.traffic import Live
from torana.core.errors import Refusal
from torana.stores.sql.call_tables import LATENCY_BOUNDS_US

lives = st.lists(
    st.builds(Live, st.just(""), st.integers(1, 3), st.integers(0, 3), st.integers(0, 100), st.booleans()),
    min_size=1,
    max_size=6,
    unique_by=lambda one: one.version,
).map(lambda found: [one._replace(id=f"r{number}") for number, one in enumerate(found)])


@given(lives, st.integers(1, 99))
def test_a_canary_gets_its_part_and_the_others_share_the_rest(live: list[Live], percent: int) -> None:
    canary = live[0].id
    weights = traffic.with_canary(live, canary, percent)
    assert set(weights) == {one.id for one in live}
    assert sum(weights.values()) == traffic.WHOLE
    if any(one.weight for one in live[1:]):
        assert weights[canary] == percent
        for one in live[1:]:
            assert (weights[one.id] > 0) == (one.weight > 0) or traffic.WHOLE - percent < len(live)
    else:
        assert weights[canary] == traffic.WHOLE


@given(lives)
def test_there_is_always_somebody_to_take_the_calls(live: list[Live]) -> None:
    left = traffic.without(live, live[0].id)
    assert set(left) == {one.id for one in live[1:]}
    assert not left or sum(left.values()) > 0
    shares = traffic.major_weights(live)
    for major in {one.major for one in live}:
        members = [one for one in live if one.major == major]
        assert sum(shares[one.id] for one in members) > 0
        if any(one.weight for one in members):
            assert all(shares[one.id] == one.weight for one in members)
        else:
            (chosen,) = [one for one in members if shares[one.id]]
            assert chosen is traffic.newest(members)


@given(lives)
def test_a_rollback_goes_to_an_older_release_that_was_not_rolled_back(live: list[Live]) -> None:
    found = traffic.back(live)
    if found is None:
        return
    current, target = found
    assert current.weight > 0
    assert target.version < current.version
    assert not target.rolled_back
    assert not any(target.version < one.version < current.version and not one.rolled_back for one in live)


counts = st.lists(st.integers(0, 300), min_size=len(LATENCY_BOUNDS_US) + 1, max_size=len(LATENCY_BOUNDS_US) + 1).map(
    tuple
)
figures = st.builds(
    lambda latency, part: Figures(sum(latency), int(sum(latency) * part), latency), counts, st.floats(0, 1)
)


@given(figures, st.integers(1, 500), st.floats(0, 1), st.floats(0, 5))
def test_a_canary_that_does_as_before_stays(same: Figures, least: int, errors: float, slower: float) -> None:
    assert worse(Canary(more_errors=errors, slower=slower, min_calls=least), same, same) is None


@given(figures, figures)
def test_no_verdict_comes_on_too_few_calls(new: Figures, old: Figures) -> None:
    assert worse(Canary(more_errors=0, slower=0, min_calls=new.calls + 1), new, old) is None


@given(figures, figures, st.integers(1, 1000))
def test_more_failures_never_make_it_better(new: Figures, old: Figures, more: int) -> None:
    canary = Canary(min_calls=1)
    failed = min(new.calls, new.failed + more)
    if worse(canary, new, old) is not None:
        assert worse(canary, new._replace(failed=failed), old) is not None


@given(counts)
def test_the_percentile_lies_in_its_bucket(latency: tuple[int, ...]) -> None:
    found = percentile_us(latency)
    if not sum(latency):
        assert found is None
        return
    assert found is not None
    below = sum(count for count, bound in zip(latency, LATENCY_BOUNDS_US, strict=False) if bound < found)
    assert below <= sum(latency) * 0.95


def test_a_canary_is_worse_by_its_margins_and_says_why() -> None:
    quick, slow = [0] * len(NONE.latency), [0] * len(NONE.latency)
    quick[3], slow[9] = 1000, 1000
    good, late = Figures(1000, 5, tuple(quick)), Figures(1000, 5, tuple(slow))
    failing = Figures(1000, 60, tuple(quick))
    assert worse(Canary(), failing, good) == "6.0% of 1000 calls failed, against 0.5% of 1000"
    assert "95%" in (worse(Canary(), late, good) or "")
    assert worse(Canary(more_errors=0.1), failing, good) is None
    assert worse(Canary(), failing, NONE) is not None
    assert worse(Canary(), late, NONE) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-2, 2) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("/~ab", max_size=3), inner, max_size=3),
    max_leaves=8,
)
contracts: st.SearchStrategy[Any] = st.none() | st.fixed_dictionaries(
    {"input": st.none() | st.just({}), "output": st.none() | st.just({})}
)
designs = st.builds(
    lambda places, custom, contract, flags, description: Design(
        kind="model" if custom is None else "custom",
        deployments=tuple(
            DesignedDeployment(id=f"d{provider}", provider_id=provider, model=model, weight=weight)
            for (provider, model), weight in places.items()
        ),
        custom=msgspec.Raw(msgspec.json.encode(custom)),
        contract=msgspec.Raw(msgspec.json.encode(contract)),
        drop_unsupported=flags[0],
        try_unsupported=flags[1],
        description=description,
    ),
    st.dictionaries(st.tuples(st.sampled_from("pq"), st.sampled_from(["m", "a/b"])), st.integers(0, 3), max_size=3),
    st.none() | st.dictionaries(st.text("ab/~", max_size=2), json_values, max_size=3),
    contracts,
    st.tuples(st.booleans(), st.booleans()),
    st.none() | st.text(max_size=5),
)


@given(designs)
def test_a_design_is_read_as_it_was_written(design: Design) -> None:
    assert plain(read(written(design))) == plain(design)
    assert difference(design, read(written(design))) == []


@given(designs, designs)
def test_the_difference_leads_from_one_design_to_the_other(before: Design, after: Design) -> None:
    found = difference(before, after)
    text = msgspec.json.encode(plain(after), order="deterministic")
    assert (found == []) == (msgspec.json.encode(plain(before), order="deterministic") == text)
    changed: Any = copy.deepcopy(plain(before))
    for one in found:
        *way, last = [part.replace("~1", "/").replace("~0", "~") for part in one.field[1:].split("/")]
        place = changed
        for part in way:
            place = place[part]
        if one.after is msgspec.UNSET:
            assert place.pop(last) == one.before
        else:
            assert (last in place) == (one.before is not msgspec.UNSET)
            place[last] = one.after
    assert msgspec.json.encode(changed, order="deterministic") == text


@given(designs, designs)
def test_other_deployments_break_nobody(before: Design, after: Design) -> None:
    assert breaks(before, msgspec.structs.replace(after, contract=before.contract)) == []


@given(st.integers(1, 50), st.integers(0, 50), st.booleans(), st.sampled_from([None, "minor", "major"]))
def test_versions_rise_and_a_breaking_one_is_major(major: int, minor: int, breaking: bool, asked: Any) -> None:
    last, reasons = Version(major, minor), ["it breaks"] if breaking else []
    if breaking and asked == "minor":
        with pytest.raises(Refusal):
            next_version(last, reasons, asked)
        return
    version = next_version(last, reasons, asked)
    assert version > last
    assert (version.major > major) == (breaking or asked == "major")
    assert next_version(None, reasons, asked) == Version(1, 0)
