"""Who is in a team, and who may say so."""

import pytest
from sqlalchemy import insert

from tests.support.api import organisation
from tests.support.people import audited
from torana.control.publish.publish import Publisher
from torana.core.ids import epoch_us, new_id
from torana.stores.sql.engine import writing
from torana.stores.sql.people_tables import memberships

pytestmark = pytest.mark.anyio


async def test_somebody_is_taken_in_gets_another_role_and_leaves(publisher: Publisher) -> None:
    on = await organisation(publisher)
    added = await on.call(
        "one.team_admin", "POST", "/teams/one/members", {"user": "Member@example.org", "roles": ["viewer"]}
    )
    assert (added.status_code, [one["role"] for one in added.json()["roles"]]) == (201, ["viewer"])
    path = added.headers["location"]
    assert (await on.call("member", "GET", "/teams/one")).status_code == 200
    again = await on.call(
        "one.team_admin", "POST", "/teams/one/members", {"user": on.users["member"], "roles": ["viewer"]}
    )
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    read = await on.call("one.viewer", "GET", path)
    changed = await on.call(
        "one.team_admin", "PATCH", path, {"roles": ["developer", "service_owner"]}, if_match=read.headers["etag"]
    )
    assert sorted(one["role"] for one in changed.json()["roles"]) == ["developer", "service_owner"]
    listed = (await on.call("member", "GET", "/teams/one/members?limit=3")).json()
    assert [member["email"] for member in listed["items"]] == [
        "member@example.org",
        "one.developer@example.org",
        "one.service_owner@example.org",
    ]
    rest = (await on.call("member", "GET", f"/teams/one/members?cursor={listed['next']}")).json()
    assert len(rest["items"]) == 2
    found = (await on.call("member", "GET", "/teams/one/members?role=team_admin")).json()["items"]
    assert [member["user_id"] for member in found] == [on.users["one.team_admin"]]
    # Anybody may leave.
    assert (await on.call("member", "DELETE", path)).status_code == 204
    assert (await on.call("member", "GET", "/teams/one")).status_code == 403
    assert (await on.call("one.viewer", "GET", path)).status_code == 404
    inbox = (await on.call("member", "GET", "/me/notices")).json()["items"]
    assert {notice["event"] for notice in inbox} == {"member.added", "member.role_changed", "member.removed"}
    trail = await audited(on, "member.create", "member.change", "member.delete")
    assert [entry["team_id"] for entry in trail] == [on.teams["one"].id] * 3


async def test_members_of_one_team_have_no_say_in_another(publisher: Publisher) -> None:
    on = await organisation(publisher)
    theirs = f"/teams/{on.teams['two'].id}/members"
    body = {"user": on.users["one.team_admin"], "roles": ["viewer"]}
    for method, path, sent in (
        ("GET", theirs, None),
        ("POST", theirs, body),
        ("GET", f"{theirs}/{on.users['two.viewer']}", None),
        ("PATCH", f"{theirs}/{on.users['two.viewer']}", {"roles": ["viewer"]}),
        ("DELETE", f"{theirs}/{on.users['two.viewer']}", None),
        # In one's own team, somebody of another.
        ("PATCH", f"/teams/one/members/{on.users['two.viewer']}", {"roles": ["viewer"]}),
        ("DELETE", f"/teams/one/members/{on.users['two.viewer']}", None),
    ):
        refused = await on.call("one.team_admin", method, path, sent, if_match="*")
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found"), (method, path)


async def test_nobody_gives_or_takes_roles_that_are_more_than_theirs(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await on.call(
        "one.team_admin",
        "POST",
        "/roles",
        {"name": "clerk", "team": "one", "permissions": ["members:read", "members:write", "teams:read"]},
    )
    clerk = f"/teams/one/members/{on.users['one.viewer']}"
    await on.call("one.team_admin", "PATCH", clerk, {"roles": ["clerk"]}, if_match="*")
    for method, path, body, code in (
        ("PATCH", clerk, {"roles": ["team_admin"]}, "beyond_own"),
        ("PATCH", clerk, {"roles": ["clerk", "developer"]}, "beyond_own"),
        ("POST", "/teams/one/members", {"user": "member@example.org", "roles": ["team_admin"]}, "beyond_own"),
        ("PATCH", f"/teams/one/members/{on.users['one.team_admin']}", {"roles": ["clerk"]}, "beyond_own"),
        ("DELETE", f"/teams/one/members/{on.users['one.team_admin']}", None, "beyond_own"),
        ("POST", "/teams/one/members", {"user": "member@example.org", "roles": ["owner"]}, "invalid_field"),
    ):
        refused = await on.call("one.viewer", method, path, body, if_match="*")
        assert refused.json()["code"] == code, (method, path, body)
    taken = await on.call(
        "one.viewer", "POST", "/teams/one/members", {"user": "member@example.org", "roles": ["clerk"]}
    )
    assert taken.status_code == 201
    for name in ("one.developer", "auditor"):
        refused = await on.call(name, "PATCH", clerk, {"roles": ["viewer"]}, if_match="*")
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")


async def test_what_groups_give_is_not_taken_by_hand(publisher: Publisher) -> None:
    on = await organisation(publisher)
    async with writing(publisher.engine) as connection:
        await connection.execute(
            insert(memberships).values(
                id=new_id("membership"),
                team_id=on.teams["one"].id,
                user_id=on.users["member"],
                role="viewer",
                source="scim",
                created_us=epoch_us(),
            )
        )
    path = f"/teams/one/members/{on.users['member']}"
    changed = await on.call("one.team_admin", "PATCH", path, {"roles": ["developer"]}, if_match="*")
    assert [(one["role"], one["source"]) for one in changed.json()["roles"]] == [
        ("viewer", "scim"),
        ("developer", "manual"),
    ]
    refused = await on.call("one.team_admin", "DELETE", path)
    assert (refused.status_code, refused.json()["code"]) == (409, "managed_elsewhere")
