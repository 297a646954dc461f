"""The whole flow against an OpenID provider that others wrote (oidc-provider-mock), in a process of its own."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import httpx2
import pytest

from tests.control.identity.browser import ON_SQLITE, app_of, browser, who
from tests.support.api import Organisation

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """Its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "oidc_provider_mock",
        "-H",
        "127.0.0.1",
        "-p",
        str(port),
        "-n",
        "1",
    ]
    environment = {**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(url + "/.well-known/openid-configuration"):
                break
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


@ON_SQLITE
async def test_somebody_signs_in_with_the_groups_of_an_openid_provider(on: Organisation, provider: str) -> None:
    body = {"name": "mock", "issuer": provider, "client_id": "torana", "client_secret": "x", "create_users": True}
    assert (
        await on.call("owner", "POST", "/identity-providers", {**body, "groups_claim": "groups"})
    ).status_code == 201
    given = {"source": "mock", "group": "builders", "team": "one", "role": "developer"}
    assert (await on.call("owner", "POST", "/group-roles", given)).status_code == 201
    claims = {"email": "dan@example.org", "email_verified": True, "name": "Dan", "groups": ["builders", "others"]}
    async with httpx2.AsyncClient() as outside, browser(app_of(on)) as client:
        assert (await outside.put(provider + "/users/dan", json=claims)).status_code == 204
        begun = await client.get("/sign-in/mock", params={"next": "/portal"})
        page = await outside.get(begun.headers["location"])
        assert page.status_code == 200
        approved = await outside.post(begun.headers["location"], data={"sub": "dan"})
        assert approved.status_code == 302
        back = approved.headers["location"]
        assert back.startswith("http://torana.test/api/v1/sign-in/mock/callback?")
        done = await client.get(back)
        assert (done.status_code, done.headers["location"]) == (303, "/portal")
        actor = await who(on, client)
        assert actor is not None
        assert (actor.name, set(actor.teams)) == ("dan@example.org", {on.teams["one"].id})
        # A sign-in ends once.
        assert (await client.get(back)).json()["code"] == "sign_in_stale"
