"""Who may call what: teams, users, apps, keys, providers, services, policies, publications."""

import sqlalchemy as sa
from alembic import op

revision = "0001_governance"
down_revision = None
branch_labels = None
depends_on = None


def _id() -> sa.Column[str]:
    return sa.Column("id", sa.String(40), nullable=False)


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _primary(table: str, column: str = "id") -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(column, name=f"pk_{table}")


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def _reference(table: str, column: str, to: str, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=f"fk_{table}_{column}", ondelete=ondelete)


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    # op.f: the name is complete, no naming convention is to be applied to it.
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _unique_where_null(name: str, table: str, null_column: str, *columns: str) -> None:
    condition = sa.column(null_column).is_(None)
    op.create_index(name, table, list(columns), unique=True, sqlite_where=condition, postgresql_where=condition)


def upgrade() -> None:
    _create_people()
    _create_consumers()
    _create_providers()
    _create_services()
    _create_aliases_and_subscriptions()
    _create_policies()
    op.create_table("declared", _id(), _text("kind", 20), _primary("declared"))
    op.create_table(
        "publications",
        sa.Column("version", sa.BigInteger, nullable=False, autoincrement=False),
        _time("published_us"),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        _primary("publications", "version"),
    )


def _create_people() -> None:
    op.create_table(
        "teams", _id(), _text("name", 100), _time("created_us"), _primary("teams"), _unique("teams", "name")
    )
    op.create_table(
        "users",
        _id(),
        _text("email", 320),
        sa.Column("password_hash", sa.Text, nullable=False),
        _text("platform_role", 20),
        _time("created_us"),
        _primary("users"),
        _unique("users", "email"),
        _check("users", "platform_role", "platform_role IN ('admin', 'member')"),
    )
    op.create_table(
        "tokens",
        _id(),
        _text("user_id", 40),
        _text("name", 100),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        _text("hint", 8),
        _time("created_us"),
        _time("expires_us", nullable=True),
        _time("revoked_us", nullable=True),
        _primary("tokens"),
        _reference("tokens", "user_id", "users"),
        _unique("tokens", "digest"),
    )


def _create_consumers() -> None:
    op.create_table(
        "apps",
        _id(),
        _text("team_id", 40),
        _text("name", 100),
        sa.Column("keep_bodies", sa.Boolean, nullable=False, server_default=sa.false()),
        _time("created_us"),
        _primary("apps"),
        _reference("apps", "team_id", "teams"),
        _unique("apps", "team_id", "name"),
    )
    op.create_table(
        "keys",
        _id(),
        _text("team_id", 40),
        _text("app_id", 40),
        _text("name", 100),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        _text("hint", 8),
        _time("created_us"),
        _time("expires_us", nullable=True),
        _time("revoked_us", nullable=True),
        _primary("keys"),
        _reference("keys", "team_id", "teams"),
        _reference("keys", "app_id", "apps"),
        _unique("keys", "digest"),
    )
    op.create_index("ix_keys_app_id", "keys", ["app_id"])
    _unique_where_null("uq_keys_in_use", "keys", "revoked_us", "app_id", "name")


def _create_providers() -> None:
    op.create_table(
        "providers",
        _id(),
        _text("team_id", 40, nullable=True),
        _text("name", 100),
        _text("vendor", 60),
        _text("base_url", 2000),
        sa.Column("sealed_key", sa.LargeBinary),
        sa.Column("ca_pem", sa.Text),
        _text("proxy", 2000, nullable=True),
        sa.Column("connect_timeout_seconds", sa.Float),
        sa.Column("first_byte_timeout_seconds", sa.Float),
        sa.Column("idle_timeout_seconds", sa.Float),
        sa.Column("total_timeout_seconds", sa.Float),
        sa.Column("stream_usage", sa.Boolean),
        _time("created_us"),
        _primary("providers"),
        _reference("providers", "team_id", "teams"),
        _unique("providers", "team_id", "name"),
    )
    _unique_where_null("uq_providers_platform", "providers", "team_id", "name")


