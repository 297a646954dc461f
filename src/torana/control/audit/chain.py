"""Looks for what was done to the audit trail: entries edited, removed, moved, put in, or cut off at the end. Pure."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import msgspec

from torana.control.audit.anchor import Anchor
from torana.control.audit.entry import FIRST, Entry, holds
from torana.control.audit.repository import Row

Kind = Literal["changed", "moved", "missing", "inserted", "forked", "cut_off", "replaced"]
Keyed = Callable[[bytes], bytes]

MOST_FINDINGS = 100
"""More are counted, but not told one by one."""
_MOST_MOVES = 50
_MOST_NUMBER = 2**63


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong."""

    kind: Kind
    seq: int
    """Number of the entry, or of the first of several that are missing."""
    until: int
    """Number of the last of them."""
    sentence: str


class Chain:
    """Goes along the entries in their order; `finish` says what was found."""

    def __init__(self, keyed: Keyed, anchors: Iterable[Anchor] = ()) -> None:
        self.entries = 0
        self.newest = Anchor(0, FIRST)
        """The last entry that is as it was written."""
        self.found = 0
        self._keyed = keyed
        self._anchors: dict[int, set[bytes]] = {}
        for anchor in anchors:
            self._anchors.setdefault(anchor.seq, set()).add(anchor.hash)
        self._findings: list[Finding] = []
        self._last = 0
        self._trusted: bytes | None = FIRST
        """The hash of the entry before, if that is as it was written."""
        self._strangers: list[Entry] = []
        self._gaps: list[range] = []

    def look(self, rows: Sequence[Row]) -> None:
        """The next entries."""
        for row in rows:
            self.entries += 1
            if not isinstance(row.seq, int) or not 0 < row.seq < _MOST_NUMBER:
                self._find("inserted", 0, 0, f"an entry has the number {str(row.seq)[:40]}, which none can have")
                continue
            self._number(row.seq)
            if row.entry is None or not holds(row.entry, self._keyed):
                self._stranger(row.seq, row.entry)
            else:
                self._link(row.entry)
            self._last = row.seq

    def finish(self) -> list[Finding]:
        """What is wrong, in the order of numbers; at most MOST_FINDINGS."""
        for seq in sorted(self._anchors):
            if seq > self._last:
                self._cut_off(self._last + 1, seq)
                break
        found = [self._moved(one) for one in self._findings]
        return sorted(found, key=lambda one: (one.seq, one.kind))

    def _number(self, seq: int) -> None:
        if seq != self._last + 1:
            first, until = self._last + 1, seq - 1
            self._gaps.append(range(first, until + 1))
            what = f"entry {first} is" if first == until else f"entries {first} to {until} are"
            self._find("missing", first, until, f"{what} missing")
            self._trusted = None

    def _stranger(self, seq: int, entry: Entry | None) -> None:
        self._find("changed", seq, seq, f"entry {seq} is not what was written: it was changed, or put in")
        if entry is not None and len(self._strangers) < _MOST_MOVES:
            self._strangers.append(entry)
        # The one behind it names the hash it had, under a hash of its own: it can be trusted without this one.
        self._trusted = None

    def _link(self, entry: Entry) -> None:
        seq = entry.seq
        if self._trusted is not None and entry.previous != self._trusted:
            sentence = f"entry {seq} was written behind another entry {seq - 1} than the one that stands there"
            self._find("forked", seq, seq, sentence)
        kept = self._anchors.get(seq)
        if kept is not None and kept != {entry.hash}:
            sentence = f"entry {seq} is another one than an anchor knows: what followed the one before it was replaced"
            self._find("replaced", seq, seq, sentence)
        self._trusted = entry.hash
        self.newest = Anchor(seq, entry.hash)

    def _cut_off(self, first: int, until: int) -> None:
        what = f"entry {first} is" if first == until else f"entries {first} to {until} at least are"
        self._find("cut_off", first, until, f"{what} missing at the end: an anchor knows entry {until}")

    def _find(self, kind: Kind, seq: int, until: int, sentence: str) -> None:
        self.found += 1
        if len(self._findings) < MOST_FINDINGS:
            self._findings.append(Finding(kind, seq, until, sentence))

    def _moved(self, finding: Finding) -> Finding:
        """The finding, or that the entry is one that was written under another number."""
        entry = next((one for one in self._strangers if finding.kind == "changed" and one.seq == finding.seq), None)
        if entry is None:
            return finding
        numbers = [one.seq for one in self._strangers]
        numbers += [seq for gap in self._gaps for seq in gap[:_MOST_MOVES]][:_MOST_MOVES]
        for seq in numbers:
            if seq != entry.seq and holds(_numbered(entry, seq), self._keyed):
                sentence = f"entry {entry.seq} is the one that was written as entry {seq}"
                return Finding("moved", entry.seq, entry.seq, sentence)
        return finding


def _numbered(entry: Entry, seq: Any) -> Entry:
    return msgspec.structs.replace(entry, seq=seq)
