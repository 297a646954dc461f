"""Publishing: every change of the truth becomes a numbered snapshot, in the same transaction that makes the change.

A change that cannot be published is rolled back, so the database never holds what gates could not serve. The file is written after
the commit; whoever dies between the two is caught up by `catch_up`, on the next start and every second.

Most changes do not read everything again: the last publication is kept encoded, what the transaction concerns is put into it
(`incremental.py`), and the file is written from that, whole as ever. Everything is compiled anew when statements do not say what
they write, when that is very much, when another node has published meanwhile, and when this process has not published yet.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from sqlalchemy import insert, select, text

from torana.control.audit.keep import keep_anchor
from torana.control.bulk import without_collecting
from torana.control.publish.changes import NOTHING, Touched, restored, stored, watching
from torana.control.publish.compile import NotPublishable, compile_snapshot
from torana.control.publish.incremental import advanced
from torana.control.publish.read import Truth, read
from torana.control.publish.sections import Published, whole
from torana.core.errors import Refusal
from torana.core.ids import epoch_us
from torana.kit.log import logger
from torana.stores.secrets.master import MasterKey
from torana.stores.snapshots import file
from torana.stores.sql.engine import Connection, Engine, is_sqlite, reading, writing
from torana.stores.sql.tables import publications

__all__ = ["NotPublishable", "Publisher"]

# Any number that nobody else uses: it makes the changes of all nodes come one after the other.
_CHANGE_LOCK = 7_061_727
# Versions of other nodes; what is further behind reads everything.
_MOST_MISSED = 200


class Publisher:
    """Makes changes and publishes them into one snapshot folder."""

    def __init__(self, engine: Engine, master: MasterKey, folder: Path) -> None:
        self.engine = engine
        self.master = master
        self.data = folder.parent
        self._folder = folder
        # The files of two changes must be written in the order of their versions.
        self._turn = asyncio.Lock()
        self._anchoring = asyncio.Lock()
        self._published: Published | None = None

    @asynccontextmanager
    async def change(self) -> AsyncIterator[Connection]:
        """A transaction over the truth that is published when the block ends, or not made at all.

        Raises Refusal `not_publishable` with the reasons. Changes come one after the other, also those of other nodes.
        """
        async with self._turn:
            async with writing(self.engine) as connection:
                await _wait_for_others(connection)
                with watching(connection) as changes:
                    yield connection
                published = await self._after(connection, changes.touched)
            # Not before the commit: what is kept here is what the database holds.
            self._published = published
            await self._write(published)
            if changes.audited and (reason := await self.keep_anchor()):
                logger().error("audit_anchor_not_moved", reason=reason)

    async def publish(self) -> int:
        """Publish the truth as it stands, if it is not; the version that then is current. Raises Refusal."""
        async with self._turn:
            async with writing(self.engine) as connection:
                await _wait_for_others(connection)
                published = await self._after(connection, None)
            self._published = published
            await self._write(published)
        return published.version

    async def catch_up(self) -> bool:
        """Write the snapshot file if its version is not the database's; whether it was written. Cheap when they agree.

        What another node has published is only read: nobody has to wait for that. Raises Refusal.
        """
        version = await self.version()
        if version == await asyncio.to_thread(file.current_version, self._folder):
            return False
        async with self._turn:
            async with reading(self.engine) as connection:
                version, digest = await _last(connection)
                # Nothing is left to compile where this process made it, and could not write the file or has only now done so.
                published = await self._advanced(connection, version, NOTHING)
                if published is None or published.digest != digest:
                    published = await self._compiled(connection, version)
            if published.digest == digest:
                self._published = published
                await self._write(published)
                return True
        await self.publish()
        return True

    async def keep_anchor(self) -> str | None:
        """Have this node remember how far the audit trail goes; None, or why it does not."""
        # One after the other: an older one must not take the place of a newer.
        async with self._anchoring:
            return await keep_anchor(self.engine, self.master, self.data)

    async def version(self) -> int:
        """The newest published version; 0 before the first."""
        async with reading(self.engine) as connection:
            return (await _last(connection))[0]

    async def _after(self, connection: Connection, touched: Touched | None) -> Published:
        """What is to be published now that `touched`, or None for anything, may have changed. Notes a new version."""
        version, digest = await _last(connection)
        published = await self._advanced(connection, version, touched)
        if published is None:
            published = await self._compiled(connection, version)
        if published.digest == digest:
            return published
        published = msgspec.structs.replace(published, version=version + 1)
        await connection.execute(
            insert(publications).values(
                version=published.version,
                published_us=published.compiled_us,
                digest=published.digest,
                touched=stored(touched),
            )
        )
        return published

    async def _advanced(self, connection: Connection, version: int, touched: Touched | None) -> Published | None:
        """What was written here, and by others up to `version`, put into what was published; None where that cannot be done.

        Raises Refusal `not_publishable`.
        """
        before = self._published
        if before is None or touched is None:
            return None
        if before.version != version:
            others = await _since(connection, before, version)
            if others is None:
                return None
            before, touched = msgspec.structs.replace(before, version=version), touched.and_(others)
        if not touched.size:
            return before
        try:
            with without_collecting():
                found = await advanced(connection, before, touched, self.master, epoch_us())
        except NotPublishable as error:
            raise Refusal("not_publishable", reasons=str(error)) from None
        if found is None:
            return None
        _say_left_out(found.left_out)
        return found.published

    async def _compiled(self, connection: Connection, version: int) -> Published:
        """Everything, read and compiled anew. Raises Refusal `not_publishable`."""
        now_us = epoch_us()
        try:
            with without_collecting():
                truth = await read(connection, now_us)
                # In a thread: a hundred thousand keys take a while, and control has other things to answer.
                published, left_out = await asyncio.to_thread(self._compile, truth, version, now_us)
        except NotPublishable as error:
            raise Refusal("not_publishable", reasons=str(error)) from None
        _say_left_out(left_out)
        return published

    def _compile(self, truth: Truth, version: int, now_us: int) -> tuple[Published, dict[str, str]]:
        compiled = compile_snapshot(truth, self.master, version=version, compiled_us=now_us)
        return whole(compiled), compiled.left_out

    async def _write(self, published: Published) -> None:
        def write() -> None:
            if file.current_version(self._folder) != published.version:
                published.write(self._folder)

        await asyncio.to_thread(write)


async def _wait_for_others(connection: Connection) -> None:
    # On SQLite the transaction itself has the write lock from its beginning.
    if not is_sqlite(connection):
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CHANGE_LOCK})


def _say_left_out(left_out: Mapping[str, str]) -> None:
    for name, reason in left_out.items():
        logger().error("provider_left_out", provider=name, reason=reason)


async def _last(connection: Connection) -> tuple[int, bytes]:
    rows = await connection.execute(
        select(publications.c.version, publications.c.digest).order_by(publications.c.version.desc()).limit(1)
    )
    row = rows.one_or_none()
    return (0, b"") if row is None else (int(row[0]), bytes(row[1]))


async def _since(connection: Connection, before: Published, version: int) -> Touched | None:
    """What all versions after `before` were made for; None where one does not say, or `before` is not one of theirs."""
    if not 0 <= version - before.version <= _MOST_MISSED:
        return None
    rows = await connection.execute(
        select(publications.c.digest, publications.c.touched)
        .where(publications.c.version >= before.version)
        .order_by(publications.c.version)
    )
    there = rows.all()
    # A database that was restored has other versions of the same number.
    if len(there) != version - before.version + 1 or there[0].digest != before.digest:
        return None
    found = NOTHING
    for row in there[1:]:
        one = restored(row.touched)
        if one is None:
            return None
        found = found.and_(one)
    return found
