"""Deliveries: signed, tried again with growing waits, given up after about a day, by many nodes at once, fair between teams."""

import asyncio
import base64
import hmac
import json
from collections.abc import Callable

import pytest
from sqlalchemy import func, select, update

from tests.support.api import Organisation, organisation
from tests.support.loopback import answering, whole
from torana.control.notices import deliver
from torana.control.notices.deliver import LEASE_US, MOST_OF_A_TEAM, WAITS, Senders, claim, run_once, tidy
from torana.control.notices.service import tell
from torana.control.publish.publish import Publisher
from torana.control.webhooks.call import Caller, Outcome
from torana.core.ids import epoch_us
from torana.kit.tasks import spawn
from torana.settings import Settings
from torana.stores.sql.audit_tables import audit
from torana.stores.sql.engine import reading, writing
from torana.stores.sql.lifecycle_tables import deliveries, notices

pytestmark = pytest.mark.anyio

LOCAL = Settings(webhooks_loopback=True)
SENDERS = Senders(Caller(LOCAL), None)
DAY_US = 24 * 3600 * 1_000_000


@pytest.fixture
async def on(publisher: Publisher) -> Organisation:
    return (await organisation(publisher))._replace(settings=LOCAL)


async def webhook(on: Organisation, port: int, name: str = "chat", team: str = "one") -> tuple[str, str]:
    """Id and secret."""
    body = {"name": name, "url": f"http://127.0.0.1:{port}/in", "team": team}
    made = (await on.call("owner", "POST", "/webhooks", body)).json()
    return made["id"], made["secret"]


async def happens(on: Organisation, team: str = "one", times: int = 1) -> None:
    async with writing(on.publisher.engine) as connection:
        for _ in range(times):
            await tell(connection, event="key.revoked", team_id=on.teams[team].id, subject="s", body="b")


async def states(on: Organisation, webhook_id: str) -> list[tuple[str, int]]:
    listed = (await on.call("owner", "GET", f"/webhooks/{webhook_id}/deliveries")).json()["items"]
    return [(one["state"], one["attempts"]) for one in listed]


async def next_us(on: Organisation) -> int | None:
    async with reading(on.publisher.engine) as connection:
        found: int | None = await connection.scalar(
            select(func.min(deliveries.c.next_us)).where(deliveries.c.channel == "webhook")
        )
    return found


def verified(request: bytes, secret: str) -> bool:
    head, _, body = request.partition(b"\r\n\r\n")
    lines = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
    headers = {name.lower(): value for name, value in lines.items()}
    content = headers[b"webhook-id"] + b"." + headers[b"webhook-timestamp"] + b"." + body
    digest = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), content, "sha256")
    return b"v1," + base64.b64encode(digest) in headers[b"webhook-signature"].split(b" ")


async def test_an_event_is_delivered_once_and_signed_also_with_the_secret_before(on: Organisation) -> None:
    with answering(lambda _: whole(200, b"")) as server:
        webhook_id, secret = await webhook(on, server.port)
        new = (await on.call("owner", "POST", f"/webhooks/{webhook_id}/secret")).json()["secret"]
        await happens(on)
        assert await run_once(on.publisher, epoch_us(), SENDERS) == 1
        assert await run_once(on.publisher, epoch_us() + DAY_US, SENDERS) == 0
    (request,) = server.requests
    assert verified(request, secret)
    assert verified(request, new)
    assert not verified(request, "whsec_" + base64.b64encode(bytes(32)).decode())
    assert json.loads(request.partition(b"\r\n\r\n")[2])["type"] == "key.revoked"
    assert await states(on, webhook_id) == [("delivered", 1)]
    retry = (await on.call("owner", "GET", f"/webhooks/{webhook_id}/deliveries")).json()["items"][0]["id"]
    again = await on.call("owner", "POST", f"/webhooks/{webhook_id}/deliveries/{retry}/retry")
    assert again.json()["code"] == "already_delivered"


