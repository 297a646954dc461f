"""From the spools into the database, exactly once.

A round reads what the gates have written since the committed offsets, prices it, sums it up, and stores rows, sums and offsets
in one transaction. Only then are finished segments removed. Killed anywhere before the commit, the next round reads the same
entries again; killed after it, the next round goes on behind them.
"""

import os
import re
import time
from bisect import bisect_left
from pathlib import Path

import msgspec

from torana.core.record import CallRecord
from torana.kit.log import logger
from torana.recorder.price import Prices
from torana.recorder.store import OffsetMoved, RecordStore, is_about_data
from torana.recorder.tally import Places, Tally
from torana.stores.bodies import files
from torana.stores.spool.reader import Batch, SpoolReader
from torana.stores.spool.segment import BODY, ENTRY, HEADER_BYTES, RECORD

MOST_RECORDS = 5_000
_READ_BYTES = 1_048_576
_LOOK_SECONDS = 2.0
# core.ids.is_call_id as a pattern: asked once a call, and ten times as fast.
_CALL_ID = re.compile(r"[0-9a-f]{32}")


class Counts(msgspec.Struct):
    """What this process has done since it started."""

    stored: int = 0
    bodies: int = 0
    rejected: int = 0
    damaged: int = 0
    unpriced: int = 0
    last_commit_us: int = 0


_Entry = tuple[str, int, int, int, bytes]
"""Segment, start, end, kind, payload: a plain tuple, because one is made for every call."""


