"""Control as a process's main part: its own socket, the listener for admins, applying at the start, keeping the snapshot up."""

import asyncio
import os
import signal
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from torana.control import init
from torana.control.apply import apply_running
from torana.control.declaration.problems import DeclarationError
from torana.control.place import FORWARDED_SOCKET, SOCKET
from torana.control.publish.publish import Publisher
from torana.control.serve import serve_in_loop
from torana.kit.tasks import spawn
from torana.settings import Settings
from torana.stores.snapshots.file import current_version
from torana.stores.sql.engine import FILE_NAME

pytestmark = pytest.mark.anyio

FILE = "teams: [{name: blue, apps: [{name: x, keys: [{name: k}]}]}]"


@asynccontextmanager
async def control(settings: Settings, listen_fd: int = -1) -> AsyncIterator[httpx2.AsyncClient]:
    """A running control, and a client on its socket."""
    up = asyncio.Event()
    running = spawn(serve_in_loop(settings, listen_fd, up.set, None), "control")
    waiting = spawn(_wait(up), "up")
    await asyncio.wait([running, waiting], return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        waiting.cancel()
        await running
    async with over(settings, SOCKET) as client:
        yield client
    os.kill(os.getpid(), signal.SIGTERM)
    await running


def over(settings: Settings, name: Path) -> httpx2.AsyncClient:
    """A client on one of control's sockets."""
    transport = httpx2.AsyncHTTPTransport(uds=str(Path(settings.data) / name))
    return httpx2.AsyncClient(transport=transport, base_url="http://torana")


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


@pytest.mark.parametrize("name", [SOCKET, FORWARDED_SOCKET])
async def test_only_the_owner_can_open_the_sockets(settings: Settings, publisher: Publisher, name: Path) -> None:
    async with control(settings):
        path = Path(settings.data) / name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("headers", [{}, {"x-torana-forwarded": "1"}])
async def test_the_socket_decides_who_is_asking_and_no_header_does(
    settings: Settings, publisher: Publisher, headers: dict[str, str]
) -> None:
    made = await init.first_start(publisher, {})
    assert made is not None
    token = {"authorization": f"Bearer {made.admin_token.reveal()}"}
    async with control(settings) as owner, over(settings, FORWARDED_SOCKET) as forwarded:
        assert (await owner.get("/api/v1/keys", headers=headers)).status_code == 200
        assert (await forwarded.get("/api/v1/keys", headers=headers)).status_code == 401
        assert (await forwarded.get("/api/v1/keys", headers={**headers, **token})).status_code == 200


async def test_gates_say_from_where_somebody_comes_and_nobody_else_does(
    settings: Settings, publisher: Publisher
) -> None:
    made = await init.first_start(publisher, {})
    assert made is not None
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    said = {"x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https"}
    asked = {"email": made.admin_email, "password": made.admin_password.reveal()}
    found = []
    async with (
        control(settings, listener.detach()),
        over(settings, FORWARDED_SOCKET) as forwarded,
        httpx2.AsyncClient(base_url=url, trust_env=False) as direct,
    ):
        for client in (forwarded, direct):
            signed_in = await client.post("/api/v1/session", json=asked, headers=said)
            cookie = signed_in.headers["set-cookie"]
            # By hand: the client keeps a Secure cookie to itself, because it comes by http.
            sent = {**said, "cookie": cookie.partition(";")[0]}
            sessions = (await client.get("/api/v1/me/sessions", headers=sent)).json()["items"]
            address = next(one["address"] for one in sessions if one["current"])
            found.append((address, "Secure" in cookie.split("; ")))
    assert found == [("192.0.2.7", True), ("127.0.0.1", False)]


async def test_a_socket_left_by_a_killed_control_is_replaced(settings: Settings, publisher: Publisher) -> None:
    for _ in range(2):
        async with control(settings) as client:
            assert (await client.get("/api/v1/health")).json()["status"] == "ok"
        assert (Path(settings.data) / SOCKET).exists()


async def test_the_listener_for_admins_always_asks_for_a_token(settings: Settings, publisher: Publisher) -> None:
    made = await init.first_start(publisher, {})
    assert made is not None
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    headers = {"authorization": f"Bearer {made.admin_token.reveal()}"}
    async with control(settings, listener.detach()), httpx2.AsyncClient(base_url=url, trust_env=False) as client:
        assert (await client.get("/api/v1/keys")).status_code == 401
        assert (await client.get("/api/v1/keys", headers=headers)).status_code == 200


async def test_the_configured_file_is_applied_at_the_start_and_again_when_asked(
    settings: Settings, publisher: Publisher, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "torana.yaml"
    file.write_text(FILE)
    configured = Settings(data=settings.data, database=settings.database, config=str(file))
    async with control(configured) as client:
        assert [key["name"] for key in (await client.get("/api/v1/keys")).json()["items"]] == ["k"]
        file.write_text(FILE.replace("name: k}", "name: k}, {name: second}"))
        await asyncio.to_thread(apply_running, configured)
        assert [key["name"] for key in (await client.get("/api/v1/keys")).json()["items"]] == ["k", "second"]
        file.write_text("teams: 5")
        with pytest.raises(DeclarationError, match=r"torana\.yaml:1:8: teams: has to be a list"):
            await asyncio.to_thread(apply_running, configured)
    assert "key blue/x/k: tor_" in capfd.readouterr().out


async def test_a_file_with_mistakes_keeps_control_from_starting(
    settings: Settings, publisher: Publisher, tmp_path: Path
) -> None:
    file = tmp_path / "torana.yaml"
    file.write_text("teams: 5")
    with pytest.raises(DeclarationError, match="has to be a list"):
        async with control(Settings(data=settings.data, database=settings.database, config=str(file))):
            raise AssertionError("it must not start")


async def test_a_lost_snapshot_is_written_again(settings: Settings, publisher: Publisher, tmp_path: Path) -> None:
    await init.first_start(publisher, {})
    version = await publisher.version()
    async with control(settings):
        (tmp_path / "snapshot" / "current.snap").unlink()
        async with asyncio.timeout(30):
            while current_version(tmp_path / "snapshot") != version:
                await asyncio.sleep(0.05)


async def test_control_waits_for_a_database_that_is_away_at_its_start(settings: Settings, publisher: Publisher) -> None:
    if settings.database:
        pytest.skip("the same code: here the file stands for the server")
    file = Path(settings.data) / FILE_NAME
    file.rename(file.with_suffix(".away"))
    file.mkdir()
    up = asyncio.Event()
    running = spawn(serve_in_loop(settings, -1, up.set, None), "control")
    await asyncio.sleep(0.3)
    assert not running.done()
    file.rmdir()
    file.with_suffix(".away").rename(file)
    async with asyncio.timeout(30):
        await up.wait()
    os.kill(os.getpid(), signal.SIGTERM)
    await running
