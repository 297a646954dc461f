"""Governance tables: who may call what, through which account, within which limits.

Ids are text made by `core.ids.new_id`; times are microseconds since 1970. A row that a team owns has its team_id; where team_id may
be null, null is the platform's. A change here needs a migration; a test compares the two.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from torana.stores.sql.columns import belongs, created, flag, identity, index_where_set, one_of, unique_where_null
from torana.stores.sql.metadata import metadata

teams = Table(
    "teams",
    metadata,
    identity(),
    Column("name", String(100), nullable=False),
    created(),
    UniqueConstraint("name"),
)

apps = Table(
    "apps",
    metadata,
    identity(),
    belongs("team_id", "teams"),
    Column("name", String(100), nullable=False),
    flag("keep_bodies"),
    created(),
    UniqueConstraint("team_id", "name"),
    Index(None, "name", "id"),
    Index(None, "created_us", "id"),
)

keys = Table(
    "keys",
    metadata,
    identity(),
    belongs("team_id", "teams"),
    belongs("app_id", "apps"),
    Column("name", String(100), nullable=False),
    Column("digest", LargeBinary(16), nullable=False),
    Column("hint", String(8), nullable=False),
    created(),
    Column("expires_us", BigInteger),
    Column("revoked_us", BigInteger),
    # JSON; null is no restriction: an object of services, endpoints and models, and an array of networks.
    Column("scopes", Text),
    Column("networks", Text),
    # The value before the last rotation, and until when it still counts.
    Column("previous_digest", LargeBinary(16)),
    Column("previous_until_us", BigInteger),
    UniqueConstraint("digest"),
    Index("uq_keys_previous_digest", "previous_digest", unique=True),
    unique_where_null("uq_keys_in_use", "revoked_us", "app_id", "name"),
    Index(None, "app_id"),
    Index(None, "created_us", "id"),
    Index(None, "name", "id"),
    Index("ix_keys_team_id", "team_id", "created_us", "id"),
    index_where_set("ix_keys_revoked", "revoked_us", "created_us", "id"),
    index_where_set("ix_keys_expiring", "expires_us", "created_us", "id"),
    index_where_set("ix_keys_revoked_name", "revoked_us", "name", "id"),
    index_where_set("ix_keys_expiring_name", "expires_us", "name", "id"),
)

providers = Table(
    "providers",
    metadata,
    identity(),
    belongs("team_id", "teams", nullable=True),
    Column("name", String(100), nullable=False),
    Column("vendor", String(60), nullable=False),
    Column("base_url", String(2000), nullable=False),
    Column("sealed_key", LargeBinary),
    Column("ca_pem", Text),
    Column("proxy", String(2000)),
    Column("connect_timeout_seconds", Float),
    Column("first_byte_timeout_seconds", Float),
    Column("idle_timeout_seconds", Float),
    Column("total_timeout_seconds", Float),
    Column("stream_usage", Boolean),
    created(),
    Column("dialect", String(40)),
    # JSON objects of texts.
    Column("bases", Text),
    Column("options", Text),
    UniqueConstraint("team_id", "name"),
    unique_where_null("uq_providers_platform", "team_id", "name"),
)

services = Table(
    "services",
    metadata,
    identity(),
    belongs("team_id", "teams", nullable=True),
    Column("name", String(200), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("visibility", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    flag("keep_bodies"),
    created(),
    flag("drop_unsupported"),
    flag("try_unsupported"),
    # The description of a custom model, as JSON.
    Column("custom", Text),
    # `direct`: what stands here is what gates serve. `released`: it is a draft, and gates serve releases of it.
    Column("lifecycle", String(20), nullable=False, server_default="direct"),
    Column("description", Text),
    # The contract: JSON with the schemas of input and output.
    Column("contract", Text),
    # JSON: who approves releases and subscriptions, in stages.
    Column("approval", Text),
    UniqueConstraint("team_id", "name"),
    unique_where_null("uq_services_platform", "team_id", "name"),
    Index(None, "name", "id"),
    Index(None, "created_us", "id"),
    one_of("kind", "model", "prompt", "custom", "rest", "mcp"),
    one_of("visibility", "team", "teams", "organisation", "public"),
    one_of("state", "active", "disabled"),
    one_of("lifecycle", "direct", "released"),
)

deployments = Table(
    "deployments",
    metadata,
    identity(),
    belongs("team_id", "teams", nullable=True),
    belongs("service_id", "services"),
    belongs("provider_id", "providers", ondelete="RESTRICT"),
    Column("position", Integer, nullable=False),
    Column("model", String(200), nullable=False),
    Column("weight", Integer, nullable=False),
    UniqueConstraint("service_id", "provider_id", "model"),
    Index(None, "provider_id"),
    CheckConstraint("weight >= 0", name="weight"),
)

aliases = Table(
    "aliases",
    metadata,
    identity(),
    belongs("team_id", "teams", nullable=True),
    belongs("service_id", "services"),
    Column("name", String(200), nullable=False),
    UniqueConstraint("team_id", "name"),
    unique_where_null("uq_aliases_platform", "team_id", "name"),
    Index(None, "service_id"),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    identity(),
    belongs("team_id", "teams"),
    belongs("app_id", "apps"),
    belongs("service_id", "services"),
    Column("state", String(20), nullable=False),
    created(),
    # No action, which waits for the end of a statement: a service goes with its plans and its subscriptions.
    Column("plan_id", String(40), ForeignKey("plans.id")),
    Column("reason", String(2000)),
    Column("requested_by", String(40)),
    Column("changed_us", BigInteger),
    Column("expires_us", BigInteger),
    # When somebody has to have confirmed that it is still needed.
    Column("review_us", BigInteger),
    # The service's team, which decides: a service never changes its team. Null is the platform.
    belongs("service_team_id", "teams", nullable=True),
    # JSON: another plan or end that was asked for and waits for its approval.
    Column("asked", Text),
    # When people were told that it is about to end.
    Column("warned_us", BigInteger),
    UniqueConstraint("app_id", "service_id"),
    # Lists are pages by time: each index is walked in its own order, and no row is sorted.
    Index(None, "team_id", "created_us", "id"),
    Index(None, "team_id", "state", "created_us", "id"),
    Index(None, "service_team_id", "created_us", "id"),
    Index(None, "service_team_id", "state", "created_us", "id"),
    Index(None, "service_id", "state", "created_us", "id"),
    Index(None, "state", "created_us", "id"),
    Index("ix_subscriptions_team_id_service_id", "team_id", "service_id", "created_us", "id", "state"),
    Index(None, "plan_id"),
    # What is due.
    index_where_set("ix_subscriptions_state_expires_us", "expires_us", "state", "expires_us"),
    index_where_set("ix_subscriptions_state_review_us", "review_us", "state", "review_us"),
    one_of("state", "requested", "approved", "rejected", "suspended", "cancelled", "expired"),
)

limits = Table(
    "limits",
    metadata,
    identity(),
    belongs("team_id", "teams", nullable=True),
    Column("owner_kind", String(20), nullable=False),
    Column("owner_id", String(40), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("period_seconds", Integer, nullable=False),
    UniqueConstraint("owner_id", "kind", "period_seconds"),
    one_of("owner_kind", "team", "app", "key", "service"),
    one_of("kind", "requests", "concurrency"),
    CheckConstraint("amount >= 0", name="amount"),
)

prices = Table(
    "prices",
    metadata,
    identity(),
    belongs("team_id", "teams", nullable=True),
    Column("vendor", String(60)),
    belongs("provider_id", "providers", nullable=True),
    Column("model", String(200), nullable=False),
    Column("valid_from_us", BigInteger, nullable=False),
    # Dollars per million tokens as plain decimal text, because SQLite has no exact number; null is unknown.
    Column("input_usd", String(30)),
    Column("cached_input_usd", String(30)),
    Column("output_usd", String(30)),
    Column("reasoning_usd", String(30)),
    created(),
    UniqueConstraint("provider_id", "model", "valid_from_us"),
    unique_where_null("uq_prices_vendor", "provider_id", "vendor", "model", "valid_from_us"),
    CheckConstraint("(vendor IS NULL) <> (provider_id IS NULL)", name="owner"),
)

# Which rows of the tables above an apply of torana.yaml made: only these may a later apply remove.
declared = Table(
    "declared",
    metadata,
    identity(),
    Column("kind", String(20), nullable=False),
)

publications = Table(
    "publications",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("published_us", BigInteger, nullable=False),
    Column("digest", LargeBinary(16), nullable=False),
    # JSON: what was written since the version before (control/publish/changes.py). Null is anything.
    Column("touched", Text),
)
