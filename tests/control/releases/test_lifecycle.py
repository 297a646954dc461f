"""From a draft to a release that takes calls, to one that takes no more: at the admin API, and at a gate."""

import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from tests.control.releases.offered import DEMO, Offered, offered, serving
from torana.control.providers import service as providers
from torana.control.publish.publish import Publisher
from torana.control.releases.jobs import end_due, judge_canaries
from torana.core.errors import Refusal
from torana.core.ids import epoch_us
from torana.stores.sql import lifecycle_tables as tables
from torana.stores.sql.audit_tables import audit
from torana.stores.sql.call_tables import RELEASE_SUMS, release_rollups
from torana.stores.sql.engine import reading, writing
from torana.stores.sql.lifecycle_tables import notices

pytestmark = pytest.mark.anyio

TEXT = {"type": "object", "properties": {"text": {"type": "string"}}}
STRICTER = {**TEXT, "required": ["text"]}
REVIEWED = {"releases": [{"permission": "releases:approve"}]}


async def test_a_draft_is_not_served_and_a_release_is(publisher: Publisher, tmp_path: Path) -> None:
    given = await offered(publisher)
    async with serving(given, tmp_path) as caller:
        assert (await caller.chat()).error["code"] == "model_not_found"
        first = await given.release(note="first")
        assert (first["version"], first["state"], first["weight"], first["breaking"]) == (
            "1.0",
            "published",
            100,
            False,
        )
        assert first["difference"]["after"] is None
        reply = await caller.chat()
        assert (reply.status, reply.headers["x-torana-release"]) == (200, "1.0")
        assert caller.here.record(reply.call_id).release == first["id"]
        # The draft may be anything meanwhile: what is served is the release.
        await given.patch(deployments=[], description="another")
        assert await caller.served() == "1.0"
        refused = await given.call("one.service_owner", "POST", f"{given.path}/releases", {})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_draft")
        await given.patch(deployments=[{**DEMO, "weight": 3}])
        second = await given.release(note="second")
        assert second["version"] == "1.1"
        fields = {one["field"].rpartition("/")[2]: one for one in second["difference"]["fields"]}
        assert {(name, one.get("before"), one.get("after")) for name, one in fields.items()} == {
            ("description", None, "another"),
            ("weight", 1, 3),
        }
        assert [await caller.served(name) for name in ("chat", "chat@1", "chat@1.0")] == ["1.1", "1.1", "1.0"]
        same = await given.call("one.service_owner", "POST", f"{given.path}/releases", {})
        assert (same.status_code, same.json()["code"]) == (409, "nothing_to_release")


async def test_a_breaking_contract_needs_a_major_version(publisher: Publisher, tmp_path: Path) -> None:
    given = await offered(publisher, contract={"input": TEXT})
    await given.release()
    await given.patch(contract={"input": STRICTER})
    refused = await given.call("one.service_owner", "POST", f"{given.path}/releases", {"bump": "minor"})
    assert (refused.status_code, refused.json()["param"]) == (422, "bump")
    second = await given.release()
    assert (second["version"], second["breaking"]) == ("2.0", True)
    assert second["difference"]["breaking"] == ["input.text: objects without it may be refused now"]
    await given.patch(deployments=[{**DEMO, "weight": 9}])
    assert (await given.release(bump="major"))["version"] == "3.0"
    async with serving(given, tmp_path) as caller:
        found = [await caller.served(name) for name in ("chat", "chat@1", "chat@2", "chat@3", "chat@4")]
    assert found == ["3.0", "1.0", "2.0", "3.0", None]


