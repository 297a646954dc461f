"""Keeps the anchor of this node up to the database."""

import asyncio
from pathlib import Path

from torana.control.audit import anchor, repository
from torana.control.audit.anchor import Anchor, AnchorDamaged
from torana.kit.log import logger
from torana.stores.secrets.master import MasterKey
from torana.stores.sql.engine import Engine, reading

EVERY_SECONDS = 5.0
"""Entries of other nodes come into this node's anchor within that time."""


async def keep_anchor(engine: Engine, master: MasterKey, folder: Path) -> bool:
    """Move the anchor to the newest entry; whether it could be, or was there already.

    False, and logged, where the entry of the present anchor is gone or another: `torana audit verify` then says more. A folder that
    cannot be written is logged too: what was committed stays so.
    """
    try:
        return await _keep(engine, master, folder)
    except OSError as error:
        logger().error("audit_anchor_not_written", error=type(error).__name__)
        return False


async def _keep(engine: Engine, master: MasterKey, folder: Path) -> bool:
    try:
        kept = await asyncio.to_thread(anchor.read, folder, master)
    except AnchorDamaged as error:
        logger().error("audit_anchor_damaged", reason=str(error))
        return False
    async with reading(engine) as connection:
        newest = await repository.newest(connection)
        if newest == kept or (newest is None and kept is None):
            return True
        stands = kept is None or await repository.hash_of(connection, kept.seq) == kept.hash
    if newest is None or not stands:
        logger().error("audit_anchor_disagrees", seq=kept.seq if kept else 0)
        return False
    await asyncio.to_thread(anchor.write, folder, master, Anchor(*newest))
    return True
