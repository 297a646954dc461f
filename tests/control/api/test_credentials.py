"""Every route and every kind of credential: which count at all, and how far those do that may do less than their owner."""

from typing import Any

import pytest
from sqlalchemy import update

from tests.control.api.test_routes import concrete, routes
from tests.support.api import Organisation, organisation
from torana.control.access.permissions import PERMISSIONS, PLATFORM_ONLY
from torana.control.access.roles import TEAM_ROLES
from torana.control.apps import service as apps
from torana.control.keys import service as keys
from torana.control.publish.publish import Publisher
from torana.control.tokens import service as tokens
from torana.control.users import service as people
from torana.core.ids import epoch_us
from torana.stores.sql.people_tables import users

pytestmark = pytest.mark.anyio

NO_MORE = ("api key", "expired", "revoked", "suspended", "deleted")
NARROW = "apps:read"


@pytest.fixture
async def on(publisher: Publisher) -> Organisation:
    """With a token of each kind, by its name; all but the service account's are of people who may do much."""
    on = await organisation(publisher)
    one, master = on.teams["one"].id, publisher.master
    robot = {"name": "robot", "roles": ["viewer"]}
    account = (await on.call("owner", "POST", "/teams/one/service-accounts", robot)).json()
    async with publisher.change() as connection:
        app = await apps.create(connection, one, "shop")
        on.tokens["api key"] = (await keys.create(connection, master, team_id=one, app_id=app.id, name="first")).secret

        async def add(name: str, user_id: str, expires_us: int | None = None, **more: Any) -> str:
            token, on.tokens[name] = await tokens.create(connection, master, user_id, "made", expires_us, **more)
            return token.id

        owner = on.users["owner"]
        await add("expired", owner, epoch_us() - 1)
        await tokens.revoke(connection, await add("revoked", owner))
        await add("suspended", on.users["admin"])
        gone = await people.create(connection, "gone@example.org", None, "admin")
        await add("deleted", gone.id)
        await add("service account", account["id"])
        await add("narrow", owner, scopes=[NARROW])
        await add("of one team", owner, team_id=one)
        await add("narrow, of one team", owner, scopes=[NARROW], team_id=one)
        await connection.execute(update(users).where(users.c.id == on.users["admin"]).values(state="suspended"))
    assert (await on.call("owner", "DELETE", f"/users/{gone.id}")).status_code == 204
    return on


def body_of(method: str) -> Any:
    return {} if method in ("POST", "PATCH", "PUT") else None


async def test_a_credential_that_counts_no_more_or_is_no_token_answers_401_everywhere(on: Organisation) -> None:
    for method, path, permission in routes():
        for name in NO_MORE if permission != "public" else ():
            reply = await on.call(name, method, concrete(path), body_of(method))
            assert (reply.status_code, reply.json()["code"]) == (401, "invalid_token"), (method, path, name)


async def test_a_token_does_what_its_owner_its_scopes_and_its_team_all_allow(on: Organisation) -> None:
    may = {
        "service account": TEAM_ROLES["viewer"],
        "narrow": frozenset({NARROW}),
        "of one team": frozenset(PERMISSIONS) - PLATFORM_ONLY,
        "narrow, of one team": frozenset({NARROW}),
    }
    for method, path, permission in routes():
        if permission in ("public", "signed_in", None):
            continue
        for name, held in may.items():
            reply = await on.call(name, method, concrete(path), body_of(method))
            if permission not in held:
                assert (reply.status_code, reply.json()["code"]) == (403, "not_allowed"), (method, path, name)
            else:
                assert reply.status_code not in (401, 405, 500), (method, path, name)
                refused = reply.status_code == 403
                # What is guarded for the platform only, or demanded of it where no team is named.
                assert not refused or name == "of one team", (method, path, name, reply.text)


async def test_what_is_a_persons_own_takes_a_person_who_may_do_all_that_they_may(on: Organisation) -> None:
    for method, path in (
        *(("GET", f"/me/{what}") for what in ("notices", "notices/unread", "tokens", "sessions")),
        *(("POST", f"/me/{what}") for what in ("notices/read", "notices/nothing/read")),
        *(("DELETE", f"/me/{what}") for what in ("tokens/nothing", "sessions", "sessions/nothing")),
    ):
        for name in ("service account", "narrow", "of one team", "narrow, of one team"):
            reply = await on.call(name, method, path, {} if method == "POST" else None)
            assert (reply.status_code, reply.json()["code"]) == (403, "sign_in_required"), (method, path, name)


async def test_a_token_of_one_team_finds_nothing_of_others(on: Organisation) -> None:
    for name in ("of one team", "narrow, of one team"):
        assert [one["team"] for one in (await on.call(name, "GET", "/apps")).json()["items"]] == ["one"]
        assert (await on.call(name, "GET", "/apps?team=two")).json()["items"] == []
    assert [one["name"] for one in (await on.call("of one team", "GET", "/teams")).json()["items"]] == ["one"]
    assert (await on.call("of one team", "GET", "/teams/two")).status_code == 404
