"""The composition root: the only file that names concrete engines. Every import is made by the role that needs it.

A function here takes settings and descriptors, builds the engines and runs. What keeps a role from starting is raised as
CannotStart (one line for the operator); anything else that escapes is a fault of the program.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from torana.settings import Settings
from torana.supervisor.handover import CannotStart
from torana.supervisor.report import write as write_figures

if TYPE_CHECKING:
    import asyncio

    from torana.stores.secrets.master import MasterKey
    from torana.stores.sql.engine import Engine

SNAPSHOTS = Path("snapshot")
COUNTERS = Path("run") / "counters.bin"
_NEWER = "The database's schema is newer than this program. Start the version of Torana that wrote it, or a later one."
_SCHEMA_SECONDS = 0.2


class Instance(NamedTuple):
    """An opened instance: its truth, and the key to its secrets."""

    settings: Settings
    engine: "Engine"
    master_key: "MasterKey"


def run_gate(settings: Settings, slot: int, listen_fd: int, ready: Callable[[], None]) -> None:
    """Be a gate until SIGTERM and the end of its calls. `slot` is its number among the living gates."""
    from torana.gate.worker import run
    from torana.stores.secrets.master import MasterKeyError
    from torana.stores.snapshots.file import SnapshotError

    try:
        run(settings, slot, listen_fd, ready)
    except (MasterKeyError, SnapshotError) as error:
        raise CannotStart(f"{error}.") from None


def run_control(settings: Settings, listen_fd: int, ready: Callable[[], None]) -> None:
    """Be control until SIGTERM. `listen_fd` is the socket of `admin_listen`, -1 without one."""
    from torana.control.app import serve_control

    with _reasons_of_control():
        serve_control(settings, listen_fd, ready)


def run_recorder(settings: Settings, ready: Callable[[], None]) -> None:
    """Be the recorder until SIGTERM and the end of the spools."""
    import uvloop

    with _reasons_of_control():
        uvloop.run(_record(settings, ready))


async def _record(settings: Settings, ready: Callable[[], None]) -> None:
    import asyncio
    import signal

    from torana.recorder.run import run_recorder as record

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    if not await _schema_is_there(settings, stop):
        return
    ready()
    file = Path(settings.data) / "run" / "metrics" / "recorder.json"
    await record(settings, stop, lambda figures: write_figures(file, figures))


async def _schema_is_there(settings: Settings, stop: "asyncio.Event") -> bool:
    """Wait until control, which starts at the same time, has brought the schema up to date; False when stopped before."""
    import asyncio

    from sqlalchemy.exc import SQLAlchemyError

    from torana.kit.log import logger
    from torana.stores.sql import engine, migrate

    opened = engine.create(settings)
    away = False
    try:
        while not stop.is_set():
            try:
                state = await migrate.schema_state(opened)
            except (SQLAlchemyError, OSError) as error:
                state = "absent"
                if not away:
                    logger().warning("database_away", reason=type(error).__name__)
                away = True
            if state == "newer":
                raise CannotStart(_NEWER)
            if state == "current":
                return True
            await asyncio.sleep(_SCHEMA_SECONDS)
    finally:
        await opened.dispose()
    return False


def init_instance(settings: Settings) -> dict[str, str] | None:
    """Set up an empty data folder: schema, master key, first admin, first key, first snapshot.

    Returns `admin_email`, `admin_password`, `admin_token` and `key`, which are nowhere else in clear; None when the database
    was set up before, and only this folder is new. Raises CannotStart.
    """
    import asyncio

    from sqlalchemy.exc import SQLAlchemyError

    with _reasons_of_control():
        try:
            return asyncio.run(_init(settings))
        except (SQLAlchemyError, OSError) as error:
            raise CannotStart(f"the database cannot be used: {' '.join(str(error).split())}") from None


async def _init(settings: Settings) -> dict[str, str] | None:
    from torana.control.init import first_start
    from torana.control.publish.publish import Publisher
    from torana.stores.secrets import master
    from torana.stores.sql import engine, migrate

    folder = Path(settings.data)
    opened = engine.create(settings)
    try:
        await migrate.upgrade(opened)
        publisher = Publisher(opened, master.load_or_create(folder), folder / SNAPSHOTS)
        made = await first_start(publisher)
        if made is None:
            await publisher.catch_up()
            return None
    finally:
        await opened.dispose()
    return {
        "admin_email": made.admin_email,
        "admin_password": made.admin_password.reveal(),
        "admin_token": made.admin_token.reveal(),
        "key": made.key.reveal(),
    }


def init_instance_as_json(settings: Settings) -> str:
    """`init_instance` with its result as JSON text, to be handed from one process to another."""
    return msgspec.json.encode(init_instance(settings)).decode()


def apply_to_running(settings: Settings) -> None:
    """Have the running control apply the file `settings.config`, all or nothing. Raises CannotStart with the reason."""
    from torana.control.apply import apply_running

    with _reasons_of_control():
        apply_running(settings)


@contextmanager
def _reasons_of_control() -> Iterator[None]:
    """Turn what keeps control, the recorder or init from starting into its one line."""
    from torana.control.declaration.problems import DeclarationError
    from torana.core.errors import Refusal
    from torana.stores.secrets.master import MasterKeyError
    from torana.stores.sql.migrate import SchemaTooNew

    try:
        yield
    except (SchemaTooNew, DeclarationError, Refusal) as error:
        raise CannotStart(str(error)) from None
    except MasterKeyError as error:
        raise CannotStart(f"{error}.") from None


@asynccontextmanager
async def open_instance(settings: Settings) -> AsyncIterator[Instance]:
    """The engines of a data folder, for a command without control. Raises SettingError, MasterKeyError, SchemaTooNew."""
    from torana.stores.secrets import master
    from torana.stores.sql import engine, migrate

    opened = engine.create(settings)
    try:
        await migrate.upgrade(opened)
        yield Instance(settings, opened, master.load(Path(settings.data)))
    finally:
        await opened.dispose()


def schema_problem(settings: Settings) -> str | None:
    """Why the SQLite file must not be opened, in one line; None when it can be, is absent, or the database is a server."""
    from torana.stores.sql.version import check

    return None if settings.database else check(Path(settings.data) / "torana.db")


def database_problem(settings: Settings) -> str | None:
    """Why the database cannot be used, in one line. A server is asked; a SQLite file is looked at."""
    if not settings.database:
        return schema_problem(settings)
    import asyncio

    return asyncio.run(_server_problem(settings))


async def _server_problem(settings: Settings) -> str | None:
    from sqlalchemy.exc import SQLAlchemyError

    from torana.stores.sql import engine, migrate

    opened = engine.create(settings)
    try:
        state = await migrate.schema_state(opened)
    except (SQLAlchemyError, OSError) as error:
        return f"the database server cannot be used: {' '.join(str(error).split())}"
    finally:
        await opened.dispose()
    return _NEWER if state == "newer" else None


def master_key_problem(settings: Settings) -> str | None:
    """Why the master key cannot be used, in one line."""
    from torana.stores.secrets import master

    try:
        master.load(Path(settings.data))
    except master.MasterKeyError as error:
        return f"{error}."
    return None


def is_initialised(settings: Settings) -> bool:
    """Whether the data folder was set up before: gates have something to serve."""
    return (Path(settings.data) / SNAPSHOTS / "current.snap").exists()


def clear_counter_slot(settings: Settings, slot: int) -> None:
    """Give back what a gate process that has ended held of the shared counters."""
    from torana.stores.counters.shared import clear_slot

    clear_slot(Path(settings.data) / COUNTERS, slot)
