"""Two teams that have one of everything, so that what is one's can be looked for in what the other is told.

What team one has is called `uno-…`, what team two has `dos-…`. A third team has nothing but what is shared with it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import msgspec
from fastapi import FastAPI
from sqlalchemy import select

from tests.recorder.records import record
from tests.support.api import TEAM, Organisation, organisation
from tests.support.issuing import jwk
from torana.control.app import create_app
from torana.control.door import Door
from torana.control.members import service as members
from torana.control.publish.publish import Publisher
from torana.control.tokens import service as tokens
from torana.control.users import service as users
from torana.recorder.ingest import Ingest
from torana.recorder.price import Prices
from torana.recorder.run import node_of
from torana.recorder.store import RecordStore
from torana.settings import Settings
from torana.stores.spool.reader import SpoolReader
from torana.stores.spool.writer import SpoolWriter
from torana.stores.sql.engine import reading
from torana.stores.sql.metadata import metadata
from torana.wiring import RecordedCalls

MARKS = {"one": "uno", "two": "dos"}
Had = dict[str, dict[str, Any]]
"""What a team has, by noun, as the admin API shows it: one of each."""


class Tenants(NamedTuple):
    """The organisation. `one.team_admin` and `two.team_admin` have every role of a team in theirs; `both` has them in both teams,
    and `bound` is a token of theirs for team two only."""

    on: Organisation
    app: FastAPI
    had: dict[str, Had]
    """By team."""

    async def call(
        self,
        name: str | None,
        method: str,
        path: str,
        body: Any = None,
        query: dict[str, Any] | None = None,
        **headers: str,
    ) -> httpx2.Response:
        """One call of the admin API."""
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        if name is not None:
            sent["authorization"] = f"Bearer {self.on.tokens[name].reveal()}"
        transport = httpx2.ASGITransport(Door(self.app, owner_socket=False))
        async with httpx2.AsyncClient(transport=transport, base_url="http://torana/api/v1", headers=sent) as client:
            return await client.request(method, path, json=body, params=query)

    async def made(self, name: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """What a call makes that has to succeed."""
        reply = await self.call(name, method, path, body, if_match="*")
        assert reply.status_code in (200, 201), (method, path, reply.text)
        return dict(reply.json())

    async def kept(self) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of the database by table, but for when tokens were last used."""
        found = {}
        async with reading(self.on.publisher.engine) as connection:
            for table in metadata.sorted_tables:
                columns = [column for column in table.c if column.name != "last_used_us"]
                rows = await connection.execute(select(*columns).order_by(*table.primary_key.columns))
                found[table.name] = [tuple(row) for row in rows]
        return found

    async def own(self, team: str) -> set[str]:
        """Ids and secrets of everything that a team has, and what its things are called."""
        team_id = self.on.teams[team].id
        found = {team_id, f"{MARKS[team]}-"}
        async with reading(self.on.publisher.engine) as connection:
            for table in metadata.tables.values():
                if "team_id" not in table.c or "id" not in table.c:
                    continue
                found.update(str(one) for one in await connection.scalars(_ids(table, team_id)))
        found |= {self.on.users[f"{team}.{role}"] for role in TEAM} | {f"{team}.{role}@example.org" for role in TEAM}
        return found | {self.on.tokens[f"{team}.{role}"].reveal() for role in TEAM} | set(_secrets(self.had[team]))


def _ids(table: Any, team_id: str) -> Any:
    return select(table.c.id).where(table.c.team_id == team_id)


def _secrets(had: Had) -> Iterator[str]:
    for shown in had.values():
        yield from (str(shown[name]) for name in ("value", "secret", "token") if shown.get(name))


async def tenants(publisher: Publisher, data: Path) -> Tenants:
    """Make them. Calls are recorded in the folder."""
    on = (await organisation(publisher))._replace(settings=Settings(webhooks_loopback=True))
    made = Tenants(on, create_app(publisher, RecordedCalls(data), on.settings), {"one": {}, "two": {}})
    await made.made("owner", "POST", "/teams", {"name": "third"})
    async with publisher.change() as connection:
        both = await users.create(connection, "both@example.org", None)
        _, on.tokens["both"] = await tokens.create(connection, publisher.master, both.id, "first")
        _, on.tokens["bound"] = await tokens.create(
            connection, publisher.master, both.id, "bound", team_id=on.teams["two"].id
        )
        for team in MARKS:
            for user_id in (on.users[f"{team}.team_admin"], both.id):
                await members.give(connection, on.teams[team].id, user_id, TEAM)
    for team in MARKS:
        await _services(made, team)
        await _apps(made, team)
        await _people(made, team)
        await _subscribed(made, team)
    await _record(made, data)
    return made


