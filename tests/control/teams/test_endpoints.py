"""Teams through the admin API."""

import pytest

from tests.support.api import organisation
from torana.control.publish.publish import Publisher

pytestmark = pytest.mark.anyio


async def test_a_team_is_made_read_renamed_and_deleted(publisher: Publisher) -> None:
    on = await organisation(publisher)
    made = await on.call("owner", "POST", "/teams", {"name": "payments"})
    assert (made.status_code, made.headers["location"]) == (201, f"/api/v1/teams/{made.json()['id']}")
    path = made.headers["location"]
    read = await on.call("owner", "GET", "/teams/payments")
    assert (read.json(), read.headers["etag"]) == (made.json(), made.headers["etag"])
    renamed = await on.call("admin", "PATCH", path, {"name": "billing"}, if_match=read.headers["etag"])
    assert renamed.json() == {**made.json(), "name": "billing"}
    assert (await on.call("owner", "DELETE", path)).status_code == 204
    assert (await on.call("owner", "GET", path)).json()["code"] == "not_found"


async def test_a_member_sees_their_own_team_and_no_other(publisher: Publisher) -> None:
    on = await organisation(publisher)
    listed = (await on.call("one.viewer", "GET", "/teams")).json()
    assert [team["name"] for team in listed["items"]] == ["one"]
    for reference in ("two", on.teams["two"].id):
        assert (await on.call("one.team_admin", "GET", f"/teams/{reference}")).status_code == 404
        refused = await on.call("one.team_admin", "PATCH", f"/teams/{reference}", {"name": "mine"}, if_match="*")
        assert refused.status_code == 404
    assert (await on.call("one.viewer", "PATCH", "/teams/one", {"name": "x"}, if_match="*")).status_code == 403
    assert (await on.call("one.team_admin", "PATCH", "/teams/one", {"name": "uno"}, if_match="*")).status_code == 200
    assert (await on.call("auditor", "GET", "/teams/two")).status_code == 200
    assert (await on.call("auditor", "PATCH", "/teams/two", {"name": "x"}, if_match="*")).status_code == 403


async def test_teams_come_in_pages_in_either_order(publisher: Publisher) -> None:
    on = await organisation(publisher)
    for name in ("c", "a", "b"):
        await on.call("owner", "POST", "/teams", {"name": name})
    for sort, names in (("name", ["a", "b", "c", "one", "two"]), ("-name", ["two", "one", "c", "b", "a"])):
        found, cursor = [], ""
        while True:
            page = (await on.call("owner", "GET", f"/teams?limit=2&sort={sort}{cursor}")).json()
            found += [team["name"] for team in page["items"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert found == names


@pytest.mark.parametrize("query", ["sort=id", "cursor=AAAA", "cursor=%20", "limit=0", "limit=100000", "sort=--name"])
async def test_a_page_that_cannot_be_is_refused(publisher: Publisher, query: str) -> None:
    on = await organisation(publisher)
    refused = await on.call("owner", "GET", f"/teams?{query}")
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_field")
