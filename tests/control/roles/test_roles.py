"""Custom roles, made of the published permissions."""

import pytest

from tests.support.api import Organisation, organisation
from torana.control.access.permissions import PERMISSIONS
from torana.control.publish.publish import Publisher

pytestmark = pytest.mark.anyio

KEEPER = {"name": "keeper", "team": "one", "permissions": ["keys:read", "keys:write", "roles:read"]}


async def _member(on: Organisation, name: str, role: str, team: str = "one") -> None:
    path = f"/teams/{team}/members/{on.users[name]}"
    assert (await on.call("owner", "PATCH", path, {"roles": [role]}, if_match="*")).status_code == 200


async def test_a_role_is_made_given_changed_at_once_for_all_and_deleted(publisher: Publisher) -> None:
    on = await organisation(publisher)
    made = await on.call("one.team_admin", "POST", "/roles", KEEPER)
    assert (made.status_code, made.json()["given"], made.json()["permissions"]) == (
        201,
        "in_team",
        sorted(KEEPER["permissions"]),
    )
    path = made.headers["location"]
    await _member(on, "one.viewer", "keeper")
    who = (await on.call("one.viewer", "GET", "/session")).json()
    assert who["teams"][0]["permissions"] == sorted(KEEPER["permissions"])
    etag = (await on.call("one.developer", "GET", path)).headers["etag"]
    changed = await on.call("one.team_admin", "PATCH", path, {"permissions": ["keys:read"]}, if_match=etag)
    assert changed.json()["permissions"] == ["keys:read"]
    who = (await on.call("one.viewer", "GET", "/session")).json()
    assert who["teams"][0]["permissions"] == ["keys:read"]
    used = await on.call("one.team_admin", "DELETE", path)
    assert (used.status_code, used.json()["code"]) == (409, "in_use")
    await _member(on, "one.viewer", "viewer")
    assert (await on.call("one.team_admin", "DELETE", path)).status_code == 204
    assert (await on.call("one.team_admin", "GET", path)).status_code == 404


async def test_a_role_has_no_permission_that_its_maker_lacks(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await on.call(
        "one.team_admin",
        "POST",
        "/roles",
        {"name": "maker", "team": "one", "permissions": ["roles:read", "roles:write", "teams:read"]},
    )
    await _member(on, "one.viewer", "maker")
    for name, body, code in (
        ("one.viewer", {"name": "x", "team": "one", "permissions": ["keys:write"]}, "beyond_own"),
        ("one.team_admin", {"name": "x", "team": "one", "permissions": ["users:write"]}, "invalid_field"),
        ("owner", {"name": "x", "team": "one", "permissions": ["declaration:write"]}, "invalid_field"),
        ("one.team_admin", {"name": "x", "permissions": ["keys:read"]}, "not_allowed"),
        ("one.team_admin", {"name": "x", "team": "two", "permissions": ["keys:read"]}, "not_found"),
        ("admin", {"name": "x", "permissions": ["owners:write"]}, "beyond_own"),
        ("owner", {"name": "x", "permissions": ["keys:read", "keys:steal"]}, "invalid_field"),
        ("owner", {"name": "team_admin", "permissions": ["keys:read"]}, "already_exists"),
        ("one.team_admin", {"name": "owner", "team": "one", "permissions": ["keys:read"]}, "already_exists"),
    ):
        refused = await on.call(name, "POST", "/roles", body)
        assert refused.json().get("code") == code, (name, body, refused.text)
    mine = (await on.call("one.viewer", "GET", "/roles?name=maker")).json()["items"][0]["id"]
    for permissions in (["keys:write"], ["roles:read", "roles:write", "teams:read", "members:write"]):
        refused = await on.call("one.viewer", "PATCH", f"/roles/{mine}", {"permissions": permissions}, if_match="*")
        assert refused.json()["code"] == "beyond_own"
    keeper = (await on.call("one.team_admin", "POST", "/roles", KEEPER)).json()["id"]
    for method in ("PATCH", "DELETE"):
        refused = await on.call("one.viewer", method, f"/roles/{keeper}", {"permissions": []}, if_match="*")
        assert refused.json()["code"] == "beyond_own"


async def test_a_name_means_one_role_and_other_teams_do_not_see_it(publisher: Publisher) -> None:
    on = await organisation(publisher)
    mine = (await on.call("one.team_admin", "POST", "/roles", KEEPER)).json()["id"]
    assert (await on.call("one.team_admin", "POST", "/roles", KEEPER)).status_code == 409
    assert (await on.call("two.team_admin", "POST", "/roles", {**KEEPER, "team": "two"})).status_code == 201
    # The platform's would mean something else to who has the team's.
    assert (await on.call("owner", "POST", "/roles", {**KEEPER, "team": None})).status_code == 409
    for method, body in (("GET", None), ("PATCH", {"description": "x"}), ("DELETE", None)):
        assert (await on.call("two.team_admin", method, f"/roles/{mine}", body, if_match="*")).status_code == 404
    wide = await on.call("owner", "POST", "/roles", {"name": "wide", "permissions": ["keys:read", "users:read"]})
    assert wide.json()["given"] == "anywhere"
    assert (await on.call("one.team_admin", "POST", "/roles", {**KEEPER, "name": "wide"})).status_code == 409
    listed = (await on.call("one.viewer", "GET", "/roles")).json()["items"]
    assert [(role["name"], role["team_id"]) for role in listed] == [("keeper", on.teams["one"].id), ("wide", None)]
    assert (await on.call("one.team_admin", "DELETE", wide.headers["location"])).status_code == 403


async def test_a_role_of_the_platform_counts_in_teams_without_what_is_the_platforms(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await on.call("owner", "POST", "/roles", {"name": "wide", "permissions": ["keys:read", "users:read"]})
    await _member(on, "one.viewer", "wide")
    who = (await on.call("one.viewer", "GET", "/session")).json()
    assert (who["permissions"], who["teams"][0]["permissions"]) == ([], ["keys:read"])
    assert (await on.call("one.viewer", "GET", "/users")).status_code == 403
    await on.call("owner", "PATCH", f"/users/{on.users['member']}", {"platform_role": "wide"}, if_match="*")
    assert (await on.call("member", "GET", "/users")).status_code == 200


async def test_permissions_and_built_in_roles_are_published(publisher: Publisher) -> None:
    on = await organisation(publisher)
    listed = (await on.call("member", "GET", "/permissions")).json()["items"]
    assert {one["name"]: one["meaning"] for one in listed} == PERMISSIONS
    built_in = (await on.call("one.viewer", "GET", "/roles?built_in=true")).json()["items"]
    assert {"owner", "auditor", "team_admin", "viewer"} <= {role["name"] for role in built_in}
    owner = (await on.call("one.viewer", "GET", "/roles/owner")).json()
    assert (owner["given"], set(owner["permissions"])) == ("on_platform", set(PERMISSIONS))
