"""A browser that signs in, with its cookies."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from starlette.types import ASGIApp

from tests.support.api import Organisation, door
from tests.support.issuer import CLIENT_ID, CLIENT_SECRET, Issuer
from torana.control.access import identify
from torana.control.access.actor import Actor
from torana.control.api.guard import SESSION_COOKIE
from torana.core.secret import Secret
from torana.stores.sql.engine import reading

ON_SQLITE = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
"""For what does not depend on the database."""


def app_of(on: Organisation) -> ASGIApp:
    """The app as a gate reaches it, with memory of its own."""
    return door(on.publisher)


@asynccontextmanager
async def browser(app: ASGIApp) -> AsyncIterator[httpx2.AsyncClient]:
    """One that is not signed in."""
    transport = httpx2.ASGITransport(app, client=("192.0.2.7", 1234))
    async with httpx2.AsyncClient(transport=transport, base_url="http://torana.test/api/v1") as client:
        yield client


async def set_up(on: Organisation, issuer: Issuer, by: str = "owner", **fields: Any) -> httpx2.Response:
    """An identity provider `corp` at this issuer."""
    body = {"name": "corp", "issuer": issuer.url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    made = await on.call(by, "POST", "/identity-providers", {**body, "create_users": True, **fields})
    assert made.status_code == 201, made.text
    return made


async def sign_in(client: httpx2.AsyncClient, issuer: Issuer, name: str = "corp", **changed: Any) -> httpx2.Response:
    """The whole way; `changed` is what the browser brings back instead, None nothing at all."""
    begun = await client.get(f"/sign-in/{name}")
    assert begun.status_code == 303, begun.text
    answer = {**issuer.authorize(begun.headers["location"]), **changed}
    kept = {key: value for key, value in answer.items() if value is not None}
    return await client.get(f"/sign-in/{name}/callback", params=kept)


async def who(on: Organisation, client: httpx2.AsyncClient) -> Actor | None:
    """Who is signed in with the cookies of this browser."""
    value = client.cookies.get(SESSION_COOKIE)
    if value is None:
        return None
    async with reading(on.publisher.engine) as connection:
        return await identify.by_session(connection, on.publisher.master, Secret(value))
