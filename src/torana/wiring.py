"""The composition root: the only file that names concrete engines. Every import is made by the role that needs it.

A function here takes settings and descriptors, builds the engines and runs. What keeps a role from starting is raised as
CannotStart (one line for the operator); anything else that escapes is a fault of the program.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from torana.settings import SettingError, Settings
from torana.supervisor.handover import CannotStart
from torana.supervisor.report import write as write_figures

if TYPE_CHECKING:
    import asyncio

    from torana.recorder.query import Filters
    from torana.stores.secrets.master import MasterKey
    from torana.stores.sql.engine import Connection, Engine

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
    from torana.core.errors import Refusal
    from torana.gate.worker import run
    from torana.stores.secrets.master import MasterKeyError
    from torana.stores.snapshots.file import SnapshotError

    began = False

    def begun() -> None:
        nonlocal began
        began = True
        ready()

    try:
        run(settings, slot, listen_fd, begun)
    except (MasterKeyError, SnapshotError, Refusal) as error:
        raise CannotStart(f"{str(error).rstrip('.')}.") from None
    except SettingError:
        raise
    except (OSError, ValueError) as error:
        # What a running gate raises is a fault of the program, and wants its traceback.
        if began:
            raise
        raise CannotStart(_line(error)) from None


def run_control(settings: Settings, listen_fd: int, ready: Callable[[], None]) -> None:
    """Be control until SIGTERM. `listen_fd` is the socket of `admin_listen`, -1 without one."""
    from torana.control.serve import serve_control
    from torana.stores.secrets import check, master

    folder = Path(settings.data)

    def begun() -> None:
        # Control has read the truth with this key, so it is the right one, also in a folder of an earlier version.
        check.note(folder, master.load(folder))
        if settings.config:
            _demand(settings)
        ready()

    with _reasons_of_control():
        serve_control(settings, listen_fd, begun, RecordedCalls(folder), _prober(settings))


class RecordedCalls:
    """Control's window on what the recorder has stored: the two do not know each other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def list_calls(
        self,
        connection: "Connection",
        teams: AbstractSet[str] | None,
        filters: Mapping[str, Any],
        before: str | None,
        limit: int,
    ) -> list[dict[str, Any]]:
        """Calls, newest first."""
        from torana.recorder import query

        return await query.list_calls(connection, teams, _filters(filters), before=before, limit=limit)

    async def follow_calls(
        self,
        connection: "Connection",
        teams: AbstractSet[str] | None,
        filters: Mapping[str, Any],
        after: int,
        limit: int,
    ) -> list[dict[str, Any]]:
        """Calls stored after the one whose `seq` is `after`, in the order of storing."""
        from torana.recorder import query

        return await query.follow_calls(connection, teams, _filters(filters), after=after, limit=limit)

    async def newest_seq(self, connection: "Connection") -> int:
        """Where a follower begins who wants only what comes."""
        from torana.recorder import query

        return await query.newest_seq(connection)

    async def show_call(
        self, connection: "Connection", teams: AbstractSet[str] | None, call_id: str
    ) -> dict[str, Any] | None:
        """One call."""
        from torana.recorder import query

        return await query.show_call(connection, teams, call_id)

    async def bodies_of(self, call: Mapping[str, Any]) -> dict[str, Any]:
        """The kept bodies of a call that `show_call` found, as far as they can be read."""
        import asyncio

        from torana.recorder import query
        from torana.stores.bodies.files import BodyDamaged

        try:
            kept = await asyncio.to_thread(query.bodies_of, self._folder, dict(call))
        except BodyDamaged as error:
            return {"bodies_problem": str(error)}
        if kept is None:
            return {}
        return {
            "request": kept.request.decode(errors="replace"),
            "request_cut": kept.request_cut,
            "response": kept.response.decode(errors="replace"),
            "response_cut": kept.response_cut,
        }


def _prober(settings: Settings) -> Callable[..., Any]:
    """Control's test calls, made by the gate's own client: the two do not know each other."""

    async def call(*asked: Any) -> Any:
        from torana.gate.probe import call_account

        return await call_account(settings, *asked)

    return call


def _filters(given: Mapping[str, Any]) -> "Filters":
    """The admin API's filters, which name things by id, as the recorder's, which take a name or an id."""
    from torana.recorder.query import Filters

    return Filters(**{name.removesuffix("_id"): value for name, value in given.items()})


def _line(error: Exception) -> str:
    """What the system or a library complains of, in one line."""
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror}."
    return f"{' '.join(str(error).split()).rstrip('.')}."


def _demand(settings: Settings) -> None:
    """Have gates that start from now on serve what has just been published, or something newer, before they are ready."""
    from torana.stores.snapshots import demanded, file

    folder = Path(settings.data)
    if (version := file.current_version(folder / SNAPSHOTS)) is not None:
        demanded.demand(folder, version)


def forget_demand(settings: Settings) -> None:
    """Have gates wait until control has applied the configuration file anew. To be called before anything is started."""
    from torana.stores.snapshots import demanded

    demanded.forget(Path(settings.data))


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
                    logger().warning("database_away", reason=_line(error))
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
    from torana.control.init import first_start, is_set_up
    from torana.control.publish.publish import Publisher
    from torana.stores.secrets import check, master
    from torana.stores.sql import engine, migrate

    folder = Path(settings.data)
    opened = engine.create(settings)
    try:
        await migrate.upgrade(opened)
        if await is_set_up(opened):
            try:
                key = master.load(folder)
            except master.MasterKeyError as error:
                # A new one would make every API key unknown and no credential readable, on this node only.
                raise CannotStart(f"the database was set up before, and its master key is needed: {error}.") from None
        else:
            key = master.load_or_create(folder)
        check.verify(folder, key)
        publisher = Publisher(opened, key, folder / SNAPSHOTS)
        made = await first_start(publisher)
        if made is None:
            # Compiling opens every credential, so a key that is not the database's is noticed here.
            await publisher.publish()
        check.note(folder, key)
        if made is None:
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
    from torana.control.declaration.problems import DeclarationError

    try:
        apply_running(settings)
    except DeclarationError as error:
        raise CannotStart(str(error)) from None
    _demand(settings)


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
    from torana.stores.secrets import check, master

    folder = Path(settings.data)
    try:
        check.verify(folder, master.load(folder))
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
