"""Subscriptions through the admin API: asked for, decided, suspended, renewed, ended, and seen from both sides."""

from typing import Any

import pytest
from sqlalchemy import select

from tests.support.offering import Offering, offering
from torana.control.publish.publish import Publisher
from torana.core.ids import epoch_us
from torana.stores.sql.audit_tables import audit
from torana.stores.sql.engine import reading
from torana.stores.sql.lifecycle_tables import notices

pytestmark = pytest.mark.anyio
DAY_US = 86_400_000_000


async def events(it: Offering, name: str) -> list[str]:
    """What somebody was told, in order."""
    statement = select(notices.c.event).where(notices.c.user_id == it.on.users[name])
    async with reading(it.on.publisher.engine) as connection:
        return list(await connection.scalars(statement.order_by(notices.c.created_us, notices.c.id)))


async def actions(it: Offering) -> list[str]:
    async with reading(it.on.publisher.engine) as connection:
        found = await connection.scalars(select(audit.c.action).order_by(audit.c.seq))
        return [action for action in found if action.startswith("subscription.")]


async def test_another_teams_request_is_approved_by_the_service_and_told_to_both_sides(publisher: Publisher) -> None:
    it = await offering(publisher)
    asked = await it.ask(reason="for the shop")
    made = asked.json()
    assert (asked.status_code, made["state"], made["reason"]) == (201, "requested", "for the shop")
    assert asked.headers["location"] == f"/api/v1/subscriptions/{made['id']}"
    assert it.published().grants == {}
    assert it.published().states == {it.service.id: "requested"}
    assert "approval.requested" in await events(it, "two.service_owner")
    # Neither the one who asked nor anybody of their team can decide.
    for name in ("one.developer", "one.team_admin"):
        path = f"/approvals/{made['approval_id']}/decisions"
        assert (await it.on.call(name, "POST", path, {"verdict": "approve"})).status_code in (403, 404)
    await it.decide(made["approval_id"], "approve")
    for name in ("one.viewer", "two.viewer", "auditor"):
        shown = (await it.on.call(name, "GET", f"/subscriptions/{made['id']}")).json()
        assert (shown["state"], shown["approval_id"]) == ("approved", None)
        assert (shown["app"]["name"], shown["service"]["name"], shown["team"]["name"]) == ("shop", "gpt", "one")
    assert it.published().grants["gpt"] == it.service.id
    assert await events(it, "one.developer") == ["subscription.approved"]
    assert await actions(it) == ["subscription.ask", "subscription.approve"]
    again = await it.ask()
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")


async def test_a_rejected_request_gives_nothing_and_can_be_made_again(publisher: Publisher) -> None:
    it = await offering(publisher)
    made = (await it.ask()).json()
    await it.decide(made["approval_id"], "reject")
    assert it.published().states == {it.service.id: "rejected"}
    again = (await it.ask(reason="a better one")).json()
    assert (again["id"], again["state"], again["reason"]) == (made["id"], "requested", "a better one")
    await it.on.call("one.developer", "POST", f"/approvals/{again['approval_id']}/withdrawal")
    assert (await it.on.call("one.viewer", "GET", f"/subscriptions/{made['id']}")).json()["state"] == "cancelled"
    assert it.published().states == {}


