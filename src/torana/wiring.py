"""The composition root: the only file that names concrete engines. Every import is made by the role that needs it.

A function here takes settings and descriptors, builds the engines and runs. What keeps a role from starting is raised as
CannotStart (one line for the operator); anything else that escapes is a fault of the program.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from torana.settings import Settings
from torana.supervisor.handover import CannotStart

if TYPE_CHECKING:
    from torana.stores.secrets.master import MasterKey
    from torana.stores.sql.engine import Engine

SNAPSHOT = Path("snapshot") / "current.snap"
COUNTERS = Path("run") / "counters.bin"


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
    from torana.control.declaration.problems import DeclarationError
    from torana.stores.secrets.master import MasterKeyError
    from torana.stores.sql.migrate import SchemaTooNew

    try:
        serve_control(settings, listen_fd, ready)
    except SchemaTooNew as error:
        raise CannotStart(str(error)) from None
    except MasterKeyError as error:
        raise CannotStart(f"{error}.") from None
    except DeclarationError as error:
        raise CannotStart(f"{settings.config} cannot be applied: {error}") from None


def run_recorder(settings: Settings, ready: Callable[[], None]) -> None:
    """Be the recorder until SIGTERM and the end of the spools."""
    from torana.recorder.run import run_recorder as run

    run(settings, ready)


def init_instance(settings: Settings) -> dict[str, str] | None:
    """Set up an empty data folder: schema, master key, first admin, first key, first snapshot.

    Returns `admin_email`, `admin_password`, `admin_token` and `key`, which are nowhere else in clear; None when the database
    was set up before, and only this folder is new.
    """
    from torana.control.init import init_instance as make
    from torana.stores.secrets.master import MasterKeyError
    from torana.stores.sql.migrate import SchemaTooNew

    try:
        return make(settings)
    except SchemaTooNew as error:
        raise CannotStart(str(error)) from None
    except MasterKeyError as error:
        raise CannotStart(f"{error}.") from None


def init_instance_as_json(settings: Settings) -> str:
    """`init_instance` with its result as JSON text, to be handed from one process to another."""
    import msgspec

    return msgspec.json.encode(init_instance(settings)).decode()


def apply_to_running(settings: Settings) -> None:
    """Have the running control apply the file `settings.config`, all or nothing. Raises CannotStart with the reason."""
    from torana.control.apply import apply_running
    from torana.control.declaration.problems import DeclarationError

    try:
        apply_running(settings)
    except DeclarationError as error:
        raise CannotStart(f"{settings.config} cannot be applied: {error}") from None


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
    return "The database's schema is newer than this program." if state == "newer" else None


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
    return (Path(settings.data) / SNAPSHOT).exists()


def clear_counter_slot(settings: Settings, slot: int) -> None:
    """Give back what a gate process that has ended held of the shared counters."""
    from torana.stores.counters.shared import clear_slot

    clear_slot(Path(settings.data) / COUNTERS, slot)
