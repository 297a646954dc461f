"""The recorder's loop: rounds of ingestion, prices kept up to date, faults waited out, figures published."""

import asyncio
import gc
import os
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from torana.kit.backoff import backoff
from torana.kit.log import logger
from torana.recorder.ingest import MOST_RECORDS, Ingest
from torana.recorder.price import Prices, VendorPrices
from torana.recorder.store import RecordStore
from torana.settings import Settings
from torana.stores.spool.reader import SpoolReader
from torana.stores.sql import engine as sql

Publish = Callable[[dict[str, float]], None]

_PAUSE_SECONDS = 0.25
"""Between looks while little comes."""
_GATHER_SECONDS = 0.75
"""Between rounds while much comes: a transaction costs the less the more records it carries, and calls can still be watched."""
_MUCH = 50
_PRICES_SECONDS = 2.0
_PUBLISH_SECONDS = 1.0


async def run_recorder(settings: Settings, stop: asyncio.Event, publish: Publish) -> None:
    """Store what the gates spool until `stop` is set and nothing is left to read. The database's schema has to be there.

    `publish` gets, about every second: records_stored, bodies_stored, records_rejected, segments_damaged, records_unpriced,
    last_commit_us, spool_lag_bytes, spool_lag_seconds, database_up (0 or 1) and written_us (now, since 1970). A database
    that is away, locked or full is waited for.
    """
    # A batch is thousands of tuples without cycles: looking for cycles among them is wasted.
    gc.set_threshold(100_000, 20, 20)
    data = Path(settings.data)
    spool = data / "spool"
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = sql.create(settings)
    try:
        store = RecordStore(engine, node_of(spool))
        await _Loop(
            Ingest(SpoolReader(spool), store, prices := Prices(VendorPrices()), data), store, prices, spool, publish
        ).run(stop)
    finally:
        await engine.dispose()


def node_of(spool: Path) -> str:
    """The name of this data folder among those that share a database; made at its first use."""
    path = spool / "node"
    if not path.exists():
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(secrets.token_hex(16))
        try:
            os.link(temporary, path)
        except FileExistsError:
            logger().debug("spool_node_exists")
        temporary.unlink()
    return path.read_text()


class _Loop:
    """One recorder's state between rounds."""

    def __init__(self, ingest: Ingest, store: RecordStore, prices: Prices, spool: Path, publish: Publish) -> None:
        self._ingest = ingest
        self._store = store
        self._prices = prices
        self._reader = SpoolReader(spool)
        self._publish = publish
        self._waits = backoff(0.1, 5.0)
        self._down: str | None = None
        self._loaded = False
        self._prices_fault = False
        self._prices_due = 0.0
        self._publish_due = 0.0
        self._caught_up = time.monotonic()

    async def run(self, stop: asyncio.Event) -> None:
        while True:
            stopping = stop.is_set()
            count = await self._round()
            self._tell()
            if stopping and not count:
                return
            if count is None:
                await _sleep(stop, next(self._waits))
            elif count < MOST_RECORDS and not stopping:
                await _sleep(stop, _GATHER_SECONDS if count >= _MUCH else _PAUSE_SECONDS)

    async def _round(self) -> int | None:
        """Entries read; None when the database or the disk did not let them be stored."""
        try:
            if not self._loaded:
                await self._ingest.load_offsets()
                self._loaded = True
            count = 0
            if self._ingest.is_waiting():
                await self._refresh_prices()
                count = await self._ingest.round()
        except Exception as error:
            # Whatever it is, the spool keeps the records and the next round tries again; dying would do no better.
            self._is_down(error)
            return None
        if self._down is not None:
            logger().info("recording_resumed", after=self._down)
            self._down = None
            self._waits = backoff(0.1, 5.0)
        if count < MOST_RECORDS:
            self._caught_up = time.monotonic()
        return count

    def _is_down(self, error: Exception) -> None:
        reason = type(getattr(error, "orig", None) or error).__name__
        if reason != self._down:
            self._down = reason
            logger().error("recording_paused", reason=reason, exc_info=error)
        # After a failed commit nobody knows whether it took effect: the database does.
        self._loaded = False

    async def _refresh_prices(self) -> None:
        if time.monotonic() < self._prices_due:
            return
        try:
            overrides, provider_of = await self._store.overrides()
        except ValueError as error:
            if not self._prices_fault:
                logger().error("prices_unusable", reason=str(error))
            self._prices_fault = True
        else:
            self._prices.set_overrides(overrides, provider_of)
            self._prices_fault = False
        self._prices_due = time.monotonic() + _PRICES_SECONDS

    def _tell(self) -> None:
        now = time.monotonic()
        if now < self._publish_due:
            return
        counts = self._ingest.counts
        lag_bytes = self._reader.backlog_bytes(self._ingest.offsets)
        figures: Mapping[str, float] = {
            "records_stored": counts.stored,
            "bodies_stored": counts.bodies,
            "records_rejected": counts.rejected,
            "segments_damaged": counts.damaged,
            "records_unpriced": counts.unpriced,
            "last_commit_us": counts.last_commit_us,
            "spool_lag_bytes": lag_bytes,
            "spool_lag_seconds": now - self._caught_up if lag_bytes else 0.0,
            "database_up": int(self._down is None),
            "written_us": time.time_ns() // 1000,
        }
        self._publish(dict(figures))
        # Counting a long backlog takes a while, so it is done the more rarely the longer it takes.
        took = time.monotonic() - now
        self._publish_due = now + max(_PUBLISH_SECONDS, 50 * took)


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    """Wait, but no longer than until `stop`."""
    if stop.is_set():
        await asyncio.sleep(min(seconds, _PAUSE_SECONDS))
        return
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
