"""Publishing: every change of the truth becomes a numbered snapshot, in the same transaction that makes the change.

A change that cannot be published is rolled back, so the database never holds what gates could not serve. The file is written after
the commit; whoever dies between the two is caught up by `catch_up`, on the next start and every second.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from sqlalchemy import insert, select, text

from torana.control.publish.compile import NotPublishable, compile_snapshot
from torana.control.publish.read import Truth, read
from torana.core.errors import Refusal
from torana.core.ids import epoch_us
from torana.core.snapshot import Snapshot
from torana.stores.secrets.master import MasterKey
from torana.stores.snapshots import file
from torana.stores.sql.engine import Connection, Engine, is_sqlite, reading, writing
from torana.stores.sql.tables import publications

__all__ = ["NotPublishable", "Publisher"]

# Any number that nobody else uses: it makes the changes of all nodes come one after the other.
_CHANGE_LOCK = 7_061_727
_encode = msgspec.msgpack.Encoder().encode


class Publisher:
    """Makes changes and publishes them into one snapshot folder."""

    def __init__(self, engine: Engine, master: MasterKey, folder: Path) -> None:
        self.engine = engine
        self.master = master
        self._folder = folder
        # The files of two changes must be written in the order of their versions.
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def change(self) -> AsyncIterator[Connection]:
        """A transaction over the truth that is published when the block ends, or not made at all.

        Raises Refusal `not_publishable` with the reasons. Changes come one after the other, also those of other nodes.
        """
        async with self._turn:
            async with writing(self.engine) as connection:
                if not is_sqlite(connection):
                    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CHANGE_LOCK})
                yield connection
                try:
                    snapshot = await self._compile(connection)
                except NotPublishable as error:
                    raise Refusal("not_publishable", reasons=str(error)) from None
            await self._write(snapshot)

    async def publish(self) -> int:
        """Publish the truth as it stands, if it is not; the version that then is current. Raises Refusal."""
        async with self.change() as connection:
            del connection
        return await self.version()

    async def catch_up(self) -> bool:
        """Write the snapshot file if its version is not the database's; whether it was written. Cheap when they agree."""
        version = await self.version()
        if version == await asyncio.to_thread(file.current_version, self._folder):
            return False
        await self.publish()
        return True

    async def version(self) -> int:
        """The newest published version; 0 before the first."""
        async with reading(self.engine) as connection:
            return (await _last(connection))[0]

    async def _compile(self, connection: Connection) -> Snapshot:
        now_us = epoch_us()
        truth = await read(connection, now_us)
        version, digest_before = await _last(connection)
        # In a thread: a hundred thousand keys take a while, and control has other things to answer.
        snapshot, digest = await asyncio.to_thread(self._compile_and_hash, truth, version, now_us)
        if digest == digest_before:
            return snapshot
        snapshot = msgspec.structs.replace(snapshot, version=version + 1)
        await connection.execute(
            insert(publications).values(version=snapshot.version, published_us=now_us, digest=digest)
        )
        return snapshot

    def _compile_and_hash(self, truth: Truth, version: int, now_us: int) -> tuple[Snapshot, bytes]:
        snapshot = compile_snapshot(truth, self.master, version=version, compiled_us=now_us)
        # The truth is read in a fixed order, so equal content has equal bytes.
        parts = (snapshot.keys, snapshot.apps, snapshot.services, snapshot.accounts)
        return snapshot, hashlib.blake2b(_encode(parts), digest_size=16).digest()

    async def _write(self, snapshot: Snapshot) -> None:
        def write() -> None:
            if file.current_version(self._folder) != snapshot.version:
                file.write(self._folder, snapshot)

        await asyncio.to_thread(write)


async def _last(connection: Connection) -> tuple[int, bytes]:
    rows = await connection.execute(
        select(publications.c.version, publications.c.digest).order_by(publications.c.version.desc()).limit(1)
    )
    row = rows.one_or_none()
    return (0, b"") if row is None else (int(row[0]), bytes(row[1]))
