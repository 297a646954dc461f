"""Plans through the admin API: made, chosen, changed for everybody who has them, and kept while they are used."""

from typing import Any

import pytest

from tests.support.offering import offering
from torana.control.publish.publish import Publisher
from torana.core.snapshot import Limit

pytestmark = pytest.mark.anyio

SMALL = {"name": "small", "limits": [{"requests": 5, "per": "minute"}, {"concurrency": 2}]}


async def test_a_subscriptions_plan_becomes_limits_of_that_app_for_that_service(publisher: Publisher) -> None:
    it = await offering(publisher)
    plans = f"/services/{it.service.id}/plans"
    price = {"text": "49 EUR a month", "amount": "49.00", "currency": "EUR"}
    made = await it.on.call("two.service_owner", "POST", plans, {**SMALL, "price": price, "description": "to try"})
    assert made.status_code == 201, made.text
    small = made.json()
    assert (small["price"], small["limits"]) == (price, [{"concurrency": 2}, {"requests": 5, "per": "minute"}])
    read = await it.on.call("one.viewer", "GET", made.headers["location"])
    assert (read.json(), read.headers["etag"]) == (small, made.headers["etag"])
    without = await it.ask()
    assert (without.status_code, without.json()["param"]) == (422, "plan")
    held = await it.subscribed(plan="small")
    assert held["plan"] == {"id": small["id"], "name": "small"}
    owner = "subscription of app shop to gpt"
    assert it.published().plans == {
        it.service.id: (
            Limit(f"{held['id']}:concurrency:0", "concurrency", 2, 0, owner),
            Limit(f"{held['id']}:requests:60", "requests", 5, 60, owner),
        )
    }
    change = {"limits": [{"requests": 9, "per": "day"}]}
    changed = await it.on.call("two.service_owner", "PATCH", f"{plans}/small", change, if_match=read.headers["etag"])
    assert (changed.json()["limits"], changed.json()["price"]) == (change["limits"], price)
    assert [limit.amount for limit in it.published().plans[it.service.id]] == [9]
    used = await it.on.call("two.service_owner", "DELETE", f"{plans}/small")
    assert (used.status_code, used.json()["code"]) == (409, "in_use")
    # A service goes with its plans and subscriptions.
    await it.on.call("owner", "DELETE", f"/teams/{it.on.teams['two'].id}")
    assert it.published().plans == {}


async def test_another_plan_is_given_after_an_approval(publisher: Publisher) -> None:
    it = await offering(publisher)
    plans = f"/services/{it.service.id}/plans"
    small = (await it.on.call("two.service_owner", "POST", plans, SMALL)).json()
    large = (await it.on.call("two.service_owner", "POST", plans, {"name": "large"})).json()
    held = await it.subscribed(plan="small")
    asked = (await it.act("one.developer", held["id"], "renew", {"plan": "large"})).json()
    assert (asked["plan"]["id"], asked["wanted"]["plan"]) == (small["id"], large["id"])
    await it.decide(asked["approval_id"], "approve")
    shown = (await it.on.call("one.viewer", "GET", f"/subscriptions/{held['id']}")).json()
    assert (shown["plan"]["id"], shown["wanted"]) == (large["id"], None)
    assert it.published().plans == {}
    assert (await it.on.call("two.service_owner", "DELETE", f"{plans}/{small['id']}")).status_code == 204
    left = (await it.on.call("two.viewer", "GET", plans)).json()
    assert [plan["name"] for plan in left["items"]] == ["large"]


IMPOSSIBLE: list[dict[str, Any]] = [
    {"name": "a plan"},
    {"name": ""},
    {"name": "x", "limits": [{"requests": 5}]},
    {"name": "x", "limits": [{"requests": 0, "per": "minute"}]},
    {"name": "x", "limits": [{"requests": 5, "per": "year"}]},
    {"name": "x", "limits": [{"requests": 5, "per": "day", "concurrency": 1}]},
    {"name": "x", "limits": [{"concurrency": 1}, {"concurrency": 2}]},
    {"name": "x", "limits": [{}]},
    {"name": "x", "price": {"amount": "1"}},
    {"name": "x", "price": {"text": "dear", "amount": "NaN"}},
    {"name": "x", "price": {"text": "dear", "currency": "euro"}},
    {"name": "x", "privileged": True},
]


async def test_a_plan_that_cannot_be_is_refused(publisher: Publisher) -> None:
    it = await offering(publisher)
    plans = f"/services/{it.service.id}/plans"
    for body in IMPOSSIBLE:
        assert (await it.on.call("two.service_owner", "POST", plans, body)).status_code == 422, body
    assert (await it.on.call("two.viewer", "GET", plans)).json()["items"] == []


async def test_who_sees_a_service_sees_its_plans_and_its_team_makes_them(publisher: Publisher) -> None:
    it = await offering(publisher)
    plans = f"/services/{it.service.id}/plans"
    assert (await it.on.call("one.service_owner", "POST", plans, SMALL)).status_code == 403
    assert (await it.on.call("two.developer", "POST", plans, SMALL)).status_code == 403
    made = (await it.on.call("two.service_owner", "POST", plans, SMALL)).json()
    assert (await it.on.call("two.service_owner", "POST", plans, SMALL)).json()["code"] == "already_exists"
    assert (await it.on.call("one.viewer", "GET", f"{plans}/{made['id']}")).status_code == 200
    assert (await it.on.call("two.viewer", "GET", f"{plans}/none")).status_code == 404
    await it.share("team")
    for method, path in (("GET", plans), ("GET", f"{plans}/small"), ("DELETE", f"{plans}/small")):
        assert (await it.on.call("one.service_owner", method, path)).status_code == 404