async def _services(made: Tenants, team: str) -> None:
    had, mark, admin = made.had[team], MARKS[team], f"{team}.team_admin"
    had["team"] = {"id": made.on.teams[team].id, "name": team}
    url = "http://127.0.0.1:9001/v1"
    account = {"name": f"{mark}-account", "vendor": "openai-compatible", "base_url": url, "api_key": f"sk-{mark}-key"}
    had["provider"] = await made.made(admin, "POST", "/providers", {**account, "team": team})
    had["webhook"] = await made.made(
        admin, "POST", "/webhooks", {"name": f"{mark}-hook", "url": f"https://{mark}-hook.example/x", "team": team}
    )
    deployments = [{"provider": f"{mark}-account", "model": f"{mark}-model"}]
    for noun, visibility in (("service", "team"), ("shared", "teams")):
        body = {"name": f"{mark}-{noun}", "team": team, "deployments": deployments, "aliases": [f"{mark}-{noun}-alias"]}
        had[noun] = service = await made.made(admin, "POST", "/services", body)
        path = f"/services/{service['id']}"
        had["release"] = await made.made(admin, "POST", f"{path}/releases", {"note": f"{mark}-note"})
        sharing = {"visibility": visibility, "teams": ["third"] if visibility == "teams" else []}
        await made.made(admin, "PUT", f"{path}/sharing", sharing)
    path = f"/services/{had['service']['id']}"
    had["release"] = (await made.call(admin, "GET", f"{path}/releases")).json()["items"][0]
    had["plan"] = await made.made(admin, "POST", f"{path}/plans", {"name": f"{mark}-plan"})
    price = {"model": f"{mark}-model", "provider_id": had["provider"]["id"], "input_usd": "1.25"}
    had["price"] = await made.made(admin, "POST", "/prices", price)
    await made.made(admin, "PUT", f"{path}/subscription-policy", {"mode": "owner"})


async def _apps(made: Tenants, team: str) -> None:
    had, mark, admin = made.had[team], MARKS[team], f"{team}.team_admin"
    for noun in ("app", "other"):
        had[noun] = await made.made(admin, "POST", "/apps", {"team": team, "name": f"{mark}-{noun}"})
    app = had["app"]["id"]
    had["key"] = await made.made(admin, "POST", "/keys", {"app": app, "name": f"{mark}-key"})
    await made.made(admin, "PUT", f"/limits/app/{app}", {"limits": [{"kind": "concurrency", "amount": 7}]})
    issuer = {"name": f"{mark}-issuer", "team": team, "issuer": f"https://{mark}-issuer.example/", "claim": "azp"}
    more = {"audiences": [f"{mark}-audience"], "apps": {f"{mark}-client": app}, "jwks": {"keys": [jwk("ES256", mark)]}}
    had["issuer"] = await made.made(admin, "POST", "/issuers", {**issuer, **more})


async def _people(made: Tenants, team: str) -> None:
    had, mark, admin = made.had[team], MARKS[team], f"{team}.team_admin"
    had["user"] = {"id": made.on.users[f"{team}.viewer"], "name": f"{team}.viewer@example.org"}
    role = {"name": f"{mark}-role", "team": team, "permissions": ["apps:read"]}
    had["role"] = await made.made(admin, "POST", "/roles", role)
    invitation = {"email": f"{mark}-guest@example.org", "team": team, "role": "viewer"}
    had["invitation"] = await made.made(admin, "POST", "/invitations", invitation)
    path = f"/teams/{team}/service-accounts"
    had["account"] = await made.made(admin, "POST", path, {"name": f"{mark}-account", "roles": ["viewer"]})
    path = f"{path}/{had['account']['id']}/tokens"
    had["account_token"] = await made.made(admin, "POST", path, {"name": f"{mark}-robot-token"})
    had["token"] = await made.made(admin, "POST", "/me/tokens", {"name": f"{mark}-token", "team": team})
    given = {"source": "scim", "group": f"{mark}-group", "team": team, "role": "viewer"}
    had["group_role"] = await made.made("owner", "POST", "/group-roles", given)


async def _subscribed(made: Tenants, team: str) -> None:
    had, admin = made.had[team], f"{team}.team_admin"
    for who, noun, app in ((f"{team}.developer", "subscription", "app"), ("both", "waiting", "other")):
        asked = {"app": had[app]["id"], "service": had["service"]["id"], "plan": had["plan"]["id"]}
        had[noun] = await made.made(who, "POST", "/subscriptions", {**asked, "reason": f"{MARKS[team]}-reason"})
    decided = {"verdict": "approve", "reason": f"{MARKS[team]}-verdict"}
    await made.made(admin, "POST", f"/approvals/{had['subscription']['approval_id']}/decisions", decided)
    had["approval"] = {"id": had["waiting"]["approval_id"]}
    for noun, path in (("notice", "/me/notices"), ("delivery", f"/webhooks/{had['webhook']['id']}/deliveries")):
        had[noun] = (await made.call(admin, "GET", path)).json()["items"][0]


async def _record(made: Tenants, data: Path) -> None:
    writer = SpoolWriter(data / "spool", 65_536, 4 * 1024 * 1024)
    for team, had in made.had.items():
        mark = MARKS[team]
        call = record(
            team_id=had["team"]["id"],
            app_id=had["app"]["id"],
            key_id=had["key"]["id"],
            service_id=had["service"]["id"],
            service=had["service"]["name"],
            provider=f"{mark}-account",
            model_asked=f"{mark}-service",
            model_sent=f"{mark}-model",
            model_served=f"{mark}-model",
            user=f"{mark}-user",
        )
        writer.append(msgspec.msgpack.encode(call))
        had["call"] = {"id": call.id, "name": call.id}
    store = RecordStore(made.on.publisher.engine, node_of(data / "spool"))
    ingest = Ingest(SpoolReader(data / "spool"), store, Prices(), data)
    await ingest.load_offsets()
    while await ingest.round():
        pass
