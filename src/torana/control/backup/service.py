"""Makes a backup of a database, and restores one into an empty database, whichever of the two engines it was made on."""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from torana.control.access.actor import OWNER
from torana.control.audit import service as audit
from torana.control.audit.keep import keep_anchor
from torana.control.backup import repository
from torana.control.backup.archive import FORMAT, Archive, ArchiveWriter, BackupError, Header, opened, owner_of
from torana.control.publish.publish import Publisher
from torana.core.ids import epoch_us
from torana.kit.log import logger
from torana.settings import Settings
from torana.stores.secrets import check, master
from torana.stores.secrets.master import MasterKey, MasterKeyError
from torana.stores.snapshots import file as snapshots
from torana.stores.sql import engine as sql
from torana.stores.sql import migrate
from torana.stores.sql.version import known_revisions, too_new

__all__ = ["BackupError", "Done", "make", "restore"]

SNAPSHOTS = "snapshot"


class Done(msgspec.Struct, frozen=True):
    """What was written or restored."""

    schema: str
    made_us: int
    records: bool
    counts: Mapping[str, int]


async def make(settings: Settings, path: Path, *, records: bool = False) -> Done:
    """Write a backup of the database as it is in one transaction, while the instance may run. The file is its owner's alone.

    Raises BackupError when there is such a file or nothing to back up, MasterKeyError, SettingError, SchemaTooNew,
    DatabaseAwayError, OSError.
    """
    key = _master_key(Path(settings.data))
    engine = sql.create(settings)
    try:
        with _new_file(path) as file:
            async with sql.reading(engine) as connection:
                header = await _header(connection, key, records=records)
                writer = ArchiveWriter(file, header, key)
                tables = await repository.reflected(connection, records=records)
                for name in header.columns:
                    async for row in repository.rows(connection, tables[name]):
                        writer.add(name, row)
                writer.close()
    finally:
        await engine.dispose()
    return Done(header.schema, header.made_us, header.records, header.counts)


async def restore(settings: Settings, path: Path) -> Done:
    """Restore a backup into an empty database, in one transaction, bring it to this program's schema, and publish it.

    The caller holds the instance's lock. Raises BackupError, MasterKeyError, SettingError, DatabaseAwayError, OSError, and Refusal
    where what was restored cannot be published.
    """
    folder = Path(settings.data)
    key = _master_key(folder)
    engine = sql.create(settings)
    try:
        with _old_file(path) as file:
            archive = opened(file)
            _check(archive.header, key, folder)
            async with sql.writing(engine) as connection:
                await _fill(connection, archive, key)
        _forget_snapshot(folder)
        await Publisher(engine, key, folder / SNAPSHOTS).publish()
        if reason := await keep_anchor(engine, key, folder):
            logger().error("audit_anchor_not_moved", reason=reason)
        check.note(folder, key)
    finally:
        await engine.dispose()
    header = archive.header
    return Done(header.schema, header.made_us, header.records, header.counts)


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """A file for its owner alone, which is there under its name when the block ends well, and not at all otherwise."""
    if path.exists():
        raise BackupError(f"{path} is there already; give another name")
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        # link, not rename: a file that came meanwhile stays.
        os.link(temporary, path)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _old_file(path: Path) -> BinaryIO:
    return path.open("rb")


def _forget_snapshot(folder: Path) -> None:
    """Whatever this folder served before is not what was restored, though its version may be the same."""
    (folder / SNAPSHOTS / snapshots.FILE_NAME).unlink(missing_ok=True)


def _master_key(folder: Path) -> MasterKey:
    try:
        key = master.load(folder)
    except MasterKeyError as error:
        raise MasterKeyError(
            f"{error}. Everything secret in a backup is sealed with the master key of the instance it was made of, and of no use "
            f"without it: put that master.key into {folder}, or its content into {master.VARIABLE}"
        ) from None
    check.verify(folder, key)
    return key


async def _header(connection: sql.Connection, key: MasterKey, *, records: bool) -> Header:
    schema = await migrate.revision_of(connection)
    if schema is None:
        raise BackupError("the database is empty; there is nothing to back up")
    if schema not in known_revisions():
        raise migrate.SchemaTooNew(too_new(schema))
    tables = await repository.reflected(connection, records=records)
    return Header(
        torana_backup=FORMAT,
        schema=schema,
        made_us=epoch_us(),
        master=owner_of(key),
        records=records,
        columns=repository.columns_of(tables),
        counts=await repository.counts(connection, tables),
    )


def _check(header: Header, key: MasterKey, folder: Path) -> None:
    known = known_revisions()
    if header.schema not in known:
        raise BackupError(
            f"it has schema {header.schema[:60]}, which is newer than this program's {known[-1]}: restore it with the version of "
            "Torana that made it, or a later one"
        )
    if header.master != owner_of(key):
        raise BackupError(
            f"it was made with another master key than the one of {folder}: put the master.key of its instance there, or its "
            f"content into {master.VARIABLE}"
        )


async def _fill(connection: sql.Connection, archive: Archive, key: MasterKey) -> None:
    header = archive.header
    await migrate.wait_for_others(connection)
    if not await repository.is_without_tables(connection):
        await _demand_empty(connection, header)
    await migrate.bring_to(connection, header.schema)
    tables = await repository.reflected(connection, records=header.records)
    repository.fitting(tables, header)
    inserter = repository.Inserter(connection, tables, header)
    for row in archive.rows(key):
        await inserter.add(row)
    await inserter.flush()
    await repository.go_on_counting(connection, tables)
    await migrate.bring_to(connection, known_revisions()[-1])
    after = {"schema": header.schema, "made_us": header.made_us, "records": header.records}
    await audit.note(connection, key, OWNER, "backup.restore", "backup", None, after=after)


async def _demand_empty(connection: sql.Connection, header: Header) -> None:
    """Raises BackupError unless the tables that are there are empty, and those of the backup's revision."""
    if filled := sorted(await repository.filled(connection)):
        shown = ", ".join(filled[:3]) + (f" and {len(filled) - 3} more" if len(filled) > 3 else "")
        raise BackupError(
            f"the database is not empty: there are rows in {shown}. Give a new data folder or an empty database"
        )
    schema = await migrate.revision_of(connection)
    if schema != header.schema:
        raise BackupError(
            f"it has schema {header.schema}, and the tables that are there have {schema}. Give a new data folder, or a database "
            "without tables"
        )
