"""What was published, kept encoded, so that a change of keys re-encodes those keys and nothing else."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import msgspec

from torana.core.snapshot import Key, Snapshot
from torana.stores.snapshots import file

_MOST = 1 << 128
# msgpack: arrays of up to 15 elements begin with one byte, texts of up to 31 bytes with their length, longer ones with this mark.
_STR_8 = 0xD9
assert len(Key.__struct_fields__) < 16
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


def with_keys(before: Published, key_ids: Collection[str], there: Mapping[bytes, Key], compiled_us: int) -> Published:
    """The same but for the keys of these ids, of which `there` are those that are (still) to be found.

    What was published of them is found by their ids, which their entries begin with: a rotation leaves no old value behind.
    """
    keys = dict(before.keys)
    ids = {_encode(key_id) for key_id in key_ids}
    removed = [entry for entry in before.keys.items() if _id_of(entry[1]) in ids]
    for digest, _ in removed:
        del keys[digest]
    added = {digest: _encode(key) for digest, key in there.items()}
    keys.update(added)
    return msgspec.structs.replace(
        before,
        compiled_us=compiled_us,
        keys=keys,
        key_sum=(before.key_sum - _sum(removed) + _sum(added.items())) % _MOST,
    )


def _id_of(key: bytes) -> bytes:
    """The id of an encoded key, encoded: a text of up to 31 bytes, or of up to 255, behind one byte that begins the array."""
    mark = key[1]
    return key[1 : 3 + key[2]] if mark == _STR_8 else key[1 : 2 + (mark & 31)]


def _sum(entries: Iterable[tuple[bytes, bytes]]) -> int:
    """A hash of a set of entries that one can be added to and taken from."""
    hashed = hashlib.blake2b
    return sum([int.from_bytes(hashed(b"%b=%b" % entry, digest_size=16).digest(), "big") for entry in entries]) % _MOST
