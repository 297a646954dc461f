"""Who sees a service, in every place where services are listed or found, and who approves its subscriptions."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.offering import Offering, offering
from torana.control.publish.publish import Publisher
from torana.control.services import service as services
from torana.control.services.repository import Service
from torana.control.subscriptions.service import may_subscribe
from torana.core.errors import Refusal
from torana.stores.snapshots import file
from torana.stores.sql.engine import reading

pytestmark = pytest.mark.anyio


async def sees(it: Offering) -> set[str]:
    """In which places team one finds the service."""
    on, places = it.on, set()
    listed = (await on.call("one.viewer", "GET", "/catalogue")).json()["items"]
    places |= {"catalogue"} if [one["id"] for one in listed] == [it.service.id] else set()
    for place, path in (
        ("one", f"/catalogue/{it.service.id}"),
        ("named", "/catalogue/gpt"),
        ("plans", f"/services/{it.service.id}/plans"),
    ):
        places |= {place} if (await on.call("one.viewer", "GET", path)).status_code == 200 else set()
    asked = await it.ask()
    places |= {"asked"} if asked.status_code == 201 else set()
    if asked.status_code == 201:
        await it.act("one.developer", asked.json()["id"], "cancel")
    async with reading(on.publisher.engine) as connection:
        try:
            await services.get_for(connection, on.teams["one"].id, "gpt")
            places.add("found")
        except Refusal:
            pass
    with file.open_current(on.publisher._folder) as snapshot:
        (offered,) = snapshot.offered("gpt")
    places |= {"gate"} if offered.teams is None or on.teams["one"].id in offered.teams else set()
    return places


EVERYWHERE = {"catalogue", "one", "named", "plans", "asked", "found", "gate"}


async def test_every_place_agrees_on_who_sees_a_service(publisher: Publisher) -> None:
    it = await offering(publisher)
    for visibility, teams, seen in (
        ("organisation", [], EVERYWHERE),
        ("team", [], set()),
        ("teams", ["one"], EVERYWHERE),
        ("teams", [], set()),
        ("public", [], EVERYWHERE),
    ):
        await it.share(visibility, *teams)
        assert await sees(it) == seen, visibility


async def test_whoever_sees_it_no_more_loses_what_they_had(publisher: Publisher) -> None:
    it = await offering(publisher)
    held = await it.subscribed()
    own = (await it.ask("two.developer", it.own_app)).json()
    await it.share("teams", it.on.teams["one"].id)
    assert it.published().grants["gpt"] == it.service.id
    await it.share("team")
    assert (it.published().grants, it.published().states) == ({}, {})
    states = {
        id_: (await it.on.call("owner", "GET", f"/subscriptions/{id_}")).json()["state"]
        for id_ in (held["id"], own["id"])
    }
    assert states == {held["id"]: "cancelled", own["id"]: "approved"}
    # Shared again, nothing comes back by itself.
    await it.share("organisation")
    assert it.published().grants == {}


async def test_a_request_that_is_approved_after_the_service_was_taken_back_gives_nothing(publisher: Publisher) -> None:
    it = await offering(publisher)
    asked = (await it.ask()).json()
    await it.share("team")
    path = f"/approvals/{asked['approval_id']}"
    assert (await it.on.call("two.service_owner", "GET", path)).json()["state"] == "withdrawn"
    assert it.published().grants == {}


IMPOSSIBLE: list[tuple[dict[str, Any], int]] = [
    ({"visibility": "everybody"}, 422),
    ({"visibility": "organisation", "teams": ["one"]}, 422),
    ({"visibility": "teams", "teams": ["nobody"]}, 404),
    ({"visibility": "teams", "teams": ["x" * 200]}, 422),
    ({"visibility": "teams", "extra": 1}, 422),
    ({}, 422),
]


async def test_what_cannot_be_shared_is_refused(publisher: Publisher) -> None:
    it = await offering(publisher)
    path = f"/services/{it.service.id}/sharing"
    for body, status in IMPOSSIBLE:
        refused = await it.on.call("two.service_owner", "PUT", path, body, if_match="*")
        assert refused.status_code == status, body
    assert (await it.on.call("two.viewer", "GET", path)).json() == {"visibility": "organisation", "teams": []}


async def test_only_the_services_team_changes_and_sees_how_it_is_shared(publisher: Publisher) -> None:
    it = await offering(publisher)
    for path, body, owner in (
        ("sharing", {"visibility": "public"}, "two.service_owner"),
        ("subscription-policy", {"mode": "automatic"}, "two.team_admin"),
    ):
        full = f"/services/{it.service.id}/{path}"
        for name, status in (("two.developer", 403), ("one.team_admin", 403), (owner, 428)):
            assert (await it.on.call(name, "PUT", full, body)).status_code == status, (name, path)
    # Who approves is the team's to say, not that of whoever designs the service.
    path = f"/services/{it.service.id}/subscription-policy"
    mine = await it.on.call("two.service_owner", "PUT", path, {"mode": "automatic"}, if_match="*")
    assert mine.status_code == 403
    assert (await it.on.call("one.viewer", "GET", f"/services/{it.service.id}/sharing")).status_code == 404
    await it.share("team")
    hidden = await it.on.call("one.team_admin", "PUT", path, {"mode": "automatic"}, if_match="*")
    assert hidden.status_code == 404


NO_POLICIES: list[dict[str, Any]] = [
    {"mode": "staged"},
    {"mode": "owner", "stages": [{"permission": "subscriptions:approve"}]},
    {"mode": "staged", "stages": [{"permission": "nothing:here"}]},
    {"mode": "staged", "stages": [{"permission": "subscriptions:approve", "count": 0}]},
    {"mode": "default", "review_days": 3},
    {"mode": "automatic", "review_days": 0},
]


async def test_a_policy_that_cannot_be_is_refused(publisher: Publisher) -> None:
    it = await offering(publisher)
    path = f"/services/{it.service.id}/subscription-policy"
    for body in NO_POLICIES:
        refused = await it.on.call("two.team_admin", "PUT", path, body, if_match="*")
        assert refused.status_code == 422, body
    assert (await it.on.call("two.viewer", "GET", path)).json()["mode"] == "default"


@given(
    st.sampled_from(["team", "teams", "organisation", "public"]),
    st.sampled_from([None, "a", "b"]),
    st.sets(st.sampled_from(["a", "b", "c"])),
    st.sampled_from(["a", "b", "c"]),
)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_team_sees_its_own_what_is_for_all_and_what_is_shared_with_it(
    visibility: str, owner: str | None, shared: set[str], team: str
) -> None:
    service = Service("s", owner, "s", "model", visibility, "active", False, 1)
    expected = owner == team or visibility in ("organisation", "public") or (visibility == "teams" and team in shared)
    assert may_subscribe(team, service, shared) == expected
