"""Credentials beside keys, and when credentials were last used."""

from sqlalchemy import BigInteger, Column, String, Table, UniqueConstraint

from torana.stores.sql.columns import belongs, created, identity, text, time, unique_where_null
from torana.stores.sql.metadata import metadata

issuers = Table(
    "issuers",
    metadata,
    identity(),
    # Null is the platform's: its tokens may stand for apps of any team.
    belongs("team_id", "teams", nullable=True),
    text("name", 100),
    # What `iss` has to be. Several rows may have the same: each is one team's.
    text("issuer", 2000),
    # A JSON array: one of them has to be in `aud`.
    text("audiences"),
    text("claim", 200),
    # A JSON object: the claim's value to the id of an app.
    text("apps"),
    # Where control gets the keys from; null where they were given.
    text("jwks_uri", 2000, nullable=True),
    # The public keys as JSON (control/issuers/jwks.py); null until they were fetched.
    text("jwks", nullable=True),
    created(),
    # When fetching last succeeded, when it was last tried, and why that failed.
    time("fetched_us", nullable=True),
    time("tried_us", nullable=True),
    text("problem", 500, nullable=True),
    UniqueConstraint("team_id", "name"),
    unique_where_null("uq_issuers_platform", "team_id", "name"),
)

# Written by the recorder, once a batch for each key in it. No reference: a record may come after its key has gone.
key_uses = Table(
    "key_uses",
    metadata,
    Column("key_id", String(40), primary_key=True),
    Column("last_us", BigInteger, nullable=False),
)
