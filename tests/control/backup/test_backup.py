"""A backup made on either engine is restored on either: the same rows, the same keys, the same audit trail, or nothing."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import MetaData, select
from sqlalchemy.engine import Connection as SyncConnection

from tests.control.backup.test_archive import lines_of, packed
from tests.stores.sql.filled import BECAME, VERSION_TABLE, Rows, fill
from tests.support.api import organisation
from torana.control.audit.verify import verify
from torana.control.backup import service
from torana.control.backup.archive import BackupError
from torana.control.backup.repository import PASSING, RECORDS
from torana.control.providers import service as providers
from torana.control.publish.publish import Publisher
from torana.core.secret import Secret
from torana.settings import Settings
from torana.stores.secrets.master import MasterKey, MasterKeyError, load, load_or_create
from torana.stores.sql import migrate
from torana.stores.sql.engine import create, database_file, reading, writing
from torana.stores.sql.tables import deployments
from torana.stores.sql.version import known_revisions

pytestmark = pytest.mark.anyio


@pytest.fixture
def target(empty_settings: Settings, tmp_path: Path, master: MasterKey) -> Settings:
    """Another data folder with the same master key, and a database without tables."""
    folder = tmp_path / "target"
    folder.mkdir()
    _give(master_of=tmp_path, to=folder)
    return msgspec.structs.replace(empty_settings, data=str(folder))


@pytest.fixture
def source(migrated_sqlite: Path, master: MasterKey, tmp_path: Path) -> Settings:
    """A SQLite database without content, where it does not matter which engine the backup is made on."""
    folder = tmp_path / "source"
    folder.mkdir()
    shutil.copy(migrated_sqlite, folder)
    _give(master_of=tmp_path, to=folder)
    return Settings(data=str(folder))


def _give(master_of: Path, to: Path) -> None:
    key = to / "master.key"
    key.write_bytes((master_of / "master.key").read_bytes())
    key.chmod(0o600)


async def _backup(settings: Settings, file: Path) -> None:
    """An organisation made there, and its backup."""
    engine = create(settings)
    folder = Path(settings.data)
    await organisation(Publisher(engine, load(folder), folder / "snapshot"))
    await engine.dispose()
    await service.make(settings, file)


async def _content(settings: Settings) -> dict[str, list[str]]:
    """Every table with its rows."""

    def read(sync: SyncConnection) -> dict[str, list[str]]:
        found = MetaData()
        found.reflect(sync)
        return {
            table.name: sorted(repr(dict(row._mapping)) for row in sync.execute(select(table)))
            for table in found.sorted_tables
        }

    engine = create(settings)
    async with reading(engine) as connection:
        content = await connection.run_sync(read)
    await engine.dispose()
    return content


async def _filled(settings: Settings, revision: str) -> Rows:
    engine = create(settings)
    async with writing(engine) as connection:
        rows = await connection.run_sync(fill, revision)
    await engine.dispose()
    return rows


async def test_an_instance_moves_from_one_engine_to_the_other(
    publisher: Publisher, settings: Settings, target: Settings, tmp_path: Path
) -> None:
    on = await organisation(publisher)
    async with publisher.change() as connection:
        draft = providers.ProviderDraft(name="house", vendor="openai-compatible", base_url="http://house.example/v1")
        account = await providers.create(connection, publisher.master, draft, Secret("sk-canary-credential"))
    reply = await on.call("owner", "POST", "/teams", {"name": "three"})
    assert reply.status_code == 201
    file = tmp_path / "all.backup"
    made = await service.make(settings, file)
    assert file.stat().st_mode & 0o777 == 0o600
    plain = b"".join(lines_of(file))
    for secret in (b"sk-canary-credential", *(token.reveal().encode() for token in on.tokens.values())):
        assert secret not in plain

    restored = await service.restore(target, file)
    assert restored == made
    before, after = await _content(settings), await _content(target)
    assert set(after) == set(before)
    for table in set(before) - PASSING - RECORDS - {"audit", VERSION_TABLE}:
        assert set(before[table]) <= set(after[table]), table
    assert all(after[table] == [] for table in (PASSING | RECORDS) & set(after))

    engine, key = create(target), load(Path(target.data))
    moved = Publisher(engine, key, Path(target.data) / "snapshot")
    async with reading(engine) as connection:
        moved_account = await providers.get(connection, None, "house")
        assert moved_account.sealed_key is not None
        assert key.open(moved_account.sealed_key, account.id).reveal() == "sk-canary-credential"
    found = await verify(engine, key, Path(target.data))
    assert found.holds
    assert found.anchor == found.newest
    assert sum("team.create" in one for one in after["audit"]) == 1
    assert sum("backup.restore" in one for one in after["audit"]) == 1
    assert found.entries == len(before["audit"]) + 1
    # Who could sign in can still, and changes go on where they stood.
    again = await on._replace(publisher=moved).call("owner", "POST", "/teams", {"name": "four"})
    assert again.status_code == 201
    assert await moved.version() >= await publisher.version()
    await engine.dispose()
    # And what has anything in it is not written over.
    before = await _content(target)
    with pytest.raises(BackupError, match="not empty"):
        await service.restore(target, file)
    assert await _content(target) == before


@pytest.mark.parametrize("number", range(3))
async def test_a_backup_of_an_older_schema_is_restored_whole_and_brought_forward(
    target: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    # One half of the revisions on each engine: a migration that one of them cannot do is found in tests/stores/sql.
    revisions = known_revisions()[bool(target.database) :: 2]
    if number >= len(revisions):
        pytest.skip("there are no more revisions")
    revision = revisions[number]
    # What these rows hold is no truth that could be served.
    monkeypatch.setattr(Publisher, "publish", _nothing)
    source = Settings(data=str(tmp_path))
    rows = await _filled(source, revision)
    file = tmp_path / "old.backup"
    made = await service.make(source, file, records=True)
    assert made.schema == revision
    await service.restore(target, file)
    engine = create(target)
    assert await migrate.schema_state(engine) == "current"
    await engine.dispose()
    content = await _content(target)
    for table, given in rows.items():
        if table in PASSING or table == "audit":
            continue
        for row in given:
            expected = {name: BECAME.get((table, name, value), value) for name, value in row.items()}
            assert any(_holds(one, expected) for one in content[table]), (table, expected)


def _holds(shown: str, expected: dict[str, Any]) -> bool:
    return all(f"{name!r}: {value!r}" in shown for name, value in expected.items())


async def test_numbers_go_on_behind_those_of_restored_records(
    target: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Publisher, "publish", _nothing)
    source = Settings(data=str(tmp_path))
    rows = await _filled(source, known_revisions()[-1])
    await service.make(source, tmp_path / "calls.backup", records=True)
    await service.restore(target, tmp_path / "calls.backup")
    engine = create(target)
    calls = MetaData()
    async with writing(engine) as connection:
        await connection.run_sync(calls.reflect)
        table = calls.tables["calls"]
        row = rows["calls"][0] | {"id": "f" * 32}
        row.pop("seq")
        result = await connection.execute(table.insert().returning(table.c.seq), row)
        assert result.scalar_one() > max(one["seq"] for one in rows["calls"])
    await engine.dispose()


async def _nothing(_: Publisher) -> int:
    return 1


async def test_tables_without_rows_take_a_backup_of_their_own_schema(source: Settings, tmp_path: Path) -> None:
    await _backup(source, tmp_path / "all.backup")
    with pytest.raises(BackupError, match="there already"):
        await service.make(source, tmp_path / "all.backup")
    folder = tmp_path / "other"
    folder.mkdir()
    _give(master_of=tmp_path, to=folder)
    target = Settings(data=str(folder))
    engine = create(target)
    await migrate.upgrade(engine)
    await engine.dispose()
    await service.restore(target, tmp_path / "all.backup")
    assert len((await _content(target))["teams"]) == 2


async def test_a_file_that_turns_out_damaged_leaves_nothing_behind(
    source: Settings, target: Settings, tmp_path: Path
) -> None:
    await _backup(source, tmp_path / "good.backup")
    lines = [line.replace(b"@example.org", b"@elsewhere.org") for line in lines_of(tmp_path / "good.backup")]
    with pytest.raises(BackupError, match="damaged"):
        await service.restore(target, packed(tmp_path / "bad.backup", lines))
    assert await _content(target) == {}
    newer = msgspec.json.encode(msgspec.json.decode(lines[0]) | {"schema": "9999_future"}) + b"\n"
    with pytest.raises(BackupError, match="newer than this program"):
        await service.restore(target, packed(tmp_path / "bad.backup", [newer, *lines[1:]]))
    assert await _content(target) == {}


async def test_without_its_master_key_a_backup_is_refused(source: Settings, tmp_path: Path) -> None:
    await _backup(source, tmp_path / "all.backup")
    for name, makes_one in (("none", False), ("another", True)):
        folder = tmp_path / name
        folder.mkdir()
        if makes_one:
            load_or_create(folder)
        target = Settings(data=str(folder))
        with pytest.raises(BackupError if makes_one else MasterKeyError, match=r"master\.key"):
            await service.restore(target, tmp_path / "all.backup")
        file = database_file(target)
        assert file is not None
        assert not file.exists()


async def test_an_empty_or_newer_database_is_not_backed_up(tmp_path: Path, empty_settings: Settings) -> None:
    load_or_create(tmp_path)
    with pytest.raises(BackupError, match="empty"):
        await service.make(empty_settings, tmp_path / "none.backup")
    assert not (tmp_path / "none.backup").exists()
    assert not list(tmp_path.glob(".none*"))
    assert deployments.name not in PASSING | RECORDS
