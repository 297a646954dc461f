"""What was published, kept encoded by section, so that a change re-encodes what it concerns and nothing else."""

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
encode = msgspec.msgpack.Encoder().encode
_app = msgspec.msgpack.Decoder(App).decode
_key = msgspec.msgpack.Decoder(Key).decode
# The order in which their sums make the digest.
_SUMMED = ("services", "accounts", "issuers", "offered", "keys", "apps")


class Section:
    """Encoded things by what they are found by, and a sum of them that does not depend on their order."""

    __slots__ = ("_packed", "sum", "things")

    def __init__(self, things: Mapping[bytes, bytes], sum_: int) -> None:
        self.things = things
        self.sum = sum_
        self._packed: file.Packed | None = None

    @property
    def packed(self) -> file.Packed:
        """As it is written; worked out once."""
        if self._packed is None:
            self._packed = file.pack(self.things)
        return self._packed

    def changed(self, changes: Mapping[bytes, bytes | None]) -> "Section":
        """With these in place of what there was; None removes."""
        before = self.things
        different = {name: value for name, value in changes.items() if before.get(name) != value}
        if not different:
            return self
        things = dict(before)
        for name, value in different.items():
            if value is None:
                del things[name]
            else:
                things[name] = value
        removed = [(name, before[name]) for name in different if name in before]
        added = [(name, value) for name, value in different.items() if value is not None]
        return Section(things, (self.sum - _sum(removed) + _sum(added)) % _MOST)


class Published(msgspec.Struct, frozen=True):
    """A published version, as bytes."""

    version: int
    compiled_us: int
    sections: Mapping[str, Section]
    reach: Counter[str]
    """How many apps can call each service; those that none can are not in it."""
    surroundings: Surroundings
    """What it was compiled with."""

    @property
    def digest(self) -> bytes:
        """Equal for equal content, however it came about."""
        sums = b"".join(self.sections[name].sum.to_bytes(16, "big") for name in _SUMMED)
        return hashlib.blake2b(sums, digest_size=16).digest()

    def write(self, folder: Path) -> None:
        """Replace the snapshot file. Raises OSError."""
        packed = {name: section.packed for name, section in self.sections.items()}
        file.write_packed(folder, self.version, self.compiled_us, packed)

    def app(self, app_id: str) -> App | None:
        """An app as it was published."""
        found = self.sections["apps"].things.get(app_id.encode())
        return None if found is None else _app(found)

    def apps_that_name(self, service_id: str) -> set[str]:
        """The ids of all apps in which a service stands, as one that they may call or in another state."""
        mark = encode(service_id)
        return {name.decode() for name, app in self.sections["apps"].things.items() if mark in app}


def whole(compiled: Compiled) -> Published:
    """Everything encoded anew."""
    snapshot = compiled.snapshot
    things = file.encoded(snapshot)
    return Published(
        version=snapshot.version,
        compiled_us=snapshot.compiled_us,
        sections={name: Section(section, _sum(section.items())) for name, section in things.items()},
        reach=Counter(id_ for app in snapshot.apps.values() for id_ in set(app.grants.values())),
        surroundings=compiled.surroundings,
    )


def with_keys(keys: Section, key_ids: Collection[str], app_ids: Collection[str], there: Mapping[bytes, Key]) -> Section:
    """The same but for the keys of these ids, of which `there` are those that are (still) to be found, and those of gone apps.

    What was published of them is found by their ids, which their entries begin with: a rotation leaves no old value behind.
    """
    changes: dict[bytes, bytes | None] = {}
    if key_ids:
        ids = {encode(key_id) for key_id in key_ids}
        changes.update((digest, None) for digest, entry in keys.things.items() if _id_of(entry) in ids)
    for app_id in app_ids:
        mark = encode(app_id)
        holders = (digest for digest, entry in keys.things.items() if mark in entry and _key(entry).app_id == app_id)
        changes.update((digest, None) for digest in holders)
    changes.update((digest, encode(key)) for digest, key in there.items())
    return keys.changed(changes)


def _id_of(key: bytes) -> bytes:
    """The id of an encoded key, encoded: a text of up to 31 bytes, or of up to 255, behind one byte that begins the array."""
    mark = key[1]
    return key[1 : 3 + key[2]] if mark == _STR_8 else key[1 : 2 + (mark & 31)]


def _sum(entries: Iterable[tuple[bytes, bytes]]) -> int:
    """A hash of a set of entries that one can be added to and taken from."""
    hashed = hashlib.blake2b
    return sum([int.from_bytes(hashed(b"%b=%b" % entry, digest_size=16).digest(), "big") for entry in entries]) % _MOST
