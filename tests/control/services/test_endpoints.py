"""Services through the admin API: drafts made, changed, checked and deleted, and what torana.yaml declares left alone."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import insert

from tests.control.releases.offered import DEMO, Offered, offered
from tests.support.api import organisation
from tests.support.organisation import add_provider
from torana.control.app import create_app
from torana.control.door import Door
from torana.control.providers import service as providers
from torana.control.publish.publish import Publisher
from torana.control.services import service as services
from torana.control.services.probing import Probed
from torana.core.secret import Secret
from torana.core.snapshot import Account
from torana.stores.sql.tables import declared

pytestmark = pytest.mark.anyio

REVIEWED = {"releases": [{"permission": "releases:approve"}]}
CUSTOM = {"request": {"path": "/generate", "body": '{"q": {{ last_user }}}'}, "response": '{"text": answer}'}


async def test_a_draft_is_made_read_changed_and_deleted(publisher: Publisher) -> None:
    given = await offered(publisher, aliases=["chatty"], description="Talks.")
    read = await given.call("one.viewer", "GET", "/services/chat")
    shown = read.json()
    assert (shown["lifecycle"], shown["kind"], shown["aliases"], shown["declared"]) == (
        "released",
        "model",
        ["chatty"],
        False,
    )
    assert [(one["provider"], one["vendor"], one["model"]) for one in shown["deployments"]] == [
        ("demo", "demo", "chat")
    ]
    for match, status in (({}, 428), ({"if_match": '"old"'}, 412)):
        refused = await given.call("one.service_owner", "PATCH", given.path, {"description": None}, **match)
        assert refused.status_code == status
    match = {"if_match": read.headers["etag"]}
    changed = await given.call("one.service_owner", "PATCH", given.path, {"description": None}, **match)
    assert changed.json() == {**shown, "description": None}
    again = await given.patch(aliases=[], deployments=[DEMO, {"provider": "demo", "model": "embed", "weight": 0}])
    assert again["deployments"][0]["id"] == shown["deployments"][0]["id"]
    assert (await given.call("one.service_owner", "DELETE", given.path)).status_code == 204
    assert (await given.call("one.viewer", "GET", given.path)).status_code == 404


async def test_who_approves_releases_and_who_approves_subscriptions_are_set_without_touching_each_other(
    publisher: Publisher,
) -> None:
    given = await offered(publisher, approval=REVIEWED)
    policy = {"mode": "owner", "stages": [], "review_days": 30, "confirm_by": "owner"}
    put = await given.call("one.team_admin", "PUT", f"{given.path}/subscription-policy", policy, if_match="*")
    assert (put.status_code, put.json()) == (200, policy)
    stages = [{**REVIEWED["releases"][0], "count": 1, "not_author": True}]
    assert (await given.call("one.viewer", "GET", given.path)).json()["approval"] == {"releases": stages}
    for asked, releases in ((None, []), (REVIEWED, stages), ({"releases": []}, [])):
        assert (await given.patch("one.team_admin", approval=asked))["approval"] == {"releases": releases}
        kept = await given.call("one.viewer", "GET", f"{given.path}/subscription-policy")
        assert kept.json() == policy


async def test_what_a_service_is_taken_back_from_loses_its_subscription(publisher: Publisher) -> None:
    given = await offered(publisher, visibility="organisation")
    (held,) = (await given.call("owner", "GET", f"/subscriptions?service={given.service_id}")).json()["items"]
    assert held["state"] == "approved"
    await given.patch(visibility="team")
    assert (await given.call("owner", "GET", f"/subscriptions/{held['id']}")).json()["state"] == "cancelled"


async def test_what_cannot_be_is_refused_with_its_field(publisher: Publisher) -> None:
    given = await offered(publisher)
    async with publisher.change() as connection:
        await add_provider(connection, publisher, "theirs", team_id=given.on.teams["two"].id)
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"deployments": [{"provider": "theirs", "model": "m"}]}, 422, "deployments"),
        ({"deployments": [DEMO, DEMO]}, 422, "deployments"),
        ({"deployments": [{"provider": "demo", "model": ""}]}, 422, "model"),
        ({"deployments": [{**DEMO, "weight": -1}]}, 422, "deployments"),
        ({"contract": {"input": {"type": "text"}}}, 422, "contract"),
        ({"contract": {"output": {"$ref": "https://example.org/x"}}}, 422, "contract"),
        ({"custom": CUSTOM}, 422, "custom"),
        ({"approval": {"releases": [{"permission": "everything"}]}}, 422, "approval"),
        ({"aliases": ["a b"]}, 422, "aliases"),
        ({"aliases": ["chat"]}, 409, ""),
        ({"visibility": "everybody"}, 422, "visibility"),
        ({"name": "other"}, 422, "name"),
        ({"lifecycle": "direct"}, 422, "lifecycle"),
        ({"description": "a\0b"}, 422, "description"),
        ({"description": "\ud800"}, 422, ""),
        ({"contract": {"input": {"title": "\ud800"}}}, 422, "contract"),
        ({"contract": {"input": {"minimum": float("nan")}}}, 422, "contract"),
        ({"deployments": [{"provider": "a\0b", "model": "m"}]}, 422, "deployments"),
    ]
    before = (await given.call("one.viewer", "GET", given.path)).json()
    for body, status, param in cases:
        refused = await given.call("one.team_admin", "PATCH", given.path, body, if_match="*")
        assert (refused.status_code, refused.json().get("param", "")) == (
            status,
            param or refused.json().get("param", ""),
        ), body
    taken = await given.call("one.service_owner", "POST", "/services", {"name": "chat", "team": "one"})
    assert (taken.status_code, taken.json()["code"]) == (409, "already_exists")
    odd = await given.call("one.service_owner", "POST", "/services", {"name": "a b", "team": "one"})
    assert odd.status_code == 422
    assert (await given.call("one.viewer", "GET", given.path)).json() == before


async def test_who_may_make_services_where(publisher: Publisher) -> None:
    on = await organisation(publisher)
    body = {"name": "chat", "team": "one"}
    for name, status in (
        ("two.team_admin", 404),
        ("one.viewer", 403),
        ("auditor", 403),
        ("member", 403),
        ("one.service_owner", 201),
    ):
        assert (await on.call(name, "POST", "/services", body)).status_code == status, name
    assert (await on.call("one.service_owner", "POST", "/services", {"name": "chat"})).status_code == 403
    assert (
        await on.call("admin", "POST", "/services", {"name": "chat", "visibility": "organisation"})
    ).status_code == 201


async def test_lists_are_the_teams_and_the_platforms_and_can_be_filtered(publisher: Publisher) -> None:
    given = await offered(publisher)
    for name, body in (
        ("two.team_admin", {"name": "theirs", "team": "two"}),
        ("owner", {"name": "everybodys", "visibility": "organisation"}),
        ("one.team_admin", {"name": "own", "team": "one", "kind": "custom"}),
    ):
        assert (await given.call(name, "POST", "/services", body)).status_code == 201

    async def names(who: str, query: str = "") -> list[str]:
        return [one["name"] for one in (await given.call(who, "GET", f"/services{query}")).json()["items"]]

    assert await names("one.viewer") == ["chat", "everybodys", "own"]
    assert await names("two.viewer", "?sort=-name") == ["theirs", "everybodys"]
    assert await names("auditor") == ["chat", "everybodys", "own", "theirs"]
    assert await names("one.viewer", "?kind=custom") == ["own"]
    assert await names("one.viewer", "?team=one&name=chat") == ["chat"]
    assert (await given.call("one.viewer", "GET", "/services?team=two")).status_code == 404


async def test_what_torana_yaml_declares_is_changed_there_only(publisher: Publisher) -> None:
    on = await organisation(publisher)
    async with publisher.change() as connection:
        demo = await providers.create(connection, publisher.master, providers.ProviderDraft("demo", "demo"))
        draft = services.ServiceDraft("chat", [services.DeploymentDraft(demo.id, "chat")], on.teams["one"].id)
        file = await services.create(connection, draft)
        own = await services.create(connection, draft._replace(name="own"))
        await connection.execute(insert(declared).values(id=file.id, kind="service"))
    path = f"/services/{file.id}"
    assert (await on.call("owner", "GET", path)).json()["declared"] is True
    for method, place, body in (
        ("PATCH", path, {"description": "x"}),
        ("DELETE", path, None),
        ("POST", f"{path}/releases", {}),
        ("POST", f"{path}/rollback", None),
    ):
        refused = await on.call("owner", method, place, body, if_match="*")
        assert (refused.status_code, refused.json()["code"]) == (409, "declared_elsewhere"), (method, place)
    # What was made otherwise is served as it stands, until it has its first release.
    assert (await on.call("owner", "GET", f"/services/{own.id}")).json()["lifecycle"] == "direct"
    where = f"/services/{own.id}"
    changes: list[tuple[Any, int]] = [({"approval": REVIEWED}, 200), ({"deployments": []}, 409)]
    for body, status in changes:
        assert (await on.call("owner", "PATCH", where, body, if_match="*")).status_code == status
    made = await on.call("owner", "POST", f"{where}/releases", {})
    assert made.json()["state"] == "review"
    approval = f"/approvals/{made.json()['approval_id']}/decisions"
    assert (await on.call("one.team_admin", "POST", approval, {"verdict": "approve"})).status_code == 201
    assert (await on.call("owner", "GET", where)).json()["lifecycle"] == "direct"
    assert (await on.call("owner", "POST", f"/releases/{made.json()['id']}/publish", {})).status_code == 200
    assert (made.status_code, made.json()["version"]) == (201, "1.0")
    assert (await on.call("owner", "GET", where)).json()["lifecycle"] == "released"


class Vendors:
    """Answers test calls: the model `embed` fails."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None, str]] = []

    async def __call__(self, account: Account, key: Secret | None, model: str, embeds: bool) -> Probed:
        self.asked.append((account.name, None if key is None else key.reveal(), model))
        return Probed("model", "It has no such model.", 404) if model == "embed" else Probed(None, "It answers.", 200)