async def test_a_suspended_one_gives_nothing_and_only_the_services_side_lets_it_go_on(publisher: Publisher) -> None:
    it = await offering(publisher)
    held = await it.subscribed()
    for name in ("one.team_admin", "one.developer", "two.viewer"):
        assert (await it.act(name, held["id"], "suspend")).status_code == 403
    suspended = await it.act("two.service_owner", held["id"], "suspend", {"reason": "too many errors"})
    assert (suspended.status_code, suspended.json()["state"]) == (200, "suspended")
    assert (it.published().grants, it.published().states) == ({}, {it.service.id: "suspended"})
    # Its own side can neither resume it, nor cancel it and ask for it anew, nor have it renewed.
    for verb, status in (("resume", 403), ("cancel", 403), ("renew", 409)):
        assert (await it.act("one.team_admin", held["id"], verb)).status_code == status, verb
    assert (await it.ask()).json()["code"] == "wrong_state"
    assert (await it.act("two.service_owner", held["id"], "suspend")).json()["code"] == "wrong_state"
    assert (await it.act("two.service_owner", held["id"], "resume")).json()["state"] == "approved"
    assert it.published().grants["gpt"] == it.service.id
    assert (await it.act("one.developer", held["id"], "cancel")).json()["state"] == "cancelled"
    assert it.published().grants == {}
    told = await events(it, "one.team_admin")
    assert [event for event in told if event != "subscription.approved"] == [
        "subscription.suspended",
        "subscription.resumed",
        "subscription.cancelled",
    ]


async def test_what_concerns_neither_of_ones_teams_does_not_exist(publisher: Publisher) -> None:
    it = await offering(publisher)
    own = (await it.ask("two.developer", it.own_app)).json()
    # Its own team's app comes in at once where there is no policy.
    assert own["state"] == "approved"
    for verb, name in (("suspend", "one.team_admin"), ("cancel", "one.developer"), ("confirm", "one.viewer")):
        assert (await it.act(name, own["id"], verb)).status_code == 404
    assert (await it.on.call("one.team_admin", "GET", f"/subscriptions/{own['id']}")).status_code == 404
    assert (await it.on.call("one.viewer", "GET", "/subscriptions")).json()["items"] == []
    # Nor can one subscribe another team's app, whose id one may know.
    asked = await it.ask("one.developer", it.own_app)
    assert (asked.status_code, asked.json()["code"]) == (404, "not_found")
    assert (await it.ask("one.viewer")).status_code == 403


@pytest.mark.parametrize(
    ("mode", "state"), [("automatic", "approved"), ("owner", "requested"), ("staged", "requested")]
)
async def test_the_services_policy_says_who_approves(publisher: Publisher, mode: str, state: str) -> None:
    it = await offering(publisher)
    stages: list[Any] = [{"permission": "subscriptions:approve"}, {"permission": "services:publish"}]
    await it.set_policy(mode=mode, stages=stages if mode == "staged" else [])
    asked = (await it.ask()).json()
    assert asked["state"] == state
    assert (await it.ask("two.developer", it.own_app)).json()["state"] == state
    if mode != "staged":
        return
    await it.decide(asked["approval_id"], "approve", "two.service_owner")
    assert (await it.on.call("one.viewer", "GET", f"/subscriptions/{asked['id']}")).json()["state"] == "requested"
    await it.decide(asked["approval_id"], "approve", "two.team_admin")
    assert (await it.on.call("one.viewer", "GET", f"/subscriptions/{asked['id']}")).json()["state"] == "approved"


async def test_a_renewal_waits_for_its_approval_while_the_subscription_goes_on(publisher: Publisher) -> None:
    it = await offering(publisher)
    end_us, later_us = epoch_us() + DAY_US, epoch_us() + 30 * DAY_US
    held = await it.subscribed(expires_us=end_us)
    assert it.published().ends == {it.service.id: (end_us, "expired")}
    asked = (await it.act("one.developer", held["id"], "renew", {"expires_us": later_us})).json()
    assert (asked["state"], asked["expires_us"]) == ("approved", end_us)
    assert asked["wanted"] == {"plan": None, "expires_us": later_us}
    assert it.published().ends == {it.service.id: (end_us, "expired")}
    await it.decide(asked["approval_id"], "reject")
    shown = (await it.on.call("one.viewer", "GET", f"/subscriptions/{held['id']}")).json()
    assert (shown["state"], shown["wanted"], shown["expires_us"]) == ("approved", None, end_us)
    asked = (await it.act("one.developer", held["id"], "renew", {"expires_us": None})).json()
    await it.decide(asked["approval_id"], "approve")
    assert it.published().ends == {}
    # To give less, nobody has to be asked.
    sooner = (await it.act("one.developer", held["id"], "renew", {"expires_us": end_us})).json()
    assert (sooner["expires_us"], sooner["approval_id"]) == (end_us, None)
    past = await it.act("one.developer", held["id"], "renew", {"expires_us": 1})
    assert (past.status_code, past.json()["param"]) == (422, "expires_us")


