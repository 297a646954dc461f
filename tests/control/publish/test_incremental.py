"""Whatever is changed, what is published of it is what compiling everything would give, and everything is not compiled."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from tests.control.issuers.test_endpoints import BODY, JWKS
from tests.support.api import organisation
from tests.support.organisation import CANARY
from tests.support.published import compilations, same_as_compiled, state
from torana.control.access.scope import PLATFORM
from torana.control.apps import service as apps
from torana.control.keys import service as keys
from torana.control.plans import repository as plans_stored
from torana.control.plans import service as plans
from torana.control.policies.service import LimitDraft, Owner, OwnerKind, set_limits
from torana.control.providers import service as providers
from torana.control.publish.publish import Publisher
from torana.control.releases import repository as releases
from torana.control.releases.design import designed, written
from torana.control.releases.service import deployments_used
from torana.control.services import repository as services_stored
from torana.control.services import service as services
from torana.control.sharing import service as sharing
from torana.control.subscriptions import repository as subscriptions_stored
from torana.control.subscriptions import service as subscriptions
from torana.control.subscriptions.service import may_subscribe
from torana.control.teams import service as teams
from torana.core.ids import epoch_us, new_id
from torana.core.secret import Secret
from torana.stores.snapshots import file
from torana.stores.sql import tables
from torana.stores.sql.engine import Connection

pytestmark = pytest.mark.anyio
VISIBILITIES: Sequence[Any] = ("team", "teams", "organisation", "public")
STATES: Sequence[Any] = ("requested", "approved", "rejected", "suspended", "cancelled", "expired")
MODELS = ("small", "large")
OWNERS: Sequence[OwnerKind] = ("team", "app", "key", "service")
_TABLES = {"team": tables.teams, "app": tables.apps, "key": tables.keys, "service": tables.services}


class World(NamedTuple):
    """One transaction over whatever there is by now, and the numbers that say what to do with it."""

    connection: Connection
    publisher: Publisher
    first: int
    second: int

    async def ids(self, table: Any) -> list[str]:
        return list(await self.connection.scalars(select(table.c.id).order_by(table.c.id)))

    async def one(self, table: Any, number: int) -> str | None:
        found = await self.ids(table)
        return found[number % len(found)] if found else None

    async def team(self) -> str:
        team = await self.one(tables.teams, self.first)
        assert team is not None
        return team

    async def app(self) -> apps.App | None:
        app_id = await self.one(tables.apps, self.first)
        return None if app_id is None else await apps.get_by_id(self.connection, PLATFORM, app_id)

    async def service(self, number: int | None = None) -> services.Service | None:
        service_id = await self.one(tables.services, self.second if number is None else number)
        return None if service_id is None else await services_stored.by_id(self.connection, service_id)

    async def provider(self) -> providers.Provider:
        provider_id = await self.one(tables.providers, self.second)
        assert provider_id is not None
        return await providers.find(self.connection, PLATFORM, provider_id)

    def name(self) -> str:
        return f"{'abc'[self.first % 3]}-{new_id('name')[-8:]}"


async def new_team(world: World) -> None:
    await teams.create(world.connection, world.name())


async def rename_team(world: World) -> None:
    team = await teams.find(world.connection, PLATFORM, await world.team())
    await teams.rename(world.connection, team, world.name())


async def new_app(world: World) -> None:
    app = await apps.create(world.connection, await world.team(), world.name(), keep_bodies=bool(world.second % 2))
    if world.second % 3:
        await keys.create(
            world.connection, world.publisher.master, team_id=app.team_id, app_id=app.id, name=world.name()
        )


async def change_app(world: World) -> None:
    if (app := await world.app()) is not None:
        await apps.rename(world.connection, app, world.name())
        await apps.set_keep_bodies(world.connection, app, bool(world.second % 2))


async def remove_app(world: World) -> None:
    if (app := await world.app()) is not None:
        await apps.remove(world.connection, app)


async def change_key(world: World) -> None:
    if (key_id := await world.one(tables.keys, world.first)) is None:
        return
    key = (await keys.find(world.connection, PLATFORM, key_id)).key
    if world.second % 2:
        await keys.revoke(world.connection, PLATFORM, key_id)
    elif key.revoked_us is None:
        await keys.rotate(world.connection, world.publisher.master, key, 60)


async def limit(world: World) -> None:
    kind = OWNERS[world.first % 4]
    table = _TABLES[kind]
    if (owner_id := await world.one(table, world.second)) is not None:
        drafts = [LimitDraft("requests", world.second + 1, 60), LimitDraft("concurrency", 3)]
        await set_limits(world.connection, Owner(kind, owner_id, None), drafts[world.second % 3 :])


async def new_provider(world: World) -> None:
    draft = providers.ProviderDraft(world.name(), "openai-compatible", None, "http://127.0.0.1:9001/v1")
    await providers.create(world.connection, world.publisher.master, draft, Secret(CANARY))


async def change_provider(world: World) -> None:
    provider = await world.provider()
    url = f"http://127.0.0.1:{9001 + world.first % 3}/v1"
    vendor = ("openai-compatible", "vllm")[world.first % 2]
    draft = providers.ProviderDraft(provider.name, vendor, None, url)
    await providers.update(world.connection, world.publisher.master, provider, draft, Secret(CANARY))


async def rename_provider(world: World) -> None:
    provider = await world.provider()
    table = tables.providers
    await world.connection.execute(update(table).where(table.c.id == provider.id).values(name=world.name()))


async def _draft(world: World, name: str, team_id: str | None) -> services.ServiceDraft:
    provider = await world.provider()
    models = MODELS[world.first % 2 :]
    shown = VISIBILITIES[world.first % 4]
    return services.ServiceDraft(
        name,
        [services.DeploymentDraft(provider.id, model, 1 + world.second % 2) for model in models],
        team_id,
        [world.name()] if world.second % 3 == 0 else [],
        "organisation" if team_id is None and shown == "team" else shown,
        "disabled" if world.first % 5 == 4 else "active",
        bool(world.second % 2),
    )


async def new_service(world: World) -> None:
    team_id = None if world.first % 3 == 0 else await world.team()
    held = {service.name for service in await services_stored.listed(world.connection, PLATFORM)}
    # Some names are several teams'.
    name = "shared" if "shared" not in held and world.second % 2 else world.name()
    await services.create(world.connection, await _draft(world, name, team_id))


async def change_service(world: World) -> None:
    if (service := await world.service()) is not None:
        draft = await _draft(world, service.name, service.team_id)
        used = await deployments_used(world.connection, service.id)
        if service.lifecycle == "released":
            draft = draft._replace(lifecycle="released")
        await services.update(world.connection, service, draft, used)


async def remove_service(world: World) -> None:
    if (service := await world.service()) is not None:
        await services.remove(world.connection, service)


async def share(world: World) -> None:
    if (service := await world.service()) is None:
        return
    shown = VISIBILITIES[world.first % 4]
    if service.team_id is None and shown == "team":
        return
    await sharing.share(world.connection, service, shown, [await world.team()] if shown == "teams" else [])


async def subscribe(world: World) -> None:
    app, service = await world.app(), await world.service()
    if app is None or service is None:
        return
    lists = await sharing.sharing_of(world.connection, service)
    if may_subscribe(app.team_id, service, [team_id for team_id, _ in lists.teams]):
        await subscriptions.subscribe(world.connection, app, service, STATES[world.second % 2])


async def unsubscribe(world: World) -> None:
    app, service = await world.app(), await world.service()
    if app is not None and service is not None:
        await subscriptions.unsubscribe(world.connection, app, service)


async def change_subscription(world: World) -> None:
    if (subscription_id := await world.one(tables.subscriptions, world.first)) is not None:
        ends = (None, epoch_us() + 1_000_000_000)[world.second % 2]
        await subscriptions_stored.change(
            world.connection, subscription_id, state=STATES[world.second % 6], expires_us=ends
        )


async def review(world: World) -> None:
    if (service := await world.service()) is not None:
        await subscriptions_stored.set_review(world.connection, service.id, epoch_us() + 1_000_000_000)


async def plan(world: World) -> None:
    if (subscription_id := await world.one(tables.subscriptions, world.first)) is None:
        return
    service_id = await world.connection.scalar(
        select(tables.subscriptions.c.service_id).where(tables.subscriptions.c.id == subscription_id)
    )
    assert service_id is not None
    service = await services_stored.by_id(world.connection, service_id)
    assert service is not None
    held = await plans_stored.of_services(world.connection, [service_id])
    limits = [LimitDraft("concurrency", world.second + 1)]
    if held:
        made = (
            await plans.create(world.connection, service, world.name(), None, limits, None)
            if len(held) < 3
            else held[0]
        )
        changed = msgspec.structs.replace(held[-1], limits=made.limits)
        await plans.change(world.connection, held[-1], changed)
    else:
        made = await plans.create(world.connection, service, world.name(), None, limits, None)
    await subscriptions_stored.change(world.connection, subscription_id, plan_id=made.id)


async def release(world: World) -> None:
    service = await world.service()
    if service is None or service.kind != "model":
        return
    places = await services_stored.deployments_of(world.connection, service.id)
    minors = await releases.numbers(world.connection, service.id, 1)
    row = releases.Release(
        new_id("release"),
        service.team_id,
        service.id,
        1,
        max(minors, default=-1) + 1,
        "published",
        1 + world.first % 3,
        written(designed(service, places)),
        None,
        False,
        None,
        None,
        "somebody",
        epoch_us(),
    )
    await releases.add(world.connection, row)
    await releases.set_lifecycle(world.connection, service.id, "released")


async def change_release(world: World) -> None:
    service = await world.service()
    if service is None:
        return
    live = await releases.of_service(world.connection, service.id, releases.LIVE)
    if not live:
        return
    chosen = live[world.first % len(live)]
    match world.first % 3:
        case 0:
            await releases.set_weights(world.connection, {chosen.id: world.second + 1})
        case 1:
            await releases.change(world.connection, chosen.id, state="deprecated", sunset_us=epoch_us())
        case _ if len(live) > 1 or world.second % 2:
            await releases.change(world.connection, chosen.id, state="retired")
        case _:
            await releases.change(world.connection, chosen.id, successor="another")


Deed = Callable[[World], Coroutine[Any, Any, None]]
DEEDS: Sequence[Deed] = (
    new_team,
    rename_team,
    new_app,
    new_app,
    change_app,
    remove_app,
    change_key,
    limit,
    new_provider,
    change_provider,
    rename_provider,
    new_service,
    new_service,
    change_service,
    remove_service,
    share,
    subscribe,
    subscribe,
    subscribe,
    unsubscribe,
    change_subscription,
    change_subscription,
    review,
    plan,
    release,
    change_release,
)
steps = st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, 11), st.integers(0, 11)), min_size=6, max_size=16)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(asked=steps)
async def test_every_change_is_published_as_compiling_everything_would_and_without_compiling_it(
    asked: list[tuple[Deed, int, int]], publisher: Publisher
) -> None:
    async with publisher.change() as connection:
        for table in (tables.services, tables.providers, tables.apps, tables.teams, tables.limits):
            await connection.execute(delete(table))
        # Something to change from the beginning: three apps of two teams that may call three services at two accounts.
        begin: list[tuple[Deed, int, int]] = [
            *((new_team, number, 0) for number in range(2)),
            *((new_provider, number, 0) for number in range(2)),
            *((new_app, number, 1) for number in range(3)),
            *((new_service, 6, number) for number in range(3)),
            *((subscribe, app, service) for app in range(3) for service in (1, 3, 5)),
            *((plan, number, 2) for number in range(2)),
            (release, 0, 1),
        ]
        for deed, first, second in begin:
            await deed(World(connection, publisher, first, second))
    other = Publisher(publisher.engine, publisher.master, publisher._folder.with_name("other"))
    await other.catch_up()
    with pytest.MonkeyPatch.context() as patch, compilations(patch) as compiled:
        for number, (deed, first, second) in enumerate(asked):
            # Two nodes take turns, each with what the other has published meanwhile.
            at = (publisher, other)[number % 2]
            async with at.change() as connection:
                await deed(World(connection, at, first, second))
            assert not compiled, deed.__name__
            await same_as_compiled(at)
            compiled.clear()
        await publisher.catch_up()
        await other.catch_up()
        assert not compiled
        assert state(publisher).digest == state(other).digest


@pytest.mark.parametrize("deed", ["taken away", "brought back"])
async def test_an_app_that_an_issuer_names_comes_and_goes_with_what_stands_for_it(
    publisher: Publisher, deed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = await organisation(publisher)
    team = on.teams["one"]
    async with publisher.change() as connection:
        await apps.create(connection, team.id, "kept")
        app = await apps.create(connection, team.id, "shop")
    body = {**BODY, "team": "one", "apps": {"a": "shop", "b": "kept"}, "jwks": JWKS}
    made = await on.call("owner", "POST", "/issuers", body)
    assert made.status_code == 201, made.text
    with compilations(monkeypatch) as compiled:
        async with publisher.change() as connection:
            await apps.remove(connection, app)
        if deed == "brought back":
            async with publisher.change() as connection:
                await connection.execute(insert(tables.apps).values(msgspec.structs.asdict(app)))
    assert len(compiled) == (1 if deed == "taken away" else 2)
    with file.open_current(publisher._folder) as snapshot:
        (found,) = snapshot.issuers(BODY["issuer"])
    assert found.apps.keys() == ({"b"} if deed == "taken away" else {"a", "b"})
