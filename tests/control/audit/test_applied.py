"""What is changed past the admin API's endpoints is in the audit trail too: torana.yaml, and the first start."""

import json
from typing import Any

import pytest

from tests.control.plan.test_apply import CANARY, ENVIRONMENT, FILE, source
from torana.control.access.actor import OWNER
from torana.control.access.scope import PLATFORM
from torana.control.audit import repository
from torana.control.audit.entry import Entry
from torana.control.audit.repository import Filters
from torana.control.init import first_start
from torana.control.plan.apply import apply
from torana.control.publish.publish import Publisher
from torana.stores.sql.engine import reading

pytestmark = pytest.mark.anyio


async def entries(publisher: Publisher, after: int = 0) -> list[Entry]:
    async with reading(publisher.engine) as connection:
        return await repository.after(connection, PLATFORM, Filters(), after, 1_000)


def fields(text: str | None) -> Any:
    return None if text is None else json.loads(text)


async def test_each_thing_that_an_apply_changes_has_an_entry_with_its_team_and_no_secret(publisher: Publisher) -> None:
    actor = OWNER._replace(address="192.0.2.7")
    done = await apply(publisher, source(FILE), actor=actor, reason="as agreed")
    made = await entries(publisher)
    assert [(one.action, one.noun_name) for one in made] == [(f"{c.kind}.create", c.name) for c in done.changes]
    assert {(one.actor_kind, one.address, one.reason) for one in made} == {("owner", "192.0.2.7", "as agreed")}
    by_noun = {one.noun: one for one in made}
    assert by_noun["team"].team_id == by_noun["team"].noun_id
    for noun in ("app", "key", "subscription"):
        assert by_noun[noun].team_id == by_noun["team"].noun_id
    assert by_noun["provider"].team_id is None
    assert fields(by_noun["provider"].after)["api_key"] == "•••"
    assert by_noun["provider"].before is None
    text = "".join(f"{one.before}{one.after}" for one in made)
    assert CANARY not in text
    assert ENVIRONMENT["BENCH_KEY"] not in text


async def test_what_an_apply_changes_and_removes_is_noted_with_what_there_was(publisher: Publisher) -> None:
    await apply(publisher, source(FILE))
    there = len(await entries(publisher))
    await apply(publisher, source(FILE))
    assert len(await entries(publisher)) == there
    await apply(publisher, source(FILE.replace("concurrency: 2000", "concurrency: 7")))
    (changed,) = await entries(publisher, there)
    assert changed.action == "app.change"
    assert (fields(changed.before).keys(), fields(changed.after).keys()) == ({"limits"}, {"limits"})
    assert "2000 at a time" in fields(changed.before)["limits"]
    await apply(publisher, source("teams: []"))
    removed = await entries(publisher, there + 1)
    assert {one.action for one in removed} >= {"team.delete", "app.delete", "key.delete", "subscription.delete"}
    gone = next(one for one in removed if one.action == "provider.delete")
    assert (fields(gone.before)["vendor"], fields(gone.before)["api_key"], gone.after) == (
        "openai-compatible",
        "•••",
        None,
    )


async def test_the_first_start_notes_what_it_makes(publisher: Publisher) -> None:
    made = await first_start(publisher, {})
    assert made is not None
    noted = await entries(publisher)
    assert [one.action for one in noted[:5]] == [
        "user.create", "token.create", "team.create", "app.create", "key.create"
    ]  # fmt: skip
    assert {one.noun for one in noted[5:]} == {"provider", "service", "subscription"}
    assert {(one.actor_kind, one.reason) for one in noted} == {("system", "the first start")}
    text = "".join(f"{one.before}{one.after}" for one in noted)
    for secret in (made.admin_password, made.admin_token, made.key):
        assert secret.reveal() not in text
