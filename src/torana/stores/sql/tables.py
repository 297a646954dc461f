"""Governance tables: who may call what, through which account, within which limits.

Ids are text made by `core.ids.new_id`; times are microseconds since 1970. A row that a team owns has its team_id; where team_id may
be null, null is the platform's. A change here needs a migration; a test compares the two.
"""

from typing import Any

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
    column,
    false,
)

from torana.stores.sql.metadata import metadata


def _id() -> Column[str]:
    return Column("id", String(40), primary_key=True)


def _belongs(name: str, to: str, *, nullable: bool = False, ondelete: str = "CASCADE") -> Column[Any]:
    return Column(name, String(40), ForeignKey(f"{to}.id", ondelete=ondelete), nullable=nullable)


def _created() -> Column[int]:
    return Column("created_us", BigInteger, nullable=False)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=false())


def _one_of(name: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{name} IN ({listed})", name=name)


def _unique_where_null(name: str, null_column: str, *columns: str) -> Index:
    # Two nulls are never equal, so the platform's own rows and keys in use need an index of their own.
    condition = column(null_column).is_(None)
    return Index(name, *columns, unique=True, sqlite_where=condition, postgresql_where=condition)


teams = Table(
    "teams",
    metadata,
    _id(),
    Column("name", String(100), nullable=False),
    _created(),
    UniqueConstraint("name"),
)

users = Table(
    "users",
    metadata,
    _id(),
    Column("email", String(320), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("platform_role", String(20), nullable=False),
    _created(),
    UniqueConstraint("email"),
    _one_of("platform_role", "admin", "member"),
)

tokens = Table(
    "tokens",
    metadata,
    _id(),
    _belongs("user_id", "users"),
    Column("name", String(100), nullable=False),
    Column("digest", LargeBinary(16), nullable=False),
    Column("hint", String(8), nullable=False),
    _created(),
    Column("expires_us", BigInteger),
    Column("revoked_us", BigInteger),
    UniqueConstraint("digest"),
)

apps = Table(
    "apps",
    metadata,
    _id(),
    _belongs("team_id", "teams"),
    Column("name", String(100), nullable=False),
    _flag("keep_bodies"),
    _created(),
    UniqueConstraint("team_id", "name"),
)

keys = Table(
    "keys",
    metadata,
    _id(),
    _belongs("team_id", "teams"),
    _belongs("app_id", "apps"),
    Column("name", String(100), nullable=False),
    Column("digest", LargeBinary(16), nullable=False),
    Column("hint", String(8), nullable=False),
    _created(),
    Column("expires_us", BigInteger),
    Column("revoked_us", BigInteger),
    UniqueConstraint("digest"),
    _unique_where_null("uq_keys_in_use", "revoked_us", "app_id", "name"),
    Index(None, "app_id"),
)

providers = Table(
    "providers",
    metadata,
    _id(),
    _belongs("team_id", "teams", nullable=True),
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
    _created(),
    Column("dialect", String(40)),
    # JSON objects of texts.
    Column("bases", Text),
    Column("options", Text),
    UniqueConstraint("team_id", "name"),
    _unique_where_null("uq_providers_platform", "team_id", "name"),
)

services = Table(
    "services",
    metadata,
    _id(),
    _belongs("team_id", "teams", nullable=True),
    Column("name", String(200), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("visibility", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    _flag("keep_bodies"),
    _created(),
    _flag("drop_unsupported"),
    _flag("try_unsupported"),
    # The description of a custom model, as JSON.
    Column("custom", Text),
    UniqueConstraint("team_id", "name"),
    _unique_where_null("uq_services_platform", "team_id", "name"),
    _one_of("kind", "model", "prompt", "custom", "rest", "mcp"),
    _one_of("visibility", "team", "organisation"),
    _one_of("state", "active", "disabled"),
)

deployments = Table(
    "deployments",
    metadata,
    _id(),
    _belongs("team_id", "teams", nullable=True),
    _belongs("service_id", "services"),
    _belongs("provider_id", "providers", ondelete="RESTRICT"),
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
    _id(),
    _belongs("team_id", "teams", nullable=True),
    _belongs("service_id", "services"),
    Column("name", String(200), nullable=False),
    UniqueConstraint("team_id", "name"),
    _unique_where_null("uq_aliases_platform", "team_id", "name"),
    Index(None, "service_id"),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    _id(),
    _belongs("team_id", "teams"),
    _belongs("app_id", "apps"),
    _belongs("service_id", "services"),
    Column("state", String(20), nullable=False),
    _created(),
    UniqueConstraint("app_id", "service_id"),
    Index(None, "service_id"),
    _one_of("state", "requested", "approved", "refused"),
)

limits = Table(
    "limits",
    metadata,
    _id(),
    _belongs("team_id", "teams", nullable=True),
    Column("owner_kind", String(20), nullable=False),
    Column("owner_id", String(40), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("period_seconds", Integer, nullable=False),
    UniqueConstraint("owner_id", "kind", "period_seconds"),
    _one_of("owner_kind", "team", "app", "key", "service"),
    _one_of("kind", "requests", "concurrency"),
    CheckConstraint("amount >= 0", name="amount"),
)

prices = Table(
    "prices",
    metadata,
    _id(),
    _belongs("team_id", "teams", nullable=True),
    Column("vendor", String(60)),
    _belongs("provider_id", "providers", nullable=True),
    Column("model", String(200), nullable=False),
    Column("valid_from_us", BigInteger, nullable=False),
    # Dollars per million tokens as plain decimal text, because SQLite has no exact number; null is unknown.
    Column("input_usd", String(30)),
    Column("cached_input_usd", String(30)),
    Column("output_usd", String(30)),
    Column("reasoning_usd", String(30)),
    _created(),
    UniqueConstraint("provider_id", "model", "valid_from_us"),
    _unique_where_null("uq_prices_vendor", "provider_id", "vendor", "model", "valid_from_us"),
    CheckConstraint("(vendor IS NULL) <> (provider_id IS NULL)", name="owner"),
)

# Which rows of the tables above an apply of torana.yaml made: only these may a later apply remove.
declared = Table(
    "declared",
    metadata,
    _id(),
    Column("kind", String(20), nullable=False),
)

publications = Table(
    "publications",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("published_us", BigInteger, nullable=False),
    Column("digest", LargeBinary(16), nullable=False),
)
