"""Fetching the keys of issuers."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import Organisation, organisation
from tests.support.issuing import AUDIENCE, ISSUER, jwk
from torana.control.issuers import refresh
from torana.control.publish.publish import Publisher
from torana.core.ids import epoch_us
from torana.stores.snapshots import file

pytestmark = pytest.mark.anyio
URI = "https://id.example/jwks"
BODY: dict[str, Any] = {"name": "company", "issuer": ISSUER, "audiences": [AUDIENCE], "claim": "azp"}


@pytest.fixture
async def on(publisher: Publisher) -> Organisation:
    """With an app and an issuer whose keys are fetched."""
    on = await organisation(publisher)
    await on.call("owner", "POST", "/apps", {"team": "one", "name": "shop"})
    made = await on.call("owner", "POST", "/issuers", {**BODY, "apps": {"x": "shop"}, "jwks_uri": URI})
    assert made.status_code == 201
    return on


def answering(*kids: str) -> Callable[[str], Awaitable[bytes]]:
    async def get(uri: str) -> bytes:
        assert uri == URI
        return json.dumps({"keys": [jwk("ES256", kid) for kid in kids]}).encode()

    return get


def published(tmp_path: Path) -> list[str]:
    with file.open_current(tmp_path / "snapshot") as snapshot:
        return [key.kid for issuer in snapshot.issuers(ISSUER) for key in issuer.keys]


async def shown(on: Organisation) -> dict[str, Any]:
    (issuer,) = (await on.call("owner", "GET", "/issuers")).json()["items"]
    found: dict[str, Any] = issuer
    return found


async def test_keys_are_fetched_when_they_are_due_and_published_when_they_are_others(
    on: Organisation, publisher: Publisher, tmp_path: Path
) -> None:
    now_us = epoch_us()
    assert ((await shown(on))["keys"], published(tmp_path)) == ([], [])
    assert await refresh.run_once(publisher, now_us, answering("a")) == 1
    assert (published(tmp_path), (await shown(on))["fetched_us"]) == (["a"], now_us)
    assert await refresh.run_once(publisher, now_us + refresh.EVERY_US - 1, answering("b")) == 0
    version = await publisher.version()
    assert await refresh.run_once(publisher, now_us + refresh.EVERY_US, answering("a")) == 1
    assert await publisher.version() == version
    assert await refresh.run_once(publisher, now_us + 2 * refresh.EVERY_US, answering("a", "b")) == 1
    assert published(tmp_path) == ["a", "b"]


async def test_keys_that_cannot_be_fetched_go_on_and_it_is_said(
    on: Organisation, publisher: Publisher, tmp_path: Path
) -> None:
    async def away(uri: str) -> bytes:
        raise refresh.FetchError("it answered with status 503")

    async def nonsense(uri: str) -> bytes:
        return b'{"keys":' * 5000

    now_us = epoch_us()
    await refresh.run_once(publisher, now_us, answering("a"))
    for get, problem in ((away, "it answered with status 503"), (nonsense, "it is not JSON")):
        now_us += refresh.EVERY_US
        assert await refresh.run_once(publisher, now_us, get) == 1
        assert ((await shown(on))["problem"], published(tmp_path)) == (problem, ["a"])
        assert await refresh.run_once(publisher, now_us + refresh.AGAIN_US - 1, away) == 0
    assert await refresh.run_once(publisher, now_us + refresh.AGAIN_US, answering("b")) == 1
    assert ((await shown(on))["problem"], published(tmp_path)) == (None, ["b"])


async def test_what_was_fetched_for_an_address_given_up_meanwhile_is_dropped(
    on: Organisation, publisher: Publisher, tmp_path: Path
) -> None:
    issuer = await shown(on)

    async def get(uri: str) -> bytes:
        changes = {"jwks": {"keys": [jwk("EdDSA", "given")]}}
        changed = await on.call("owner", "PATCH", f"/issuers/{issuer['id']}", changes, if_match="*")
        assert changed.status_code == 200
        return json.dumps({"keys": [jwk("ES256", "fetched")]}).encode()

    await refresh.run_once(publisher, epoch_us(), get)
    assert (published(tmp_path), (await shown(on))["jwks_uri"]) == (["given"], None)
    refused = await on.call("owner", "POST", f"/issuers/{issuer['id']}/refresh")
    assert (refused.status_code, refused.json()["param"]) == (422, "jwks_uri")


@asynccontextmanager
async def answers(reply: bytes) -> AsyncIterator[str]:
    """A server that answers everybody with these bytes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks"


async def test_keys_are_fetched_at_once_when_somebody_asks_for_it(on: Organisation, tmp_path: Path) -> None:
    issuer = await shown(on)
    path = f"/issuers/{issuer['id']}"
    body = json.dumps({"keys": [jwk("RS256", "now")]}).encode()
    cases = (
        (b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body), None),
        (
            b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/\r\ncontent-length: 0\r\n\r\n",
            "it answered with status 302",
        ),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 300_000, "it is larger than 262144 bytes"),
        (b"nonsense\r\n\r\n", "it could not be read: RemoteProtocolError"),
    )
    last = ""
    for reply, problem in cases:
        async with answers(reply) as uri:
            await on.call("owner", "PATCH", path, {"jwks_uri": uri}, if_match="*")
            fetched = await on.call("owner", "POST", f"{path}/refresh")
        last = uri
        assert (fetched.status_code, fetched.json()["problem"]) == (200, problem)
        assert published(tmp_path) == (["now"] if problem is None else [])
    await on.call("owner", "PATCH", path, {"jwks_uri": "https://169.254.169.254/jwks"}, if_match="*")
    refused = await on.call("owner", "POST", f"{path}/refresh")
    assert refused.json()["problem"] == "its name leads to an address that must not be called"
    await on.call("owner", "PATCH", path, {"jwks_uri": last}, if_match="*")
    unreachable = await on.call("owner", "POST", f"{path}/refresh")
    assert unreachable.json()["problem"] == "it could not be read: ConnectError"
