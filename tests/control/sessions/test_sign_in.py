"""Signing in and out with a browser."""

import asyncio

import pytest
from sqlalchemy import select, update

from tests.support.api import organisation
from tests.support.people import PASSWORD, audited, browser, give_password, sign_in
from torana.control.publish.publish import Publisher
from torana.core.ids import epoch_us
from torana.settings import Settings
from torana.stores.sql.engine import reading, writing
from torana.stores.sql.people_tables import sessions

pytestmark = pytest.mark.anyio


async def test_a_session_begins_with_the_password_says_what_one_may_do_and_ends(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await give_password(on, "one.developer")
    async with browser(on) as client:
        began = await sign_in(client, "One.Developer")
        assert began.status_code == 201
        cookie = began.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=strict", "Path=/api"} <= set(cookie.split("; "))
        assert "Secure" not in cookie
        value = client.cookies["torana_session"]
        assert value not in began.text
        who = (await client.get("/session")).json()
        assert who == began.json()
        assert (who["name"], who["kind"], who["by"]) == ("one.developer@example.org", "person", "session")
        assert who["permissions"] == []
        assert [team["name"] for team in who["teams"]] == ["one"]
        assert "keys:write" in who["teams"][0]["permissions"]
        assert (await client.delete("/session")).status_code == 204
        assert "torana_session" not in client.cookies
        stale = await client.get("/session", headers={"cookie": f"torana_session={value}"})
        assert (stale.status_code, stale.json()["code"]) == (401, "invalid_token")
    entries = await audited(on, "session.create", "session.delete")
    assert [entry["action"] for entry in entries] == ["session.create", "session.delete"]
    assert {(entry["actor_id"], entry["address"]) for entry in entries} == {(on.users["one.developer"], "192.0.2.1")}
    assert value not in str(entries)


async def test_the_cookie_is_secure_where_the_browser_came_by_https(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await give_password(on, "owner")
    async with browser(on, origin="https://torana", host="torana") as client:
        assert "Secure" in (await sign_in(client, "owner")).headers["set-cookie"].split("; ")


async def test_a_wrong_address_a_wrong_password_and_who_may_not_sign_in_look_alike(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await give_password(on, "admin", "member")
    await on.call("owner", "PATCH", f"/users/{on.users['member']}", {"state": "suspended"}, if_match="*")
    answers = []
    async with browser(on) as client:
        for name, password in (("admin", "wrong" * 4), ("nobody", PASSWORD), ("member", PASSWORD), ("auditor", "")):
            body = {"email": f"{name}@example.org", "password": password or "x"}
            reply = await client.post("/session", json=body)
            assert reply.status_code == 401
            assert "set-cookie" not in reply.headers
            answers.append(reply.content)
    assert len(set(answers)) == 1
    failed = await audited(on, "session.failed")
    assert [entry["noun_name"] for entry in failed] == [
        "admin@example.org",
        None,
        "member@example.org",
        "auditor@example.org",
    ]
    assert {entry["actor_kind"] for entry in failed} == {"nobody"}


async def test_a_cookie_that_somebody_planted_never_becomes_a_session(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await give_password(on, "admin")
    async with browser(on) as client:
        client.cookies.set("torana_session", "tor_session_planted", domain="torana", path="/api")
        await sign_in(client, "admin")
    async with browser(on) as attacker:
        reply = await attacker.get("/session", headers={"cookie": "torana_session=tor_session_planted"})
        assert reply.status_code == 401
    async with browser(on) as client:
        await sign_in(client, "admin")
        first = client.cookies["torana_session"]
        await sign_in(client, "admin")
        assert client.cookies["torana_session"] != first
        assert (await client.get("/session")).status_code == 200
    async with browser(on) as other:
        assert (await other.get("/session", headers={"cookie": f"torana_session={first}"})).status_code == 401


async def test_a_page_of_another_site_can_neither_use_a_session_nor_begin_one(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await give_password(on, "owner")
    async with browser(on) as client:
        await sign_in(client, "owner")
        cookie = {"cookie": f"torana_session={client.cookies['torana_session']}"}
    for origin, site in (
        ("http://evil.example", "cross-site"),
        ("http://other.torana", "same-site"),
        ("null", "cross-site"),
    ):
        async with browser(on, origin=origin, sec_fetch_site=site) as client:
            for reply in (
                await client.post("/teams", json={"name": "theirs"}, headers=cookie),
                await client.delete("/session", headers=cookie),
                await sign_in(client, "owner"),
            ):
                assert (reply.status_code, reply.json()["code"]) == (403, "foreign_origin")


async def test_a_session_ends_when_it_is_not_used_and_at_last_when_it_is(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await give_password(on, "member")
    settings = Settings(session_idle_seconds=600, session_total_seconds=900)
    async with browser(on, settings=settings) as client:
        await sign_in(client, "member")
        first = (await client.get("/me/sessions")).json()["items"][0]
        assert (first["expires_us"] - first["created_us"]) // 1_000_000 == 600
        assert (first["ends_us"] - first["created_us"]) // 1_000_000 == 900
        await _age(publisher, first["id"], seconds=500)
        used = (await client.get("/session")).status_code
        later = (await client.get("/me/sessions")).json()["items"][0]
        # Used after 500 s: it could go on until 1100 s, but not beyond 900 s.
        assert (used, later["expires_us"]) == (200, later["ends_us"])
        await _age(publisher, first["id"], seconds=500)
        assert (await client.get("/session")).status_code == 401


async def _age(publisher: Publisher, session_id: str, seconds: int) -> None:
    back = seconds * 1_000_000
    async with writing(publisher.engine) as connection:
        await connection.execute(
            update(sessions)
            .where(sessions.c.id == session_id)
            .values({name: sessions.c[name] - back for name in ("created_us", "seen_us", "expires_us", "ends_us")})
        )


async def test_one_sees_where_one_is_signed_in_and_ends_it(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await give_password(on, "member", "admin")
    async with browser(on) as here, browser(on, "192.0.2.2") as there, browser(on, "192.0.2.3") as other:
        await sign_in(here, "member")
        await sign_in(there, "member")
        await sign_in(other, "admin")
        listed = (await here.get("/me/sessions")).json()["items"]
        assert sorted((one["address"], one["current"]) for one in listed) == [("192.0.2.1", True), ("192.0.2.2", False)]
        theirs = next(one["id"] for one in listed if not one["current"])
        assert (await other.delete(f"/me/sessions/{theirs}")).status_code == 404
        assert (await here.delete(f"/me/sessions/{theirs}")).status_code == 204
        assert (await there.get("/session")).status_code == 401
        await sign_in(there, "member")
        assert (await there.delete("/me/sessions")).status_code == 204
        assert [(await one.get("/session")).status_code for one in (here, there, other)] == [401, 200, 200]


async def test_another_password_needs_the_old_one_and_ends_the_other_sessions(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await give_password(on, "member")
    new = "another long password"
    async with browser(on) as here, browser(on, "192.0.2.2") as there:
        await sign_in(here, "member")
        await sign_in(there, "member")
        wrong = await here.post("/me/password", json={"old": "not it at all", "new": new})
        assert (wrong.status_code, wrong.json()["code"]) == (401, "sign_in_failed")
        for weak in ("short", "x" * 257, "member@example.org", "aaaaaaaaaaaaaaaa"):
            refused = await here.post("/me/password", json={"old": PASSWORD, "new": weak})
            assert (refused.status_code, refused.json()["param"]) == (422, "new")
        assert (await here.post("/me/password", json={"old": PASSWORD, "new": new})).status_code == 204
        assert [(await one.get("/session")).status_code for one in (here, there)] == [200, 401]
        assert (await sign_in(there, "member")).status_code == 401
        assert (await sign_in(there, "member", new)).status_code == 201
    assert [PASSWORD in str(entry) or new in str(entry) for entry in await audited(on, "user.password")] == [False]


async def test_whoever_is_suspended_is_out_at_once_with_token_and_session(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await give_password(on, "admin")
    async with browser(on) as client:
        await sign_in(client, "admin")
        path = f"/users/{on.users['admin']}"
        assert (await on.call("owner", "PATCH", path, {"state": "suspended"}, if_match="*")).status_code == 200
        assert (await client.get("/session")).status_code == 401
        assert (await on.call("admin", "GET", "/session")).status_code == 401
        assert (await sign_in(client, "admin")).status_code == 401
        await on.call("owner", "PATCH", path, {"state": "active"}, if_match="*")
        # The token counts again; a browser that was left signed in somewhere does not.
        assert (await on.call("admin", "GET", "/session")).status_code == 200
        assert (await client.get("/session")).status_code == 401


async def test_signing_in_at_once_many_times_makes_as_many_sessions(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await give_password(on, "member")
    async with browser(on) as one, browser(on, "192.0.2.2") as two:
        replies = await asyncio.gather(*(sign_in(client, "member") for client in (one, two)))
    assert [reply.status_code for reply in replies] == [201, 201]
    async with reading(publisher.engine) as connection:
        found = (await connection.execute(select(sessions.c.digest, sessions.c.expires_us))).all()
    assert len({digest for digest, _ in found}) == 2
    assert all(expires_us > epoch_us() for _, expires_us in found)
