"""Users of the platform through the admin API."""

import pytest

from tests.support.api import Organisation, organisation
from tests.support.people import PASSWORD, audited, browser, give_password, sign_in
from torana.control.publish.publish import Publisher

pytestmark = pytest.mark.anyio


async def _path(on: Organisation, name: str) -> str:
    return f"/users/{on.users[name]}"


async def test_a_user_is_made_invited_comes_in_and_is_deleted(publisher: Publisher) -> None:
    on = await organisation(publisher)
    made = await on.call(
        "admin", "POST", "/users", {"email": "Ann@Example.org", "name": "Ann", "platform_role": "auditor"}
    )
    assert made.status_code == 201
    user, invitation = made.json()["user"], made.json()["invitation"]
    assert (user["email"], user["state"], user["platform_role"]) == ("ann@example.org", "invited", "auditor")
    assert made.headers["location"] == f"/api/v1/users/{user['id']}"
    assert (await on.call("admin", "POST", "/users", {"email": "ann@example.org"})).status_code == 409
    async with browser(on) as client:
        assert (await sign_in(client, "ann")).status_code == 401
        accepted = await client.post(
            "/invitations/accept", json={"token": invitation["token"], "password": PASSWORD, "name": "Ann O."}
        )
        assert (accepted.status_code, accepted.json()["id"]) == (201, user["id"])
        again = await client.post("/invitations/accept", json={"token": invitation["token"], "password": PASSWORD})
        assert (again.status_code, again.json()["code"]) == (404, "invitation_unusable")
        assert (await sign_in(client, "ann")).status_code == 201
        assert "audit:read" in (await client.get("/session")).json()["permissions"]
        me = await client.get("/me")
        assert (me.json()["name"], me.json()["has_password"]) == ("Ann O.", True)
        renamed = await client.patch("/me", json={"name": "Annie"}, headers={"if-match": me.headers["etag"]})
        assert renamed.json()["name"] == "Annie"
    assert (await on.call("owner", "DELETE", f"/users/{user['id']}")).status_code == 204
    assert (await on.call("owner", "GET", "/users/ann@example.org")).status_code == 404
    trail = await audited(on, "user.create", "invitation.create", "invitation.accept", "user.delete")
    assert [entry["action"] for entry in trail] == [
        "user.create",
        "invitation.create",
        "invitation.accept",
        "user.create",
        "user.delete",
    ]
    assert invitation["token"] not in str(trail)
    assert PASSWORD not in str(trail)