async def test_what_fails_is_tried_again_later_and_later_and_given_up_after_a_day(on: Organisation) -> None:
    with answering(lambda _: whole(500, b"")) as server:
        webhook_id, _ = await webhook(on, server.port)
        await happens(on)
        now_us = began_us = epoch_us()
        for attempt, wait in enumerate(WAITS, 1):
            assert await run_once(on.publisher, now_us, SENDERS) == 1
            assert await run_once(on.publisher, now_us + int(wait * 0.8e6), SENDERS) == 0
            assert await states(on, webhook_id) == [("waiting", attempt)]
            due = await next_us(on)
            assert due is not None
            assert 0.9 * wait <= (due - now_us) / 1e6 <= 1.1 * wait
            now_us = due
        assert 0.85 * DAY_US < now_us - began_us < 1.15 * DAY_US
        assert await run_once(on.publisher, now_us, SENDERS) == 1
        assert await states(on, webhook_id) == [("failed", len(WAITS) + 1)]
        assert await next_us(on) is None
    ids = {line for request in server.requests for line in request.split(b"\r\n") if line.startswith(b"webhook-id")}
    assert len(ids) == 1
    # Whoever may mend it is told, and not by a webhook.
    told = (await on.call("one.service_owner", "GET", "/me/notices")).json()["items"]
    assert [one["event"] for one in told] == ["webhook.failing"]
    assert "it answered 500" in told[0]["body"]
    failed = (await on.call("owner", "GET", f"/webhooks/{webhook_id}/deliveries?state=failed")).json()["items"]
    with answering(lambda _: whole(200, b"")) as server:
        await on.call(
            "owner", "PATCH", f"/webhooks/{webhook_id}", {"url": f"http://127.0.0.1:{server.port}/"}, if_match="*"
        )
        await on.call("owner", "POST", f"/webhooks/{webhook_id}/deliveries/{failed[0]['id']}/retry")
        await run_once(on.publisher, epoch_us(), SENDERS)
    assert await states(on, webhook_id) == [("delivered", 1)]


async def test_a_webhook_that_fails_is_told_of_once_a_day(on: Organisation) -> None:
    webhook_id, _ = await webhook(on, 1)
    await happens(on, times=3)
    async with writing(on.publisher.engine) as connection:
        await connection.execute(update(deliveries).values(attempts=len(WAITS)))
    await run_once(on.publisher, epoch_us(), SENDERS)
    assert await states(on, webhook_id) == [("failed", len(WAITS) + 1)] * 3
    assert len((await on.call("one.team_admin", "GET", "/me/notices")).json()["items"]) == 1


async def test_a_receiver_that_is_gone_is_told_nothing_more(on: Organisation) -> None:
    with answering(lambda _: whole(410, b"")) as server:
        webhook_id, _ = await webhook(on, server.port)
        await happens(on)
        await run_once(on.publisher, epoch_us(), SENDERS)
    shown = (await on.call("owner", "GET", f"/webhooks/{webhook_id}")).json()
    assert shown["disabled_us"] is not None
    assert await states(on, webhook_id) == [("failed", 1)]
    await happens(on)
    assert await run_once(on.publisher, epoch_us(), SENDERS) == 0
    async with reading(on.publisher.engine) as connection:
        entries = (await connection.execute(select(audit.c.action, audit.c.actor_kind))).all()
    assert tuple(entries[-1]) == ("webhook.change", "system")


async def test_a_webhook_that_was_switched_off_or_deleted_gets_what_waits_no_more(on: Organisation) -> None:
    with answering(lambda _: whole(200, b"")) as server:
        off, _ = await webhook(on, server.port, "off")
        gone, _ = await webhook(on, server.port, "gone")
        await happens(on)
        await on.call("owner", "PATCH", f"/webhooks/{off}", {"disabled": True}, if_match="*")
        await on.call("owner", "DELETE", f"/webhooks/{gone}")
        await run_once(on.publisher, epoch_us(), SENDERS)
        assert await states(on, off) == [("failed", 1)]
    assert server.requests == []


