"""Who is told of what, and their inbox."""

import json
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from tests.support.api import Organisation, organisation
from torana.control.notices.service import EVENTS, tell
from torana.control.publish.publish import Publisher
from torana.core.ids import epoch_us, new_id
from torana.stores.sql.engine import reading, writing
from torana.stores.sql.lifecycle_tables import deliveries, notices
from torana.stores.sql.people_tables import memberships, roles, users

pytestmark = pytest.mark.anyio


@pytest.fixture
async def on(publisher: Publisher) -> Organisation:
    return await organisation(publisher)


async def told(on: Organisation, **given: Any) -> set[str]:
    """Names of who got the notice."""
    async with writing(on.publisher.engine) as connection:
        await connection.execute(notices.delete())
        words = {"event": "release.published", "team_id": on.teams["one"].id, "subject": "s", "body": "b"}
        await tell(connection, **{**words, **given})
        found = set(await connection.scalars(select(notices.c.user_id)))
    return {name for name, user_id in on.users.items() if user_id in found}


async def test_told_are_named_users_and_whoever_holds_the_permission_in_the_team(on: Organisation) -> None:
    assert await told(on, user_ids=[on.users["two.viewer"]]) == {"two.viewer"}
    assert await told(on, permission="services:publish") == {"one.team_admin", "one.service_owner"}
    assert await told(on, permission="services:publish", but_not=on.users["one.team_admin"]) == {"one.service_owner"}
    # Nobody of a team can hold that one, and the platform's things belong to no team.
    assert await told(on, permission="users:write") == {"owner", "admin"}
    assert await told(on, permission="subscriptions:approve", team_id=None) == {"owner", "admin", "reviewer"}
    assert await told(on) == set()


async def test_custom_roles_count_the_teams_own_before_the_platforms(on: Organisation) -> None:
    one, now_us = on.teams["one"].id, epoch_us()

    def role(team_id: str | None, name: str, *permissions: str) -> dict[str, Any]:
        return {"id": new_id("role"), "team_id": team_id, "name": name, "permissions": json.dumps(permissions),
                "created_us": now_us}  # fmt: skip

    def member(name: str, role_name: str) -> dict[str, Any]:
        return {"id": new_id("membership"), "team_id": one, "user_id": on.users[name], "role": role_name,
                "source": "manual", "created_us": now_us}  # fmt: skip

    async with writing(on.publisher.engine) as connection:
        await connection.execute(
            insert(roles),
            [
                role(None, "gatekeeper", "policies:write"),
                role(one, "gatekeeper", "keys:write"),
                role(None, "pricing", "policies:write"),
            ],
        )
        await connection.execute(
            insert(memberships), [member("two.viewer", "gatekeeper"), member("two.developer", "pricing")]
        )
    assert await told(on, permission="policies:write") == {"one.team_admin", "one.service_owner", "two.developer"}
    assert await told(on, permission="keys:write") == {"one.team_admin", "one.developer", "two.viewer"}


async def test_who_is_suspended_or_a_program_is_not_told(on: Organisation) -> None:
    async with writing(on.publisher.engine) as connection:
        await connection.execute(
            update(users).where(users.c.id == on.users["one.team_admin"]).values(state="suspended")
        )
        await connection.execute(
            update(users).where(users.c.id == on.users["one.service_owner"]).values(kind="service")
        )
    assert await told(on, user_ids=[on.users["one.team_admin"]]) == set()
    # Where nobody of the team is left, the platform's people are told.
    assert await told(on, permission="services:publish") == {"owner", "admin"}


async def test_a_text_that_is_too_long_is_cut_and_an_unknown_event_is_a_mistake(on: Organisation) -> None:
    assert await told(on, user_ids=[on.users["owner"]], subject="s" * 999, body="b" * 9_999, link="/x" * 999)
    with pytest.raises(ValueError, match="no event"):
        await told(on, event="release.exploded")


async def test_an_inbox_is_read_one_by_one_or_at_once_and_nobody_elses(on: Organisation) -> None:
    async with writing(on.publisher.engine) as connection:
        for number in range(3):
            both = [on.users["one.developer"], on.users["two.developer"]]
            await tell(connection, event="key.expiring", team_id=on.teams["one"].id, user_ids=both,
                       subject=f"n{number}", body="b", link="/api/v1/keys/key_1")  # fmt: skip

    async def listed(query: str = "", name: str = "one.developer") -> list[str]:
        return [one["subject"] for one in (await on.call(name, "GET", f"/me/notices{query}")).json()["items"]]

    assert await listed() == ["n2", "n1", "n0"]
    assert await listed("?limit=2") == ["n2", "n1"]
    assert await listed(name="one.viewer") == []
    first = (await on.call("one.developer", "GET", "/me/notices?limit=1")).json()["items"][0]
    assert (first["event"], first["link"], first["read_us"]) == ("key.expiring", "/api/v1/keys/key_1", None)
    read = f"/me/notices/{first['id']}/read"
    assert (await on.call("two.developer", "POST", read)).status_code == 404
    assert (await on.call("one.developer", "POST", read)).json()["read_us"] is not None
    assert await listed("?unread=true") == ["n1", "n0"]
    assert await listed("?unread=false") == ["n2"]
    assert (await on.call("one.developer", "GET", "/me/notices/unread")).json() == {"count": 2}
    assert (await on.call("one.developer", "POST", "/me/notices/read", {"until_us": 5})).json() == {"count": 0}
    assert (await on.call("one.developer", "POST", "/me/notices/read", {})).json() == {"count": 2}
    assert await listed("?unread=true") == []
    assert await listed("?unread=true", "two.developer") == ["n2", "n1", "n0"]


async def test_webhooks_hear_of_their_team_and_the_platforms_of_every(on: Organisation) -> None:
    made = {}
    for name, who, team, events in (
        ("all", "one.team_admin", "one", []),
        ("some", "one.team_admin", "one", ["key.expiring"]),
        ("other", "two.team_admin", "two", []),
        ("platform", "owner", None, []),
        ("off", "one.team_admin", "one", []),
    ):
        body = {"name": name, "url": "https://hooks.example.org/", "team": team, "events": events}
        reply = await on.call(who, "POST", "/webhooks", body)
        assert reply.status_code == 201, reply.text
        made[reply.json()["id"]] = name
    assert (await on.call("owner", "PATCH", "/webhooks/off", {"disabled": True}, if_match="*")).status_code == 200
    assert await told(on, user_ids=[on.users["owner"]]) == {"owner"}
    async with reading(on.publisher.engine) as connection:
        rows = (await connection.execute(select(deliveries.c.channel, deliveries.c.target, deliveries.c.content))).all()
    assert {(row[0], made.get(row[1], row[1])) for row in rows} == {
        ("webhook", "all"), ("webhook", "platform"), ("email", "owner@example.org")
    }  # fmt: skip
    content = json.loads(rows[0][2])
    assert content["type"] == "release.published"
    assert content["timestamp"].endswith("Z")
    assert content["data"] == {"team_id": on.teams["one"].id, "subject": "s", "body": "b", "link": None}


def test_events_are_named_by_noun_and_verb() -> None:
    assert all(name.count(".") == 1 and meaning.endswith(".") for name, meaning in EVENTS.items())
