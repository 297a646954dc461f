"""Limits counted in a memory-mapped file that all gates of a node share.

A gate takes units of a limit under a byte-range lock (fcntl), which the kernel releases if the gate is killed. Where much
is free it takes a block and spends it without the lock; where little is free it takes single units, so that no gate holds
what another needs. A limit is therefore never exceeded, and limits below EXACT_BELOW are never refused early either.
docs/decisions/0002 has the reasons.

The file: a page of header, an open-addressing index from limit id to entry, then entries of one size. A rate entry is a
ring of 61 buckets of a sixtieth of the period each: the sum of the ring covers at least the period, so no window of that
length, wherever it begins, holds more than the limit. A concurrency entry has one cell for each gate slot: the cells of a
dead gate are cleared.
"""

import fcntl
import hashlib
import mmap
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from torana.core.snapshot import Limit

EXACT_BELOW = 1024
SLOTS = 64
BUCKETS = 61

_MAGIC = b"torana counters 1"
_HEADER = 4096
_INDEX_SLOTS = 1 << 19
_INDEX = struct.Struct("<QI4x")
_ENTRIES_AT = _HEADER + _INDEX_SLOTS * _INDEX.size
_ENTRY_BYTES = 272
_ENTRIES = 1 << 18
_FILE_BYTES = _ENTRIES_AT + _ENTRIES * _ENTRY_BYTES
_USED = struct.Struct("<I")
_USED_AT = 128
_STAMP = struct.Struct("<Q")
_RING = struct.Struct(f"<{BUCKETS}I")
_CELLS = struct.Struct(f"<{SLOTS}I")
_CELL = struct.Struct("<I")
_GAUGE = (1 << 64) - 1
"""In place of a rate's newest bucket: marks a concurrency entry."""
_HOLD_NS = 1_000_000_000
"""How long a gate keeps what it took in advance and does not need. To return it and take it again costs as a hundred takes do."""
_LOCK_PATIENCE_SECONDS = 0.25
"""A healthy gate holds a lock for microseconds; a stopped one (SIGSTOP) must not stop the others for ever."""


class CountersBusyError(Exception):
    """A counter's lock was held for longer than a healthy gate ever holds it."""


class SharedCounters:
    """This process's view of the shared counters. `slot` is its own number, 0 to 63, free of any living process."""

    def __init__(self, path: Path, slot: int) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._slot = slot
        self._rates: dict[str, Rate] = {}
        self._gauges: dict[str, Gauge] = {}
        self.holding: set[Rate | Gauge] = set()
        """Those that may hold more than is in use: of very many limits, few are counted against at a time."""
        with self._table():
            self._prepare()
        clear_slot(path, slot)

    def rate(self, limit: Limit) -> "Rate":
        """The counter of a requests limit; the same object for the same limit id."""
        found = self._rates.get(limit.id)
        if found is None:
            found = self._rates[limit.id] = Rate(self, self._entry(limit.id), limit)
        found.limit, found.amount = limit, limit.amount
        return found

    def gauge(self, limit: Limit) -> "Gauge":
        """The counter of a concurrency limit; the same object for the same limit id."""
        found = self._gauges.get(limit.id)
        if found is None:
            found = self._gauges[limit.id] = Gauge(self, self._entry(limit.id), limit, self._slot)
        found.limit, found.amount = limit, limit.amount
        return found

    def tick(self, now_ns: int) -> None:
        """Called regularly: gives back what this gate took in advance and does not need."""
        self.holding = {counter for counter in self.holding if counter.keeps(now_ns)}

    def close(self) -> None:
        """Give everything back."""
        now_ns = time.monotonic_ns()
        for counter in self.holding:
            counter.give_back_unused(now_ns)
        self._memory.close()
        os.close(self._descriptor)

    @contextmanager
    def _table(self) -> Iterator[None]:
        """Holds the lock of the header and the index."""
        self.lock(0)
        try:
            yield
        finally:
            self.unlock(0)

    def lock(self, offset: int) -> None:
        """Lock one entry (or the header, at 0). Raises CountersBusyError."""
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, offset)
        except BlockingIOError:
            self._lock_patiently(offset)

    def unlock(self, offset: int) -> None:
        """Undo `lock`."""
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, offset)

    def _lock_patiently(self, offset: int) -> None:
        until = time.monotonic() + _LOCK_PATIENCE_SECONDS
        while time.monotonic() < until:
            time.sleep(0.0001)
            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, offset)
            except BlockingIOError:
                continue
            return
        raise CountersBusyError

    @property
    def memory(self) -> mmap.mmap:
        """The mapped file."""
        return self._memory

    def _prepare(self) -> None:
        stamp = _MAGIC + _boot_id()
        fresh = os.fstat(self._descriptor).st_size != _FILE_BYTES
        if not fresh and os.pread(self._descriptor, len(stamp), 0) != stamp:
            # Another boot: its monotonic times mean nothing now.
            os.ftruncate(self._descriptor, 0)
            fresh = True
        if fresh:
            os.ftruncate(self._descriptor, _FILE_BYTES)
            os.pwrite(self._descriptor, stamp, 0)
        self._memory = mmap.mmap(self._descriptor, _FILE_BYTES)

    def _entry(self, limit_id: str) -> int:
        """Offset of the limit's entry, made when it is new. Raises CountersBusyError when the table is full."""
        wanted = int.from_bytes(hashlib.blake2b(limit_id.encode(), digest_size=8).digest(), "little") or 1
        with self._table():
            slot = wanted % _INDEX_SLOTS
            while True:
                position = _HEADER + slot * _INDEX.size
                found, number = _INDEX.unpack_from(self._memory, position)
                if found == wanted:
                    return _ENTRIES_AT + int(number) * _ENTRY_BYTES
                if found == 0:
                    break
                slot = (slot + 1) % _INDEX_SLOTS
            (used,) = _USED.unpack_from(self._memory, _USED_AT)
            if used >= _ENTRIES:
                raise CountersBusyError
            _USED.pack_into(self._memory, _USED_AT, used + 1)
            _INDEX.pack_into(self._memory, position, wanted, used)
            return _ENTRIES_AT + int(used) * _ENTRY_BYTES


