"""Provider accounts through the admin API: whose they are, and that a credential never comes out or goes elsewhere."""

import pytest
from sqlalchemy import select

from tests.support.api import Organisation, organisation
from torana.control.publish.publish import Publisher
from torana.stores.sql.audit_tables import audit
from torana.stores.sql.engine import reading
from torana.stores.sql.tables import providers

pytestmark = pytest.mark.anyio

CANARY = "sk-canary-0123456789"
LOCAL = {"name": "local", "vendor": "openai-compatible", "base_url": "http://127.0.0.1:9001/v1", "api_key": CANARY}


@pytest.fixture
async def on(publisher: Publisher) -> Organisation:
    return await organisation(publisher)


async def sealed(on: Organisation, provider_id: str) -> str | None:
    """The credential that is stored."""
    async with reading(on.publisher.engine) as connection:
        found = (
            await connection.execute(select(providers.c.sealed_key).where(providers.c.id == provider_id))
        ).scalar_one()
    return None if found is None else on.publisher.master.open(found, provider_id).reveal()


async def test_a_credential_goes_in_and_never_comes_out(on: Organisation) -> None:
    made = await on.call("owner", "POST", "/providers", LOCAL, idempotency_key="k")
    path = made.headers["location"]
    replies = [
        made,
        await on.call("owner", "POST", "/providers", LOCAL, idempotency_key="k"),
        await on.call("owner", "GET", path),
        await on.call("owner", "GET", "/providers"),
        await on.call("owner", "PATCH", path, {"api_key": CANARY + "2"}, if_match=made.headers["etag"]),
        await on.call("owner", "POST", "/providers", {**LOCAL, "name": "other", "api_key": CANARY + "\n2"}),
    ]
    assert [reply.status_code for reply in replies] == [201, 201, 200, 200, 200, 422]
    assert all(CANARY not in reply.text for reply in replies)
    assert made.json()["has_credential"] is True
    assert await sealed(on, made.json()["id"]) == CANARY + "2"
    async with reading(on.publisher.engine) as connection:
        written = (await connection.execute(select(audit.c.before, audit.c.after))).all()
    assert len(written) == 2
    assert CANARY not in str(written)


async def test_a_change_keeps_what_it_does_not_name_but_no_credential_for_another_host(on: Organisation) -> None:
    made = (await on.call("owner", "POST", "/providers", {**LOCAL, "idle_timeout_seconds": 7})).json()
    path = f"/providers/{made['id']}"
    kept = await on.call("owner", "PATCH", path, {"connect_timeout_seconds": 2}, if_match="*")
    assert kept.json() == {**made, "connect_timeout_seconds": 2}
    assert await sealed(on, made["id"]) == CANARY
    moved = await on.call("owner", "PATCH", path, {"base_url": "http://127.0.0.2:9001/v1"}, if_match="*")
    assert (moved.json()["has_credential"], moved.json()["idle_timeout_seconds"]) == (False, 7)
    assert await sealed(on, made["id"]) is None


async def test_teams_have_accounts_of_their_own_and_see_the_platforms(on: Organisation) -> None:
    platforms = (await on.call("provider_admin", "POST", "/providers", LOCAL)).json()["id"]
    own = (await on.call("one.service_owner", "POST", "/providers", {**LOCAL, "team": "one"})).json()["id"]
    assert (await on.call("one.service_owner", "POST", "/providers", {**LOCAL, "name": "x"})).status_code == 403
    assert (await on.call("one.service_owner", "POST", "/providers", {**LOCAL, "team": "two"})).status_code == 404
    assert (await on.call("one.viewer", "POST", "/providers", {**LOCAL, "team": "one"})).status_code == 403
    for name, seen in (("one.viewer", {platforms, own}), ("two.viewer", {platforms}), ("member", None)):
        listed = await on.call(name, "GET", "/providers")
        assert seen == (None if listed.status_code == 403 else {one["id"] for one in listed.json()["items"]}), name
    assert (await on.call("two.team_admin", "GET", f"/providers/{own}")).status_code == 404
    assert (await on.call("two.team_admin", "DELETE", f"/providers/{own}")).status_code == 404
    assert (await on.call("one.team_admin", "DELETE", f"/providers/{platforms}")).status_code == 403
    assert (await on.call("one.team_admin", "DELETE", f"/providers/{own}")).status_code == 204
