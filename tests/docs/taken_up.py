"""A program for the pages' shells: `taken_up.py ADDRESS DATA` ends once the gate at the address serves what was published last."""

import json
import sys
from pathlib import Path
from urllib.request import urlopen

from tests.support.polling import eventually
from torana.stores.snapshots.file import current_version


def served(address: str) -> int:
    """The version of the snapshot that the gate uses."""
    with urlopen(f"http://{address}/readyz", timeout=60) as answer:
        return int(json.load(answer)["snapshot_version"])


def main(address: str, data: Path) -> None:
    """Wait, a minute at most."""
    published = current_version(data / "snapshot")
    assert published is not None
    eventually(lambda: served(address) >= published, f"the gate serves version {published}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
