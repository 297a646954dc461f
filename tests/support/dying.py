"""A process that makes a change and dies at the worst moment."""

REVOKE_AND_DIE = """
import asyncio, os, signal, sys
from pathlib import Path
from torana.control.keys import repository as keys
from torana.control.publish.publish import Publisher
from torana.settings import Settings
from torana.stores.secrets.master import load
from torana.stores.snapshots import file
from torana.stores.sql.engine import create

async def main():
    data = Path(sys.argv[1])
    publisher = Publisher(create(Settings(data=str(data))), load(data), data / "snapshot")
    file.write_packed = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    async with publisher.change() as connection:
        await keys.revoke(connection, sys.argv[2], 1)

asyncio.run(main())
"""
"""For `python -c`, with a data folder and the id of a key: revokes it, and dies between the commit and the snapshot's file."""
