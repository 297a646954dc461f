"""The audit trail through the admin API: who reads what, filtered, in pages, and as JSON lines."""

import json

import pytest
from sqlalchemy import text

from tests.control.audit.test_trail import noted, tampered
from tests.support.api import Organisation, organisation
from torana.control.publish.publish import Publisher

pytestmark = pytest.mark.anyio


@pytest.fixture
async def on(publisher: Publisher) -> Organisation:
    found = await organisation(publisher)
    for name, team, body in (
        ("one.team_admin", "one", {"name": "uno"}),
        ("two.team_admin", "two", {"name": "due"}),
        ("admin", "two", {"name": "deux"}),
    ):
        path = f"/teams/{found.teams[team].id}"
        reply = await found.call(
            name, "PATCH", path, body, if_match="*", x_torana_reason=f"by {name}", user_agent="t/1"
        )
        assert reply.status_code == 200
    assert (await found.call("owner", "POST", "/teams", {"name": "three"})).status_code == 201
    return found


async def test_an_entry_says_who_did_what_to_which_thing_from_where_and_why(on: Organisation) -> None:
    shown = (await on.call("auditor", "GET", "/audit?sort=seq&limit=1")).json()["items"][0]
    team = on.teams["one"]
    assert (shown["seq"], shown["action"], shown["noun_id"], shown["team_id"]) == (1, "team.change", team.id, team.id)
    assert (shown["actor_kind"], shown["actor_id"]) == ("person", on.users["one.team_admin"])
    assert (shown["reason"], shown["agent"]) == ("by one.team_admin", "t/1")
    assert (shown["before"]["name"], shown["after"]["name"]) == ("one", "uno")
    assert shown["via"].startswith("token_")


async def test_a_team_reads_its_own_entries_and_the_platform_all(on: Organisation) -> None:
    async def names(who: str, query: str = "") -> list[str]:
        listed = (await on.call(who, "GET", f"/audit{query}")).json()["items"]
        lines = (await on.call(who, "GET", f"/audit/export{query}")).text.splitlines()
        assert [json.loads(line) for line in lines] == listed[::-1]
        return [one["noun_name"] for one in listed]

    assert await names("auditor") == ["three", "deux", "due", "uno"]
    assert await names("one.team_admin") == ["uno"]
    assert await names("two.team_admin") == ["deux", "due"]
    assert await names("one.team_admin", f"?team={on.teams['two'].id}") == []
    assert await names("auditor", f"?team={on.teams['two'].id}") == ["deux", "due"]
    for name in ("one.viewer", "one.developer", "reviewer", "member"):
        for path in ("/audit", "/audit/export", "/audit/verification"):
            assert (await on.call(name, "GET", path)).json()["code"] == "not_allowed"
    assert (await on.call("one.team_admin", "GET", "/audit/verification")).json()["code"] == "not_allowed"


async def test_entries_are_filtered_by_who_what_which_and_when(on: Organisation) -> None:
    async def seqs(query: str) -> list[int]:
        return [one["seq"] for one in (await on.call("auditor", "GET", f"/audit?{query}")).json()["items"]]

    everything = (await on.call("auditor", "GET", "/audit?sort=seq")).json()["items"]
    assert await seqs("actor=admin@example.org") == [3]
    assert await seqs(f"actor={on.users['two.team_admin']}") == [2]
    assert await seqs("action=team.create") == [4]
    assert await seqs(f"noun=team&noun_id={on.teams['two'].id}") == [3, 2]
    assert await seqs("noun=app") == []
    assert await seqs(f"since_us={everything[1]['at_us']}&until_us={everything[3]['at_us']}") == [3, 2]
    assert (await on.call("auditor", "GET", "/audit?since_us=x")).status_code == 422


async def test_entries_come_in_pages_in_either_order(on: Organisation) -> None:
    for sort, expected in (("seq", [1, 2, 3, 4]), ("-seq", [4, 3, 2, 1])):
        seen: list[int] = []
        cursor = ""
        while True:
            page = (await on.call("auditor", "GET", f"/audit?limit=3&sort={sort}{cursor}")).json()
            seen += [one["seq"] for one in page["items"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert seen == expected
    assert (await on.call("auditor", "GET", "/audit?sort=at_us")).status_code == 422


async def test_an_export_goes_on_behind_an_entry_and_through_many(on: Organisation) -> None:
    await noted(on.publisher, 1_200)
    lines = (await on.call("auditor", "GET", "/audit/export?after=2")).text.splitlines()
    assert [json.loads(line)["seq"] for line in lines] == list(range(3, 1_205))
    few = await on.call("auditor", "GET", "/audit/export?after=2&most=2")
    assert [json.loads(line)["seq"] for line in few.text.splitlines()] == [3, 4]
    assert (await on.call("auditor", "GET", "/audit/export?after=9999")).text == ""


async def test_a_verification_says_what_was_done_and_gives_an_anchor_to_keep(on: Organisation) -> None:
    before = (await on.call("auditor", "GET", "/audit/verification")).json()
    assert (before["holds"], before["entries"], before["findings"]) == (True, 4, [])
    anchor = f"{before['newest']['seq']}:{before['newest']['hash']}"
    assert (await on.call("auditor", "GET", f"/audit/verification?anchor={anchor}")).json()["holds"]
    await tampered(on.publisher, text("UPDATE audit SET after = 'no JSON' WHERE seq = 2"))
    after = (await on.call("auditor", "GET", "/audit/verification")).json()
    assert (after["holds"], after["found"]) == (False, 1)
    assert after["findings"][0] | {"sentence": ""} == {"kind": "changed", "seq": 2, "until": 2, "sentence": ""}
    # What cannot be decoded any more is still shown.
    assert (await on.call("auditor", "GET", "/audit?sort=seq")).json()["items"][1]["after"] == "no JSON"


async def test_an_anchor_that_is_none_is_refused(publisher: Publisher) -> None:
    on = await organisation(publisher)
    for anchor in ("", "1", "x:00", "1:zz", f"-1:{'0' * 64}", f"1:{'g' * 64}", f"{'9' * 30}:{'0' * 64}"):
        refused = await on.call("auditor", "GET", f"/audit/verification?anchor={anchor}")
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_field"), anchor
