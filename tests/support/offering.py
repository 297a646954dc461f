"""Two teams: `two` offers a service, an app of `one` wants to call it."""

from typing import Any, NamedTuple

import httpx2

from tests.support.api import Organisation, organisation
from tests.support.organisation import add_provider, add_service
from torana.control.apps import service as apps
from torana.control.keys import service as keys
from torana.control.publish.publish import Publisher
from torana.control.services.service import Service
from torana.core.secret import Secret
from torana.core.snapshot import App
from torana.stores.snapshots import file


class Offering(NamedTuple):
    """Both sides."""

    on: Organisation
    service: Service
    """Of team two, visible to the organisation."""
    app: apps.App
    """Of team one."""
    own_app: apps.App
    """Of team two."""
    key: Secret
    """Of team one's app."""

    async def ask(self, name: str = "one.developer", app: apps.App | None = None, **more: Any) -> httpx2.Response:
        """Ask for the service."""
        body = {"app": (app or self.app).id, "service": self.service.id, **more}
        return await self.on.call(name, "POST", "/subscriptions", body)

    async def subscribed(self, **more: Any) -> dict[str, Any]:
        """Ask, and have it approved."""
        made = (await self.ask(**more)).json()
        assert made["state"] == "requested", made
        await self.decide(made["approval_id"], "approve")
        return dict((await self.on.call("one.viewer", "GET", f"/subscriptions/{made['id']}")).json())

    async def decide(self, approval_id: str, verdict: str, name: str = "two.service_owner") -> httpx2.Response:
        """Decide as somebody of the service's team."""
        decided = await self.on.call(name, "POST", f"/approvals/{approval_id}/decisions", {"verdict": verdict})
        assert decided.status_code == 201, decided.text
        return decided

    async def act(self, name: str, subscription_id: str, verb: str, body: Any = None) -> httpx2.Response:
        """Suspend, resume, cancel, renew or confirm."""
        return await self.on.call(name, "POST", f"/subscriptions/{subscription_id}/{verb}", body)

    async def set_policy(self, **policy: Any) -> None:
        """Set who approves."""
        path = f"/services/{self.service.id}/subscription-policy"
        done = await self.on.call("two.team_admin", "PUT", path, policy, if_match="*")
        assert done.status_code == 200, done.text

    async def share(self, visibility: str, *teams: str) -> None:
        """Set who sees the service."""
        path = f"/services/{self.service.id}/sharing"
        body = {"visibility": visibility, "teams": list(teams)}
        done = await self.on.call("two.service_owner", "PUT", path, body, if_match="*")
        assert done.status_code == 200, done.text

    def published(self) -> App:
        """Team one's app, as gates see it."""
        with file.open_current(self.on.publisher._folder) as snapshot:
            app = snapshot.app(self.app.id)
        assert app is not None
        return app


async def offering(publisher: Publisher, name: str = "gpt", **more: Any) -> Offering:
    """Make both sides; `more` are fields of the service."""
    on = await organisation(publisher)
    one, two = on.teams["one"], on.teams["two"]
    async with publisher.change() as connection:
        provider = await add_provider(connection, publisher, team_id=two.id)
        service = await add_service(connection, provider, name, team_id=two.id, **more)
        app = await apps.create(connection, one.id, "shop")
        own = await apps.create(connection, two.id, "tool")
        made = await keys.create(connection, publisher.master, team_id=one.id, app_id=app.id, name="first")
    return Offering(on, service, app, own, made.secret)