async def test_many_nodes_deliver_each_thing_once(on: Organisation) -> None:
    with answering(lambda _: whole(200, b"")) as server:
        webhook_id, _ = await webhook(on, server.port)
        await happens(on, times=4)
        now_us = epoch_us()
        counts = await asyncio.gather(*(run_once(on.publisher, now_us, SENDERS) for _ in range(6)))
    assert sum(counts) == 4
    assert len(server.requests) == 4
    assert await states(on, webhook_id) == [("delivered", 1)] * 4


async def test_what_a_dead_node_had_claimed_is_tried_by_another_when_the_claim_runs_out(on: Organisation) -> None:
    asleep = asyncio.Event()

    class Sleeper(Caller):
        async def call(self, url: str, headers: dict[str, str], body: bytes) -> Outcome:
            await asleep.wait()
            return Outcome(None, "too late")

    with answering(lambda _: whole(200, b"")) as server:
        webhook_id, _ = await webhook(on, server.port)
        await happens(on)
        now_us = epoch_us()

        async def other() -> None:
            while await states(on, webhook_id) != [("waiting", 1)]:
                await asyncio.sleep(0.01)
            assert await run_once(on.publisher, now_us + LEASE_US - 1, SENDERS) == 0
            assert await run_once(on.publisher, now_us + LEASE_US, SENDERS) == 1
            asleep.set()

        await asyncio.gather(run_once(on.publisher, now_us, Senders(Sleeper(LOCAL), None)), other())
    # What the first one says of its old claim counts no more.
    assert await states(on, webhook_id) == [("delivered", 2)]


async def test_a_team_with_much_to_tell_leaves_room_for_the_others(on: Organisation) -> None:
    await webhook(on, 1, "loud", "one")
    await webhook(on, 1, "quiet", "two")
    await happens(on, "one", times=20)
    await happens(on, "two")
    now_us = epoch_us()
    first = await claim(on.publisher, SENDERS, now_us, {})
    teams = [one.team_id for one in first]
    assert teams.count(on.teams["one"].id) == MOST_OF_A_TEAM
    assert teams.count(on.teams["two"].id) == 1
    busy = {on.teams["one"].id: MOST_OF_A_TEAM}
    assert await claim(on.publisher, SENDERS, now_us, busy) == []
    assert len(await claim(on.publisher, SENDERS, now_us, {on.teams["one"].id: 1})) == MOST_OF_A_TEAM - 1


async def test_what_was_done_or_told_long_ago_is_forgotten(on: Organisation) -> None:
    await webhook(on, 1)
    async with writing(on.publisher.engine) as connection:
        users = [on.users["owner"]]
        await tell(connection, event="key.revoked", team_id=on.teams["one"].id, user_ids=users, subject="s", body="b")
        await connection.execute(update(deliveries).values(done_us=epoch_us(), next_us=None))

    async def counts() -> list[int | None]:
        async with reading(on.publisher.engine) as connection:
            return [await connection.scalar(select(func.count()).select_from(table)) for table in (deliveries, notices)]

    for days, expected in ((29, [2, 1]), (31, [0, 1]), (91, [0, 0])):
        await tidy(on.publisher, epoch_us() + days * DAY_US)
        assert await counts() == expected


async def test_the_job_delivers_by_itself_and_survives_what_goes_wrong(
    on: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "EVERY_SECONDS", 0.01)
    failures = iter([RuntimeError("once"), RuntimeError("twice")])
    real: Callable[..., object] = deliver.claim

    async def claim_or_fail(*given: object) -> object:
        if (failure := next(failures, None)) is not None:
            raise failure
        return await real(*given)  # type: ignore[misc] # the real function, whatever it takes

    monkeypatch.setattr(deliver, "claim", claim_or_fail)
    with answering(lambda _: whole(200, b"")) as server:
        webhook_id, _ = await webhook(on, server.port)
        await happens(on)
        job = spawn(deliver.deliver(on.publisher, SENDERS), "deliver")
        for _ in range(500):
            if await states(on, webhook_id) == [("delivered", 1)]:
                break
            await asyncio.sleep(0.02)
        job.cancel()
    assert await states(on, webhook_id) == [("delivered", 1)]
