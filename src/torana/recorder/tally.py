"""What a batch of records becomes: rows of calls, places that are new, and sums.

This runs for every call there is: it makes few objects and few calls, and what calls share is worked out once.
"""

from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from torana.core.record import CallRecord
from torana.recorder import release_rollup, rollup
from torana.recorder.price import Prices
from torana.recorder.rollup import MINUTE_US, SUMMED, Groups
from torana.stores.sql.call_tables import MINUTE, PLACE_FIELDS, SPECIAL_FIELDS, team_mark

_MOST_PLACES = 20_000
_NOTHING_SPECIAL = (None,) * SPECIAL_FIELDS
_astuple = msgspec.structs.astuple
_to_json = msgspec.json.Encoder().encode
_to_msgpack = msgspec.msgpack.Encoder().encode
_KEY = 2
_named = [
    PLACE_FIELDS.index(name) for name in ("team_id", "app_id", "key_id", "service_id", "vendor", "model_sent")
]  # in the order of rollup.Names


class Place(NamedTuple):
    """What many calls share."""

    id: bytes
    team: int | None
    names: rollup.Names
    fields: tuple[Any, ...]


class Places:
    """The places seen lately, and which of them the database surely has."""

    def __init__(self) -> None:
        self.known: dict[tuple[Any, ...], Place] = {}
        self.stored: set[bytes] = set()

    def add(self, fields: tuple[Any, ...]) -> Place:
        """The place of these values of PLACE_FIELDS."""
        if len(self.known) >= _MOST_PLACES:
            self.known.clear()
            self.stored.clear()
        digest = blake2b(_to_msgpack(fields), digest_size=16).digest()
        names = tuple([fields[index] for index in _named])
        place = self.known[fields] = Place(digest, team_mark(names[0]), names, fields)
        return place


class Tally:
    """One batch being put together."""

    def __init__(self, prices: Prices, places: Places) -> None:
        self.rows: list[tuple[Any, ...]] = []
        """As CALL_COLUMNS names them."""
        self.places: dict[bytes, tuple[Any, ...]] = {}
        """Places to be stored with the rows, unless they are there: id to the values of PLACE_FIELDS."""
        self.unpriced = 0
        self._groups: Groups = {}
        self._releases: release_rollup.Groups = {}
        self._price = prices.price
        self._places = places

    def add(self, record: CallRecord) -> None:
        """Take one record in."""
        fields = _astuple(record)
        shared = (*fields[6:19], fields[41])
        place = self._places.known.get(shared) or self._places.add(shared)
        digest = place.id
        if digest not in self._places.stored:
            self.places[digest] = shared
        picos, source = self._price(record, digest)
        key = (fields[1] // MINUTE_US * MINUTE, place.names, fields[4] // 100)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = []
        group.append((*fields[:SUMMED], picos))
        if fields[41] is not None:
            release_rollup.add(self._releases, record)
        if picos is None and (fields[19] is not None or fields[21] is not None):
            self.unpriced += 1
        # The order of MORE_FIELDS.
        last = fields[31:33] if fields[33:41] == _NOTHING_SPECIAL else fields[31:41]
        more = _to_json((fields[1], source, fields[20], *fields[22:30], *last)).decode()
        call = (fields[0], digest, place.team, fields[4], fields[5], fields[2], fields[3], fields[19], fields[21])
        self.rows.append((*call, picos, fields[30], more))

    def key_uses(self) -> list[tuple[str, int]]:
        """Keys with when the last of their calls in the batch began."""
        found: dict[str, int] = {}
        for (_, names, _), members in self._groups.items():
            key_id = names[_KEY]
            if key_id is not None:
                found[key_id] = max(found.get(key_id, 0), *[fields[1] for fields in members])
        # Ordered, for the same reason as roll-ups.
        return sorted(found.items())

    def rollups(self) -> list[tuple[Any, ...]]:
        """Rows of the roll-up table, to be added to what is there."""
        return rollup.rows(self._groups)

    def release_rollups(self) -> list[tuple[Any, ...]]:
        """Rows of the roll-up table of releases, to be added to what is there."""
        return release_rollup.rows(self._releases)
