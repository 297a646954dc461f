"""Teams with a service that has releases, through the admin API; and a gate that serves what was published."""

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2

from tests.support.api import Organisation, door, organisation
from tests.support.gate_here import Here, chat_body, gate_here
from torana.control.apps import service as apps
from torana.control.keys import service as keys
from torana.control.providers import service as providers
from torana.control.publish.publish import Publisher
from torana.control.services import repository as services
from torana.control.subscriptions import service as subscriptions
from torana.core.secret import Secret

DEMO = {"provider": "demo", "model": "chat"}


class Offered:
    """Two teams; team one has the service `chat`, whose deployments answer in the gate, and an app in team two calls it."""

    def __init__(self, on: Organisation, service_id: str, key: Secret) -> None:
        self.on = on
        self.service_id = service_id
        self.key = key
        # One for all calls: making it takes longer than they do.
        self._app = door(on.publisher)

    async def call(self, name: str, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """One call of the admin API."""
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        sent["authorization"] = f"Bearer {self.on.tokens[name].reveal()}"
        # In ASCII, so that also what is no text can be sent.
        content = None if body is None else json.dumps(body).encode()
        sent["content-type"] = "application/json"
        transport = httpx2.ASGITransport(self._app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://torana", headers=sent) as client:
            return await client.request(method, f"/api/v1{path}", content=content)

    @property
    def path(self) -> str:
        return f"/services/{self.service_id}"

    async def patch(self, name: str = "one.service_owner", **fields: Any) -> dict[str, Any]:
        """The draft, changed."""
        reply = await self.call(name, "PATCH", self.path, fields, if_match="*")
        assert reply.status_code == 200, reply.text
        shown: dict[str, Any] = reply.json()
        return shown

    async def release(self, name: str = "one.service_owner", **fields: Any) -> dict[str, Any]:
        """A release of the draft."""
        reply = await self.call(name, "POST", f"{self.path}/releases", fields)
        assert reply.status_code == 201, reply.text
        shown: dict[str, Any] = reply.json()
        return shown

    async def post(self, release: dict[str, Any], what: str, name: str = "one.service_owner", **body: Any) -> Any:
        """The reply to an action on a release."""
        empty = None if what == "withdraw" else body
        return await self.call(name, "POST", f"/releases/{release['id']}/{what}", empty)

    async def weights(self) -> dict[str, int]:
        """By version, of live releases."""
        found = (await self.call("one.viewer", "GET", f"{self.path}/releases")).json()["items"]
        return {one["version"]: one["weight"] for one in found if one["state"] in ("published", "deprecated")}


async def offered(publisher: Publisher, **fields: Any) -> Offered:
    """Make them. `fields` are the service's."""
    on = await organisation(publisher)
    async with publisher.change() as connection:
        await providers.create(connection, publisher.master, providers.ProviderDraft("demo", "demo"))
    asked = {"name": "chat", "team": "one", "visibility": "organisation", "deployments": [DEMO], **fields}
    made = await on.call("one.service_owner", "POST", "/services", asked)
    assert made.status_code == 201, made.text
    async with publisher.change() as connection:
        app = await apps.create(connection, on.teams["two"].id, "caller")
        key = await keys.create(connection, publisher.master, team_id=app.team_id, app_id=app.id, name="first")
        service = await services.by_id(connection, made.json()["id"])
        assert service is not None
        await subscriptions.subscribe(connection, app, service)
    return Offered(on, service.id, key.secret)


@contextlib.asynccontextmanager
async def serving(given: Offered, folder: Path) -> AsyncIterator["Caller"]:
    """A gate on the folder that the publisher writes to."""
    async with gate_here(folder, None) as here:
        yield Caller(here, given.key)


class Caller:
    """Calls with the key of the app in team two."""

    def __init__(self, here: Here, key: Secret) -> None:
        self.here = here
        self.key = key.reveal()

    async def chat(self, model: str = "chat") -> Any:
        """One call, at the newest snapshot."""
        self.here.gate.sweep()
        return await self.here.post(chat_body(model), key=self.key)

    async def served(self, model: str = "chat") -> str | None:
        """The version that answered."""
        found: str | None = (await self.chat(model)).headers.get("x-torana-release")
        return found