async def test_somebody_else_has_to_approve_before_a_release_can_be_published(publisher: Publisher) -> None:
    given = await offered(publisher, approval=REVIEWED)
    on = given.on
    made = await given.release()
    assert (made["state"], made["weight"]) == ("review", 0)
    early = await given.post(made, "publish")
    assert (early.status_code, early.json()["code"]) == (409, "wrong_state")
    decision = f"/approvals/{made['approval_id']}/decisions"
    own = await given.call("one.service_owner", "POST", decision, {"verdict": "approve"})
    assert (own.status_code, own.json()["code"]) == (403, "own_request")
    assert (await given.call("two.team_admin", "POST", decision, {"verdict": "approve"})).status_code == 404
    # Who may not publish alone may not take away either what keeps them from it.
    loosened = await given.call("one.service_owner", "PATCH", given.path, {"approval": None}, if_match="*")
    assert (loosened.status_code, loosened.json()["code"]) == (403, "not_allowed")
    assert (await given.call("one.team_admin", "POST", decision, {"verdict": "approve"})).status_code == 201
    approved = (await given.call("one.viewer", "GET", f"/releases/{made['id']}")).json()
    assert (approved["state"], await given.weights()) == ("approved", {})
    published = await given.post(made, "publish")
    assert (published.status_code, published.json()["state"], await given.weights()) == (200, "published", {"1.0": 100})
    await given.patch(description="next")
    rejected = await given.release()
    await given.call("one.team_admin", "POST", f"/approvals/{rejected['approval_id']}/decisions", {"verdict": "reject"})
    assert (await given.call("one.viewer", "GET", f"/releases/{rejected['id']}")).json()["state"] == "rejected"
    again = await given.release()
    assert again["version"] == "1.2"
    assert (await given.post(again, "withdraw")).json()["state"] == "withdrawn"
    assert (await given.call("owner", "GET", f"/approvals/{again['approval_id']}")).json()["state"] == "withdrawn"
    async with reading(publisher.engine) as connection:
        told = list(
            await connection.scalars(select(notices.c.event).where(notices.c.user_id == on.users["one.service_owner"]))
        )
        entries = list(await connection.scalars(select(audit.c.action).where(audit.c.noun == "release")))
    assert told.count("release.approved") == told.count("release.rejected") == 1
    assert entries == [
        "release.create", "release.approved", "release.publish", "release.create", "release.rejected", "release.create",
        "release.withdraw",
    ]  # fmt: skip


async def test_weights_and_one_click_shift_the_calls(publisher: Publisher, tmp_path: Path) -> None:
    given = await offered(publisher)
    first = await given.release()
    await given.patch(description="second")
    second = await given.release(canary={"weight": 30})
    assert await given.weights() == {"1.1": 30, "1.0": 70}
    assert second["canary"]["outcome"] is None
    async with serving(given, tmp_path) as caller:
        assert set(Counter([await caller.served() for _ in range(40)])) == {"1.0", "1.1"}
        assert (await given.post(second, "publish")).status_code == 200
        assert await given.weights() == {"1.1": 100, "1.0": 0}
        assert {await caller.served() for _ in range(5)} == {"1.1"}
        back = await given.call("one.service_owner", "POST", f"{given.path}/rollback", None)
        assert (back.json()["rolled_back"]["version"], back.json()["serving"]["version"]) == ("1.1", "1.0")
        assert await given.weights() == {"1.1": 0, "1.0": 100}
        assert {await caller.served(name) for name in ("chat", "chat@1")} == {"1.0"}
        again = await given.call("one.service_owner", "POST", f"{given.path}/rollback", None)
        assert (again.status_code, again.json()["code"]) == (409, "nothing_to_roll_back")
        path = f"/releases/{second['id']}"
        etag = (await given.call("one.viewer", "GET", path)).headers["etag"]
        for match, status in (({}, 428), ({"if_match": '"old"'}, 412), ({"if_match": etag}, 200)):
            changed = await given.call("one.service_owner", "PATCH", path, {"weight": 50}, **match)
            assert changed.status_code == status
        assert await given.weights() == {"1.1": 50, "1.0": 100}
        await given.call("one.service_owner", "PATCH", path, {"weight": 0}, if_match="*")
        none = await given.call("one.service_owner", "PATCH", f"/releases/{first['id']}", {"weight": 0}, if_match="*")
        assert (none.status_code, none.json()["param"]) == (422, "weight")
        assert await caller.served() == "1.0"


