"""Issuers through the admin API, and what of them is published."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import Organisation, organisation
from tests.support.issuing import AUDIENCE, ISSUER, der, jwk
from torana.control.publish.publish import Publisher
from torana.core.snapshot import Issuer
from torana.stores.snapshots import file

pytestmark = pytest.mark.anyio
JWKS = {"keys": [jwk("RS256", "r"), jwk("ES256", "e"), jwk("EdDSA")]}
BODY: dict[str, Any] = {"name": "company", "issuer": ISSUER, "audiences": [AUDIENCE], "claim": "azp"}


@pytest.fixture
async def on(publisher: Publisher) -> Organisation:
    """With an app of each team."""
    on = await organisation(publisher)
    for team in ("one", "two"):
        await on.call("owner", "POST", "/apps", {"team": team, "name": "shop"})
    return on


def published(tmp_path: Path) -> tuple[Issuer, ...]:
    with file.open_current(tmp_path / "snapshot") as snapshot:
        return snapshot.issuers(ISSUER)


async def test_a_teams_issuer_is_made_changed_and_deleted(
    on: Organisation, publisher: Publisher, tmp_path: Path
) -> None:
    body = {**BODY, "team": "one", "apps": {"client": "shop"}, "jwks": JWKS}
    made = await on.call("one.developer", "POST", "/issuers", body)
    assert made.status_code == 201, made.text
    shown = made.json()
    app = (await on.call("owner", "GET", "/apps/one/shop")).json()
    assert (shown["team"], shown["apps"], shown["jwks_uri"]) == ("one", {"client": app["id"]}, None)
    kids = [("r", "RS256"), ("e", "ES256"), ("", "EdDSA")]
    assert [(key["kid"], key["alg"]) for key in shown["keys"]] == kids
    (issuer,) = published(tmp_path)
    assert (issuer.id, issuer.audiences, issuer.claim, issuer.apps) == (
        shown["id"],
        (AUDIENCE,),
        "azp",
        {"client": app["id"]},
    )
    assert [(key.alg, key.der) for key in issuer.keys] == [(alg, der(alg)) for _, alg in kids]
    path, etag = made.headers["location"], made.headers["etag"]
    read = await on.call("one.viewer", "GET", path)
    assert (read.json(), read.headers["etag"]) == (shown, etag)
    assert (await on.call("one.viewer", "GET", "/issuers?team=one")).json()["items"] == [shown]
    assert (await on.call("one.viewer", "GET", "/issuers?team=two")).json()["items"] == []
    changes = {"claim": "client_id", "jwks": {"keys": [jwk("ES256", "next", 1)]}}
    changed = await on.call("one.developer", "PATCH", path, changes, if_match=etag)
    assert (changed.json()["claim"], changed.json()["keys"]) == ("client_id", [{"kid": "next", "alg": "ES256"}])
    assert [key.der for key in published(tmp_path)[0].keys] == [der("ES256", 1)]
    # An app that goes takes with it what stood for it.
    assert (await on.call("owner", "DELETE", "/apps/one/shop")).status_code == 204
    assert published(tmp_path) == ()
    assert (await on.call("one.developer", "DELETE", path)).status_code == 204
    assert (await on.call("owner", "GET", path)).status_code == 404


async def test_a_team_reaches_its_own_apps_and_issuers_only(on: Organisation, tmp_path: Path) -> None:
    body = {**BODY, "team": "one", "jwks": JWKS}
    foreign = (await on.call("owner", "GET", "/apps/two/shop")).json()["id"]
    for reference in ("two/shop", foreign):
        refused = await on.call("one.team_admin", "POST", "/issuers", {**body, "apps": {"x": reference}})
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert (await on.call("two.developer", "POST", "/issuers", {**body, "apps": {}})).status_code == 404
    assert (await on.call("one.viewer", "POST", "/issuers", {**body, "apps": {}})).status_code == 403
    platform = {**BODY, "apps": {"a": "one/shop", "b": "two/shop"}, "jwks": JWKS}
    assert (await on.call("one.team_admin", "POST", "/issuers", platform)).status_code == 403
    made = await on.call("admin", "POST", "/issuers", platform)
    assert made.status_code == 201
    (issuer,) = published(tmp_path)
    assert set(issuer.apps) == {"a", "b"}
    path = made.headers["location"]
    for method, more, asked in (
        ("GET", "", None),
        ("PATCH", "", {"claim": "x"}),
        ("DELETE", "", None),
        ("POST", "/refresh", None),
    ):
        refused = await on.call("one.team_admin", method, path + more, asked, if_match="*")
        assert refused.status_code == 404
    assert (await on.call("auditor", "DELETE", path)).status_code == 403
    # Fetching is done by the platform, so that no team has control call whatever address it likes.
    fetched = {**BODY, "name": "f", "team": "one", "apps": {}, "jwks_uri": "https://id.example/jwks"}
    refused = await on.call("one.team_admin", "POST", "/issuers", fetched)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert (await on.call("admin", "POST", "/issuers", fetched)).status_code == 201


async def test_names_are_taken_once_and_a_common_issuer_a_bounded_number_of_times(on: Organisation) -> None:
    for team in ("one", "two"):
        body = {**BODY, "team": team, "apps": {}, "jwks": JWKS}
        assert (await on.call("owner", "POST", "/issuers", body)).status_code == 201
        again = await on.call("owner", "POST", "/issuers", body)
        assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    for number in range(18):
        body = {**BODY, "name": f"n{number}", "team": "one", "apps": {}, "jwks": JWKS}
        assert (await on.call("owner", "POST", "/issuers", body)).status_code == 201
    full = await on.call("owner", "POST", "/issuers", {**BODY, "name": "last", "apps": {}, "jwks": JWKS})
    assert (full.status_code, full.json()["param"]) == (422, "issuer")


def with_key(**fields: Any) -> dict[str, Any]:
    return {"jwks": {"keys": [{**jwk("RS256"), **fields}]}}


ODD: list[dict[str, Any]] = [
    {"jwks": None},
    {"jwks": JWKS, "jwks_uri": "https://id.example/jwks"},
    {"jwks": {}},
    {"jwks": {"keys": {}}},
    {"jwks": {"keys": []}},
    {"jwks": {"keys": [5]}},
    {"jwks": {"keys": [jwk("RS256")] * 51}},
    {"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}},
    with_key(d="AQAB"),
    with_key(alg="HS256"),
    with_key(alg="RS512"),
    with_key(use="enc"),
    with_key(key_ops=["sign"]),
    with_key(kid=5),
    with_key(kid="x" * 201),
    with_key(kty=["RSA"]),
    with_key(n="!"),
    with_key(n=5),
    with_key(n=base64.urlsafe_b64encode(b"\xff" * 128).decode().rstrip("=")),
    with_key(n=base64.urlsafe_b64encode(b"\xff" * 2048).decode().rstrip("=")),
    with_key(e="AA"),
    with_key(e="Ag"),
    {"jwks": {"keys": [{**jwk("ES256"), "x": "AQ", "y": "AQ"}]}},
    {"jwks": {"keys": [{**jwk("ES256"), "crv": "P-384"}]}},
    {"jwks": {"keys": [{**jwk("EdDSA"), "x": "AQ"}]}},
    {"jwks_uri": "http://id.example/jwks", "jwks": None},
    {"jwks_uri": "https://me:secret@id.example/jwks", "jwks": None},
    {"jwks_uri": "https://id.example:x/jwks", "jwks": None},
    {"jwks_uri": "file:///etc/passwd", "jwks": None},
    {"audiences": []},
    {"audiences": [""]},
    {"claim": ""},
    {"claim": "\x00"},
    {"apps": {"": "shop"}},
    {"apps": {"x": 5}},
]


async def test_what_no_issuer_can_be_is_refused(on: Organisation) -> None:
    for more in ODD:
        body = {**BODY, "apps": {"x": "one/shop"}, "jwks": JWKS, **more}
        refused = await on.call("owner", "POST", "/issuers", body)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_field"), (more, refused.text)
    async with on.client("owner", content_type="application/json") as client:
        for path in ("issuers", "apps", "keys"):
            half = json.dumps({**BODY, "issuer": "\ud800", "app": "\ud800", "team": "\ud800", "apps": {}, "jwks": JWKS})
            refused = await client.post(f"/{path}", content=half.encode())
            assert refused.status_code == 422
    for path in ("/issuers/%00", "/apps/%00", "/keys/%00", "/keys/%00/%00/%00"):
        assert (await on.call("owner", "GET", path)).status_code == 404
    for path in ("/issuers?team=%00", "/apps?team=%00", "/apps?name=%00", "/keys?app=%00", "/keys?team=%00"):
        assert (await on.call("owner", "GET", path)).status_code == 422
    for path in ("/issuers", "/apps"):
        body = {**BODY, "apps": {}, "jwks": JWKS} if path == "/issuers" else {"name": "x"}
        assert (await on.call("owner", "POST", path, {**body, "team": "\0"})).status_code == 422
    assert (await on.call("owner", "GET", "/issuers")).json()["items"] == []


async def test_only_keys_that_can_be_used_are_kept(on: Organisation) -> None:
    jwks = {"keys": [{"kty": "EC", "crv": "P-521", "x": "AQ", "y": "AQ"}, {"kty": "new"}, *JWKS["keys"]]}
    made = await on.call("owner", "POST", "/issuers", {**BODY, "apps": {}, "jwks": jwks})
    assert [key["alg"] for key in made.json()["keys"]] == ["RS256", "ES256", "EdDSA"]