async def test_lists_are_filtered_and_come_in_pages_from_both_sides(publisher: Publisher) -> None:
    it = await offering(publisher)
    held = await it.subscribed()
    await it.act("two.service_owner", held["id"], "suspend")
    own = (await it.ask("two.developer", it.own_app)).json()
    one, two = it.on.teams["one"].id, it.on.teams["two"].id

    async def ids(name: str, query: str = "") -> list[str]:
        found = await it.on.call(name, "GET", f"/subscriptions?{query}")
        assert found.status_code == 200, found.text
        return [item["id"] for item in found.json()["items"]]

    both = [own["id"], held["id"]]
    for name in ("two.viewer", "auditor", "owner"):
        assert await ids(name) == both
        assert await ids(name, "sort=created_us") == both[::-1]
        assert await ids(name, "service=gpt") == both
        assert await ids(name, f"service={it.service.id}&state=suspended") == [held["id"]]
        assert await ids(name, "team=one") == await ids(name, f"team={one}") == [held["id"]]
        assert await ids(name, f"app={it.own_app.id}") == [own["id"]]
        assert await ids(name, f"team={two}&service=gpt") == [own["id"]]
        assert await ids(name, "state=expired") == []
    for query in ("", "service=gpt", "team=one", f"app={it.app.id}", "state=suspended", "team=one&service=gpt"):
        assert await ids("one.viewer", query) == [held["id"]], query
    for query in ("team=two", f"app={it.own_app.id}", "state=approved", "service=other", "team=nothing"):
        assert await ids("one.viewer", query) == [], query
    first = (await it.on.call("two.viewer", "GET", "/subscriptions?limit=1")).json()
    then = await it.on.call("two.viewer", "GET", f"/subscriptions?limit=1&cursor={first['next']}")
    assert [item["id"] for item in (*first["items"], *then.json()["items"])] == both
    assert then.json()["next"] is None
    for query in ("sort=state", "cursor=AAAA", "state=other", f"cursor={first['next']}&sort=created_us"):
        assert (await it.on.call("owner", "GET", f"/subscriptions?{query}")).status_code == 422


async def test_an_old_etag_stops_what_would_be_done_to_something_else(publisher: Publisher) -> None:
    it = await offering(publisher)
    held = await it.subscribed()
    etag = (await it.on.call("one.viewer", "GET", f"/subscriptions/{held['id']}")).headers["etag"]
    path = f"/subscriptions/{held['id']}/suspend"
    assert (await it.on.call("two.service_owner", "POST", path, if_match=etag)).status_code == 200
    again = await it.on.call("two.service_owner", "POST", f"/subscriptions/{held['id']}/resume", if_match=etag)
    assert again.status_code == 412


async def test_apps_and_services_can_be_named_and_what_is_not_seen_is_not_found(publisher: Publisher) -> None:
    it = await offering(publisher)
    named = await it.on.call("one.developer", "POST", "/subscriptions", {"app": "one/shop", "service": "gpt"})
    assert (named.status_code, named.json()["app"]["id"]) == (201, it.app.id)
    for body in (
        {"app": "two/tool", "service": "gpt"},
        {"app": "one/none", "service": "gpt"},
        {"app": "none/none", "service": "gpt"},
        {"app": it.app.id, "service": "none"},
        {"app": it.app.id, "service": "gpt", "plan": "none"},
    ):
        refused = await it.on.call("one.developer", "POST", "/subscriptions", body)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found"), body
