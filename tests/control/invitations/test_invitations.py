"""Invitations into teams, and what cannot be reached with one."""

import pytest
from sqlalchemy import update

from tests.support.api import Organisation, organisation
from tests.support.people import PASSWORD, browser, give_password, sign_in
from torana.control.publish.publish import Publisher
from torana.core.ids import epoch_us
from torana.stores.sql.engine import writing
from torana.stores.sql.people_tables import invitations

pytestmark = pytest.mark.anyio


async def _invite(on: Organisation, name: str, email: str, role: str = "developer", team: str = "one") -> str:
    made = await on.call(name, "POST", "/invitations", {"email": email, "team": team, "role": role})
    assert made.status_code == 201, made.text
    return str(made.json()["token"])


async def _accept(on: Organisation, token: str, password: str = PASSWORD) -> tuple[int, str]:
    async with browser(on) as client:
        reply = await client.post("/invitations/accept", json={"token": token, "password": password})
    return reply.status_code, reply.json().get("code", "")


async def test_a_team_admin_invites_somebody_who_comes_in_with_a_password(publisher: Publisher) -> None:
    on = await organisation(publisher)
    made = await on.call(
        "one.team_admin", "POST", "/invitations", {"email": "Ann@example.org", "team": "one", "role": "developer"}
    )
    assert (made.status_code, made.json()["state"], made.json()["emailed"]) == (201, "open", False)
    path = made.headers["location"]
    read = await on.call("one.viewer", "GET", path)
    assert "token" not in read.json()
    assert (await on.call("two.team_admin", "GET", path)).status_code == 404
    assert (await on.call("two.team_admin", "DELETE", path)).status_code == 404
    assert (await on.call("one.viewer", "DELETE", path)).status_code == 403
    assert await _accept(on, made.json()["token"], "short") == (422, "invalid_field")
    assert await _accept(on, made.json()["token"], "ann@example.org") == (422, "invalid_field")
    assert await _accept(on, made.json()["token"]) == (201, "")
    async with browser(on) as client:
        who = (await sign_in(client, "ann")).json()
        assert who["permissions"] == []
        assert [team["name"] for team in who["teams"]] == ["one"]
    assert (await on.call("one.viewer", "GET", path)).json()["state"] == "accepted"
    for query, count in (("state=accepted", 1), ("state=open", 0), ("email=ANN@example.org", 1), ("team=one", 1)):
        listed = await on.call("one.viewer", "GET", f"/invitations?{query}")
        assert len(listed.json()["items"]) == count, query
    assert (await on.call("two.viewer", "GET", "/invitations")).json()["items"] == []
    assert (await on.call("two.viewer", "GET", "/invitations?team=one")).status_code == 404


async def test_an_invitation_gives_no_more_than_who_invites_has(publisher: Publisher) -> None:
    on = await organisation(publisher)
    ask = {"email": "x@example.org", "team": "one", "role": "developer"}
    for name, change, code in (
        ("one.team_admin", {"platform_role": "admin"}, "not_allowed"),
        ("one.team_admin", {"team": "two"}, "not_found"),
        ("one.developer", {}, "not_allowed"),
        ("one.team_admin", {"role": "owner"}, "invalid_field"),
        ("admin", {"platform_role": "owner"}, "beyond_own"),
    ):
        refused = await on.call(name, "POST", "/invitations", {**ask, **change})
        assert refused.json()["code"] == code, (name, change)


async def test_a_token_that_was_revoked_replaced_or_is_too_old_is_good_for_nothing(publisher: Publisher) -> None:
    on = await organisation(publisher)
    first = await _invite(on, "one.team_admin", "ann@example.org")
    second = await _invite(on, "one.team_admin", "ann@example.org")
    assert await _accept(on, first) == (404, "invitation_unusable")
    found = (await on.call("one.team_admin", "GET", "/invitations?state=open")).json()["items"]
    assert len(found) == 1
    assert (await on.call("one.team_admin", "DELETE", f"/invitations/{found[0]['id']}")).status_code == 204
    assert await _accept(on, second) == (404, "invitation_unusable")
    third = await _invite(on, "one.team_admin", "ann@example.org")
    async with writing(publisher.engine) as connection:
        await connection.execute(update(invitations).values(expires_us=epoch_us() - 1))
    assert await _accept(on, third) == (404, "invitation_unusable")
    assert await _accept(on, "tor_invite_guessed") == (404, "invitation_unusable")


async def test_an_invitation_never_opens_an_account_that_has_somebody(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await give_password(on, "admin", "member")
    token = await _invite(on, "one.team_admin", "admin@example.org")
    assert await _accept(on, token) == (409, "account_exists")
    async with browser(on) as thief, browser(on) as admin:
        await sign_in(thief, "member")
        stolen = await thief.post("/me/invitations", json={"token": token})
        assert (stolen.status_code, stolen.json()["code"]) == (404, "invitation_unusable")
        await sign_in(admin, "admin")
        assert (await admin.post("/me/invitations", json={"token": token})).status_code == 204
        assert [team["name"] for team in (await admin.get("/session")).json()["teams"]] == ["one"]
        assert (await admin.post("/me/invitations", json={"token": token})).status_code == 404


async def test_an_account_that_waits_is_not_opened_with_an_invitation_of_somebody_who_has_less(
    publisher: Publisher,
) -> None:
    on = await organisation(publisher)
    made = (await on.call("owner", "POST", "/users", {"email": "boss@example.org", "platform_role": "admin"})).json()
    token = await _invite(on, "one.team_admin", "boss@example.org")
    assert await _accept(on, token) == (409, "account_exists")
    # Who may make users, and nothing else, cannot come in as one that has become more meanwhile.
    await on.call("owner", "POST", "/roles", {"name": "desk", "permissions": ["users:read", "users:write"]})
    await on.call("owner", "PATCH", f"/users/{on.users['member']}", {"platform_role": "desk"}, if_match="*")
    refused = await on.call("member", "POST", f"/users/{made['user']['id']}/invitation")
    assert (refused.status_code, refused.json()["code"]) == (403, "beyond_own")
    own = (await on.call("member", "POST", "/users", {"email": "new@example.org"})).json()
    await on.call("owner", "PATCH", f"/users/{own['user']['id']}", {"platform_role": "admin"}, if_match="*")
    assert await _accept(on, own["invitation"]["token"]) == (404, "invitation_unusable")
    added = await on.call("owner", "POST", "/teams/one/members", {"user": "new@example.org", "roles": ["team_admin"]})
    assert (added.status_code, added.json()["param"]) == (422, "user")
    again = await on.call("owner", "POST", f"/users/{own['user']['id']}/invitation")
    assert await _accept(on, again.json()["token"]) == (201, "")


async def test_what_somebody_invited_to_ends_with_their_own_rights(publisher: Publisher) -> None:
    on = await organisation(publisher)
    tokens = [await _invite(on, "one.team_admin", f"{name}@example.org") for name in ("a", "b", "c")]
    member = f"/teams/one/members/{on.users['one.team_admin']}"
    await on.call("owner", "PATCH", member, {"roles": ["viewer"]}, if_match="*")
    assert await _accept(on, tokens[0]) == (404, "invitation_unusable")
    await on.call("owner", "PATCH", member, {"roles": ["team_admin"]}, if_match="*")
    assert await _accept(on, tokens[1]) == (201, "")
    await on.call("owner", "DELETE", f"/users/{on.users['one.team_admin']}")
    assert await _accept(on, tokens[2]) == (404, "invitation_unusable")