class Rate:
    """So many calls in any window of the period."""

    __slots__ = ("_bucket", "_bucket_ns", "_counters", "_entry", "_until", "amount", "free", "left", "limit")

    def __init__(self, counters: SharedCounters, entry: int, limit: Limit) -> None:
        self._counters = counters
        self._entry = entry
        # Rounded up: sixty buckets that are a few nanoseconds shorter than the period would let its last unit go early.
        self._bucket_ns = -(-limit.period_seconds * 1_000_000_000 // (BUCKETS - 1))
        self._bucket = 0
        self._until = 0
        self.limit = limit
        """As it was last asked for: its owner's name may change."""
        self.amount = limit.amount
        self.left = 0
        """Units taken in advance, good until the bucket ends."""
        self.free = 0
        """Units nobody had taken when this gate last looked."""

    def take(self, now_ns: int) -> bool:
        """One unit, if there is one. Raises CountersBusyError."""
        if self.left and now_ns < self._until:
            self.left -= 1
            return True
        return self._take_shared(now_ns)

    def give_back(self) -> None:
        """Undo a `take` of the same moment."""
        self.left += 1
        self._counters.holding.add(self)

    def retry_ns(self, now_ns: int) -> int:
        """How long until a unit comes free."""
        bucket = now_ns // self._bucket_ns
        self._counters.lock(self._entry)
        try:
            ring = self._roll(bucket)
        finally:
            self._counters.unlock(self._entry)
        excess = sum(ring) - self.amount + 1
        for age in range(BUCKETS - 1, -1, -1):
            excess -= ring[(bucket - age) % BUCKETS]
            if excess <= 0:
                return max((bucket - age + BUCKETS) * self._bucket_ns - now_ns, 0)
        return self._bucket_ns * BUCKETS

    def keeps(self, now_ns: int) -> bool:
        """Whether this gate goes on holding units. Not for long, and not where others may wait for them."""
        if self.left and (now_ns >= self._until or self.free < EXACT_BELOW):
            self.give_back_unused(now_ns)
        return self.left > 0

    def give_back_unused(self, now_ns: int) -> None:
        """Return what is left of the block, so that another gate can use it."""
        try:
            self._counters.lock(self._entry)
        except CountersBusyError:
            # Kept for now, not lost: the next tick returns it.
            return
        try:
            self._return_left(self._roll(now_ns // self._bucket_ns))
        finally:
            self._counters.unlock(self._entry)

    def _take_shared(self, now_ns: int) -> bool:
        bucket = now_ns // self._bucket_ns
        self._counters.lock(self._entry)
        try:
            ring = self._roll(bucket)
            self._return_left(ring)
            free = self.amount - sum(ring)
            if free <= 0:
                self.free = 0
                return False
            block = 1 if free < EXACT_BELOW else min(free // SLOTS, 4096)
            position = self._entry + _STAMP.size + (bucket % BUCKETS) * _CELL.size
            _CELL.pack_into(self._counters.memory, position, ring[bucket % BUCKETS] + block)
        finally:
            self._counters.unlock(self._entry)
        self.free = free - block
        self.left = block - 1
        self._bucket = bucket
        self._until = min((bucket + 1) * self._bucket_ns, now_ns + _HOLD_NS)
        if self.left:
            self._counters.holding.add(self)
        return True

    def _roll(self, bucket: int) -> list[int]:
        """The ring as of now: buckets older than the period are emptied. To be called under the lock."""
        memory = self._counters.memory
        (newest,) = _STAMP.unpack_from(memory, self._entry)
        ring = list(_RING.unpack_from(memory, self._entry + _STAMP.size))
        if bucket > newest:
            for passed in range(max(newest + 1, bucket - BUCKETS + 1), bucket + 1):
                ring[passed % BUCKETS] = 0
            _STAMP.pack_into(memory, self._entry, bucket)
            _RING.pack_into(memory, self._entry + _STAMP.size, *ring)
        return ring

    def _return_left(self, ring: list[int]) -> None:
        if self.left:
            index = self._bucket % BUCKETS
            (newest,) = _STAMP.unpack_from(self._counters.memory, self._entry)
            if newest - self._bucket < BUCKETS:
                ring[index] = max(ring[index] - self.left, 0)
                _CELL.pack_into(self._counters.memory, self._entry + _STAMP.size + index * _CELL.size, ring[index])
            self.left = 0


class Gauge:
    """So many calls at a time."""

    __slots__ = (
        "_cell",
        "_counters",
        "_entry",
        "_look_ns",
        "_slack",
        "_wanted",
        "amount",
        "free",
        "held",
        "limit",
        "used",
    )

    def __init__(self, counters: SharedCounters, entry: int, limit: Limit, slot: int) -> None:
        self._counters = counters
        self._entry = entry
        _STAMP.pack_into(counters.memory, entry, _GAUGE)
        self._cell = entry + _STAMP.size + slot * _CELL.size
        self._slack = 0
        self._look_ns = 0
        self._wanted = False
        """Whether a unit was taken since the last look."""
        self.limit = limit
        self.amount = limit.amount
        self.used = 0
        self.held = 0
        """Units this gate has taken from the shared counter; `used` of them are in use."""
        self.free = 0

    def take(self) -> bool:
        """One unit, if there is one. Raises CountersBusyError."""
        self._wanted = True
        if self.used < self.held and self.held <= self.amount:
            self.used += 1
            return True
        self._counters.lock(self._entry)
        try:
            free = self._free()
            if free <= 0:
                self.free = 0
                return False
            block = 1 if free < EXACT_BELOW else min(free // SLOTS, 32)
            self.held += block
            _CELL.pack_into(self._counters.memory, self._cell, self.held)
        finally:
            self._counters.unlock(self._entry)
        self._counters.holding.add(self)
        self._slack = block - 1
        self.free = free - block
        self.used += 1
        return True

    def release(self) -> None:
        """Undo `take`. Units beyond a small reserve go back to the other gates at once."""
        self.used -= 1
        if self.held - self.used > 2 * self._slack:
            self._give_back(self._slack)

    def keeps(self, now_ns: int) -> bool:
        """Whether this gate goes on holding units. A reserve goes back when nobody wants it, or when little else is free."""
        if now_ns >= self._look_ns or not self._slack:
            self._look_ns = now_ns + _HOLD_NS
            # Looked at without the lock: whatever is found, what is held stays counted.
            if self.held > self.used and not (self._wanted and self._free() >= EXACT_BELOW):
                self._give_back(0)
            self._wanted = False
        return self.held > 0

    def give_back_unused(self, now_ns: int) -> None:
        """Return what this gate holds and does not use."""
        self._give_back(0)

    def _free(self) -> int:
        cells: tuple[int, ...] = _CELLS.unpack_from(self._counters.memory, self._entry + _STAMP.size)
        return self.amount - sum(cells)

    def _give_back(self, keep: int) -> None:
        try:
            self._counters.lock(self._entry)
        except CountersBusyError:
            # Kept for now, not lost: the next release or tick returns it.
            return
        try:
            self.held = self.used + min(keep, self.held - self.used)
            _CELL.pack_into(self._counters.memory, self._cell, self.held)
        finally:
            self._counters.unlock(self._entry)


def clear_slot(path: Path, slot: int) -> None:
    """Free every unit of concurrency held by the process that had this slot and is dead."""
    try:
        with path.open("r+b") as file:
            if os.fstat(file.fileno()).st_size != _FILE_BYTES:
                return
            memory = mmap.mmap(file.fileno(), _FILE_BYTES)
    except FileNotFoundError:
        return
    with memory:
        (used,) = _USED.unpack_from(memory, _USED_AT)
        for number in range(used):
            entry = _ENTRIES_AT + number * _ENTRY_BYTES
            if _STAMP.unpack_from(memory, entry)[0] == _GAUGE:
                # Only the slot's owner ever writes its cell, so a dead owner's cell needs no lock.
                _CELL.pack_into(memory, entry + _STAMP.size + slot * _CELL.size, 0)


def _boot_id() -> bytes:
    return Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()
