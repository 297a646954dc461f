"""The admin API as its callers meet it: who is let in, what is answered, and that no secret comes back."""

import socket
from collections.abc import AsyncIterator
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from fastapi import FastAPI

from tests.control.plan.test_apply import CANARY, ENVIRONMENT, FILE, source
from tests.recorder.records import record
from tests.support.api import organisation
from torana.control import init
from torana.control.app import create_app
from torana.control.door import Door
from torana.control.publish.publish import Publisher
from torana.settings import Settings
from torana.stores.sql import tables
from torana.stores.sql.engine import create
from torana.stores.sql.people_tables import memberships

pytestmark = pytest.mark.anyio


class Recorded:
    """Stands in for the recorder's queries: one call of team_a, whose bodies were kept."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def calls(self, teams: AbstractSet[str] | None) -> list[dict[str, Any]]:
        shown = {"seq": 1, "cost_picos": None, "price_source": None}
        call = {**shown, **msgspec.structs.asdict(record(1, id="0" * 32, started_us=1, bodies_kept=True))}
        return [call] if teams is None or "team_a" in teams else []

    async def list_calls(
        self, connection: object, teams: AbstractSet[str] | None, filters: object, before: str | None, limit: int
    ) -> list[dict[str, Any]]:
        self.asked.append((filters, before, limit))
        return self.calls(teams)

    async def follow_calls(
        self, connection: object, teams: AbstractSet[str] | None, filters: object, after: int, limit: int
    ) -> list[dict[str, Any]]:
        self.asked.append((filters, after, limit))
        return self.calls(teams)

    async def newest_seq(self, connection: object) -> int:
        return 7

    async def show_call(
        self, connection: object, teams: AbstractSet[str] | None, call_id: str
    ) -> dict[str, Any] | None:
        return next((call for call in self.calls(teams) if call["id"] == call_id), None)

    async def bodies_of(self, call: object) -> dict[str, Any]:
        return {"request": "asked", "request_cut": False, "response": "answered", "response_cut": False}


@pytest.fixture
def app(publisher: Publisher) -> FastAPI:
    return create_app(publisher, Recorded())


@asynccontextmanager
async def caller(app: FastAPI, *, owner: bool = False, **headers: str) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(Door(app, owner_socket=owner))
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with httpx2.AsyncClient(transport=transport, base_url="http://torana", headers=named) as client:
        yield client


async def admin_token(publisher: Publisher) -> str:
    made = await init.first_start(publisher, {})
    assert made is not None
    return made.admin_token.reveal()


def code_of(reply: httpx2.Response) -> str:
    assert reply.headers["content-type"] == "application/problem+json"
    content = reply.json()
    assert content["status"] == reply.status_code
    return str(content["code"])


async def test_health_needs_no_token(app: FastAPI) -> None:
    async with caller(app) as client:
        assert (await client.get("/api/v1/health")).json() == {"status": "ok", "version": 0}
        refused = await client.get("/api/v1/services")
    assert (refused.status_code, code_of(refused)) == (401, "missing_token")
    assert refused.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("given", ["Bearer wrong", "Bearer ", "Basic abc", "Bearer tor_admin_" + "x" * 5000])
async def test_a_wrong_token_is_refused(app: FastAPI, given: str) -> None:
    async with caller(app, authorization=given) as client:
        reply = await client.get("/api/v1/services")
    assert (reply.status_code, code_of(reply)) == (401, "invalid_token")


async def test_an_api_key_is_no_admin_token(app: FastAPI, publisher: Publisher) -> None:
    made = await init.first_start(publisher, {})
    assert made is not None
    async with caller(app, authorization=f"Bearer {made.key.reveal()}") as client:
        assert code_of(await client.get("/api/v1/services")) == "invalid_token"


async def test_the_owner_needs_no_token_but_everybody_else_does_whatever_they_say(
    app: FastAPI, publisher: Publisher
) -> None:
    token = await admin_token(publisher)
    async with caller(app, owner=True) as client:
        assert (await client.get("/api/v1/services")).status_code == 200
    async with caller(app, x_torana_forwarded="0") as client:
        assert code_of(await client.get("/api/v1/services")) == "missing_token"
    async with caller(app, x_torana_forwarded="0", authorization=f"Bearer {token}") as client:
        assert [one["name"] for one in (await client.get("/api/v1/services")).json()["items"]] == [
            "demo/chat",
            "demo/embed",
        ]


async def test_a_file_is_planned_and_applied_and_no_secret_comes_back(app: FastAPI) -> None:
    async with caller(app, owner=True) as client:
        body = source(FILE).handed_over()
        planned = await client.post("/api/v1/plan", json=body)
        applied = await client.post("/api/v1/apply", json={**body, "fingerprint": planned.json()["fingerprint"]})
        again = await client.post("/api/v1/plan", json=body)
    assert [change["action"] for change in planned.json()["changes"]] == ["create"] * 7
    assert applied.json() == {"changes": planned.json()["changes"], "notes": [], "made": []}
    assert again.json()["changes"] == []
    for reply in (planned, applied):
        assert all(secret not in reply.text for secret in (CANARY, *ENVIRONMENT.values()))


async def test_a_file_with_mistakes_is_answered_with_their_places(app: FastAPI) -> None:
    async with caller(app, owner=True) as client:
        reply = await client.post("/api/v1/plan", json={"text": "teams: [{nam: x}]", "name": "my.yaml"})
    assert (reply.status_code, code_of(reply)) == (422, "invalid_declaration")
    assert reply.json()["problems"][0]["line"] == 1
    assert "my.yaml:1:10: teams[0]: there is no field" in reply.json()["detail"]


async def test_values_are_never_looked_up_on_the_servers_side(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_KEY", CANARY)
    async with caller(app, owner=True) as client:
        reply = await client.post("/api/v1/plan", json={"text": FILE})
    assert code_of(reply) == "invalid_declaration"
    assert "no value came along for env LOCAL_KEY" in reply.text


async def test_a_key_is_made_listed_and_revoked(app: FastAPI, publisher: Publisher) -> None:
    await init.first_start(publisher, {})
    async with caller(app, owner=True) as client:
        made = (await client.post("/api/v1/keys", json={"app": "default", "name": "ci", "expires_seconds": 60})).json()
        listed = await client.get("/api/v1/keys", params={"app": "default"})
        assert code_of(await client.post("/api/v1/keys", json={"app": "default", "name": "ci"})) == "already_exists"
        assert code_of(await client.post("/api/v1/keys", json={"app": "nope"})) == "not_found"
        assert (await client.delete("/api/v1/keys/default/default/ci")).status_code == 204
        after = (await client.get("/api/v1/keys")).json()["items"]
        assert code_of(await client.delete("/api/v1/keys/ci")) == "not_found"
    assert made["value"].startswith("tor_")
    assert made["expires_us"] - made["created_us"] >= 59_000_000
    assert [key["name"] for key in listed.json()["items"]] == ["first", "ci"]
    assert made["value"] not in listed.text
    assert {key["name"]: key["state"] for key in after} == {"first": "in_use", "ci": "revoked"}


async def test_what_was_recorded_is_read_through_the_functions_handed_in(publisher: Publisher) -> None:
    recorded = Recorded()
    app = create_app(publisher, recorded)
    async with caller(app, owner=True) as client:
        page = (await client.get("/api/v1/calls", params={"status": 429, "limit": 5})).json()
        followed = (await client.get("/api/v1/calls", params={"after": 3})).json()
        shown = (await client.get("/api/v1/calls/" + "0" * 32)).json()
        assert code_of(await client.get("/api/v1/calls/" + "f" * 32)) == "not_found"
        assert code_of(await client.get("/api/v1/calls/x")) == "not_found"
    assert (page["newest_seq"], page["next"], page["items"][0]["id"]) == (7, None, "0" * 32)
    assert followed["items"] == page["items"]
    assert recorded.asked == [({"status": 429}, None, 5), ({}, 3, 50)]
    assert shown == {**page["items"][0], "request": "asked", "request_cut": False, "response": "answered",
                     "response_cut": False, "bodies_problem": None}  # fmt: skip
    async with caller(create_app(publisher), owner=True) as client:
        assert code_of(await client.get("/api/v1/calls")) == "not_built"


async def test_calls_are_their_teams_and_their_bodies_need_a_permission_of_their_own(publisher: Publisher) -> None:
    on = await organisation(publisher)
    async with publisher.change() as connection:
        await connection.execute(tables.teams.insert().values(id="team_a", name="a", created_us=0))
        for name, role in (("one.viewer", "viewer"), ("two.viewer", "team_admin")):
            membership = {"id": f"m_{name}", "team_id": "team_a", "user_id": on.users[name], "role": role}
            await connection.execute(memberships.insert().values(**membership, created_us=0))
    app = create_app(publisher, Recorded())
    path = "/api/v1/calls/" + "0" * 32
    for name, status, request in (
        ("one.viewer", 200, None),
        ("two.viewer", 200, "asked"),
        ("one.developer", 404, None),
    ):
        async with caller(app, authorization=f"Bearer {on.tokens[name].reveal()}") as client:
            found = await client.get(path)
            assert len((await client.get("/api/v1/calls")).json()["items"]) == (status == 200)
        assert (found.status_code, found.json().get("request")) == (status, request), name


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "code"),
    [
        ("GET", "/console", b"", 404, "not_built"),
        ("GET", "/portal/any/where", b"", 404, "not_built"),
        ("GET", "/docs", b"", 404, "not_built"),
        ("GET", "/api/v1/nothing", b"", 404, "unknown_path"),
        ("PUT", "/api/v1/plan", b"", 405, "method_not_allowed"),
        ("POST", "/api/v1/plan", b"{", 422, "invalid_json"),
        ("POST", "/api/v1/plan", b"[]", 422, "invalid_field"),
        ("POST", "/api/v1/plan", b'{"text": 5}', 422, "invalid_field"),
        ("POST", "/api/v1/keys", b'{"app": "a", "role": "admin"}', 422, "invalid_field"),
        ("POST", "/api/v1/keys", b"[" * 5000, 422, "invalid_json"),
        ("POST", "/api/v1/keys", b'{"app": "' + b"x" * 1_100_000 + b'"}', 413, "body_too_large"),
    ],
)
async def test_what_cannot_be_answered_is_a_problem_with_a_stable_code(
    app: FastAPI, method: str, path: str, content: bytes, status: int, code: str
) -> None:
    headers = {"content-type": "application/json"}
    async with caller(app, owner=True) as client:
        reply = await client.request(method, path, content=content, headers=headers)
    assert (reply.status_code, code_of(reply)) == (status, code)


async def test_a_body_that_hides_its_length_is_bounded_too(app: FastAPI) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 100_000

    async with caller(app, owner=True) as client:
        reply = await client.post("/api/v1/keys", content=pieces(), headers={"content-type": "application/json"})
    assert code_of(reply) == "body_too_large"


async def test_a_secret_in_a_body_that_does_not_fit_is_not_repeated(app: FastAPI) -> None:
    bodies = (
        {"text": 5, "values": {"env:A": CANARY}},
        {"text": "{}", "values": [CANARY]},
        {"text": "{}", "values": {CANARY: 5}},
    )
    async with caller(app, owner=True) as client:
        for body in bodies:
            reply = await client.post("/api/v1/apply", json=body)
            assert code_of(reply) == "invalid_field"
            assert CANARY not in reply.text


async def test_a_database_that_is_away_is_said_and_is_no_internal_error(app: FastAPI, publisher: Publisher) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        away = create(Settings(database=f"postgresql://me:canary@127.0.0.1:{unheard.getsockname()[1]}/torana"))
        lost = create_app(Publisher(away, publisher.master, Path("unused")), Recorded())
        async with caller(lost, owner=True) as client:
            for path in ("/api/v1/keys", "/api/v1/services", "/api/v1/calls"):
                reply = await client.get(path)
                assert (reply.status_code, code_of(reply)) == (503, "database_away"), path
                assert reply.headers["retry-after"] == "1"
                assert "canary" not in reply.text
        await away.dispose()
