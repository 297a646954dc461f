"""Programs of a team that call the admin API."""

import pytest

from tests.support.api import organisation
from tests.support.people import browser
from torana.control.publish.publish import Publisher
from torana.core.secret import Secret

pytestmark = pytest.mark.anyio

ACCOUNTS = "/teams/one/service-accounts"


async def test_an_account_acts_in_its_team_with_a_token_and_cannot_sign_in(publisher: Publisher) -> None:
    on = await organisation(publisher)
    made = await on.call("one.team_admin", "POST", ACCOUNTS, {"name": "Deployer", "roles": ["developer"]})
    assert (made.status_code, made.json()["roles"]) == (201, ["developer"])
    path = made.headers["location"]
    assert (await on.call("one.team_admin", "POST", ACCOUNTS, {"name": "deployer", "roles": []})).status_code == 422
    twice = await on.call("one.team_admin", "POST", ACCOUNTS, {"name": "deployer", "roles": ["viewer"]})
    assert twice.status_code == 409
    token = await on.call("one.team_admin", "POST", f"{path}/tokens", {"name": "ci"})
    assert token.status_code == 201
    on.tokens["bot"] = Secret(token.json()["value"])
    who = (await on.call("bot", "GET", "/session")).json()
    assert (who["kind"], who["permissions"], [team["name"] for team in who["teams"]]) == ("service", [], ["one"])
    assert (await on.call("bot", "GET", "/teams/two")).status_code == 404
    assert (await on.call("bot", "POST", "/me/tokens", {"name": "more"})).status_code == 403
    async with browser(on) as client:
        address = (await on.call("owner", "GET", "/users?kind=service")).json()["items"][0]["email"]
        refused = await client.post("/session", json={"email": address, "password": "x"})
        assert (refused.status_code, refused.json()["code"]) == (401, "sign_in_failed")
    etag = (await on.call("one.viewer", "GET", path)).headers["etag"]
    await on.call("one.team_admin", "PATCH", path, {"roles": ["viewer"], "state": "suspended"}, if_match=etag)
    assert (await on.call("bot", "GET", "/session")).status_code == 401
    await on.call("one.team_admin", "PATCH", path, {"state": "active"}, if_match="*")
    who = (await on.call("bot", "GET", "/session")).json()
    assert "keys:write" not in who["teams"][0]["permissions"]
    tokens = (await on.call("one.viewer", "GET", f"{path}/tokens")).json()["items"]
    assert [(one["name"], "value" in one) for one in tokens] == [("ci", False)]
    assert (await on.call("one.team_admin", "DELETE", f"{path}/tokens/{tokens[0]['id']}")).status_code == 204
    assert (await on.call("bot", "GET", "/session")).status_code == 401
    assert (await on.call("one.team_admin", "DELETE", path)).status_code == 204
    assert (await on.call("one.viewer", "GET", ACCOUNTS)).json()["items"] == []


async def test_nobody_gets_a_token_of_an_account_that_can_more_than_they(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await on.call(
        "one.team_admin",
        "POST",
        "/roles",
        {"name": "clerk", "team": "one", "permissions": ["members:read", "members:write", "teams:read"]},
    )
    clerk = f"/teams/one/members/{on.users['one.viewer']}"
    await on.call("one.team_admin", "PATCH", clerk, {"roles": ["clerk"]}, if_match="*")
    strong = await on.call("one.team_admin", "POST", ACCOUNTS, {"name": "strong", "roles": ["team_admin"]})
    path = strong.headers["location"]
    for method, where, body in (
        ("POST", f"{path}/tokens", {"name": "t"}),
        ("POST", f"{path}/tokens", {"name": "t", "scopes": ["keys:write"]}),
        ("PATCH", path, {"roles": ["clerk"]}),
        ("PATCH", path, {"state": "suspended"}),
        ("DELETE", path, None),
        ("POST", ACCOUNTS, {"name": "mine", "roles": ["team_admin"]}),
    ):
        refused = await on.call("one.viewer", method, where, body, if_match="*")
        assert (refused.status_code, refused.json()["code"]) == (403, "beyond_own"), (method, where)
    narrow = await on.call("one.viewer", "POST", f"{path}/tokens", {"name": "t", "scopes": ["members:read"]})
    on.tokens["narrow"] = Secret(narrow.json()["value"])
    who = (await on.call("narrow", "GET", "/session")).json()
    assert who["teams"][0]["permissions"] == ["members:read"]


async def test_accounts_of_another_team_are_not_found(publisher: Publisher) -> None:
    on = await organisation(publisher)
    made = await on.call("two.team_admin", "POST", "/teams/two/service-accounts", {"name": "bot", "roles": ["viewer"]})
    account = made.json()["id"]
    for method, path, body in (
        ("GET", "/teams/two/service-accounts", None),
        ("POST", "/teams/two/service-accounts", {"name": "x", "roles": ["viewer"]}),
        ("GET", f"{ACCOUNTS}/{account}", None),
        ("PATCH", f"{ACCOUNTS}/{account}", {"state": "suspended"}),
        ("DELETE", f"{ACCOUNTS}/{account}", None),
        ("GET", f"{ACCOUNTS}/{account}/tokens", None),
        ("POST", f"{ACCOUNTS}/{account}/tokens", {"name": "t"}),
        # An account of one's own team is no member, and belongs to no other.
        ("GET", f"/teams/two/members/{account}", None),
    ):
        refused = await on.call("one.team_admin", method, path, body, if_match="*")
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found"), (method, path)
    added = await on.call("one.team_admin", "POST", "/teams/one/members", {"user": account, "roles": ["viewer"]})
    assert added.status_code == 404


async def test_an_account_goes_with_its_team(publisher: Publisher) -> None:
    on = await organisation(publisher)
    made = await on.call("one.team_admin", "POST", ACCOUNTS, {"name": "bot", "roles": ["viewer"]})
    token = await on.call("one.team_admin", "POST", f"{made.headers['location']}/tokens", {"name": "t"})
    on.tokens["bot"] = Secret(token.json()["value"])
    assert (await on.call("owner", "DELETE", "/teams/one")).status_code == 204
    assert (await on.call("bot", "GET", "/session")).status_code == 401
    assert (await on.call("owner", "GET", "/users?kind=service")).json()["items"] == []
