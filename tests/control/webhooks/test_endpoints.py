"""Webhooks through the admin API: whose they are, what they may point to, and secrets that are shown once."""

from typing import Any

import pytest
from sqlalchemy import select

from tests.support.api import Organisation, organisation
from tests.support.loopback import answering, whole
from torana.control.publish.publish import Publisher
from torana.settings import Settings
from torana.stores.sql.audit_tables import audit
from torana.stores.sql.engine import reading

pytestmark = pytest.mark.anyio

URL = "https://hooks.example.org/torana"


@pytest.fixture
async def on(publisher: Publisher) -> Organisation:
    return (await organisation(publisher))._replace(settings=Settings(webhooks_loopback=True))


async def made(on: Organisation, who: str = "one.team_admin", **body: Any) -> dict[str, Any]:
    reply = await on.call(who, "POST", "/webhooks", {"name": "chat", "url": URL, "team": "one", **body})
    assert reply.status_code == 201, reply.text
    shown: dict[str, Any] = reply.json()
    return shown


async def test_a_webhook_is_made_with_a_secret_that_is_shown_once(on: Organisation) -> None:
    webhook = await made(on, url=URL + "?token=abc", events=["key.expiring", "key.expiring"])
    assert webhook["secret"].startswith("whsec_")
    read = await on.call("one.viewer", "GET", f"/webhooks/{webhook['id']}")
    assert "secret" not in read.json()
    assert (read.json()["url"], read.json()["events"]) == (URL + "?…", ["key.expiring"])
    renewed = (await on.call("one.team_admin", "POST", "/webhooks/chat/secret")).json()
    assert renewed["secret"] not in ("", webhook["secret"])
    async with reading(on.publisher.engine) as connection:
        noted = (await connection.execute(select(audit.c.action, audit.c.after))).all()
    assert [row[0] for row in noted] == ["webhook.create", "webhook.renew_secret"]
    assert not any(secret in str(row) for row in noted for secret in (webhook["secret"], renewed["secret"], "abc"))


async def test_a_webhook_is_changed_switched_off_and_deleted(on: Organisation) -> None:
    webhook = await made(on)
    path = f"/webhooks/{webhook['id']}"
    assert (await on.call("one.team_admin", "PATCH", path, {"name": "x"})).status_code == 428
    etag = (await on.call("one.team_admin", "GET", path)).headers["etag"]
    changed = await on.call(
        "one.team_admin", "PATCH", path, {"name": "room", "events": ["key.revoked"], "disabled": True}, if_match=etag
    )
    assert (changed.json()["name"], changed.json()["events"], changed.json()["url"]) == ("room", ["key.revoked"], URL)
    assert changed.json()["disabled_us"] is not None
    assert (await on.call("one.team_admin", "PATCH", path, {"name": "y"}, if_match=etag)).status_code == 412
    again = await on.call("one.team_admin", "PATCH", path, {"disabled": False}, if_match="*")
    assert again.json()["disabled_us"] is None
    assert (await on.call("one.team_admin", "DELETE", path)).status_code == 204
    assert (await on.call("one.team_admin", "GET", path)).status_code == 404


async def test_a_team_sees_and_changes_only_its_own_and_the_platforms_are_the_platforms(on: Organisation) -> None:
    own, platform = await made(on), await made(on, "owner", team=None, name="siem")
    for name in ("two.team_admin", "two.viewer"):
        assert (await on.call(name, "GET", f"/webhooks/{own['id']}")).status_code == 404
        assert (await on.call(name, "GET", "/webhooks")).json()["items"] == []
    for method, path, body in (
        ("PATCH", "", {"name": "mine"}), ("DELETE", "", None), ("POST", "/secret", None), ("POST", "/test", None),
    ):  # fmt: skip
        for webhook, name, status in (
            (own, "two.team_admin", 404), (own, "one.developer", 403), (platform, "one.team_admin", 404), (own, "auditor", 403),
        ):  # fmt: skip
            reply = await on.call(name, method, f"/webhooks/{webhook['id']}{path}", body, if_match="*")
            assert reply.status_code == status, (name, method, path)
    refused = await on.call("one.team_admin", "POST", "/webhooks", {"name": "x", "url": URL, "team": None})
    assert refused.json()["code"] == "not_allowed"
    refused = await on.call("one.team_admin", "POST", "/webhooks", {"name": "x", "url": URL, "team": "two"})
    assert refused.json()["code"] == "not_found"
    listed = (await on.call("auditor", "GET", "/webhooks")).json()["items"]
    assert [one["name"] for one in listed] == ["chat", "siem"]
    assert len((await on.call("auditor", "GET", "/webhooks?team=one")).json()["items"]) == 1


async def test_a_name_is_taken_once_in_a_team_and_on_the_platform_and_events_must_exist(on: Organisation) -> None:
    await made(on)
    await made(on, "owner", team=None)
    await made(on, "owner", team="two")
    for team in ("one", None):
        again = await on.call("owner", "POST", "/webhooks", {"name": "chat", "url": URL, "team": team})
        assert again.json()["code"] == "already_exists"
    assert (await on.call("owner", "GET", "/webhooks/chat")).json()["code"] == "invalid_field"
    wrong = await on.call("owner", "POST", "/webhooks", {"name": "x", "url": URL, "events": ["everything"]})
    assert (wrong.status_code, wrong.json()["param"]) == (422, "events")


async def test_there_is_a_most_of_webhooks(on: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torana.control.webhooks.service.MOST", 1)
    await made(on)
    assert (await on.call("owner", "POST", "/webhooks", {"name": "x", "url": URL, "team": "one"})).json()[
        "code"
    ] == "too_many"


async def test_a_trial_says_what_the_receiver_answered(on: Organisation) -> None:
    with answering(lambda _: whole(204, b"")) as server:
        await made(on, url=f"http://localhost:{server.port}/in")
        tried = (await on.call("one.team_admin", "POST", "/webhooks/chat/test")).json()
    assert (tried["taken"], tried["status"], tried["error"]) == (True, 204, None)
    assert b'"type":"webhook.test"' in server.requests[0]
    tried = (await on.call("one.team_admin", "POST", "/webhooks/chat/test")).json()
    assert (tried["taken"], tried["status"]) == (False, None)
    assert tried["error"].startswith("it could not be reached")
