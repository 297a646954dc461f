"""What was done, by whom: append-only and chained; and replies kept for requests that are sent again."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table

from torana.stores.sql.columns import text, time
from torana.stores.sql.metadata import metadata

audit = Table(
    "audit",
    metadata,
    # Without gaps, from 1.
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    time("at_us"),
    # `person`, `service`, `owner` (of the data folder), `system`, or `nobody` (a failed sign-in).
    text("actor_kind", 20),
    text("actor_id", 40, nullable=True),
    text("actor_name", 320),
    # The token or session that it was done with.
    text("via", 40, nullable=True),
    # Such as `app.create`.
    text("action", 60),
    text("noun", 40),
    text("noun_id", 40, nullable=True),
    text("noun_name", 300, nullable=True),
    # Whose thing it was. No reference: the entry outlives the team.
    text("team_id", 40, nullable=True),
    # JSON objects with secrets masked.
    text("before", nullable=True),
    text("after", nullable=True),
    text("reason", 2000, nullable=True),
    text("address", 64, nullable=True),
    text("agent", 300, nullable=True),
    Column("previous", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Index(None, "team_id", "seq"),
    Index(None, "noun_id"),
    # A filter that finds few entries, or none, must not go through all of them.
    Index(None, "actor_id", "seq"),
    Index(None, "actor_name", "seq"),
    Index(None, "action", "seq"),
    Index(None, "noun", "seq"),
    Index(None, "at_us", "seq"),
)

replies = Table(
    "replies",
    metadata,
    # A keyed hash of who asked and their Idempotency-Key.
    Column("digest", LargeBinary(16), primary_key=True),
    # Of method, path and body: the key belongs to one request.
    Column("request", LargeBinary(16), nullable=False),
    Column("status", Integer, nullable=False),
    # Sealed: it may hold a key that is shown once.
    Column("sealed", LargeBinary, nullable=False),
    text("etag", 80, nullable=True),
    text("location", 500, nullable=True),
    time("at_us"),
    Index(None, "at_us"),
)
