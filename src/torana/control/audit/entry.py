"""One entry of the audit trail, and the keyed hash that chains it to the one before.

The hash is keyed with the installation's master key: whoever can write to the database alone cannot make a chain that verifies.
"""

import hmac
from collections.abc import Callable
from hashlib import sha256

import msgspec

FIRST = bytes(32)
"""What the first entry names as the hash before it."""


class Entry(msgspec.Struct, frozen=True):
    """What was done. The fields are the columns of the table `audit`."""

    seq: int
    at_us: int
    actor_kind: str
    actor_id: str | None
    actor_name: str
    via: str | None
    action: str
    noun: str
    noun_id: str | None
    noun_name: str | None
    team_id: str | None
    before: str | None
    after: str | None
    reason: str | None
    address: str | None
    agent: str | None
    previous: bytes
    hash: bytes = b""


def sealed(entry: Entry, keyed: Callable[[bytes], bytes]) -> Entry:
    """The entry with its hash; `keyed` makes 32 bytes that only the holder of the master key can make."""
    return msgspec.structs.replace(entry, hash=keyed(_content(entry)))


def holds(entry: Entry, keyed: Callable[[bytes], bytes]) -> bool:
    """Whether the entry is what it was when it was sealed."""
    try:
        content = _content(entry)
    except (TypeError, ValueError, OverflowError):
        # What a database tool has put there is no value of ours.
        return False
    digest: object = entry.hash
    return isinstance(digest, bytes) and hmac.compare_digest(digest, keyed(content))


def _content(entry: Entry) -> bytes:
    fields = msgspec.structs.astuple(msgspec.structs.replace(entry, hash=b""))
    return sha256(msgspec.msgpack.encode(fields)).digest()
