"""The control process: opens its sockets, publishes, serves the admin API, and keeps the snapshot file up to the database."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from torana.control.audit.keep import EVERY_SECONDS
from torana.control.bulk import set_aside
from torana.control.calls.endpoints import CallQueries
from torana.control.door import Door
from torana.control.file import read_source
from torana.control.invitations.post import post_by
from torana.control.issuers import refresh as issuers
from torana.control.notices.deliver import Senders, deliver
from torana.control.notices.mail import mail_server
from torana.control.place import FORWARDED_SOCKET, SOCKET
from torana.control.plan.apply import apply
from torana.control.publish.publish import Publisher
from torana.control.services.probing import Prober
from torana.control.subscriptions import due as subscriptions
from torana.control.webhooks.call import Caller
from torana.core.ids import epoch_us
from torana.kit.backoff import backoff
from torana.kit.log import logger
from torana.kit.tasks import spawn
from torana.settings import SettingError, Settings
from torana.stores.secrets import check, master
from torana.stores.sql import engine as sql
from torana.stores.sql.migrate import upgrade

RECONCILE_SECONDS = 1.0
CANARY_SECONDS = 5.0
_MOST_SOCKET_PATH = 100


def serve_control(
    settings: Settings,
    listen_fd: int,
    ready: Callable[[], None],
    calls_recorded: CallQueries | None = None,
    prober: Prober | None = None,
) -> None:
    """Be control until SIGTERM. `listen_fd` is the socket of `admin_listen`, -1 without one; `ready` is called once it answers.

    `settings.config` is applied first. Raises DeclarationError, Refusal, SchemaTooNew, MasterKeyError, SettingError or OSError.
    """
    import uvloop

    uvloop.run(serve_in_loop(settings, listen_fd, ready, calls_recorded, prober))


async def serve_in_loop(
    settings: Settings,
    listen_fd: int,
    ready: Callable[[], None],
    calls_recorded: CallQueries | None,
    prober: Prober | None = None,
) -> None:
    """`serve_control` in a running event loop."""
    from torana.control.app import create_app
    from torana.control.releases.jobs import end_due, judge_canaries

    data = Path(settings.data)
    engine = sql.create(settings)
    try:
        await _upgrade(engine)
        publisher = Publisher(engine, _master_key(data), data / "snapshot")
        await _start(settings, publisher)
        senders = Senders(Caller(settings), mail_server(settings))
        app = create_app(publisher, calls_recorded, settings, prober, post_by(senders.mail))
        servers = [
            (_server(Door(app, owner_socket=True)), open_socket(data)),
            (_server(Door(app, owner_socket=False, from_gates=True)), open_socket(data, FORWARDED_SOCKET)),
        ]
        if listen_fd >= 0:
            servers.append((_server(Door(app, owner_socket=False)), socket.socket(fileno=listen_fd)))
        jobs = [
            spawn(_reconcile(publisher), "reconcile"),
            spawn(_keep_anchor(publisher), "audit_anchor"),
            spawn(deliver(publisher, senders), "deliver"),
            _repeating("refresh_issuers", issuers.run_once, publisher, issuers.LOOK_SECONDS),
            _repeating("end_subscriptions", subscriptions.run_once, publisher, subscriptions.SECONDS),
            _repeating("end_releases", end_due, publisher, RECONCILE_SECONDS),
            _repeating("judge_canaries", judge_canaries, publisher, CANARY_SECONDS),
        ]
        set_aside()
        await _run(servers, ready)
        for job in jobs:
            job.cancel()
    finally:
        await engine.dispose()


@contextlib.asynccontextmanager
async def admin_app(settings: Settings, calls_recorded: CallQueries | None = None) -> AsyncIterator[ASGIApp]:
    """The admin API over a data folder in this process, for its owner. The caller holds the instance's lock.

    Raises SchemaTooNew, MasterKeyError or SettingError.
    """
    from torana.control.app import create_app

    data = Path(settings.data)
    engine = sql.create(settings)
    try:
        await upgrade(engine)
        publisher = Publisher(engine, _master_key(data), data / "snapshot")
        yield Door(create_app(publisher, calls_recorded, settings), owner_socket=True)
    finally:
        await engine.dispose()


async def _upgrade(engine: sql.Engine) -> None:
    """Bring the schema up to date, once the database answers: until then gates serve from their last good snapshot."""
    waits, said = backoff(0.1, 5.0), False
    while True:
        try:
            return await upgrade(engine)
        except sql.DatabaseAwayError as error:
            if not said:
                logger().warning("database_away", reason=str(error))
            said = True
        await asyncio.sleep(next(waits))


def _master_key(data: Path) -> master.MasterKey:
    """The key of this data folder. Raises MasterKeyError, also when it is another installation's."""
    key = master.load(data)
    check.verify(data, key)
    return key


async def _start(settings: Settings, publisher: Publisher) -> None:
    """Apply `settings.config` if there is one, and publish."""
    if settings.config:
        source = await asyncio.to_thread(read_source, Path(settings.config), os.environ)
        done = await apply(publisher, source, reason=f"the setting config: {settings.config}")
        logger().info("config_applied", file=settings.config, changes=len(done.changes))
        for note in done.notes:
            logger().warning("config_note", note=note)
        for made in done.made:
            # To the terminal, not to the log: this is the only sight of it.
            sys.stdout.write(f"key {made.name}: {made.secret.reveal()}  (shown only now)\n")
        sys.stdout.flush()
    await publisher.publish()


async def _reconcile(publisher: Publisher) -> None:
    """Write the snapshot file whenever the database has a newer version: another node's, or one whose writer died."""
    failing = False
    while True:
        await asyncio.sleep(RECONCILE_SECONDS)
        try:
            await publisher.catch_up()
            failing = False
        except Exception as error:
            # Gates go on with the last good snapshot; said once, not every second.
            if not failing:
                logger().warning("reconcile_failed", error=type(error).__name__)
            failing = True


async def _keep_anchor(publisher: Publisher) -> None:
    """Have this node remember how far the audit trail went, also where other nodes write it."""
    said: str | None = None
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        try:
            reason = await publisher.keep_anchor()
        except Exception as error:
            reason = type(error).__name__
        if reason is not None and reason != said:
            logger().error("audit_anchor_not_moved", reason=reason)
        said = reason


def _repeating(
    name: str, job: Callable[[Publisher, int], Awaitable[object]], publisher: Publisher, seconds: float
) -> asyncio.Task[None]:
    """Do a job every so often. What fails is tried again the next time, and said once."""

    async def repeat() -> None:
        failing = False
        while True:
            await asyncio.sleep(seconds)
            try:
                await job(publisher, epoch_us())
                failing = False
            except Exception as error:
                if not failing:
                    logger().warning("job_failed", job=name, error=type(error).__name__)
                failing = True

    return spawn(repeat(), name)


async def _run(servers: list[tuple["_Server", socket.socket]], ready: Callable[[], None]) -> None:
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
