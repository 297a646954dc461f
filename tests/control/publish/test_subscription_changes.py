"""A change of subscriptions alone: what is published without compiling everything is what compiling everything would give."""

import pytest
from sqlalchemy import update

from tests.support.offering import offering
from tests.support.published import compilations, same_as_compiled, state
from torana.control.apps import service as apps
from torana.control.publish.publish import Publisher
from torana.control.subscriptions import service as subscriptions
from torana.stores.sql import tables

pytestmark = pytest.mark.anyio


async def test_asking_deciding_suspending_and_renewing_compile_only_the_app(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = await offering(publisher)
    await it.on.call("two.service_owner", "POST", f"/services/{it.service.id}/plans", {"name": "small"})
    # Somebody calls the service already.
    await it.ask("two.developer", it.own_app, plan="small")
    limits = {"name": "new", "limits": [{"concurrency": 3}]}
    await it.on.call("two.service_owner", "POST", f"/services/{it.service.id}/plans", limits)
    with compilations(monkeypatch) as compiled:
        held = await it.subscribed(plan="new")
        await same_as_compiled(it.on.publisher)
        (planned,) = it.published().plans[it.service.id]
        assert planned.amount == 3
        for verb, name in (
            ("suspend", "two.service_owner"),
            ("resume", "two.service_owner"),
            ("cancel", "one.developer"),
        ):
            assert (await it.act(name, held["id"], verb)).status_code == 200
            await same_as_compiled(it.on.publisher)
        again = await it.subscribed(plan="small", expires_us=4_102_444_800_000_000)
        assert again["id"] == held["id"]
        assert it.published().ends == {it.service.id: (4_102_444_800_000_000, "expired")}
        await same_as_compiled(it.on.publisher)
    # What compares it compiles, each time once.
    assert len(compiled) == 5


async def test_a_first_caller_and_a_last_one_bring_the_service_and_take_it(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = await offering(publisher)
    service = it.service.id.encode()
    assert service not in state(publisher).sections["services"].things
    with compilations(monkeypatch) as compiled:
        held = await it.subscribed()
        assert service in state(publisher).sections["services"].things
        assert len(state(publisher).sections["accounts"].things) == 1
        await it.act("two.service_owner", held["id"], "suspend")
        assert service not in state(publisher).sections["services"].things
        assert not state(publisher).sections["accounts"].things
    assert not compiled
    await same_as_compiled(publisher)


async def test_a_service_that_another_node_changed_while_nobody_called_it_is_published_as_it_is(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = await offering(publisher)
    other = Publisher(publisher.engine, publisher.master, publisher._folder)
    version = await publisher.version()
    path = f"/services/{it.service.id}"
    body = {"deployments": [{"provider": "local", "model": "newer"}]}
    done = await it.on._replace(publisher=other).call("two.service_owner", "PATCH", path, body, if_match="*")
    assert done.status_code == 200
    # Nobody calls it: there is no new version that would tell.
    assert await publisher.version() == version
    with compilations(monkeypatch) as compiled:
        await it.subscribed()
    assert not compiled
    assert "openai-compatible/newer" in it.published().grants
    await same_as_compiled(publisher)


async def test_a_plan_that_another_node_made_counts(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    it = await offering(publisher)
    await it.ask("two.developer", it.own_app)
    other = Publisher(publisher.engine, publisher.master, publisher._folder)
    path = f"/services/{it.service.id}/plans"
    made = {"name": "small", "limits": [{"concurrency": 7}]}
    version = await publisher.version()
    assert (await it.on._replace(publisher=other).call("two.service_owner", "POST", path, made)).status_code == 201
    # Nobody has it: there is no new version that would tell.
    assert await publisher.version() == version
    with compilations(monkeypatch) as compiled:
        await it.subscribed(plan="small")
    assert not compiled
    assert [limit.amount for limit in it.published().plans[it.service.id]] == [7]


async def test_a_subscription_that_moves_to_another_app_compiles_everything(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = await offering(publisher)
    held = await it.subscribed()
    table = tables.subscriptions
    with compilations(monkeypatch) as compiled:
        async with publisher.change() as connection:
            await connection.execute(update(table).where(table.c.id == held["id"]).values(app_id=it.own_app.id))
    assert len(compiled) == 1
    assert not it.published().grants


async def test_all_of_a_service_at_once_and_one_that_is_deleted_compile_the_apps(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = await offering(publisher)
    await it.ask("two.developer", it.own_app)
    await it.subscribed()
    table = tables.subscriptions
    with compilations(monkeypatch) as compiled:
        async with publisher.change() as connection:
            await connection.execute(update(table).where(table.c.service_id == it.service.id).values(state="suspended"))
        assert it.published().states == {it.service.id: "suspended"}
        async with publisher.change() as connection:
            await subscriptions.unsubscribe(connection, it.app, it.service)
        assert not it.published().states
        async with publisher.change() as connection:
            app = await apps.create(connection, it.on.teams["one"].id, "new")
            await subscriptions.subscribe(connection, app, it.service)
    assert not compiled
    await same_as_compiled(publisher)