class Ingest:
    """Reads one spool folder into one store. One at a time per folder; a second one fails without harm."""

    def __init__(self, reader: SpoolReader, store: RecordStore, prices: Prices, data: Path) -> None:
        self.counts = Counts()
        self.offsets: dict[str, int] = {}
        self._reader = reader
        self._store = store
        self._prices = prices
        self._spool = data / "spool"
        self._bodies = data / "bodies"
        self._places = Places()
        self._look_due = 0.0
        # Where the next round begins, so that one busy gate does not keep the others waiting.
        self._next = ""
        self._decode = msgspec.msgpack.Decoder(CallRecord).decode

    async def load_offsets(self) -> None:
        """Learn how far everything is stored, and forget the segments that a killed predecessor had removed."""
        self.offsets = await self._store.offsets()
        there = set(self._reader.segments())
        if gone := [segment for segment in self.offsets if segment not in there]:
            await self._forget(gone)

    async def round(self) -> int:
        """Store what is there, up to about MOST_RECORDS. Returns the number of entries read; raises what the database raises."""
        batches = self._read()
        entries = [entry for batch in batches for entry in _placed(batch, self.offsets.get(batch.segment, 0))]
        try:
            await self._store_entries(entries)
        except OffsetMoved:
            await self.load_offsets()
            return 0
        await self._remove([batch for batch in batches if batch.finished])
        return len(entries)

    def is_waiting(self) -> bool:
        """Whether a round would find something: a cheap look, which every two seconds says yes to have all looked through."""
        if time.monotonic() >= self._look_due:
            return True
        has_more, offsets = self._reader.has_more, self.offsets
        return any(has_more(segment, offsets.get(segment, 0)) for segment in self._reader.segments())

    def _read(self) -> list[Batch]:
        batches: list[Batch] = []
        count = 0
        there = self._reader.segments()
        self._reader.let_go(there)
        # Only now and then those are read that nothing was written to: to see whether their writers live.
        look = time.monotonic() >= self._look_due
        if look:
            self._reader.sweep()
            self._look_due = time.monotonic() + _LOOK_SECONDS
        first = bisect_left(there, self._next)
        for segment in there[first:] + there[:first]:
            self._next = segment
            if count >= MOST_RECORDS:
                break
            offset = self.offsets.get(segment, 0)
            if not look and not self._reader.has_more(segment, offset):
                continue
            try:
                batch = self._reader.read(segment, offset, _READ_BYTES)
            except FileNotFoundError:
                continue
            count += len(batch.entries)
            if batch.entries or batch.finished:
                batches.append(batch)
        return batches

    async def _store_entries(self, entries: list[_Entry]) -> None:
        if not entries:
            return
        try:
            await self._commit(entries)
        except Exception as error:
            if not is_about_data(error):
                raise
            await self._refused(entries, error)

    async def _refused(self, entries: list[_Entry], error: Exception) -> None:
        """The database took the batch for wrong: halve it until the entry at fault stands alone."""
        if len(entries) > 1:
            middle = len(entries) // 2
            await self._store_entries(entries[:middle])
            await self._store_entries(entries[middle:])
            return
        stored = await self._store.offsets()
        entry = segment, start, end, kind, _ = entries[0]
        if stored.get(segment, 0) != start:
            raise OffsetMoved(segment)
        if (cleaned := self._without_nul(entry)) is not None:
            await self._store_entries([(segment, start, end, kind, cleaned)])
            return
        await self._commit(entries, reject=type(error).__name__)

    def _without_nul(self, entry: _Entry) -> bytes | None:
        """The record without NUL characters, which callers can send and PostgreSQL cannot store; None when it has none."""
        if entry[3] != RECORD:
            return None
        record = self._decode(entry[4])
        texts = {name: value for name in record.__struct_fields__ if isinstance(value := getattr(record, name), str)}
        changed = {name: value.replace("\0", "\ufffd") for name, value in texts.items() if "\0" in value}
        return msgspec.msgpack.encode(msgspec.structs.replace(record, **changed)) if changed else None

    async def _commit(self, entries: list[_Entry], reject: str | None = None) -> None:
        tally = Tally(self._prices, self._places)
        moves: dict[str, tuple[int, int]] = {}
        rejected = bodies = 0
        decode, add, is_id = self._decode, tally.add, _CALL_ID.fullmatch
        for entry in entries:
            segment, start, end, kind, payload = entry
            moves[segment] = (moves[segment][0] if segment in moves else start, end)
            if kind != RECORD or reject is not None:
                kept = reject is None and self._keep_body(entry)
                bodies += kept
                rejected += not kept
                if reject is not None:
                    self._quarantine(entry, reject)
                continue
            try:
                record = decode(payload)
                if not is_id(record.id):
                    raise ValueError("the id is not a call id")
            except (ValueError, RecursionError) as error:
                self._quarantine(entry, str(error))
                rejected += 1
            else:
                add(record)
        await self._store.commit(tally, moves)
        self._places.stored.update(tally.places)
        self.offsets.update((segment, end) for segment, (_, end) in moves.items())
        counts = self.counts
        counts.stored += len(tally.rows)
        counts.unpriced += tally.unpriced
        counts.rejected += rejected
        counts.bodies += bodies
        counts.last_commit_us = time.time_ns() // 1000

    def _keep_body(self, entry: _Entry) -> bool:
        # Before the transaction: a body without a row is harmless, a row whose body was promised and lost is not.
        if entry[3] != BODY:
            self._quarantine(entry, "unknown kind")
            return False
        try:
            files.write(self._bodies, entry[4])
        except (msgspec.DecodeError, ValueError) as error:
            self._quarantine(entry, str(error))
            return False
        return True

    def _quarantine(self, entry: _Entry, reason: str) -> None:
        """Set aside what cannot be stored, under a name that a repetition after a kill uses again."""
        segment, start, _, kind, payload = entry
        folder = self._spool / "rejected"
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / f"{segment.removesuffix('.seg')}-{start}.{kind}.msgpack"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(payload)
        # The reason names fields and types only: decoders' messages carry no values.
        logger().error("record_rejected", file=path.name, reason=reason)

    async def _remove(self, finished: list[Batch]) -> None:
        removed = []
        for batch in finished:
            if batch.damaged:
                self._set_aside(batch)
            else:
                self._reader.remove(batch.segment)
            if batch.segment in self.offsets:
                removed.append(batch.segment)
        if removed:
            await self._forget(removed)

    async def _forget(self, segments: list[str]) -> None:
        await self._store.forget(segments)
        for segment in segments:
            self.offsets.pop(segment, None)

    def _set_aside(self, batch: Batch) -> None:
        """Keep a damaged segment for a person to look at; everything before the damage is stored."""
        folder = self._spool / "rejected"
        folder.mkdir(mode=0o700, exist_ok=True)
        (self._spool / batch.segment).replace(folder / batch.segment)
        self.counts.damaged += 1
        logger().error("spool_segment_damaged", segment=batch.segment, offset=batch.end)


def _placed(batch: Batch, offset: int) -> list[_Entry]:
    """Entries with their places; the first begins where the last commit ended (0 when nothing of the segment is stored)."""
    placed = []
    start, position, prefix, segment = offset, max(offset, HEADER_BYTES), ENTRY.size, batch.segment
    for kind, payload in batch.entries:
        position += prefix + len(payload)
        placed.append((segment, start, position, kind, payload))
        start = position
    return placed