async def validated(given: Offered, vendors: Vendors, body: dict[str, Any]) -> dict[str, Any]:
    app = Door(create_app(given.on.publisher, prober=vendors), owner_socket=False)
    sent = {"authorization": f"Bearer {given.on.tokens['one.service_owner'].reveal()}"}
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="http://torana", headers=sent
    ) as client:
        reply = await client.post(f"/api/v1{given.path}/validate", json=body)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def test_a_draft_is_checked_and_called(publisher: Publisher) -> None:
    given, vendors = await offered(publisher, deployments=[]), Vendors()
    found = await validated(given, vendors, {"call": True})
    assert found == {
        "ok": False,
        "problems": ["deployments: at least one with a weight above 0 is needed"],
        "calls": [],
    }
    async with publisher.change() as connection:
        await add_provider(connection, publisher, "own", team_id=given.on.teams["one"].id)
    await given.patch(deployments=[{"provider": "own", "model": "m"}, {"provider": "demo", "model": "embed"}])
    assert (await validated(given, vendors, {}))["ok"] is True
    assert vendors.asked == []
    called = await validated(given, vendors, {"call": True})
    assert [(one["model"], one["ok"]) for one in called["calls"]] == [("m", True), ("embed", False)]
    assert called["ok"] is False
    assert ("own", "sk-canary-3f9a1c77", "m") in vendors.asked
    assert "sk-canary" not in str(called)


async def test_the_description_of_a_custom_model_has_to_compile(publisher: Publisher) -> None:
    given = await offered(publisher)
    made = await given.call("one.service_owner", "POST", "/services", {"name": "own", "team": "one", "kind": "custom"})
    path = f"/services/{made.json()['id']}"
    assert "needs the description" in str(
        (await given.call("one.service_owner", "POST", f"{path}/validate", {})).json()
    )
    broken = {**CUSTOM, "response": '{"text": '}
    for custom, ok in ((broken, False), (CUSTOM, True)):
        body = {"custom": custom, "deployments": [{"provider": "demo"}]}
        changed = await given.call("one.service_owner", "PATCH", path, body, if_match="*")
        assert changed.status_code == 200, changed.text
        assert changed.json()["custom"] == custom
        found = (await given.call("one.service_owner", "POST", f"{path}/validate", {})).json()
        assert found["ok"] is ok, found
        released = await given.call("one.service_owner", "POST", f"{path}/releases", {})
        assert released.status_code == (201 if ok else 422)
