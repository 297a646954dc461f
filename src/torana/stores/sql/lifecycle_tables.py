"""How services come and go, who may use them, and who decided so."""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, Table, UniqueConstraint

from torana.stores.sql.columns import belongs, created, identity, one_of, text, time, unique_where_null
from torana.stores.sql.metadata import metadata

releases = Table(
    "releases",
    metadata,
    identity(),
    belongs("team_id", "teams", nullable=True),
    belongs("service_id", "services"),
    Column("major", Integer, nullable=False),
    Column("minor", Integer, nullable=False),
    text("state", 20),
    # Its share of the calls that pin no version, while it is published or deprecated.
    Column("weight", Integer, nullable=False),
    # The design as JSON, immutable; its form is control/releases/design.py's.
    text("design"),
    # JSON: what is different from the release before, field by field.
    text("difference", nullable=True),
    Column("breaking", Boolean, nullable=False),
    text("note", 2000, nullable=True),
    # Ids of users; no references, because a release outlives its author.
    text("author_id", 40, nullable=True),
    text("author_name", 320),
    created(),
    time("published_us", nullable=True),
    time("deprecated_us", nullable=True),
    time("sunset_us", nullable=True),
    time("retired_us", nullable=True),
    # JSON of a canary: the margins, what it is compared with, and what came of it.
    text("canary", nullable=True),
    # Since when it is watched as one; null: not, or not any more.
    time("watched_us", nullable=True),
    # When subscribers were last told that it ends.
    time("warned_us", nullable=True),
    # The service to go to instead.
    text("successor", 200, nullable=True),
    UniqueConstraint("service_id", "major", "minor"),
    Index(None, "watched_us"),
    Index(None, "sunset_us"),
    one_of("state", "review", "approved", "rejected", "withdrawn", "published", "deprecated", "retired"),
)

service_teams = Table(
    "service_teams",
    metadata,
    identity(),
    # The service's own team.
    belongs("team_id", "teams", nullable=True),
    belongs("service_id", "services"),
    # Who may see it and subscribe, where visibility is `teams`.
    belongs("shared_with", "teams"),
    UniqueConstraint("service_id", "shared_with"),
    Index(None, "shared_with"),
)

plans = Table(
    "plans",
    metadata,
    identity(),
    belongs("team_id", "teams", nullable=True),
    belongs("service_id", "services"),
    text("name", 100),
    text("description", 1000, nullable=True),
    # JSON arrays and objects: limits as in torana.yaml, and a price for people to read.
    text("limits"),
    text("price", nullable=True),
    created(),
    UniqueConstraint("service_id", "name"),
)

approvals = Table(
    "approvals",
    metadata,
    identity(),
    # Who has to decide: the team of the service; null is the platform.
    belongs("team_id", "teams", nullable=True),
    # `release` or `subscription`, and its id.
    text("noun", 20),
    text("noun_id", 40),
    text("state", 20),
    # JSON: the stages as they were when it was asked for, each with what it needs.
    text("stages"),
    Column("stage", Integer, nullable=False),
    # All permissions of the stages, each with a space before and behind it.
    text("needs", 500),
    text("asked_by", 40, nullable=True),
    text("asked_by_name", 320),
    text("reason", 2000, nullable=True),
    created(),
    time("decided_us", nullable=True),
    # With the state: for that alone SQLite would take the index in order of time, and read all that are open.
    Index(None, "noun_id", "state"),
    Index(None, "team_id", "state"),
    Index(None, "created_us", "id"),
    Index(None, "state", "created_us", "id"),
    one_of("noun", "release", "subscription"),
    one_of("state", "open", "approved", "rejected", "withdrawn"),
)

decisions = Table(
    "decisions",
    metadata,
    identity(),
    belongs("team_id", "teams", nullable=True),
    belongs("approval_id", "approvals"),
    Column("stage", Integer, nullable=False),
    text("user_id", 40, nullable=True),
    text("user_name", 320),
    text("verdict", 20),
    text("reason", 2000, nullable=True),
    created(),
    Index(None, "approval_id"),
    one_of("verdict", "approve", "reject"),
)

notices = Table(
    "notices",
    metadata,
    identity(),
    belongs("user_id", "users"),
    # The team that it is about.
    belongs("team_id", "teams", nullable=True),
    text("event", 60),
    text("subject", 300),
    text("body", 4000),
    # Where the thing is in the admin API.
    text("link", 500, nullable=True),
    created(),
    time("read_us", nullable=True),
    Index(None, "user_id", "created_us"),
)

webhooks = Table(
    "webhooks",
    metadata,
    identity(),
    belongs("team_id", "teams", nullable=True),
    text("name", 100),
    text("url", 2000),
    Column("sealed_secret", LargeBinary, nullable=False),
    # A JSON array of events; empty is all.
    text("events"),
    created(),
    time("disabled_us", nullable=True),
    UniqueConstraint("team_id", "name"),
    unique_where_null("uq_webhooks_platform", "team_id", "name"),
)

# What is still to be told outside: webhooks and e-mails, tried until they succeed or are given up.
deliveries = Table(
    "deliveries",
    metadata,
    identity(),
    belongs("team_id", "teams", nullable=True),
    text("channel", 20),
    # A webhook's id, or an address.
    text("target", 2000),
    text("event", 60),
    text("content"),
    created(),
    Column("attempts", Integer, nullable=False),
    time("next_us", nullable=True),
    time("done_us", nullable=True),
    text("error", 500, nullable=True),
    Index(None, "next_us"),
    Index(None, "target", "created_us"),
    one_of("channel", "webhook", "email"),
)
