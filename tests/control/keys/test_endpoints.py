"""Keys through the admin API."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.api import Organisation, organisation
from torana.control.publish.publish import Publisher
from torana.core.snapshot import Key
from torana.stores.snapshots import file
from torana.stores.sql.audit_tables import audit
from torana.stores.sql.engine import reading, writing
from torana.stores.sql.issuer_tables import key_uses

pytestmark = pytest.mark.anyio
APP = {"app": "one/shop"}
SCOPES = {"services": ["gpt"], "endpoints": ["/v1/chat/completions", "/v1/images/*"], "models": ["gpt-4.1*"]}


@pytest.fixture
async def on(publisher: Publisher) -> Organisation:
    """With an app of each team."""
    on = await organisation(publisher)
    for team, name in (("one", "shop"), ("two", "shop")):
        await on.call("owner", "POST", "/apps", {"team": team, "name": name})
    return on


def published(publisher: Publisher, value: str, tmp_path: Path) -> Key | None:
    with file.open_current(tmp_path / "snapshot") as snapshot:
        return snapshot.key(publisher.master.key_digest(value.encode()))


async def test_a_key_is_shown_once_changed_and_revoked(on: Organisation, publisher: Publisher, tmp_path: Path) -> None:
    body = {**APP, "name": "ci", "expires_us": 4_102_444_800_000_000, "scopes": SCOPES, "networks": ["10.0.0.0/8"]}
    made = await on.call("one.developer", "POST", "/keys", body)
    assert made.status_code == 201
    key = made.json()
    value = key.pop("value")
    assert (key["state"], key["hint"], key["last_used_us"]) == ("in_use", value[-4:], None)
    for reference in (key["id"], "ci", "one/shop/ci"):
        read = await on.call("one.viewer", "GET", f"/keys/{reference}")
        assert (read.json(), read.headers["etag"]) == (key, made.headers["etag"])
        assert value not in read.text
    found = published(publisher, value, tmp_path)
    assert found is not None
    assert (found.services, found.models) == (("gpt",), ("gpt-4.1*",))
    assert (found.endpoints, found.networks) == (("/v1/chat/completions", "/v1/images/*"), ("10.0.0.0/8",))
    changes: dict[str, Any] = {"name": "cd", "expires_us": None, "scopes": None, "networks": ["192.0.2.7", "::1"]}
    changed = await on.call("one.developer", "PATCH", f"/keys/{key['id']}", changes, if_match=made.headers["etag"])
    assert changed.json() == {**key, **changes, "networks": ["192.0.2.7/32", "::1/128"]}
    found = published(publisher, value, tmp_path)
    assert found is not None
    assert (found.name, found.expires_us, found.services) == ("cd", 0, None)
    left = await on.call("one.developer", "PATCH", f"/keys/{key['id']}", {}, if_match="*")
    assert left.json() == changed.json()
    assert (await on.call("one.developer", "DELETE", "/keys/one/shop/cd")).status_code == 204
    assert published(publisher, value, tmp_path) is None
    gone = (await on.call("one.viewer", "GET", f"/keys/{key['id']}")).json()
    assert (gone["state"], gone["revoked_us"] is None) == ("revoked", False)
    for path, method, more in ((key["id"], "PATCH", {}), (f"{key['id']}/rotate", "POST", {"overlap_seconds": 0})):
        refused = await on.call("owner", method, f"/keys/{path}", more, if_match="*")
        assert (refused.status_code, refused.json()["code"]) == (409, "key_revoked")
    async with reading(publisher.engine) as connection:
        rows = (await connection.execute(audit.select().where(audit.c.noun == "key").order_by(audit.c.seq))).all()
    assert [row.action for row in rows] == ["key.create", "key.change", "key.change", "key.revoke"]
    assert not any(value in str(row) for row in rows)


async def test_a_rotated_key_has_both_values_until_the_overlap_is_over(
    on: Organisation, publisher: Publisher, tmp_path: Path
) -> None:
    first = (await on.call("one.developer", "POST", "/keys", APP)).json()
    rotated = await on.call("one.developer", "POST", "/keys/one/shop/key/rotate", {"overlap_seconds": 3600})
    second = rotated.json()
    assert (rotated.status_code, second["id"], second["value"] == first["value"]) == (200, first["id"], False)
    old, new = published(publisher, first["value"], tmp_path), published(publisher, second["value"], tmp_path)
    assert old is not None
    assert new is not None
    assert (old.id, old.expires_us, new.expires_us) == (first["id"], second["previous_until_us"], 0)
    third = (await on.call("one.developer", "POST", f"/keys/{first['id']}/rotate", {"overlap_seconds": 60})).json()
    assert published(publisher, first["value"], tmp_path) is None
    assert published(publisher, second["value"], tmp_path) is not None
    fourth = (await on.call("one.developer", "POST", f"/keys/{first['id']}/rotate", {"overlap_seconds": 0})).json()
    assert fourth["previous_until_us"] is None
    assert published(publisher, third["value"], tmp_path) is None
    version = await publisher.version()
    restarted = Publisher(publisher.engine, publisher.master, tmp_path / "snapshot")
    assert await restarted.publish() == version
    taken = await on.call("one.developer", "POST", f"/keys/{first['id']}/rotate", {"overlap_seconds": 60})
    assert (await on.call("one.developer", "DELETE", f"/keys/{first['id']}")).status_code == 204
    for value in (fourth["value"], taken.json()["value"]):
        assert published(publisher, value, tmp_path) is None


async def test_use_of_a_key_is_shown_and_does_not_stand_in_the_way_of_a_change(
    on: Organisation, publisher: Publisher
) -> None:
    made = await on.call("one.developer", "POST", "/keys", APP)
    async with writing(publisher.engine) as connection:
        await connection.execute(key_uses.insert().values(key_id=made.json()["id"], last_us=1_790_000_000_000_000))
    read = await on.call("one.viewer", "GET", "/keys/key", if_none_match=made.headers["etag"])
    assert (read.status_code, read.json()["last_used_us"]) == (200, 1_790_000_000_000_000)
    changed = await on.call("one.developer", "PATCH", "/keys/key", {"name": "x"}, if_match=made.headers["etag"])
    assert changed.status_code == 200


async def test_another_teams_key_does_not_exist_and_a_viewer_changes_none(on: Organisation) -> None:
    for team in ("one", "two"):
        assert (await on.call(f"{team}.developer", "POST", "/keys", {"app": "shop"})).json()["team"] == team
    (mine,) = (await on.call("two.viewer", "GET", "/keys")).json()["items"]
    ways: tuple[tuple[str, str, Any], ...] = (
        ("GET", "", None),
        ("PATCH", "", {"name": "x"}),
        ("DELETE", "", None),
        ("POST", "/rotate", {"overlap_seconds": 0}),
    )
    for method, more, body in ways:
        for reference in (mine["id"], "two/shop/key"):
            refused = await on.call("one.team_admin", method, f"/keys/{reference}{more}", body, if_match="*")
            assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
        if method != "GET":
            refused = await on.call("two.viewer", method, f"/keys/{mine['id']}{more}", body, if_match="*")
            assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert (await on.call("one.team_admin", "POST", "/keys", {"app": "two/shop"})).status_code == 404
    assert (await on.call("one.viewer", "POST", "/keys", {"app": "one/shop"})).status_code == 403
    ambiguous = await on.call("owner", "DELETE", "/keys/key")
    assert (ambiguous.status_code, ambiguous.json()["param"]) == (422, "key")
    assert (await on.call("owner", "POST", "/keys", {"app": "shop"})).json()["param"] == "team"
    assert (await on.call("owner", "POST", "/keys", {"app": "shop", "team": "two", "name": "y"})).status_code == 201


async def test_keys_are_listed_by_team_app_and_state(on: Organisation) -> None:
    for name, more in (("a", {}), ("b", {"expires_us": 1}), ("c", {}), ("d", {"expires_seconds": 60})):
        assert (await on.call("owner", "POST", "/keys", {**APP, "name": name, **more})).status_code == 201
    await on.call("owner", "POST", "/keys", {"app": "two/shop", "name": "e"})
    await on.call("owner", "DELETE", "/keys/c")

    async def listed(query: str = "", who: str = "owner") -> str:
        reply = await on.call(who, "GET", f"/keys?{query}")
        return "".join(key["name"] for key in reply.json()["items"])

    assert await listed() == "abcde"
    assert await listed("sort=-name") == "edcba"
    assert (await listed("state=in_use"), await listed("state=expired"), await listed("state=revoked")) == (
        "ade",
        "b",
        "c",
    )
    assert (await listed("team=two"), await listed("app=shop&team=one&state=in_use")) == ("e", "ad")
    assert (await listed("", "two.viewer"), await listed("team=one", "two.viewer")) == ("e", "")
    assert (await on.call("owner", "GET", "/keys?state=lost")).status_code == 422


ODD: list[dict[str, Any]] = [
    {"scopes": {"services": []}},
    {"scopes": {"endpoints": ["/v1/chat/completion"]}},
    {"scopes": {"endpoints": ["*/completions"]}},
    {"scopes": {"models": ["gp*t"]}},
    {"scopes": {"models": ["with space"]}},
    {"scopes": {"models": ["x" * 201]}},
    {"scopes": {"services": ["a"] * 201}},
    {"scopes": {"service": ["a"]}},
    {"networks": []},
    {"networks": ["10.0.0.1/8"]},
    {"networks": ["10.0.0.0/33"]},
    {"networks": ["localhost"]},
    {"networks": ["fe80::1%eth0"]},
    {"networks": [7]},
    {"expires_us": 0},
    {"expires_us": 2**62},
    {"expires_us": 5, "expires_seconds": 5},
    {"value": "brought-by-hand-0123456789"},
]


async def test_what_a_key_cannot_be_is_refused(on: Organisation) -> None:
    for more in ODD:
        refused = await on.call("owner", "POST", "/keys", {**APP, **more})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_field"), (more, refused.text)
    assert (await on.call("owner", "GET", "/keys")).json()["items"] == []
