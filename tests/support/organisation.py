"""A small organisation for tests: teams, apps, keys and a provider, through the services of control."""

from typing import Any, NamedTuple

from torana.control.apps import service as apps
from torana.control.keys import service as keys
from torana.control.providers import service as providers
from torana.control.publish.publish import Publisher
from torana.control.services import service as services
from torana.control.subscriptions import service as subscriptions
from torana.control.teams import service as teams
from torana.core.secret import Secret
from torana.stores.sql.engine import Connection

CANARY = "sk-canary-3f9a1c77"


class Consumer(NamedTuple):
    """A team with one app that has one key."""

    team: teams.Team
    app: apps.App
    key: keys.Key
    secret: Secret


async def add_consumer(connection: Connection, publisher: Publisher, name: str) -> Consumer:
    """A new team `name` with the app `bench` and the key `first`."""
    team = await teams.create(connection, name)
    app = await apps.create(connection, team.id, "bench")
    made = await keys.create(connection, publisher.master, team_id=team.id, app_id=app.id, name="first")
    return Consumer(team, app, made.key, made.secret)


async def add_provider(
    connection: Connection, publisher: Publisher, name: str = "local", team_id: str | None = None
) -> providers.Provider:
    """A provider account of an OpenAI-compatible server, with the canary as its credential."""
    draft = providers.ProviderDraft(name, "openai-compatible", team_id, "http://127.0.0.1:9001/v1")
    return await providers.create(connection, publisher.master, draft, Secret(CANARY))


async def add_service(
    connection: Connection,
    provider: providers.Provider,
    name: str,
    *subscribers: Consumer,
    **more: Any,
) -> services.Service:
    """A service over one deployment, subscribed by the consumers' apps."""
    draft = services.ServiceDraft(name, [services.DeploymentDraft(provider.id, f"{name}-model")])
    service = await services.create(connection, draft._replace(**more))
    for subscriber in subscribers:
        await subscriptions.subscribe(connection, subscriber.app, service)
    return service
