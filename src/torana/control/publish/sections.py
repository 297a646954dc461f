"""What was published, kept encoded, so that a change of keys or subscriptions re-encodes those keys and apps and nothing else."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import msgspec

from torana.control.publish.compile import Compiled, Surroundings
from torana.core.snapshot import App, Key
from torana.stores.snapshots import file

_MOST = 1 << 128
# msgpack: arrays of up to 15 elements begin with one byte, texts of up to 31 bytes with their length, longer ones with this mark.
_STR_8 = 0xD9
assert len(Key.__struct_fields__) < 16
_encode = msgspec.msgpack.Encoder().encode
_app = msgspec.msgpack.Decoder(App).decode


class Published(msgspec.Struct, frozen=True):
    """A published version, as bytes."""

    version: int
    compiled_us: int
    keys: Mapping[bytes, bytes]
    """Encoded keys by the hash of their secret."""
    key_sum: int
    """Of all entries of `keys`, in whatever order they came."""
    apps: Mapping[bytes, bytes]
    """Encoded apps by their ids. They also are among `others`."""
    apps_sum: int
    reach: Mapping[str, int]
    """How many apps can call each service."""
    others: Mapping[str, file.Packed]
    """The other sections, ready to be written."""
    others_sum: bytes
    """Of those but the apps."""
    surroundings: Surroundings
    """What apps were compiled with."""

    @property
    def digest(self) -> bytes:
        """Equal for equal content, however it came about."""
        sums = self.key_sum.to_bytes(16, "big") + self.apps_sum.to_bytes(16, "big")
        return hashlib.blake2b(self.others_sum + sums, digest_size=16).digest()

    def write(self, folder: Path) -> None:
        """Replace the snapshot file. Raises OSError."""
        file.write_packed(folder, self.version, self.compiled_us, {"keys": file.pack(self.keys), **self.others})


def whole(compiled: Compiled) -> Published:
    """Everything encoded anew."""
    snapshot = compiled.snapshot
    things = file.encoded(snapshot)
    keys, apps = things.pop("keys"), things["apps"]
    sums = [_sum(section.items()).to_bytes(16, "big") for name, section in things.items() if name != "apps"]
    return Published(
        version=snapshot.version,
        compiled_us=snapshot.compiled_us,
        keys=keys,
        key_sum=_sum(keys.items()),
        apps=apps,
        apps_sum=_sum(apps.items()),
        reach=Counter(id_ for app in snapshot.apps.values() for id_ in set(app.grants.values())),
        others={name: file.pack(section) for name, section in things.items()},
        others_sum=b"".join(sums),
        surroundings=compiled.surroundings,
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


def with_apps(before: Published, there: Mapping[str, App], compiled_us: int) -> Published | None:
    """The same but for some apps, all of which were there before.

    None where a service is called by a first app or by none any more: then not only apps are different.
    """
    reach = Counter(before.reach)
    apps = dict(before.apps)
    changed: list[tuple[bytes, bytes]] = []
    for app in there.values():
        name = app.id.encode()
        if name not in apps:
            return None
        changed.append((name, apps[name]))
        reach.subtract(set(_app(apps[name]).grants.values()))
        reach.update(set(app.grants.values()))
        apps[name] = _encode(app)
    if {id_ for id_, count in reach.items() if count > 0} != set(before.reach):
        return None
    added = [(name, apps[name]) for name, _ in changed]
    return msgspec.structs.replace(
        before,
        compiled_us=compiled_us,
        apps=apps,
        apps_sum=(before.apps_sum - _sum(changed) + _sum(added)) % _MOST,
        reach=+reach,
        others={**before.others, "apps": file.pack(apps)},
    )


def _id_of(key: bytes) -> bytes:
    """The id of an encoded key, encoded: a text of up to 31 bytes, or of up to 255, behind one byte that begins the array."""
    mark = key[1]
    return key[1 : 3 + key[2]] if mark == _STR_8 else key[1 : 2 + (mark & 31)]


def _sum(entries: Iterable[tuple[bytes, bytes]]) -> int:
    """A hash of a set of entries that one can be added to and taken from."""
    hashed = hashlib.blake2b
    return sum([int.from_bytes(hashed(b"%b=%b" % entry, digest_size=16).digest(), "big") for entry in entries]) % _MOST
