"""Goes through the whole audit trail and says what was done to it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec

from torana.control.audit import anchor as anchors
from torana.control.audit import repository
from torana.control.audit.anchor import Anchor, AnchorDamaged
from torana.control.audit.chain import Chain, Finding
from torana.stores.secrets.master import MasterKey
from torana.stores.sql.engine import Engine, reading

_AT_ONCE = 1_000


class Verified(msgspec.Struct, frozen=True):
    """What was found."""

    entries: int
    newest: Anchor
    """Of the last entry that is as it was written; number 0 where there is none."""
    anchor: Anchor | None
    """This node's."""
    found: int
    findings: list[Finding]
    notes: list[str]
    """What could not be looked at."""

    @property
    def holds(self) -> bool:
        """Whether the trail is what was written."""
        return not self.found


async def verify(engine: Engine, master: MasterKey, folder: Path, known: Sequence[Anchor] = ()) -> Verified:
    """Verify against this node's anchor and any others that are known. Raises DatabaseAwayError."""
    notes: list[str] = []
    damaged: Finding | None = None
    # Before the entries are read: what is added meanwhile is behind it.
    own: Anchor | None = None
    try:
        own = await asyncio.to_thread(anchors.read, folder, master)
    except AnchorDamaged as error:
        damaged = Finding("replaced", 0, 0, f"the anchor {error}")
    if own is None and damaged is None:
        notes.append("this node has no anchor yet, so nothing says whether the end was cut off")
    chain = Chain(master.audit_digest, [*known, *([own] if own is not None else [])])
    # One transaction: what is read belongs together, however long it takes.
    async with reading(engine) as connection:
        seq = None
        while rows := await repository.raw_after(connection, seq, _AT_ONCE):
            await asyncio.to_thread(chain.look, rows)
            seq = rows[-1].seq
    findings = chain.finish()
    if damaged is not None:
        findings.insert(0, damaged)
    return Verified(chain.entries, chain.newest, own, chain.found + (damaged is not None), findings, notes)
