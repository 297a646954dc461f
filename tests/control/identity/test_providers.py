"""Identity providers: set up, changed, removed, and which addresses are called for them."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from tests.control.identity.browser import ON_SQLITE, app_of, browser, set_up, sign_in
from tests.support.api import Organisation
from tests.support.issuer import CLIENT_SECRET, Issuer, rsa_key, running_issuer
from torana.control.identity import address
from torana.control.identity.issuer import LEAST_SECONDS, Issuers
from torana.control.identity.repository import Options, Provider, encoded
from torana.core.errors import Refusal
from torana.stores.sql.audit_tables import audit
from torana.stores.sql.engine import reading
from torana.stores.sql.people_tables import identity_providers

pytestmark = pytest.mark.anyio

BODY = {"name": "corp", "issuer": "https://login.example.org", "client_id": "torana"}


async def test_a_provider_is_made_changed_and_removed_and_its_secret_is_never_shown(on: Organisation) -> None:
    made = await on.call("admin", "POST", "/identity-providers", {**BODY, "client_secret": CLIENT_SECRET})
    assert (made.status_code, made.json()["has_secret"], made.json()["scopes"]) == (
        201,
        True,
        ["openid", "email", "profile"],
    )
    assert (made.json()["create_users"], made.json()["trust_unverified_emails"]) == (False, False)
    path = made.headers["location"]
    read = await on.call("auditor", "GET", "/identity-providers/corp")
    assert read.json() == made.json()
    etag = read.headers["etag"]
    change = {"email_domains": ["Example.ORG"], "groups_claim": "groups", "client_secret": None, "create_users": True}
    changed = (await on.call("owner", "PATCH", path, change, if_match=etag)).json()
    assert changed == {
        **made.json(),
        "email_domains": ["example.org"],
        "groups_claim": "groups",
        "has_secret": False,
        "create_users": True,
        "reach": changed["reach"],
    }
    assert set(changed["reach"]) - set(made.json()["reach"]) == {"owners:write"}
    kept = (await on.call("owner", "PATCH", path, {"enabled": False}, if_match="*")).json()
    assert kept == {**changed, "enabled": False}
    assert (await on.call("owner", "PATCH", path, {}, if_match=etag)).status_code == 412
    assert (await on.call("owner", "POST", "/identity-providers", BODY)).json()["code"] == "already_exists"
    listed = (await on.call("owner", "GET", "/identity-providers?sort=-created_us")).json()["items"]
    assert listed == [kept]
    assert (await on.call("owner", "DELETE", path)).status_code == 204
    assert (await on.call("owner", "GET", path)).status_code == 404
    async with reading(on.publisher.engine) as connection:
        noted = (await connection.execute(select(audit.c.action, audit.c.before, audit.c.after))).all()
        assert (await connection.execute(select(identity_providers))).all() == []
    assert [entry[0].partition(".")[2] for entry in noted] == ["create", "change", "change", "delete"]
    assert CLIENT_SECRET not in str(noted)


REFUSED: list[dict[str, object]] = [
    {"issuer": "http://login.example.org"},
    {"issuer": "http://127.0.0.1.example.org"},
    {"issuer": "http://[::ffff:10.0.0.1]"},
    {"issuer": "https://user@login.example.org"},
    {"issuer": "https://login.example.org\\@evil.org"},
    {"issuer": "https://login.example.org/?a=b"},
    {"issuer": "https://login.example.org#x"},
    {"issuer": "ftp://login.example.org"},
    {"issuer": "file:///etc/passwd"},
    {"issuer": "login.example.org"},
    {"issuer": "https://"},
    {"name": "scim"},
    {"name": "Manual"},
    {"name": "a/b"},
    {"client_id": ""},
    {"client_id": "a\u0000b"},
    {"ca": "no PEM"},
    {"public_url": "javascript:alert(1)"},
    {"public_url": "http://torana.example.org"},
    {"hosts": ["https://x.org"]},
    {"email_domains": ["*.example.org"]},
    {"scopes": ["a b"]},
    {"reach": ["owners:write"]},
]


@ON_SQLITE
async def test_what_cannot_be_a_provider_is_refused(on: Organisation) -> None:
    async with on.client("owner") as client:
        for fields in REFUSED:
            reply = await client.post("/identity-providers", json={**BODY, **fields})
            assert reply.status_code == 422, (fields, reply.text)


def test_only_the_issuers_own_host_and_those_allowed_besides_are_called() -> None:
    issuer, hosts = "https://login.example.org/tenant", ("keys.example.org", "x.example.org:8443")
    for url in ("https://login.example.org/keys?a=b", "https://LOGIN.example.org", "https://keys.example.org/k"):
        assert address.may_call(url, issuer, hosts)
    assert address.may_call("https://x.example.org:8443/", issuer, hosts)
    refused: tuple[object, ...] = (
        "http://login.example.org/keys",
        "https://login.example.org:8443/keys",
        "https://evil.org/keys",
        "https://login.example.org.evil.org/",
        "https://login.example.org@evil.org/",
        "https://evil.org\\@login.example.org/",
        "https://x.example.org/",
        "http://127.0.0.1/",
        "http://169.254.169.254/latest",
        "//login.example.org",
        None,
        7,
    )
    for one in refused:
        assert not address.may_call(one, issuer, hosts), one


@ON_SQLITE
async def test_an_issuer_that_describes_itself_wrongly_is_not_used_and_nothing_else_is_called(
    on: Organisation, issuer: Issuer
) -> None:
    await set_up(on, issuer)
    with running_issuer() as other:
        descriptions: tuple[dict[str, Any], ...] = (
            {"issuer": other.url},
            {"issuer": issuer.url + "/"},
            {"token_endpoint": other.url + "/token"},
            {"jwks_uri": other.url + "/keys"},
            {"jwks_uri": "file:///etc/passwd"},
            {"authorization_endpoint": "javascript:alert(1)"},
            {"userinfo_endpoint": ["x"]},
            {"token_endpoint": None},
        )
        async with browser(app_of(on)) as client:
            for said in descriptions:
                issuer.description = said
                reply = await client.get("/sign-in/corp")
                assert (reply.status_code, reply.json()["code"]) == (502, "identity_provider_away"), said
        assert other.asked == []
        # Allowed by name, it is.
        issuer.description = {"jwks_uri": other.url + "/keys"}
        other.key = issuer.key
        hosts = [other.url.partition("//")[2]]
        await on.call("owner", "PATCH", "/identity-providers/corp", {"hosts": hosts}, if_match="*")
        async with browser(app_of(on)) as client:
            assert (await sign_in(client, issuer)).status_code == 303
        assert other.asked == ["GET /keys"]


@ON_SQLITE
async def test_whatever_an_issuer_answers_is_a_refusal_or_a_sign_in(on: Organisation, issuer: Issuer) -> None:
    await set_up(on, issuer)
    answers = [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'{"a":NaN}', b'{"a":"' + b"a" * 1_100_000 + b'"}', b"null"]
    async with browser(app_of(on)) as client:
        for path in ("/.well-known/openid-configuration", "/keys", "/token"):
            for raw in answers:
                issuer.raw = {path: raw}
                reply = await client.get("/sign-in/corp")
                if reply.status_code == 303:
                    answer = issuer.authorize(reply.headers["location"])
                    reply = await client.get("/sign-in/corp/callback", params=answer)
                assert reply.json()["code"] == "identity_provider_away", (path, raw[:20])
        for tokens in ({}, {"id_token": None}, {"id_token": 7}, {"id_token": "a.b.c"}, {"id_token": "é" * 10}):
            issuer.raw = {"/token": json.dumps(tokens).encode()}
            assert (await sign_in(client, issuer)).json()["code"] == "sign_in_refused"


async def test_keys_are_kept_and_read_again_for_one_that_is_not_known_but_not_for_every_forged_token(
    issuer: Issuer,
) -> None:
    clock = [0.0]
    issuers = Issuers(lambda: clock[0])
    provider = Provider("idp_1", "corp", issuer.url, "x", None, encoded(Options()), 0, None)
    assert set(await issuers.keys(provider, "first")) == {"first"}
    assert issuer.asked == ["GET /.well-known/openid-configuration", "GET /keys"]
    issuer.key = rsa_key("second")
    for _ in range(3):
        assert set(await issuers.keys(provider, "second")) == {"first"}
    clock[0] += LEAST_SECONDS
    for _ in range(3):
        assert set(await issuers.keys(provider, "second")) == {"second"}
    assert len(issuer.asked) == 3
    for number in range(5):
        assert set(await issuers.keys(provider, f"forged {number}")) == {"second"}
    assert len(issuer.asked) == 3
    clock[0] += 3601
    await issuers.describe(provider)
    assert len(issuer.asked) == 4
    away = Provider("idp_2", "away", "http://127.0.0.1:1", "x", None, encoded(Options()), 0, None)
    with pytest.raises(Refusal):
        await issuers.describe(away)
