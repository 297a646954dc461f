"""Tables of the recorder: one row per call, sums per minute, hour and day, and how far each spool segment is stored.

None of them refers to governance tables: a record outlives the app, key or service it speaks of. A change here needs a migration.
"""

from typing import Any

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text
from sqlalchemy.types import TypeEngine

from torana.core.record import CallRecord
from torana.stores.sql.metadata import metadata

# Upper bounds in microseconds; the last bucket, without a bound, takes the rest. Changing them needs new columns.
LATENCY_BOUNDS_US = (
    5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 30_000_000, 60_000_000,
)  # fmt: skip
MINUTE, HOUR, DAY = 60, 3_600, 86_400

_LENGTHS = {
    "id": 32, "error": 60, "endpoint": 200, "team_id": 40, "app_id": 40, "key_id": 40, "service_id": 40, "deployment_id": 40,
}  # fmt: skip
_WHOLE = BigInteger().with_variant(Integer, "sqlite")


def _column(field: msgspec.structs.FieldInfo) -> Column[object]:
    nullable = field.type not in (str, int, bool)
    kind: TypeEngine[Any]
    if field.type is bool:
        kind = Boolean()
    elif field.type is int or field.type == int | None:
        kind = BigInteger()
    else:
        kind = String(_LENGTHS[field.name]) if field.name in _LENGTHS else Text()
    return Column(field.name, kind, nullable=nullable)


calls = Table(
    "calls",
    metadata,
    # Counts insertions, so that a follower misses no call that began early and ended late.
    Column("seq", _WHOLE, primary_key=True, autoincrement=True),
    *(_column(field) for field in msgspec.structs.fields(CallRecord)),
    # Null: what the call cost is not known.
    Column("cost_picos", BigInteger),
    Column("price_source", Text),
    Index("uq_calls_id", "id", unique=True),
    Index("ix_calls_team_id_id", "team_id", "id"),
)

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

spool_offsets = Table(
    "spool_offsets",
    metadata,
    Column("segment", String(60), primary_key=True),
    # Whose data folder the segment lies in: only its own recorder may forget it.
    Column("node", String(32), nullable=False),
    Column("offset", BigInteger, nullable=False),
)
