"""Signing in through an identity provider, as a browser does it."""

import urllib.parse

import pytest
from sqlalchemy import select

from tests.control.identity.browser import ON_SQLITE, app_of, browser, set_up, sign_in, who
from tests.support.api import Organisation
from tests.support.issuer import Issuer
from torana.core.ids import epoch_us
from torana.stores.sql.audit_tables import audit
from torana.stores.sql.engine import reading, writing
from torana.stores.sql.people_tables import identities, sessions, users

pytestmark = pytest.mark.anyio


async def test_somebody_unknown_signs_in_and_is_the_same_user_again_under_another_address(
    on: Organisation, issuer: Issuer
) -> None:
    await set_up(on, issuer)
    app = app_of(on)
    async with browser(app) as client:
        done = await sign_in(client, issuer)
        assert (done.status_code, done.headers["location"]) == (303, "/console")
        first = await who(on, client)
        assert first is not None
        assert (first.kind, first.name, first.platform, first.teams) == ("person", "ann@example.org", frozenset(), {})
        # The cookie counts where the browser sends it.
        assert (await client.get("/teams")).json()["code"] == "not_allowed"
    issuer.claims |= {"email": "ann.smith@example.org"}
    async with browser(app) as client:
        await sign_in(client, issuer)
        second = await who(on, client)
        assert second is not None
        assert second.id == first.id
    async with reading(on.publisher.engine) as connection:
        user = (await connection.execute(select(users).where(users.c.id == first.id))).mappings().one()
        methods = (await connection.execute(select(sessions.c.method, sessions.c.address))).all()
        noted = (await connection.execute(select(audit.c.action, audit.c.actor_name, audit.c.address))).all()
    assert (user["name"], user["state"], user["password_hash"], user["platform_role"]) == (
        "Ann",
        "active",
        None,
        "member",
    )
    assert [tuple(one) for one in methods] == [("corp", "192.0.2.7")] * 2
    assert [tuple(one) for one in noted][1:] == [("session.create", "ann@example.org", "192.0.2.7")] * 2


async def test_a_known_user_is_found_once_by_a_verified_address_and_then_by_subject(
    on: Organisation, issuer: Issuer
) -> None:
    await set_up(on, issuer, create_users=False)
    app = app_of(on)
    issuer.claims |= {"email": "One.Viewer@Example.org", "email_verified": False}
    async with browser(app) as client:
        unverified = await sign_in(client, issuer)
        assert (unverified.status_code, unverified.json()["code"]) == (403, "sign_in_refused")
        issuer.claims |= {"email_verified": True}
        assert (await sign_in(client, issuer)).status_code == 303
        found = await who(on, client)
        assert found is not None
        assert found.id == on.users["one.viewer"]
    # The address is somebody else's there now: they are not let into what was another person's.
    issuer.claims |= {"sub": "bob"}
    async with browser(app) as client:
        reused = await sign_in(client, issuer)
        assert (reused.status_code, "another person" in reused.json()["detail"]) == (403, True)
    # Nobody is known by this one, and none is made.
    issuer.claims |= {"email": "carol@example.org"}
    async with browser(app) as client:
        assert (await sign_in(client, issuer)).json()["code"] == "sign_in_refused"
        assert await who(on, client) is None


REFUSED_CLAIMS: list[dict[str, object]] = [
    {"email": "ann@elsewhere.org"},
    {"email": "ann@example.org", "email_verified": False},
    {"email": "ann@example.org", "email_verified": 1},
    {"email": "ann@example.org.elsewhere.org"},
    {"email": "ann@elsewhere.org@example.org"},
    {"email": "\u212aim@example.org"},
    {"email": None},
    {"email": ["ann@example.org"]},
    {"email": "ann@example.org\n"},
]


@ON_SQLITE
async def test_only_verified_addresses_of_allowed_domains_sign_in(on: Organisation, issuer: Issuer) -> None:
    await set_up(on, issuer, email_domains=["Example.org"])
    app = app_of(on)
    honest = issuer.claims
    for claims in REFUSED_CLAIMS:
        issuer.claims = {**honest, **claims}
        async with browser(app) as client:
            assert (await sign_in(client, issuer)).json()["code"] == "sign_in_refused", claims
            assert await who(on, client) is None
    issuer.claims = {**honest, "email_verified": "true"}
    async with browser(app) as client:
        assert (await sign_in(client, issuer)).status_code == 303


