"""People with passwords and browsers, for tests of the admin API."""

import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update

from tests.support.api import Organisation, door
from torana.control.users import passwords
from torana.settings import Settings
from torana.stores.sql.audit_tables import audit
from torana.stores.sql.engine import reading, writing
from torana.stores.sql.people_tables import users

PASSWORD = "correct horse battery"
ORIGIN = "http://torana"


@functools.cache
def hashed(password: str) -> str:
    """A real hash that is quick to make."""
    return PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(password)


async def give_password(on: Organisation, *names: str) -> None:
    """Let these people sign in with PASSWORD."""
    async with writing(on.publisher.engine) as connection:
        ids = [on.users[name] for name in names]
        await connection.execute(update(users).where(users.c.id.in_(ids)).values(password_hash=hashed(PASSWORD)))


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have passwords hashed with parameters that are quick, and unsafe."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    passwords._nobody.cache_clear()


@asynccontextmanager
async def browser(
    on: Organisation, address: str = "192.0.2.1", settings: Settings | None = None, **headers: str
) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser at this address on a page of this installation; it keeps cookies."""
    sent = {"origin": ORIGIN, "sec-fetch-site": "same-origin", "user-agent": "Mozilla/5.0"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    transport = httpx2.ASGITransport(door(on.publisher, settings), client=(address, 1))
    async with httpx2.AsyncClient(transport=transport, base_url=f"{ORIGIN}/api/v1", headers=sent) as client:
        yield client


async def sign_in(client: httpx2.AsyncClient, name: str, password: str = PASSWORD) -> httpx2.Response:
    """Sign in as this person of the organisation."""
    return await client.post("/session", json={"email": f"{name}@example.org", "password": password})


async def audited(on: Organisation, *actions: str) -> list[dict[str, Any]]:
    """Entries of the audit trail with these actions, in order."""
    async with reading(on.publisher.engine) as connection:
        rows = await connection.execute(select(audit).where(audit.c.action.in_(actions)).order_by(audit.c.seq))
        return [dict(row._mapping) for row in rows]
