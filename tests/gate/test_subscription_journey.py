"""From one team's offer to another's call, through the admin API and a real gate over the same data."""

import asyncio
from pathlib import Path
from typing import Any

import uvloop

from tests.support.api import organisation
from tests.support.gate_here import MASTER, Here, Reply, gate_here
from torana.control.apps import service as apps
from torana.control.keys import service as keys
from torana.control.providers import service as providers
from torana.control.publish.publish import Publisher
from torana.control.services import service as services
from torana.control.subscriptions.due import run_once
from torana.core.ids import epoch_us
from torana.settings import Settings
from torana.stores.sql.engine import create

CHAT = b'{"model": "answers", "messages": [{"role": "user", "content": "Hi"}]}'


def test_a_team_offers_another_asks_and_calls_until_it_is_stopped(settings: Settings, tmp_path: Path) -> None:
    async def main() -> None:
        engine = create(settings)
        publisher = Publisher(engine, MASTER, tmp_path / "snapshot")
        try:
            await _journey(publisher, tmp_path)
        finally:
            await engine.dispose()

    uvloop.run(main())


async def _journey(publisher: Publisher, folder: Path) -> None:
    on = await organisation(publisher)
    one, two = on.teams["one"], on.teams["two"]
    async with publisher.change() as connection:
        provider = await providers.create(connection, MASTER, providers.ProviderDraft("own", "demo", two.id))
        draft = services.ServiceDraft("answers", [services.DeploymentDraft(provider.id, "chat")], two.id)
        service = await services.create(connection, draft._replace(visibility="team"))
        app = await apps.create(connection, one.id, "shop")
        key = await keys.create(connection, MASTER, team_id=one.id, app_id=app.id, name="first")

    async def api(name: str, method: str, path: str, body: Any = None) -> Any:
        reply = await on.call(name, method, path, body, **({"if_match": "*"} if method == "PUT" else {}))
        assert reply.status_code < 300, reply.text
        return reply.json()

    async with gate_here(folder, None) as here:

        async def call() -> Reply:
            here.gate.sweep()
            return await here.post(CHAT, key=key.secret.reveal())

        assert (await call()).status == 404
        await api(
            "two.service_owner", "PUT", f"/services/{service.id}/sharing", {"visibility": "teams", "teams": ["one"]}
        )
        limits = [{"requests": 3, "per": "day"}]
        await api("two.service_owner", "POST", f"/services/{service.id}/plans", {"name": "small", "limits": limits})
        await _stopped(call, "none")
        (offered,) = (await api("one.developer", "GET", "/catalogue"))["items"]
        assert (offered["name"], offered["approval"], offered["plans"][0]["limits"]) == ("answers", True, limits)
        asked = {"app": app.id, "service": "answers", "plan": "small", "reason": "for the shop"}
        held = await api("one.developer", "POST", "/subscriptions", asked)
        await _stopped(call, "requested")
        await api("two.service_owner", "POST", f"/approvals/{held['approval_id']}/decisions", {"verdict": "approve"})
        assert (await call()).status == 200
        await api("two.service_owner", "POST", f"/subscriptions/{held['id']}/suspend", {"reason": "too much"})
        await _stopped(call, "suspended")
        await api("two.service_owner", "POST", f"/subscriptions/{held['id']}/resume")
        assert [(await call()).status for _ in range(3)] == [200, 200, 429]
        await _expires(publisher, here, call, api, held["id"])
        await api("two.service_owner", "PUT", f"/services/{service.id}/sharing", {"visibility": "team"})
        assert (await call()).status == 404


async def _expires(publisher: Publisher, here: Here, call: Any, api: Any, subscription_id: str) -> None:
    """Its end is kept by the gate alone; control then says the same."""
    end_us = epoch_us() + 1_000_000
    await api("one.developer", "POST", f"/subscriptions/{subscription_id}/renew", {"expires_us": end_us})
    async with asyncio.timeout(30):
        while (await call()).status != 403:
            await asyncio.sleep(0.05)
    assert epoch_us() >= end_us
    assert (await api("one.viewer", "GET", f"/subscriptions/{subscription_id}"))["state"] == "approved"
    await _stopped(call, "expired")
    assert await run_once(publisher, epoch_us()) >= 1
    assert (await api("one.viewer", "GET", f"/subscriptions/{subscription_id}"))["state"] == "expired"
    await _stopped(call, "expired")


async def _stopped(call: Any, state: str) -> None:
    reply = await call()
    assert (reply.status, reply.error["code"]) == (403, "not_subscribed")
    assert reply.headers["x-torana-subscription"] == state