def _create_services() -> None:
    op.create_table(
        "services",
        _id(),
        _text("team_id", 40, nullable=True),
        _text("name", 200),
        _text("kind", 20),
        _text("visibility", 20),
        _text("state", 20),
        sa.Column("keep_bodies", sa.Boolean, nullable=False, server_default=sa.false()),
        _time("created_us"),
        _primary("services"),
        _reference("services", "team_id", "teams"),
        _unique("services", "team_id", "name"),
        _check("services", "kind", "kind IN ('model')"),
        _check("services", "visibility", "visibility IN ('team', 'organisation')"),
        _check("services", "state", "state IN ('active', 'disabled')"),
    )
    _unique_where_null("uq_services_platform", "services", "team_id", "name")
    op.create_table(
        "deployments",
        _id(),
        _text("team_id", 40, nullable=True),
        _text("service_id", 40),
        _text("provider_id", 40),
        sa.Column("position", sa.Integer, nullable=False),
        _text("model", 200),
        sa.Column("weight", sa.Integer, nullable=False),
        _primary("deployments"),
        _reference("deployments", "team_id", "teams"),
        _reference("deployments", "service_id", "services"),
        _reference("deployments", "provider_id", "providers", ondelete="RESTRICT"),
        _unique("deployments", "service_id", "provider_id", "model"),
        _check("deployments", "weight", "weight >= 0"),
    )
    op.create_index("ix_deployments_provider_id", "deployments", ["provider_id"])


def _create_aliases_and_subscriptions() -> None:
    op.create_table(
        "aliases",
        _id(),
        _text("team_id", 40, nullable=True),
        _text("service_id", 40),
        _text("name", 200),
        _primary("aliases"),
        _reference("aliases", "team_id", "teams"),
        _reference("aliases", "service_id", "services"),
        _unique("aliases", "team_id", "name"),
    )
    op.create_index("ix_aliases_service_id", "aliases", ["service_id"])
    _unique_where_null("uq_aliases_platform", "aliases", "team_id", "name")
    op.create_table(
        "subscriptions",
        _id(),
        _text("team_id", 40),
        _text("app_id", 40),
        _text("service_id", 40),
        _text("state", 20),
        _time("created_us"),
        _primary("subscriptions"),
        _reference("subscriptions", "team_id", "teams"),
        _reference("subscriptions", "app_id", "apps"),
        _reference("subscriptions", "service_id", "services"),
        _unique("subscriptions", "app_id", "service_id"),
        _check("subscriptions", "state", "state IN ('requested', 'approved', 'refused')"),
    )
    op.create_index("ix_subscriptions_service_id", "subscriptions", ["service_id"])


def _create_policies() -> None:
    op.create_table(
        "limits",
        _id(),
        _text("team_id", 40, nullable=True),
        _text("owner_kind", 20),
        _text("owner_id", 40),
        _text("kind", 20),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("period_seconds", sa.Integer, nullable=False),
        _primary("limits"),
        _reference("limits", "team_id", "teams"),
        _unique("limits", "owner_id", "kind", "period_seconds"),
        _check("limits", "owner_kind", "owner_kind IN ('team', 'app', 'key', 'service')"),
        _check("limits", "kind", "kind IN ('requests', 'concurrency')"),
        _check("limits", "amount", "amount >= 0"),
    )
    op.create_table(
        "prices",
        _id(),
        _text("team_id", 40, nullable=True),
        _text("vendor", 60, nullable=True),
        _text("provider_id", 40, nullable=True),
        _text("model", 200),
        _time("valid_from_us"),
        _text("input_usd", 30, nullable=True),
        _text("cached_input_usd", 30, nullable=True),
        _text("output_usd", 30, nullable=True),
        _text("reasoning_usd", 30, nullable=True),
        _time("created_us"),
        _primary("prices"),
        _reference("prices", "team_id", "teams"),
        _reference("prices", "provider_id", "providers"),
        _unique("prices", "provider_id", "model", "valid_from_us"),
        _check("prices", "owner", "(vendor IS NULL) <> (provider_id IS NULL)"),
    )
    _unique_where_null("uq_prices_vendor", "prices", "provider_id", "vendor", "model", "valid_from_us")
