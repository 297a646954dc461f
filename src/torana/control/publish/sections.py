"""What was published, kept encoded, so that a change of keys re-encodes those keys and nothing else."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from torana.core.snapshot import Key, Snapshot
from torana.stores.snapshots import file

_MOST = 1 << 128
_encode = msgspec.msgpack.Encoder().encode


class Published(msgspec.Struct, frozen=True):
    """A published version, as bytes."""

    version: int
    compiled_us: int
    keys: Mapping[bytes, bytes]
    """Encoded keys by the hash of their secret."""
    key_sum: int
    """Of all entries of `keys`, in whatever order they came."""
    others: Mapping[str, file.Packed]
    """The other sections, ready to be written."""
    others_sum: bytes

    @property
    def digest(self) -> bytes:
        """Equal for equal content, however it came about."""
        return hashlib.blake2b(self.others_sum + self.key_sum.to_bytes(16, "big"), digest_size=16).digest()

    def write(self, folder: Path) -> None:
        """Replace the snapshot file. Raises OSError."""
        file.write_packed(folder, self.version, self.compiled_us, {"keys": file.pack(self.keys), **self.others})


def whole(snapshot: Snapshot) -> Published:
    """Everything encoded anew."""
    things = file.encoded(snapshot)
    keys = things.pop("keys")
    sums = [_sum(section.items()).to_bytes(16, "big") for section in things.values()]
    return Published(
        version=snapshot.version,
        compiled_us=snapshot.compiled_us,
        keys=keys,
        key_sum=_sum(keys.items()),
        others={name: file.pack(section) for name, section in things.items()},
        others_sum=b"".join(sums),
    )


def with_keys(before: Published, gone: Iterable[bytes], there: Mapping[bytes, Key], compiled_us: int) -> Published:
    """The same but for some keys: `gone` are the hashes of all of them, `there` are those that are (still) to be found."""
    keys = dict(before.keys)
    removed = [(digest, value) for digest in gone if (value := keys.pop(digest, None)) is not None]
    added = {digest: _encode(key) for digest, key in there.items()}
    keys.update(added)
    return msgspec.structs.replace(
        before,
        compiled_us=compiled_us,
        keys=keys,
        key_sum=(before.key_sum - _sum(removed) + _sum(added.items())) % _MOST,
    )


def _sum(entries: Iterable[tuple[bytes, bytes]]) -> int:
    """A hash of a set of entries that one can be added to and taken from."""
    hashed = hashlib.blake2b
    return sum([int.from_bytes(hashed(b"%b=%b" % entry, digest_size=16).digest(), "big") for entry in entries]) % _MOST