async def test_a_suspended_user_and_a_service_account_do_not_sign_in(on: Organisation, issuer: Issuer) -> None:
    await set_up(on, issuer)
    app = app_of(on)
    async with browser(app) as client:
        await sign_in(client, issuer)
        for change in ({"state": "suspended"}, {"state": "active", "kind": "service"}):
            async with writing(on.publisher.engine) as connection:
                await connection.execute(users.update().where(users.c.email == "ann@example.org").values(change))
            assert (await sign_in(client, issuer)).json()["code"] == "sign_in_refused"


async def test_whoever_sets_a_provider_up_gets_no_further_by_it(on: Organisation, issuer: Issuer) -> None:
    await set_up(on, issuer, by="admin")
    app = app_of(on)
    async with browser(app) as client:
        issuer.claims |= {"sub": "x", "email": "owner@example.org"}
        refused = await sign_in(client, issuer)
        assert (refused.status_code, await who(on, client)) == (403, None)
        issuer.claims |= {"sub": "y", "email": "one.team_admin@example.org"}
        assert (await sign_in(client, issuer)).status_code == 303
    # Nor by changing one that somebody else set up, who may do more.
    await on.call("owner", "DELETE", "/identity-providers/corp")
    await set_up(on, issuer)
    changed = await on.call("admin", "PATCH", "/identity-providers/corp", {"ca": None}, if_match="*")
    assert (changed.status_code, changed.json()["code"]) == (403, "beyond_own")
    async with browser(app) as client:
        issuer.claims |= {"sub": "x", "email": "owner@example.org"}
        assert (await sign_in(client, issuer)).status_code == 303


FOLLOWING = [
    ("/portal/apps?tab=keys#first", "/portal/apps?tab=keys#first"),
    ("//evil.org", "/console"),
    ("/\\evil.org", "/console"),
    ("https://evil.org", "/console"),
    ("javascript:alert(1)", "/console"),
    ("/\t/evil.org", "/console"),
    ("/a\r\nset-cookie: a=b", "/console"),
    ("/é", "/console"),
    ("", "/console"),
    ("console", "/console"),
]


@ON_SQLITE
async def test_the_browser_goes_on_within_this_installation_only(on: Organisation, issuer: Issuer) -> None:
    await set_up(on, issuer)
    async with browser(app_of(on)) as client:
        for asked, taken in FOLLOWING:
            begun = await client.get("/sign-in/corp", params={"next": asked})
            done = await client.get("/sign-in/corp/callback", params=issuer.authorize(begun.headers["location"]))
            assert (done.status_code, done.headers["location"]) == (303, taken)


async def test_an_answer_counts_in_the_browser_that_began_and_for_the_provider_that_was_asked(
    on: Organisation, issuer: Issuer
) -> None:
    await set_up(on, issuer)
    body = {"name": "other", "issuer": issuer.url, "client_id": "x"}
    await on.call("owner", "POST", "/identity-providers", body)
    app = app_of(on)
    async with browser(app) as client, browser(app) as another:
        begun = await client.get("/sign-in/corp")
        answer = issuer.authorize(begun.headers["location"])
        kept = urllib.parse.urlencode(answer)
        # Sent to somebody else's browser, that of nobody who began, and that of somebody who began another.
        assert (await another.get(f"/sign-in/corp/callback?{kept}")).json()["code"] == "sign_in_stale"
        await another.get("/sign-in/corp")
        assert (await another.get(f"/sign-in/corp/callback?{kept}")).json()["code"] == "sign_in_stale"
        for changed in ({"state": "x"}, {"state": "é"}, {"state": ""}):
            query = urllib.parse.urlencode({**answer, **changed})
            assert (await client.get(f"/sign-in/corp/callback?{query}")).json()["code"] == "sign_in_stale"
        assert (await client.get(f"/sign-in/other/callback?{kept}")).json()["code"] == "sign_in_stale"
        # One issuer's answer brought to where another's is expected, and one that does not say whose it is.
        for iss in ({"iss": "https://evil.org"}, {}):
            query = urllib.parse.urlencode({"state": answer["state"], "code": answer["code"], **iss})
            assert (await client.get(f"/sign-in/corp/callback?{query}")).json()["code"] == "sign_in_refused"
        assert (await client.get(f"/sign-in/corp/callback?{kept}")).status_code == 303
        # A second time there is nothing left that was begun.
        assert (await client.get(f"/sign-in/corp/callback?{kept}")).json()["code"] == "sign_in_stale"


