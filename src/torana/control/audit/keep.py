"""Keeps the anchor of this node up to the database."""

import asyncio
from pathlib import Path

from torana.control.audit import anchor, repository
from torana.control.audit.anchor import Anchor, AnchorDamaged
from torana.stores.secrets.master import MasterKey
from torana.stores.sql.engine import Engine, reading

EVERY_SECONDS = 5.0
"""Entries of other nodes come into this node's anchor within that time."""


async def keep_anchor(engine: Engine, master: MasterKey, folder: Path) -> str | None:
    """Move the anchor to the newest entry; None, or why it stays as it is.

    It stays where the entry that it names is gone or another: `torana audit verify` then says more. Raises no OSError: what was
    committed stays so whether or not this can be read and written.
    """
    try:
        return await _keep(engine, master, folder)
    except AnchorDamaged as error:
        return str(error)
    except OSError as error:
        return f"it could not be written: {error.strerror or type(error).__name__}"


async def _keep(engine: Engine, master: MasterKey, folder: Path) -> str | None:
    kept = await asyncio.to_thread(anchor.read, folder, master)
    async with reading(engine) as connection:
        newest = await repository.newest(connection)
        if newest == kept:
            return None
        stands = kept is None or await repository.hash_of(connection, kept.seq) == kept.hash
    if newest is None or not stands:
        return f"entry {kept.seq if kept else 0} of the audit trail is not the one that was written"
    await asyncio.to_thread(anchor.write, folder, master, Anchor(*newest))
    return None
