"""A process that imports the recorder once and then forks one recorder for every line it is sent.

Lines in: the settings as JSON. Lines out: `started <pid>` and, when that recorder has ended, `ended <code>`. Forking makes the many
rounds of a kill test cheap, because importing takes longer than a round.
"""

import asyncio
import os
import signal
import sys

import msgspec

from torana.kit import log
from torana.recorder.price import VendorPrices
from torana.recorder.run import run_recorder
from torana.settings import Settings


def _say(word: str, value: int) -> None:
    sys.stdout.write(f"{word} {value}\n")
    sys.stdout.flush()


async def _record(settings: Settings) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    _say("started", os.getpid())
    await run_recorder(settings, stop, lambda _: None)


def main() -> None:
    log.configure("recorder", "error", "json")
    VendorPrices()
    for line in sys.stdin:
        settings = msgspec.json.decode(line, type=Settings)
        pid = os.fork()
        if pid == 0:
            asyncio.run(_record(settings))
            os._exit(0)
        _say("ended", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


if __name__ == "__main__":
    main()
