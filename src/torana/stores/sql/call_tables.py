"""Tables of the recorder: one row per call, what many calls share, sums per minute, hour and day, and how far the spool is stored.

None of them refers to governance tables: a record outlives the app, key or service it speaks of. A change here needs a migration.
"""

from zlib import crc32

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text

from torana.core.record import CallRecord
from torana.stores.sql.metadata import metadata

# Upper bounds in microseconds; the last bucket, without a bound, takes the rest. Changing them needs new columns.
LATENCY_BOUNDS_US = (
    5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 30_000_000, 60_000_000,
)  # fmt: skip
MINUTE, HOUR, DAY = 60, 3_600, 86_400

_FIELDS = CallRecord.__struct_fields__
PLACE_FIELDS = (*_FIELDS[6:19], "release")
"""Fields of a call that many calls share (whose it is, what it asked for, where it was sent): stored once in `call_places`."""
CALL_COLUMNS = (
    "id", "place", "team", "status", "error", "total_us", "first_byte_us", "input_tokens", "output_tokens", "cost_picos",
    "user", "more",
)  # fmt: skip
MORE_FIELDS = ("started_us", "price_source", "cached_input_tokens", *_FIELDS[22:30], *_FIELDS[31:41])
"""The other fields, in a JSON array: they are read with a call and never searched for, and columns cost more.

An array may end early: with an older record, and where all of SPECIAL_FIELDS are unknown.
"""
SPECIAL_FIELDS = len(_FIELDS[33:41])
"""How many of the last of them few calls have."""

_WHOLE = BigInteger().with_variant(Integer, "sqlite")
_LENGTHS = {
    "endpoint": 200,
    "team_id": 40,
    "app_id": 40,
    "key_id": 40,
    "service_id": 40,
    "deployment_id": 40,
    "release": 40,
}


def _place_column(name: str) -> Column[object]:
    if name == "streamed":
        return Column(name, Boolean, nullable=False)
    return Column(name, String(_LENGTHS[name]) if name in _LENGTHS else Text(), nullable=name != "endpoint")


call_places = Table(
    "call_places",
    metadata,
    # A digest of the other columns, so that every recorder finds the same one without asking.
    Column("id", LargeBinary(16), primary_key=True),
    *(_place_column(name) for name in PLACE_FIELDS),
    Index("ix_call_places_team_id", "team_id"),
)

calls = Table(
    "calls",
    metadata,
    # Counts insertions, so that a follower misses no call that began early and ended late.
    Column("seq", _WHOLE, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False),
    Column("place", LargeBinary(16), nullable=False),
    # A checksum of the team's id, for the index alone: the team itself is in the place. Null: none.
    Column("team", BigInteger),
    Column("status", BigInteger, nullable=False),
    Column("error", String(60)),
    Column("total_us", BigInteger, nullable=False),
    *(Column(name, BigInteger) for name in ("first_byte_us", "input_tokens", "output_tokens")),
    # Null: what the call cost is not known.
    Column("cost_picos", BigInteger),
    Column("user", Text),
    Column("more", Text, nullable=False),
    Index("uq_calls_id", "id", unique=True),
    Index("ix_calls_team_id", "team", "id"),
)


def team_mark(team_id: str | None) -> int | None:
    """What `calls.team` holds for a team; teams may share one."""
    return None if team_id is None else crc32(team_id.encode())


ROLLUP_KEYS = ("size", "bucket", "team_id", "app_id", "key_id", "service_id", "vendor", "model", "status_class")
ROLLUP_SUMS = (
    "calls", "errors", "input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens", "cost_picos", "unpriced",
    "request_bytes", "response_bytes", "total_us", "first_byte_us", "first_bytes",
    *(f"latency_{number}" for number in range(len(LATENCY_BOUNDS_US) + 1)),
    *(f"first_byte_{number}" for number in range(len(LATENCY_BOUNDS_US) + 1)),
)  # fmt: skip

call_rollups = Table(
    "call_rollups",
    metadata,
    # Seconds of the bucket (60, 3600 or 86400) and its start in seconds since 1970.
    Column("size", Integer, primary_key=True, autoincrement=False),
    Column("bucket", BigInteger, primary_key=True, autoincrement=False),
    # Part of the key, so never null: empty is none.
    *(Column(name, Text, primary_key=True) for name in ROLLUP_KEYS[2:-1]),
    Column("status_class", Integer, primary_key=True, autoincrement=False),
    *(Column(name, BigInteger, nullable=False) for name in ROLLUP_SUMS),
)

RELEASE_SUMS = ("calls", "failed", *(f"latency_{number}" for number in range(len(LATENCY_BOUNDS_US) + 1)))

release_rollups = Table(
    "release_rollups",
    metadata,
    Column("release", String(40), primary_key=True),
    # Start of the minute in seconds since 1970.
    Column("bucket", BigInteger, primary_key=True, autoincrement=False),
    # Of the calls that say something of the release: not those that a limit refused, nor those whose callers left.
    *(Column(name, BigInteger, nullable=False) for name in RELEASE_SUMS),
)

spool_offsets = Table(
    "spool_offsets",
    metadata,
    Column("segment", String(60), primary_key=True),
    # Whose data folder the segment lies in: only its own recorder may forget it.
    Column("node", String(32), nullable=False),
    Column("offset", BigInteger, nullable=False),
)
