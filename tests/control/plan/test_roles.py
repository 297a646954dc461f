"""Custom roles in torana.yaml."""

import msgspec
import pytest

from tests.control.plan.test_apply import applied, headings, lines, planned, source
from tests.support.api import organisation
from torana.control.access.actor import Actor
from torana.control.access.roles import PLATFORM_ROLES
from torana.control.declaration.outside import OutsideValues
from torana.control.declaration.problems import DeclarationError
from torana.control.export.service import export
from torana.control.plan.apply import apply, plan
from torana.control.plan.source import Source
from torana.control.publish.publish import Publisher
from torana.core.errors import Refusal

pytestmark = pytest.mark.anyio

FILE = """
teams: [{name: red}]
roles:
  - {name: key_keeper, description: Looks after keys., permissions: [keys:read, keys:write, apps:read]}
  - {name: watcher, team: red, permissions: [apps:read]}
"""


async def test_roles_are_planned_applied_exported_and_removed(publisher: Publisher) -> None:
    on = await organisation(publisher)
    assert lines(await applied(publisher, FILE)) == [
        "+ team red",
        "+ role key_keeper",
        "    description: Looks after keys.",
        "    permissions: apps:read, keys:read, keys:write",
        "+ role watcher (team red)",
        "    permissions: apps:read",
    ]
    assert (await applied(publisher, FILE)).changes == ()
    shown = {one["name"]: one for one in (await on.call("owner", "GET", "/roles")).json()["items"]}
    assert shown["key_keeper"]["permissions"] == ["apps:read", "keys:read", "keys:write"]
    assert (shown["key_keeper"]["team_id"], shown["watcher"]["given"]) == (None, "in_team")
    exported = await export(publisher.engine)
    found = await plan(publisher.engine, publisher.master, Source(exported.text.encode(), OutsideValues({}, {})))
    assert (exported.left_out, found.changes) == ([], ())
    changed = FILE.replace("description: Looks after keys., ", "").replace("[apps:read]", "[apps:read, keys:read]")
    assert lines(await applied(publisher, changed)) == [
        "~ role key_keeper",
        "    description: Looks after keys. → none",
        "~ role watcher (team red)",
        "    permissions: apps:read → apps:read, keys:read",
    ]
    entry = (await on.call("owner", "GET", "/audit?action=role.change")).json()["items"]
    assert {one["noun_name"] for one in entry} == {"key_keeper", "watcher (team red)"}
    assert headings(await applied(publisher, "{}")) == [
        "- role key_keeper",
        "- role watcher (team red)",
        "- team red",
    ]
    assert (await on.call("owner", "GET", "/roles")).json()["items"] == []


async def test_a_role_that_somebody_has_stays_and_so_does_everything_else(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await applied(publisher, FILE)
    body = {"email": "k@torana.example", "team": "one", "role": "key_keeper"}
    assert (await on.call("owner", "POST", "/invitations", body)).status_code == 201
    with pytest.raises(Refusal) as refused:
        await applied(publisher, "{}")
    assert refused.value.code == "in_use"
    assert (await planned(publisher, FILE)).changes == ()


async def test_nobody_declares_a_role_that_allows_more_than_they_may(publisher: Publisher) -> None:
    admin = Actor("person", None, "admin", PLATFORM_ROLES["admin"])
    text = FILE.replace("keys:write, apps:read", "owners:write")
    for attempt in (text, FILE):
        await applied(publisher, text if attempt is FILE else "{}")
        with pytest.raises(Refusal) as refused:
            # To give it, and to take it away from whoever has it.
            await apply(publisher, source(attempt), actor=admin)
        assert refused.value.code == "beyond_own"
    scoped = admin._replace(platform=frozenset({"declaration:write"}))
    await applied(publisher, "{}")
    with pytest.raises(Refusal) as refused:
        await apply(publisher, source(FILE), actor=scoped)
    assert refused.value.code == "beyond_own"
    assert (await apply(publisher, source(FILE), actor=admin)).changes


async def test_only_who_may_declare_may_plan_and_apply(publisher: Publisher) -> None:
    on = await organisation(publisher)
    body = msgspec.to_builtins(source(FILE).handed_over())
    for who, status in (("auditor", 403), ("one.team_admin", 403), ("provider_admin", 403), ("admin", 200)):
        for path in ("/plan", "/apply"):
            assert (await on.call(who, "POST", path, body)).status_code == status, (who, path)


async def test_what_does_not_fit_is_told_with_its_place(publisher: Publisher) -> None:
    on = await organisation(publisher)
    by_hand = {"name": "mine", "team": "one", "permissions": []}
    assert (await on.call("owner", "POST", "/roles", by_hand)).status_code == 201
    cases = {
        "{name: r}": "roles[0]: permissions: is missing",
        "{name: owner, permissions: []}": '"owner" is a role that is built in',
        "{name: r, permissions: [keys:raed]}": 'permissions[0]: there is no permission "keys:raed"; did you mean "keys:read"?',
        "{name: r, team: red, permissions: [users:read]}": "permissions[0]: no role of a team can give users:read",
        "{name: r, team: redd, permissions: []}": 'team: there is no team "redd"; did you mean "red"?',
        "{name: r, permissions: []}, {name: r, permissions: []}": 'there is already a role "r"',
        "{name: r, permissions: []}, {name: r, team: red, permissions: []}": "the platform and a team cannot both",
        "{name: mine, permissions: []}": "the platform and a team cannot both",
    }
    for roles, complaint in cases.items():
        with pytest.raises(DeclarationError) as refused:
            await planned(publisher, f"teams: [{{name: red}}]\nroles: [{roles}]")
        assert complaint in str(refused.value), roles
    await planned(publisher, "teams: [{name: red}]\nroles: [{name: mine, team: red, permissions: []}]")