async def test_a_deprecated_release_ends_by_itself_and_names_what_to_call(publisher: Publisher, tmp_path: Path) -> None:
    given = await offered(publisher)
    first = await given.release()
    past = await given.post(first, "deprecate", sunset_us=epoch_us() - 1)
    assert (past.status_code, past.json()["param"]) == (422, "sunset_us")
    sunset_us = (int(time.time()) + 3600) * 1_000_000
    done = await given.post(first, "deprecate", sunset_us=sunset_us, successor="better")
    assert (done.status_code, done.json()["state"]) == (200, "deprecated")
    async with reading(publisher.engine) as connection:
        told = list(
            await connection.scalars(
                select(notices.c.event).where(notices.c.user_id == given.on.users["two.developer"])
            )
        )
    assert told == ["service.deprecated"]
    async with serving(given, tmp_path) as caller:
        headers = (await caller.chat()).headers
        assert headers["deprecation"].startswith("@")
        assert headers["link"] == '</v1/models/better>; rel="successor-version"'
        assert "sunset" in headers
        await given.patch(description="second")
        await given.release(bump="major")
        assert await end_due(publisher, sunset_us - 1) == 0
        assert [await caller.served(name) for name in ("chat", "chat@1")] == ["2.0", "1.0"]
        assert await end_due(publisher, sunset_us) == 1
        assert await end_due(publisher, sunset_us) == 0
        gone = await caller.chat("chat@1")
        assert (gone.status, gone.error["code"]) == (410, "service_retired")
        assert "better" in gone.error["message"]
        assert await caller.served() == "2.0"
        (last,) = [one for one in await releases(given) if one["state"] == "published"]
        retired = await given.post(last, "retire", successor="better")
        assert retired.json()["state"] == "retired"
        whole = await caller.chat()
        assert (whole.status, whole.error["code"]) == (410, "service_retired")
        after = await given.post(last, "deprecate", sunset_us=sunset_us)
        assert (after.status_code, after.json()["code"]) == (409, "wrong_state")
    # Nothing holds its provider account any more but the draft.
    assert (await given.call("one.service_owner", "DELETE", given.path)).status_code == 204


async def releases(given: Offered) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await given.call("one.viewer", "GET", f"{given.path}/releases")).json()["items"]
    return found


async def test_subscribers_are_reminded_a_week_before_the_end_once(publisher: Publisher) -> None:
    given = await offered(publisher)
    day = 86_400_000_000
    sunset_us = epoch_us() + 30 * day
    await given.post(await given.release(), "deprecate", sunset_us=sunset_us)
    for now_us in (sunset_us - 8 * day, sunset_us - 6 * day, sunset_us - 5 * day):
        await end_due(publisher, now_us)
    async with reading(publisher.engine) as connection:
        told = list(
            await connection.scalars(
                select(notices.c.event).where(notices.c.user_id == given.on.users["two.developer"])
            )
        )
    assert sorted(told) == ["release.retiring", "service.deprecated"]


async def recorded(publisher: Publisher, release: dict[str, Any], calls: int, failed: int, bucket: int = 4) -> None:
    """As if the recorder had stored so many calls just now."""
    sums = dict.fromkeys(RELEASE_SUMS, 0) | {"calls": calls, "failed": failed, f"latency_{bucket}": calls}
    minute = (int(time.time()) + 60) // 60 * 60
    async with writing(publisher.engine) as connection:
        await connection.execute(insert(release_rollups).values(release=release["id"], bucket=minute, **sums))


