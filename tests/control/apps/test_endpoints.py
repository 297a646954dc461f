"""Apps through the admin API."""

import pytest

from tests.support.api import organisation
from torana.control.publish.publish import Publisher

pytestmark = pytest.mark.anyio


async def test_an_app_is_made_read_changed_and_deleted_with_its_keys(publisher: Publisher) -> None:
    on = await organisation(publisher)
    made = await on.call("one.developer", "POST", "/apps", {"team": "one", "name": "checkout"})
    assert (made.status_code, made.headers["location"]) == (201, f"/api/v1/apps/{made.json()['id']}")
    path = made.headers["location"]
    etag = made.headers["etag"]
    for reference in ("checkout", "one/checkout", made.json()["id"]):
        read = await on.call("one.viewer", "GET", f"/apps/{reference}")
        assert (read.json(), read.headers["etag"]) == (made.json(), etag)
    assert (await on.call("one.developer", "PATCH", path, {"name": "x"})).status_code == 428
    changes = {"name": "till", "keep_bodies": True}
    changed = await on.call("one.developer", "PATCH", path, changes, if_match=etag)
    assert changed.json() == {**made.json(), **changes}
    assert (await on.call("owner", "GET", path)).json() == changed.json()
    stale = await on.call("one.developer", "PATCH", path, {"name": "x"}, if_match=etag)
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    nothing = await on.call("one.developer", "PATCH", path, {"name": None}, if_match="*")
    assert (nothing.status_code, nothing.json()["code"]) == (422, "invalid_field")
    assert (await on.call("one.developer", "POST", "/keys", {"app": "till"})).status_code == 201
    assert (await on.call("one.developer", "DELETE", path)).status_code == 204
    assert (await on.call("owner", "GET", path)).json()["code"] == "not_found"
    assert (await on.call("owner", "GET", "/keys")).json()["items"] == []


async def test_a_name_is_a_teams_own_and_another_teams_app_does_not_exist(publisher: Publisher) -> None:
    on = await organisation(publisher)
    paths = {}
    for team in ("one", "two"):
        made = await on.call("owner", "POST", "/apps", {"team": on.teams[team].id, "name": "same"})
        paths[team] = made.headers["location"]
    other = await on.call("owner", "POST", "/apps", {"team": "one", "name": "other"})
    again = await on.call("owner", "POST", "/apps", {"team": "one", "name": "same"})
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    renamed = await on.call("owner", "PATCH", other.headers["location"], {"name": "same"}, if_match="*")
    assert renamed.json()["code"] == "already_exists"
    assert (await on.call("owner", "GET", "/apps/same")).json()["param"] == "team"
    assert (await on.call("one.viewer", "GET", "/apps/same")).json()["team"] == "one"
    for method, body in (("GET", None), ("PATCH", {"name": "mine"}), ("DELETE", None)):
        for reference in (paths["two"], "/apps/two/same"):
            refused = await on.call("one.team_admin", method, reference, body, if_match="*")
            assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert (await on.call("one.team_admin", "POST", "/apps", {"team": "two", "name": "x"})).status_code == 404
    assert (await on.call("one.viewer", "DELETE", paths["one"])).status_code == 403
    assert (await on.call("auditor", "DELETE", paths["one"])).status_code == 403


async def test_apps_are_listed_by_team_and_name_in_pages(publisher: Publisher) -> None:
    on = await organisation(publisher)
    for team, name in (("one", "b"), ("one", "a"), ("two", "a")):
        await on.call("owner", "POST", "/apps", {"team": team, "name": name})

    async def listed(who: str, query: str = "") -> list[str]:
        reply = await on.call(who, "GET", f"/apps?{query}")
        return [f"{app['team']}/{app['name']}" for app in reply.json()["items"]]

    assert sorted(await listed("owner")) == ["one/a", "one/b", "two/a"]
    assert await listed("one.viewer") == ["one/a", "one/b"]
    assert await listed("one.viewer", "team=two") == []
    assert await listed("owner", "team=two") == ["two/a"]
    assert await listed("owner", f"team={on.teams['one'].id}&sort=-name") == ["one/b", "one/a"]
    assert await listed("owner", "name=b") == ["one/b"]
    first = (await on.call("owner", "GET", "/apps?limit=2&sort=created_us")).json()
    rest = (await on.call("owner", "GET", f"/apps?limit=2&sort=created_us&cursor={first['next']}")).json()
    assert [app["name"] for app in first["items"] + rest["items"]] == ["b", "a", "a"]
    assert rest["next"] is None
