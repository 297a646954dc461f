"""A change of subscriptions alone: what is published without compiling everything is what compiling everything would give."""

from pathlib import Path

import pytest
from sqlalchemy import update

from tests.control.publish.test_key_changes import compilations, state
from tests.support.offering import Offering, offering
from torana.control.apps import service as apps
from torana.control.publish.publish import Publisher
from torana.control.subscriptions import service as subscriptions
from torana.stores.sql import tables

pytestmark = pytest.mark.anyio


async def same_as_compiled(it: Offering) -> None:
    """Whether a process that begins anew publishes the same, and therefore nothing."""
    fast = state(it.on.publisher)
    restarted = Publisher(it.on.publisher.engine, it.on.publisher.master, Path(it.on.publisher._folder))
    assert await restarted.publish() == fast.version
    slow = state(restarted)
    assert (dict(slow.apps), slow.others_sum, slow.reach, slow.digest) == (
        dict(fast.apps),
        fast.others_sum,
        fast.reach,
        fast.digest,
    )


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
        await same_as_compiled(it)
        (planned,) = it.published().plans[it.service.id]
        assert planned.amount == 3
        for verb, name in (
            ("suspend", "two.service_owner"),
            ("resume", "two.service_owner"),
            ("cancel", "one.developer"),
        ):
            assert (await it.act(name, held["id"], verb)).status_code == 200
            await same_as_compiled(it)
        again = await it.subscribed(plan="small", expires_us=4_102_444_800_000_000)
        assert again["id"] == held["id"]
        assert it.published().ends == {it.service.id: (4_102_444_800_000_000, "expired")}
        await same_as_compiled(it)
    # What compares it compiles, each time once.
    assert len(compiled) == 5


async def test_a_first_caller_and_a_last_one_compile_everything(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = await offering(publisher)
    with compilations(monkeypatch) as compiled:
        held = await it.subscribed()
        assert len(compiled) == 1
        await it.act("two.service_owner", held["id"], "suspend")
        assert len(compiled) == 2
    await same_as_compiled(it)


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


async def test_a_subscription_that_moves_or_goes_and_several_at_once_compile_everything(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = await offering(publisher)
    await it.ask("two.developer", it.own_app)
    held = await it.subscribed()
    table = tables.subscriptions
    for statement in (
        update(table).where(table.c.id == held["id"]).values(app_id=it.app.id),
        update(table).where(table.c.service_id == it.service.id).values(state="suspended"),
    ):
        with compilations(monkeypatch) as compiled:
            async with publisher.change() as connection:
                await connection.execute(statement)
        assert len(compiled) == 1, str(statement)
    with compilations(monkeypatch) as compiled:
        async with publisher.change() as connection:
            await subscriptions.unsubscribe(connection, it.app, it.service)
        async with publisher.change() as connection:
            app = await apps.create(connection, it.on.teams["one"].id, "new")
            await subscriptions.subscribe(connection, app, it.service)
    assert len(compiled) == 2
    await same_as_compiled(it)
