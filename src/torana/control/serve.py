"""The control process: opens its sockets, publishes, serves the admin API, and keeps the snapshot file up to the database."""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from torana.control.bulk import set_aside
from torana.control.file import read_source
from torana.control.place import FORWARDED_SOCKET
from torana.control.publish.publish import Publisher
from torana.kit.backoff import backoff
from torana.kit.log import logger
from torana.settings import Settings
from torana.stores.secrets import check, master
from torana.stores.sql import engine as sql
from torana.stores.sql.migrate import upgrade

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from torana.control.calls.endpoints import CallQueries
    from torana.control.services.probing import Prober


def serve_control(
    settings: Settings,
    listen_fd: int,
    ready: Callable[[], None],
    calls_recorded: "CallQueries | None" = None,
    prober: "Prober | None" = None,
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
    calls_recorded: "CallQueries | None",
    prober: "Prober | None" = None,
) -> None:
    """`serve_control` in a running event loop."""
    data = Path(settings.data)
    engine = sql.create(settings)
    try:
        await _upgrade(engine)
        publisher = Publisher(engine, _master_key(data), data / "snapshot")
        # A control that died between a commit and the snapshot's file has left gates behind: until this line they wait.
        await _start(settings, publisher)
        await _serve(settings, publisher, listen_fd, ready, calls_recorded, prober)
    finally:
        await engine.dispose()


async def _serve(
    settings: Settings,
    publisher: Publisher,
    listen_fd: int,
    ready: Callable[[], None],
    calls_recorded: "CallQueries | None",
    prober: "Prober | None",
) -> None:
    # To import the admin API and what it is served with takes a second, and gates are not to wait for it.
    from torana.control import jobs
    from torana.control.app import create_app
    from torana.control.door import Door
    from torana.control.invitations.post import post_by
    from torana.control.listening import answer, open_socket
    from torana.control.notices.deliver import Senders
    from torana.control.notices.mail import mail_server
    from torana.control.webhooks.call import Caller

    data = Path(settings.data)
    senders = Senders(Caller(settings), mail_server(settings))
    app = create_app(publisher, calls_recorded, settings, prober, post_by(senders.mail))
    apps = [
        (Door(app, owner_socket=True), open_socket(data)),
        (Door(app, owner_socket=False, from_gates=True), open_socket(data, FORWARDED_SOCKET)),
    ]
    if listen_fd >= 0:
        apps.append((Door(app, owner_socket=False), socket.socket(fileno=listen_fd)))
    running = jobs.begin(publisher, senders)
    set_aside()
    await answer(apps, ready)
    for job in running:
        job.cancel()


@contextlib.asynccontextmanager
async def admin_app(settings: Settings, calls_recorded: "CallQueries | None" = None) -> AsyncIterator["ASGIApp"]:
    """The admin API over a data folder in this process, for its owner. The caller holds the instance's lock.

    Raises SchemaTooNew, MasterKeyError or SettingError.
    """
    from torana.control.app import create_app
    from torana.control.door import Door

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
        from torana.control.plan.apply import apply

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
