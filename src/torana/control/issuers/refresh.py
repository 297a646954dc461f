"""Fetches the public keys of issuers. Gates never do: what they verify with comes with the snapshot.

Keys that cannot be fetched are not forgotten: those fetched last go on, and the issuer says what is wrong.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from urllib.parse import urlsplit

import httpx2

from torana.control.access.scope import PLATFORM
from torana.control.issuers import repository
from torana.control.issuers.jwks import JwksError, read_jwks, stored
from torana.control.issuers.repository import Issuer
from torana.control.publish.publish import Publisher
from torana.control.webhooks.address import pinned
from torana.core.egress import is_refused
from torana.stores.sql.engine import Connection, reading, writing

LOOK_SECONDS = 5.0
"""How often is looked what is due."""
EVERY_US = 300 * 1_000_000
AGAIN_US = 30 * 1_000_000
"""After a failure."""
_MOST_BYTES = 262_144
_TIMEOUT = httpx2.Timeout(10.0)
_SECONDS = 15.0
"""For everything."""
_MOST_PROBLEM = 500

Fetch = Callable[[str], Awaitable[bytes]]


class FetchError(Exception):
    """Why keys could not be fetched, as a sentence part."""


async def fetch(uri: str) -> bytes:
    """What is at this address. Follows no redirect, uses no proxy of the environment. Raises FetchError."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await _get(uri)
    except (TimeoutError, httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
        raise FetchError(f"it could not be read: {type(error).__name__}") from None


async def _get(uri: str) -> bytes:
    parts = urlsplit(uri)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    address = next((place for one in found if not is_refused(place := str(one[4][0]))), None)
    if address is None:
        raise FetchError("its name leads to an address that must not be called")
    # What was checked is what is connected to; the certificate has to name the host.
    headers, extensions = {"accept": "application/json", "host": parts.netloc}, {"sni_hostname": host}
    async with (
        httpx2.AsyncClient(verify=_certificates(), timeout=_TIMEOUT, trust_env=False, follow_redirects=False) as client,
        client.stream("GET", pinned(parts, address), headers=headers, extensions=extensions) as reply,
    ):
        if reply.status_code != 200:
            raise FetchError(f"it answered with status {reply.status_code}")
        content = bytearray()
        async for piece in reply.aiter_bytes():
            content += piece
            if len(content) > _MOST_BYTES:
                raise FetchError(f"it is larger than {_MOST_BYTES} bytes")
    return bytes(content)


@lru_cache
def _certificates() -> ssl.SSLContext:
    # Made once: reading the system's certificates takes longer than a call.
    return ssl.create_default_context()


async def run_once(publisher: Publisher, now_us: int, get: Fetch = fetch) -> int:
    """Fetch what is due; how many. Several nodes may do so at once: each finds the same."""
    async with reading(publisher.engine) as connection:
        due = [issuer for issuer in await repository.listed(connection) if _is_due(issuer, now_us)]
    for issuer in due:
        await refresh(publisher, issuer, now_us, get)
    return len(due)


async def refresh(publisher: Publisher, issuer: Issuer, now_us: int, get: Fetch = fetch) -> None:
    """Fetch the keys of one issuer, and publish them if they are others than before."""
    assert issuer.jwks_uri is not None
    keys, problem = issuer.jwks, None
    try:
        keys = stored(read_jwks(await get(issuer.jwks_uri)))
    except (FetchError, JwksError) as error:
        problem = str(error)[:_MOST_PROBLEM]
    values = {"tried_us": now_us, "problem": problem, **({} if problem else {"fetched_us": now_us})}
    if keys == issuer.jwks:
        # Nothing that a gate knows: not worth compiling everything again.
        async with writing(publisher.engine) as connection:
            await _note(connection, issuer, values)
    else:
        async with publisher.change() as connection:
            await _note(connection, issuer, {**values, "jwks": keys})


async def _note(connection: Connection, issuer: Issuer, values: Mapping[str, object]) -> None:
    # While it was fetched, somebody may have given another address, or removed the issuer.
    now = await repository.find(connection, PLATFORM, issuer.id)
    if now is not None and now.issuer.jwks_uri == issuer.jwks_uri:
        await repository.change(connection, issuer.id, values)


def _is_due(issuer: Issuer, now_us: int) -> bool:
    if issuer.jwks_uri is None:
        return False
    return issuer.tried_us is None or now_us - issuer.tried_us >= (AGAIN_US if issuer.problem else EVERY_US)
