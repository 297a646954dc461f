"""How control is reached: its sockets, and the servers on them until SIGTERM."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from torana.control.place import SOCKET
from torana.kit.tasks import spawn
from torana.settings import SettingError

_MOST_SOCKET_PATH = 100


async def answer(apps: Sequence[tuple[ASGIApp, socket.socket]], ready: Callable[[], None]) -> None:
    """Serve these apps on their sockets until SIGTERM; `ready` is called once all of them answer."""
    servers = [(_server(app), listener) for app, listener in apps]
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    running = [spawn(server.serve(sockets=[listener]), "control_http") for server, listener in servers]
    for (server, _), task in zip(servers, running, strict=True):
        rising = spawn(_wait(server.up), "control_up")
        await asyncio.wait([rising, task], return_when=asyncio.FIRST_COMPLETED)
        rising.cancel()
    if not any(task.done() for task in running):
        ready()
    stopping = spawn(_wait(stop), "control_stop")
    await asyncio.wait([stopping, *running], return_when=asyncio.FIRST_COMPLETED)
    for server, _ in servers:
        server.should_exit = True
    await asyncio.gather(*running)
    stopping.cancel()


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


class _Server(uvicorn.Server):
    """Leaves signals to the process, since two servers run in it, and tells when it serves."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _server(app: ASGIApp) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            # Named: with "auto" a missing package would mean another, slower and laxer parser in silence.
            http="httptools",
            loop="uvloop",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            # Whom a caller is said to be by a header decides nothing here.
            proxy_headers=False,
            server_header=False,
            limit_concurrency=512,
            timeout_graceful_shutdown=5,
        )
    )


def open_socket(data: Path, name: Path = SOCKET) -> socket.socket:
    """A socket that only the owner can open, in a folder that only the owner can enter. Raises SettingError or OSError."""
    path = (data / name).absolute()
    if len(os.fsencode(path)) > _MOST_SOCKET_PATH:
        raise SettingError(f"data={str(data)!r} cannot be used: a socket's path has at most {_MOST_SOCKET_PATH} bytes.")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    listener.listen(512)
    listener.setblocking(False)
    return listener
