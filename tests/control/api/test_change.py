"""What every change through the admin API has in common: preconditions, repetition, and its entry in the audit trail."""

import asyncio

import pytest
from sqlalchemy import select

from tests.support.api import Organisation, organisation
from torana.control.publish.publish import Publisher
from torana.core.secret import Secret
from torana.stores.sql.audit_tables import audit
from torana.stores.sql.engine import reading

pytestmark = pytest.mark.anyio


@pytest.fixture
async def on(publisher: Publisher) -> Organisation:
    return await organisation(publisher)


async def test_a_change_without_an_etag_is_refused_and_with_an_old_one_too(on: Organisation) -> None:
    without = await on.call("owner", "PATCH", "/teams/one", {"name": "uno"})
    assert (without.status_code, without.json()["code"]) == (428, "precondition_required")
    etag = (await on.call("owner", "GET", "/teams/one")).headers["etag"]
    first, second = await asyncio.gather(
        on.call("owner", "PATCH", f"/teams/{on.teams['one'].id}", {"name": "uno"}, if_match=etag),
        on.call("admin", "PATCH", f"/teams/{on.teams['one'].id}", {"name": "eins"}, if_match=etag),
    )
    assert sorted((first.status_code, second.status_code)) == [200, 412]


async def test_a_request_that_is_sent_again_has_the_same_result_once(on: Organisation) -> None:
    again = [
        await on.call("owner", "POST", "/teams", {"name": "payments"}, idempotency_key="k-1", x_torana_reason="new")
        for _ in range(2)
    ]
    assert [reply.status_code for reply in again] == [201, 201]
    assert again[0].content == again[1].content
    assert again[1].headers["idempotent-replayed"] == "true"
    assert again[0].headers["etag"] == again[1].headers["etag"]
    async with reading(on.publisher.engine) as connection:
        entries = (await connection.execute(select(audit.c.action, audit.c.actor_name, audit.c.reason))).all()
    assert [tuple(entry) for entry in entries] == [("team.create", "owner@example.org", "new")]


async def test_requests_sent_at_once_with_one_key_are_done_once(on: Organisation) -> None:
    replies = await asyncio.gather(
        *(on.call("owner", "POST", "/teams", {"name": "payments"}, idempotency_key="k-1") for _ in range(5))
    )
    assert {reply.json()["id"] for reply in replies} == {replies[0].json()["id"]}


async def test_a_key_of_another_request_is_refused_and_of_another_person_is_another(on: Organisation) -> None:
    await on.call("owner", "POST", "/teams", {"name": "payments"}, idempotency_key="k-1")
    other = await on.call("owner", "POST", "/teams", {"name": "billing"}, idempotency_key="k-1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert (await on.call("admin", "POST", "/teams", {"name": "billing"}, idempotency_key="k-1")).status_code == 201


async def test_a_token_that_may_do_less_is_not_told_what_its_owner_was_told(on: Organisation) -> None:
    asked = {"name": "narrow", "scopes": ["teams:read", "teams:write"]}
    narrow = (await on.call("owner", "POST", "/me/tokens", asked)).json()
    on.tokens["narrow"] = Secret(narrow["value"])
    await on.call("owner", "POST", "/teams", {"name": "payments"}, idempotency_key="k-1")
    other = await on.call("narrow", "POST", "/teams", {"name": "payments"}, idempotency_key="k-1")
    assert (other.status_code, other.json()["code"]) == (409, "already_exists")
    twice = [await on.call("narrow", "POST", "/teams", {"name": "billing"}, idempotency_key="k-2") for _ in range(2)]
    assert (twice[0].status_code, twice[0].content) == (201, twice[1].content)


async def test_what_is_refused_is_not_noted(on: Organisation) -> None:
    assert (await on.call("owner", "POST", "/teams", {"name": "one"})).status_code == 409
    async with reading(on.publisher.engine) as connection:
        assert (await connection.execute(select(audit.c.seq))).all() == []


async def test_a_reply_that_the_caller_has_is_not_sent_again(on: Organisation) -> None:
    etag = (await on.call("owner", "GET", "/teams/one")).headers["etag"]
    again = await on.call("owner", "GET", "/teams/one", if_none_match=etag)
    assert (again.status_code, again.content) == (304, b"")
