"""What time does: warnings a week before, ends, and suspensions of what nobody confirmed."""

import asyncio

import pytest
from sqlalchemy import func, select

from tests.support.offering import Offering, offering
from torana.control.publish.publish import Publisher
from torana.control.subscriptions.due import run_once
from torana.core.ids import epoch_us
from torana.stores.sql.audit_tables import audit
from torana.stores.sql.engine import reading
from torana.stores.sql.lifecycle_tables import notices

pytestmark = pytest.mark.anyio
DAY_US = 86_400_000_000


async def told(it: Offering, name: str) -> dict[str, int]:
    """How often somebody was told of what."""
    c = notices.c
    statement = select(c.event, func.count()).where(c.user_id == it.on.users[name]).group_by(c.event)
    async with reading(it.on.publisher.engine) as connection:
        return {event: count for event, count in await connection.execute(statement) if event.startswith("subscr")}


async def state(it: Offering, subscription_id: str) -> str:
    return str((await it.on.call("owner", "GET", f"/subscriptions/{subscription_id}")).json()["state"])


async def test_an_end_is_announced_a_week_before_and_kept_once_by_however_many_nodes(publisher: Publisher) -> None:
    it = await offering(publisher)
    end_us = epoch_us() + 20 * DAY_US
    held = await it.subscribed(expires_us=end_us)
    other = Publisher(publisher.engine, publisher.master, publisher._folder)
    for now_us in (end_us - 8 * DAY_US, end_us - 6 * DAY_US, end_us - 5 * DAY_US, end_us - 1):
        await run_once(publisher, now_us)
        await run_once(other, now_us)
    assert await state(it, held["id"]) == "approved"
    assert (await told(it, "one.developer"))["subscription.expiring"] == 1
    done = await asyncio.gather(*(run_once(node, end_us) for node in (publisher, other)))
    assert sum(done) == 1
    assert await state(it, held["id"]) == "expired"
    assert (it.published().grants, it.published().states) == ({}, {it.service.id: "expired"})
    assert (await told(it, "one.developer"))["subscription.expired"] == 1
    async with reading(publisher.engine) as connection:
        entry = (
            await connection.execute(select(audit.c.actor_kind).where(audit.c.action == "subscription.expire"))
        ).all()
    assert [tuple(row) for row in entry] == [("system",)]
    # It can be asked for again, which has to be approved as the first time.
    again = (await it.act("one.developer", held["id"], "renew", {"expires_us": end_us + DAY_US})).json()
    assert again["state"] == "requested"
    await it.decide(again["approval_id"], "approve")
    assert await state(it, held["id"]) == "approved"


async def test_a_request_that_nobody_decides_before_its_end_is_over(publisher: Publisher) -> None:
    it = await offering(publisher)
    end_us = epoch_us() + DAY_US
    asked = (await it.ask(expires_us=end_us)).json()
    await run_once(publisher, end_us + 1)
    assert await state(it, asked["id"]) == "expired"
    path = f"/approvals/{asked['approval_id']}"
    assert (await it.on.call("two.service_owner", "GET", path)).json()["state"] == "withdrawn"
    decided = await it.on.call("two.service_owner", "POST", f"{path}/decisions", {"verdict": "approve"})
    assert decided.json()["code"] == "already_decided"


async def test_what_nobody_confirms_is_suspended(publisher: Publisher) -> None:
    it = await offering(publisher)
    await it.set_policy(mode="automatic", review_days=30)
    held = (await it.ask()).json()
    review_us = held["review_us"]
    assert 29 * DAY_US < review_us - epoch_us() <= 30 * DAY_US
    assert it.published().ends == {it.service.id: (review_us, "suspended")}
    await run_once(publisher, review_us - 6 * DAY_US)
    assert (await told(it, "two.service_owner"))["subscription.review_due"] == 1
    # The service's people confirm, unless the policy says otherwise.
    assert (await it.act("one.team_admin", held["id"], "confirm")).status_code == 403
    confirmed = (await it.act("two.service_owner", held["id"], "confirm")).json()
    assert confirmed["review_us"] > review_us
    await run_once(publisher, review_us + 1)
    assert await state(it, held["id"]) == "approved"
    await run_once(publisher, confirmed["review_us"])
    assert await state(it, held["id"]) == "suspended"
    assert (await it.act("two.service_owner", held["id"], "confirm")).json()["code"] == "wrong_state"
    resumed = (await it.act("two.service_owner", held["id"], "resume")).json()
    assert (resumed["state"], resumed["review_us"] > epoch_us()) == ("approved", True)
    await it.set_policy(mode="automatic", review_days=10, confirm_by="subscriber")
    sooner = (await it.on.call("owner", "GET", f"/subscriptions/{held['id']}")).json()
    assert sooner["review_us"] < resumed["review_us"]
    assert (await it.act("one.developer", held["id"], "confirm")).status_code == 200
    await it.set_policy(mode="automatic")
    assert it.published().ends == {}


async def test_nothing_due_changes_nothing_and_publishes_nothing(publisher: Publisher) -> None:
    it = await offering(publisher)
    await it.subscribed(expires_us=epoch_us() + 30 * DAY_US)
    version = await publisher.version()
    assert await run_once(publisher, epoch_us()) == 0
    assert await publisher.version() == version
