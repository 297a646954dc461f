"""Approvals: who sees them, who decides, and that nobody decides alone what two have to."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import select

from tests.support.api import Organisation, organisation
from tests.support.organisation import add_provider, add_service
from torana.control.access import identify
from torana.control.access.actor import OWNER, Actor
from torana.control.api.change import Change
from torana.control.approvals import service as approvals
from torana.control.approvals.service import Approval, Stage
from torana.control.apps import service as apps
from torana.control.publish.publish import Publisher
from torana.control.subscriptions import service as subscriptions
from torana.control.tokens import service as tokens
from torana.stores.sql.audit_tables import audit
from torana.stores.sql.engine import reading
from torana.stores.sql.lifecycle_tables import notices

pytestmark = pytest.mark.anyio

RELEASE = Stage("releases:approve")


@pytest.fixture
async def on(publisher: Publisher) -> Organisation:
    return await organisation(publisher)


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """States of the approvals whose outcome was carried out."""
    carried_out: list[str] = []

    async def outcome(change: Change, approval: Approval) -> None:
        carried_out.append(approval.state)

    monkeypatch.setitem(approvals.OUTCOMES, "release", outcome)
    return carried_out


async def actor(on: Organisation, name: str) -> Actor:
    async with reading(on.publisher.engine) as connection:
        found = await identify.by_token(connection, on.publisher.master, on.tokens[name])
    assert found is not None
    return found


async def ask(on: Organisation, by: str, stages: Sequence[Stage] = (RELEASE,), team: str | None = "one") -> str:
    asked_by = OWNER if by == "OWNER" else await actor(on, by)
    async with on.publisher.change() as connection:
        approval = await approvals.open_(
            connection,
            noun="release",
            noun_id="release_1",
            team_id=on.teams[team].id if team else None,
            stages=stages,
            asked_by=asked_by,
            reason="new contract",
        )
    return f"/approvals/{approval.id}"


async def decide(on: Organisation, name: str, path: str, verdict: str = "approve") -> tuple[int, str]:
    reply = await on.call(name, "POST", f"{path}/decisions", {"verdict": verdict, "reason": "looked at it"})
    return reply.status_code, reply.json().get("code") or reply.json()["state"]


async def test_somebody_else_with_the_permission_decides_and_the_outcome_follows(
    on: Organisation, outcomes: list[str]
) -> None:
    path = await ask(on, "one.team_admin")
    assert await decide(on, "one.team_admin", path) == (403, "own_request")
    assert await decide(on, "one.developer", path) == (404, "not_found")
    assert await decide(on, "auditor", path) == (403, "not_allowed")
    assert outcomes == []
    assert await decide(on, "one.service_owner", path) == (201, "approved")
    assert outcomes == ["approved"]
    assert await decide(on, "reviewer", path) == (409, "already_decided")
    shown = (await on.call("one.team_admin", "GET", path)).json()
    assert [(one["user_name"], one["verdict"]) for one in shown["decisions"]] == [
        ("one.service_owner@example.org", "approve")
    ]
    async with reading(on.publisher.engine) as connection:
        entries = (await connection.execute(select(audit.c.action, audit.c.actor_name))).all()
    assert [tuple(entry) for entry in entries] == [("approval.approve", "one.service_owner@example.org")]


async def test_who_asked_and_who_may_decide_see_it_and_nobody_else(on: Organisation) -> None:
    path = await ask(on, "one.developer")
    for name in ("one.developer", "one.service_owner", "one.team_admin", "reviewer", "auditor", "owner"):
        assert (await on.call(name, "GET", path)).status_code == 200, name
        assert len((await on.call(name, "GET", "/approvals?state=open&noun=release")).json()["items"]) == 1, name
    for name in ("one.viewer", "two.team_admin", "two.developer", "member", "provider_admin"):
        assert (await on.call(name, "GET", path)).status_code == 404, name
        assert (await on.call(name, "GET", "/approvals")).json()["items"] == [], name
        assert await decide(on, name, path) == (404, "not_found"), name
    assert (await on.call("owner", "GET", "/approvals?noun=subscription")).json()["items"] == []
    assert (await on.call("reviewer", "GET", path)).json()["may_decide"] is True
    assert (await on.call("one.developer", "GET", path)).json()["may_decide"] is False


async def test_what_waits_for_the_platform_no_team_decides(on: Organisation, outcomes: list[str]) -> None:
    path = await ask(on, "one.team_admin", team=None)
    assert await decide(on, "one.service_owner", path) == (404, "not_found")
    assert await decide(on, "reviewer", path) == (201, "approved")


async def test_stages_come_in_order_and_each_person_decides_once_over_all(
    on: Organisation, outcomes: list[str]
) -> None:
    stages = (Stage("releases:approve", count=2), Stage("services:publish", not_author=False))
    path = await ask(on, "one.service_owner", stages)
    assert await decide(on, "one.team_admin", path) == (201, "open")
    assert await decide(on, "one.team_admin", path) == (409, "already_decided")
    assert await decide(on, "admin", path) == (201, "open")
    assert (await on.call("owner", "GET", path)).json()["stage"] == 1
    assert await decide(on, "reviewer", path) == (403, "not_allowed")
    assert await decide(on, "admin", path) == (409, "already_decided")
    assert outcomes == []
    # The stage lets the author in.
    assert await decide(on, "one.service_owner", path) == (201, "approved")
    assert outcomes == ["approved"]


async def test_one_rejection_rejects(on: Organisation, outcomes: list[str]) -> None:
    path = await ask(on, "one.developer", (Stage("releases:approve", count=3), RELEASE))
    assert await decide(on, "reviewer", path) == (201, "open")
    assert await decide(on, "admin", path, "reject") == (201, "rejected")
    assert outcomes == ["rejected"]
    assert (await on.call("one.developer", "POST", f"{path}/withdrawal")).json()["code"] == "already_decided"


async def test_who_asked_takes_it_back_and_nobody_else(on: Organisation, outcomes: list[str]) -> None:
    path = await ask(on, "one.developer")
    assert (await on.call("owner", "POST", f"{path}/withdrawal")).json()["code"] == "not_yours"
    assert (await on.call("two.developer", "POST", f"{path}/withdrawal")).status_code == 404
    assert (await on.call("one.developer", "POST", f"{path}/withdrawal")).json()["state"] == "withdrawn"
    assert outcomes == ["withdrawn"]
    assert await decide(on, "reviewer", path) == (409, "already_decided")


async def test_of_many_who_decide_at_once_only_as_many_count_as_are_needed(
    on: Organisation, outcomes: list[str]
) -> None:
    path = await ask(on, "one.developer", (Stage("releases:approve", count=2),))
    people = ("owner", "admin", "reviewer", "one.team_admin", "one.service_owner", "one.team_admin")
    replies = await asyncio.gather(*(decide(on, name, path) for name in people))
    assert sorted(replies) == [(201, "approved"), (201, "open"), *[(409, "already_decided")] * 4]
    assert outcomes == ["approved"]
    assert len((await on.call("owner", "GET", path)).json()["decisions"]) == 2


async def test_the_owner_of_the_data_folder_does_not_decide_on_their_own_request(on: Organisation) -> None:
    path = await ask(on, "OWNER")
    async with on.publisher.change() as connection:
        approval = await approvals.find(connection, OWNER, path.rpartition("/")[2])
        assert not approvals.may_decide(OWNER, approval)
        assert approvals.may_decide(await actor(on, "owner"), approval)


async def test_a_service_account_does_not_decide(on: Organisation) -> None:
    path = await ask(on, "one.developer")
    robot = (await actor(on, "owner"))._replace(kind="service")
    async with on.publisher.change() as connection:
        approval = await approvals.find(connection, robot, path.rpartition("/")[2])
        assert not approvals.may_decide(robot, approval)


async def test_asking_again_withdraws_what_was_open(on: Organisation) -> None:
    first, second = await ask(on, "one.developer"), await ask(on, "one.developer")
    assert (await on.call("owner", "GET", first)).json()["state"] == "withdrawn"
    assert (await on.call("owner", "GET", second)).json()["state"] == "open"


async def test_who_may_decide_is_told_but_not_who_asked(on: Organisation) -> None:
    await ask(on, "one.team_admin")
    async with reading(on.publisher.engine) as connection:
        told = set(await connection.scalars(select(notices.c.user_id)))
    assert told == {on.users["one.service_owner"]}


@pytest.mark.parametrize("stages", [(), (Stage("everything"),), (Stage("releases:approve", 0),), (RELEASE,) * 6])
async def test_stages_that_cannot_be_are_refused(stages: tuple[Stage, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected|permission"):
        approvals.check_stages(stages)


async def test_approvals_come_in_pages_newest_first(on: Organisation) -> None:
    made = []
    for number in range(3):
        async with on.publisher.change() as connection:
            approval = await approvals.open_(
                connection,
                noun="release",
                noun_id=f"release_{number}",
                team_id=on.teams["one"].id,
                stages=(RELEASE,),
                asked_by=await actor(on, "one.developer"),
                reason=None,
            )
        made.append(approval.id)
    first = (await on.call("reviewer", "GET", "/approvals?limit=2")).json()
    second = (await on.call("reviewer", "GET", f"/approvals?limit=2&cursor={first['next']}")).json()
    assert [one["id"] for one in (*first["items"], *second["items"])] == made[::-1]


async def test_a_token_for_one_team_shows_what_its_owner_asked_for_there_only(on: Organisation) -> None:
    mine, publisher = {}, on.publisher
    async with publisher.change() as connection:
        _, on.tokens["bound"] = await tokens.create(
            connection, publisher.master, on.users["one.developer"], "bound", team_id=on.teams["one"].id
        )
        asked_by = await identify.by_user(connection, on.users["one.developer"])
        assert asked_by is not None
        for team in ("one", "two"):
            app = await apps.create(connection, on.teams[team].id, "shop")
            provider = await add_provider(connection, publisher, f"at-{team}", on.teams[team].id)
            service = await add_service(connection, provider, f"of-{team}", team_id=on.teams[team].id)
            subscription = await subscriptions.subscribe(connection, app, service)
            made = await approvals.open_(
                connection,
                noun="subscription",
                noun_id=subscription.id,
                team_id=on.teams["two"].id,
                stages=[Stage("subscriptions:approve")],
                asked_by=asked_by,
                reason=None,
            )
            mine[team] = made.id
    both = (await on.call("one.developer", "GET", "/approvals")).json()["items"]
    assert {one["id"] for one in both} == set(mine.values())
    assert [one["id"] for one in (await on.call("bound", "GET", "/approvals")).json()["items"]] == [mine["one"]]
    assert (await on.call("bound", "GET", f"/approvals/{mine['two']}")).status_code == 404
    assert (await on.call("bound", "POST", f"/approvals/{mine['two']}/withdrawal")).status_code == 404
    assert (await on.call("bound", "POST", f"/approvals/{mine['one']}/withdrawal")).status_code == 201
    assert (await on.call("bound", "GET", "/me/notices")).json()["code"] == "sign_in_required"
