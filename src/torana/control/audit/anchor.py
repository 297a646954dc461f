"""The anchor: number and hash of the newest entry, kept in the data folder of each node, outside the database.

The chain shows what was changed inside it, but not that its end was cut off. Control writes the anchor after each commit, and only
where the entry of the anchor before still stands as it was: else the old one is left as evidence.
"""

import hmac
import os
import secrets
from pathlib import Path
from typing import NamedTuple

import msgspec

from torana.stores.secrets.master import MasterKey

FILE_NAME = "audit.anchor"


class Anchor(NamedTuple):
    """An entry that there was."""

    seq: int
    hash: bytes


class AnchorDamaged(Exception):
    """The file is not what was written; the message says which."""


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    seq: int
    hash: str
    seal: str
    """A keyed hash of both: who has no master key cannot make an anchor."""


def read(folder: Path, master: MasterKey) -> Anchor | None:
    """The anchor of this data folder; None before the first entry. Raises AnchorDamaged."""
    path = folder / FILE_NAME
    try:
        written = msgspec.json.decode(path.read_bytes(), type=_Written)
        anchor, seal = Anchor(written.seq, bytes.fromhex(written.hash)), bytes.fromhex(written.seal)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):
        raise AnchorDamaged(f"{path} cannot be read") from None
    if not hmac.compare_digest(seal, _seal(master, anchor)):
        raise AnchorDamaged(f"{path} was not written by this installation")
    return anchor


def write(folder: Path, master: MasterKey, anchor: Anchor) -> None:
    """Replace the anchor, whole and on disk. Raises OSError."""
    content = _Written(anchor.seq, anchor.hash.hex(), _seal(master, anchor).hex())
    temporary = folder / f".{FILE_NAME}.{secrets.token_hex(4)}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(content) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(folder / FILE_NAME)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _seal(master: MasterKey, anchor: Anchor) -> bytes:
    return master.audit_digest(b"anchor\0%d\0%b" % (anchor.seq, anchor.hash))
