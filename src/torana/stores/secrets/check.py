"""Tells another installation's master key at the start, before every key is unknown and no credential can be opened.

The check is the keyed hash of a fixed text in `<data>/master.check`: it says nothing about the key but whether it is the same.
"""

import hmac
import os
import secrets
from pathlib import Path

from torana.stores.secrets.master import MasterKey, MasterKeyError

FILE_NAME = "master.check"
_TEXT = b"torana: is this the master key?"


def verify(folder: Path, master: MasterKey) -> None:
    """Raises MasterKeyError when this data folder was used with another master key; does nothing before `note`."""
    try:
        noted = (folder / FILE_NAME).read_text().strip()
    except FileNotFoundError:
        return
    if not hmac.compare_digest(noted.encode(), _digest(master).encode()):
        raise MasterKeyError(
            f"the master key is not the one that {folder} was set up with: put its own master.key, or its value in "
            "TORANA_MASTER_KEY, back"
        )


def note(folder: Path, master: MasterKey) -> None:
    """Remember the master key that this data folder is used with, unless that was done before. Raises OSError."""
    path = folder / FILE_NAME
    if path.exists():
        return
    temporary = folder / f".{FILE_NAME}.{secrets.token_hex(4)}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(_digest(master) + "\n")
    temporary.replace(path)


def _digest(master: MasterKey) -> str:
    return master.key_digest(_TEXT).hex()