@ON_SQLITE
async def test_a_cookie_that_is_not_ours_or_too_old_is_none(
    on: Organisation, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await set_up(on, issuer)
    app = app_of(on)
    for value in ("", "AAAA", "é", "A" * 9000, "====", "a.b"):
        async with browser(app) as client:
            reply = await client.get(
                "/sign-in/corp/callback?state=x&code=y", headers=[(b"cookie", f"torana_sign_in={value}".encode())]
            )
            assert reply.json()["code"] == "sign_in_stale"
    async with browser(app) as client:
        begun = await client.get("/sign-in/corp")
        cookie = begun.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=lax" in cookie.lower()
        assert "Path=/api/v1/sign-in" in cookie
        answer = issuer.authorize(begun.headers["location"])
        monkeypatch.setattr("torana.control.identity.cookie.epoch_us", lambda: epoch_us() + 601_000_000)
        assert (await client.get("/sign-in/corp/callback", params=answer)).json()["code"] == "sign_in_stale"


async def test_what_the_issuer_refuses_is_said_and_noted(on: Organisation, issuer: Issuer) -> None:
    await set_up(on, issuer)
    async with browser(app_of(on)) as client:
        denied = await sign_in(client, issuer, code=None, error="access_denied")
        assert "access_denied" in denied.json()["detail"]
        hidden = await sign_in(client, issuer, code=None, error="<script>alert(1)</script>")
        assert "script" not in hidden.text
        wrong = await sign_in(client, issuer, code="guessed")
        assert wrong.json()["code"] == "identity_provider_away"
    async with reading(on.publisher.engine) as connection:
        noted = (await connection.execute(select(audit.c.action).where(audit.c.action == "session.failed"))).all()
        assert (len(noted), (await connection.execute(select(identities))).all()) == (2, [])


async def test_addresses_and_groups_that_only_userinfo_names_count_for_the_same_subject(
    on: Organisation, issuer: Issuer
) -> None:
    await set_up(on, issuer, groups_claim="groups")
    issuer.claims = {"sub": "ann", "email_verified": True}
    issuer.userinfo = {"sub": "ann", "email": "ann@example.org", "email_verified": True, "groups": ["a", "b"]}
    async with browser(app_of(on)) as client:
        assert (await sign_in(client, issuer)).status_code == 303
        listed = (await on.call("owner", "GET", "/groups?source=corp")).json()["items"]
        assert [group["name"] for group in listed] == ["a", "b"]
        issuer.userinfo |= {"sub": "bob"}
        assert (await sign_in(client, issuer)).json()["code"] == "sign_in_refused"
        # Its own word on the address does not come with it: the other half's would count for any address.
        issuer.claims |= {"sub": "eve"}
        issuer.userinfo = {"sub": "eve", "email": "one.viewer@example.org"}
        assert "verified" in (await sign_in(client, issuer)).json()["detail"]


async def test_a_disabled_provider_signs_nobody_in_and_is_not_offered(on: Organisation, issuer: Issuer) -> None:
    await set_up(on, issuer)
    async with browser(app_of(on)) as client:
        offered = (await client.get("/sign-in")).json()["providers"]
        assert offered == [{"name": "corp", "path": "/api/v1/sign-in/corp"}]
        begun = await client.get("/sign-in/corp")
        await on.call("owner", "PATCH", "/identity-providers/corp", {"enabled": False}, if_match="*")
        answer = issuer.authorize(begun.headers["location"])
        assert (await client.get("/sign-in/corp/callback", params=answer)).status_code == 404
        assert (await client.get("/sign-in/corp")).status_code == 404
        assert (await client.get("/sign-in")).json()["providers"] == []