async def test_users_are_listed_by_what_they_are(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await on.call("one.team_admin", "POST", "/teams/one/service-accounts", {"name": "bot", "roles": ["viewer"]})
    await on.call("owner", "PATCH", await _path(on, "member"), {"state": "suspended"}, if_match="*")
    for query, emails in (
        ("email=Admin@Example.org", ["admin@example.org"]),
        ("state=suspended", ["member@example.org"]),
        ("platform_role=reviewer", ["reviewer@example.org"]),
        ("kind=service", [f"bot@{on.teams['one'].id}"]),
        ("limit=2&sort=-email", ["two.viewer@example.org", "two.team_admin@example.org"]),
    ):
        listed = await on.call("auditor", "GET", f"/users?{query}")
        assert [user["email"] for user in listed.json()["items"]] == emails, query
    for name in ("one.team_admin", "reviewer"):
        assert (await on.call(name, "GET", "/users")).status_code == 403
        assert (await on.call(name, "GET", await _path(on, "owner"))).status_code == 403


async def test_nobody_gives_a_platform_role_that_is_more_than_theirs(publisher: Publisher) -> None:
    on = await organisation(publisher)
    path = await _path(on, "member")
    refused = await on.call("admin", "PATCH", path, {"platform_role": "owner"}, if_match="*")
    assert (refused.status_code, refused.json()["code"]) == (403, "beyond_own")
    assert "owners:write" in refused.json()["detail"]
    new = await on.call("admin", "POST", "/users", {"email": "x@example.org", "platform_role": "owner"})
    assert new.json()["code"] == "beyond_own"
    unknown = await on.call("owner", "PATCH", path, {"platform_role": "emperor"}, if_match="*")
    assert (unknown.status_code, unknown.json()["param"]) == (422, "platform_role")
    assert (await on.call("admin", "PATCH", path, {"platform_role": "admin"}, if_match="*")).status_code == 200
    assert (await on.call("owner", "PATCH", path, {"platform_role": "owner"}, if_match="*")).status_code == 200
    for name in ("one.team_admin", "auditor", "reviewer"):
        refused = await on.call(name, "PATCH", await _path(on, name), {"platform_role": "admin"}, if_match="*")
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")


async def test_nobody_suspends_or_deletes_who_has_more_than_they_have(publisher: Publisher) -> None:
    on = await organisation(publisher)
    path = await _path(on, "owner")
    for method, body in (
        ("PATCH", {"state": "suspended"}),
        ("PATCH", {"name": "x"}),
        ("PATCH", {"platform_role": "member"}),
        ("DELETE", None),
    ):
        refused = await on.call("admin", method, path, body, if_match="*")
        assert (refused.status_code, refused.json()["code"]) == (403, "beyond_own")


async def test_the_last_owner_stays(publisher: Publisher) -> None:
    on = await organisation(publisher)
    path = await _path(on, "owner")
    for method, body in (
        ("PATCH", {"state": "suspended"}),
        ("PATCH", {"platform_role": "admin"}),
        ("DELETE", None),
    ):
        refused = await on.call("owner", method, path, body, if_match="*")
        assert (refused.status_code, refused.json()["code"]) == (409, "last_owner")
    # One who was only invited, or is suspended, is no owner who could help.
    await on.call("owner", "POST", "/users", {"email": "heir@example.org", "platform_role": "owner"})
    assert (await on.call("owner", "DELETE", path)).status_code == 409
    await on.call("owner", "PATCH", await _path(on, "admin"), {"platform_role": "owner"}, if_match="*")
    assert (await on.call("owner", "DELETE", path)).status_code == 204


async def test_a_user_changes_only_as_they_were_read(publisher: Publisher) -> None:
    on = await organisation(publisher)
    path = await _path(on, "member")
    etag = (await on.call("owner", "GET", path)).headers["etag"]
    assert (await on.call("owner", "PATCH", path, {"name": "A"}, if_match=etag)).status_code == 200
    assert (await on.call("owner", "PATCH", path, {"name": "B"}, if_match=etag)).status_code == 412
    assert (await on.call("owner", "PATCH", path, {"name": "B"})).status_code == 428


@pytest.mark.parametrize(
    "email", ["no", "a@b@c.org", "a b@example.org", "x@", "@example.org", "a@exa_mple.org", "é@\n"]
)
async def test_what_is_no_address_is_refused(publisher: Publisher, email: str) -> None:
    on = await organisation(publisher)
    refused = await on.call("owner", "POST", "/users", {"email": email})
    assert (refused.status_code, refused.json()["param"]) == (422, "email")


async def test_what_is_personal_takes_a_person_who_acts_with_all_they_have(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await give_password(on, "member")
    narrow = (await on.call("member", "POST", "/me/tokens", {"name": "n", "team": None, "scopes": None})).json()
    assert narrow["scopes"] is None
    limited = (await on.call("owner", "POST", "/me/tokens", {"name": "n", "scopes": ["users:read"]})).json()["value"]
    async with browser(on) as client:
        bearer = {"authorization": f"Bearer {limited}"}
        assert (await client.get("/me", headers=bearer)).status_code == 200
        for method, path, body in (
            ("PATCH", "/me", {"name": "x"}),
            ("POST", "/me/password", {"old": PASSWORD, "new": "another long password"}),
            ("GET", "/me/sessions", None),
            ("DELETE", "/me/sessions", None),
            ("DELETE", "/session", None),
            ("GET", "/me/tokens", None),
            ("POST", "/me/tokens", {"name": "more"}),
            ("POST", "/me/invitations", {"token": "tor_invite_x"}),
        ):
            refused = await client.request(method, path, json=body, headers={**bearer, "if-match": "*"})
            assert (refused.status_code, refused.json()["code"]) == (403, "sign_in_required"), path