@pytest.mark.parametrize(
    ("failed", "bucket", "why"), [(50, 4, "failed"), (0, 9, "95%"), (10, 4, None)], ids=["failing", "slow", "good"]
)
async def test_a_canary_that_is_worse_is_taken_back_by_itself(
    publisher: Publisher, failed: int, bucket: int, why: str | None
) -> None:
    given = await offered(publisher)
    first = await given.release()
    await given.patch(description="second")
    second = await given.release(canary={"weight": 10, "min_calls": 200, "more_errors": 0.02})
    await recorded(publisher, first, 1000, 10)
    await recorded(publisher, second, 199, 199)
    assert await judge_canaries(publisher, epoch_us()) == 0
    async with writing(publisher.engine) as connection:
        await connection.execute(release_rollups.delete().where(release_rollups.c.release == second["id"]))
    await recorded(publisher, second, 500, failed, bucket)
    assert await judge_canaries(publisher, epoch_us()) == (why is not None)
    assert await judge_canaries(publisher, epoch_us()) == 0
    canary = (await given.call("one.viewer", "GET", f"/releases/{second['id']}")).json()["canary"]
    if why is None:
        assert canary["outcome"] is None
        assert await given.weights() == {"1.1": 10, "1.0": 90}
        return
    assert canary["outcome"] == "rolled_back"
    assert why in canary["reason"]
    assert await given.weights() == {"1.1": 0, "1.0": 100}
    async with reading(publisher.engine) as connection:
        entries = (
            await connection.execute(
                select(audit.c.actor_kind, audit.c.reason).where(audit.c.action == "release.roll_back")
            )
        ).all()
    assert [tuple(entry) for entry in entries] == [("system", canary["reason"])]


async def test_another_teams_releases_do_not_exist_and_whoever_only_reads_changes_nothing(publisher: Publisher) -> None:
    given = await offered(publisher)
    await given.patch(visibility="team")
    made = await given.release()
    for name, status in (("two.team_admin", 404), ("one.viewer", 403), ("auditor", 403), ("one.developer", 403)):
        for what in ("publish", "withdraw", "retire", "deprecate"):
            body = {"sunset_us": 1} if what == "deprecate" else {}
            assert (await given.post(made, what, name, **body)).status_code == status, (name, what)
        changes: list[tuple[str, str, Any]] = [
            ("POST", f"{given.path}/releases", {}),
            ("POST", f"{given.path}/rollback", None),
            ("PATCH", f"/releases/{made['id']}", {"weight": 1}),
            ("PATCH", given.path, {"description": "x"}),
            ("DELETE", given.path, None),
            ("POST", f"{given.path}/validate", {}),
        ]
        for method, path, body in changes:
            assert (await given.call(name, method, path, body, if_match="*")).status_code == status, (
                name,
                method,
                path,
            )
    for path in (given.path, f"{given.path}/releases", f"/releases/{made['id']}", "/services/chat"):
        assert (await given.call("two.team_admin", "GET", path)).status_code == 404
        assert (await given.call("one.viewer", "GET", path)).status_code == 200
    assert (await given.call("one.service_owner", "DELETE", given.path)).json()["code"] == "in_use"


async def test_a_provider_account_that_a_release_uses_stays(publisher: Publisher, tmp_path: Path) -> None:
    given = await offered(publisher)
    await given.release()
    async with publisher.change() as connection:
        other = await providers.create(connection, publisher.master, providers.ProviderDraft("other", "demo"))
    await given.patch(deployments=[{"provider": "other", "model": "chat"}])
    async with publisher.change() as connection:
        demo = await providers.get(connection, None, "demo")
        with pytest.raises(Refusal, match="still used by"):
            await providers.remove(connection, demo)
        assert other.id != demo.id
    second = await given.release()
    (first,) = [one for one in await releases(given) if one["version"] == "1.0"]
    assert (await given.post(first, "retire")).status_code == 200
    async with publisher.change() as connection:
        await providers.remove(connection, await providers.get(connection, None, "demo"))
    async with serving(given, tmp_path) as caller:
        assert await caller.served() == second["version"]


async def test_releases_that_could_not_be_served_are_not_published_and_the_old_snapshot_stays(
    publisher: Publisher, tmp_path: Path
) -> None:
    given = await offered(publisher)
    made = await given.release()
    async with serving(given, tmp_path) as caller:
        for columns, why in (
            ({"weight": 0}, "none of the live releases of the service chat has a weight above 0"),
            ({"design": '{"kind":'}, "release 1.0 of the service chat cannot be read"),
            ({"design": '{"kind":"model"}'}, "release 1.0 of the service chat has no deployment"),
        ):
            with pytest.raises(Refusal, match=why) as refused:
                async with publisher.change() as connection:
                    await connection.execute(
                        update(tables.releases).where(tables.releases.c.id == made["id"]).values(columns)
                    )
            assert refused.value.code == "not_publishable"
            assert await caller.served() == "1.0"
