"""The admin API as several people meet it: two teams, and somebody in each role, with tokens of theirs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, NamedTuple

import httpx2
from fastapi import FastAPI
from sqlalchemy import insert

from torana.control.app import equip, routed
from torana.control.door import Door
from torana.control.publish.publish import Publisher
from torana.control.teams import service as teams
from torana.control.tokens import service as tokens
from torana.control.users import service as users
from torana.core.ids import epoch_us, new_id
from torana.core.secret import Secret
from torana.settings import Settings
from torana.stores.sql.people_tables import memberships

PLATFORM = ("owner", "admin", "provider_admin", "auditor", "reviewer", "member")
TEAM = ("team_admin", "service_owner", "developer", "viewer")


class Organisation(NamedTuple):
    """Two teams and who is in them. People are named by their role: `owner`, …, `one.team_admin`, …, `two.viewer`."""

    publisher: Publisher
    teams: dict[str, teams.Team]
    users: dict[str, str]
    """Ids by name."""
    tokens: dict[str, Secret]
    """By the same names; `nobody` has one that is not known."""
    settings: Settings = Settings()

    @asynccontextmanager
    async def client(self, name: str | None = "owner", **headers: str) -> AsyncIterator[httpx2.AsyncClient]:
        """The API as this person calls it; None is without a token. `Bearer` tokens are sent by header."""
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        if name is not None:
            sent["authorization"] = f"Bearer {self.tokens[name].reveal()}"
        transport = httpx2.ASGITransport(door(self.publisher, self.settings))
        async with httpx2.AsyncClient(transport=transport, base_url="http://torana/api/v1", headers=sent) as client:
            yield client

    async def call(self, name: str | None, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """One call."""
        async with self.client(name, **headers) as client:
            return await client.request(method, path.removeprefix("/api/v1"), json=body)


@lru_cache(maxsize=8)
def _app(settings: Settings) -> FastAPI:
    return routed()


def door(publisher: Publisher, settings: Settings | None = None) -> Door:
    """The admin API over this database, behind its door, until this is called for another database.

    FastAPI takes longer to work out every route than most tests do, so these share an app, and only what it works with is theirs.
    """
    settings = settings or Settings()
    app = _app(settings)
    if getattr(app.state, "publisher", None) is not publisher:
        equip(app, publisher, settings=settings)
    return Door(app, owner_socket=False)


async def organisation(publisher: Publisher) -> Organisation:
    """Make one in this database."""
    made: dict[str, Secret] = {"nobody": Secret("tor_admin_unknown")}
    ids: dict[str, str] = {}
    async with publisher.change() as connection:
        both = {name: await teams.create(connection, name) for name in ("one", "two")}
        for name in (*PLATFORM, *(f"{team}.{role}" for team in both for role in TEAM)):
            team, _, role = name.rpartition(".")
            user = await users.create(connection, f"{name}@example.org", None, "member" if team else role)
            ids[name] = user.id
            if team:
                await connection.execute(
                    insert(memberships).values(
                        id=new_id("membership"),
                        team_id=both[team].id,
                        user_id=user.id,
                        role=role,
                        source="manual",
                        created_us=epoch_us(),
                    )
                )
            _, made[name] = await tokens.create(connection, publisher.master, user.id, "first")
    return Organisation(publisher, both, ids, made)
