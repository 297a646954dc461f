"""Releases, plans, approvals, what subscriptions can be, and how people hear of it."""

import sqlalchemy as sa
from alembic import op

from torana.stores.sql.migrations.replacing import replacing

revision = "0005_lifecycle"
down_revision = "0004_people"
branch_labels = None
depends_on = None

_VISIBILITIES = "visibility IN ('team', 'teams', 'organisation', 'public')"
_STATES = "state IN ('requested', 'approved', 'rejected', 'suspended', 'cancelled', 'expired')"


def upgrade() -> None:
    _change_services()
    _create_releases()
    _create_service_teams()
    _create_plans()
    _create_approvals()
    _create_decisions()
    _create_notices()
    _create_webhooks()
    _create_deliveries()
    _change_subscriptions()
    op.add_column("keys", sa.Column("scopes", sa.Text))
    op.add_column("keys", sa.Column("networks", sa.Text))
    op.add_column("keys", sa.Column("previous_digest", sa.LargeBinary(16)))
    op.add_column("keys", sa.Column("previous_until_us", sa.BigInteger))
    op.create_index("uq_keys_previous_digest", "keys", ["previous_digest"], unique=True)
    op.create_index(op.f("ix_keys_created_us_id"), "keys", ["created_us", "id"])
    op.create_index("ix_keys_team_id", "keys", ["team_id", "created_us", "id"])
    op.create_index(op.f("ix_keys_name_id"), "keys", ["name", "id"])
    for name, column in (("ix_keys_revoked", "revoked_us"), ("ix_keys_expiring", "expires_us")):
        there = sa.column(column).is_not(None)
        op.create_index(name, "keys", ["created_us", "id"], sqlite_where=there, postgresql_where=there)
    op.create_index(op.f("ix_apps_name_id"), "apps", ["name", "id"])
    op.create_index(op.f("ix_apps_created_us_id"), "apps", ["created_us", "id"])


def _change_services() -> None:
    with replacing("services", ("deployments", "aliases", "subscriptions")) as table:
        table.drop_constraint(op.f("ck_services_visibility"), type_="check")
        table.add_column(sa.Column("lifecycle", sa.String(20), server_default="direct", nullable=False))
        for name in ("description", "contract", "approval"):
            table.add_column(sa.Column(name, sa.Text))
        table.create_check_constraint(op.f("ck_services_visibility"), _VISIBILITIES)
        table.create_check_constraint(op.f("ck_services_lifecycle"), "lifecycle IN ('direct', 'released')")
    op.create_index(op.f("ix_services_name_id"), "services", ["name", "id"])


def _change_subscriptions() -> None:
    with replacing("subscriptions") as table:
        table.drop_constraint(op.f("ck_subscriptions_state"), type_="check")
        table.add_column(sa.Column("plan_id", sa.String(40)))
        table.add_column(sa.Column("reason", sa.String(2000)))
        table.add_column(sa.Column("requested_by", sa.String(40)))
        for name in ("changed_us", "expires_us", "review_us"):
            table.add_column(sa.Column(name, sa.BigInteger))
        table.add_column(sa.Column("service_team_id", sa.String(40)))
        table.add_column(sa.Column("asked", sa.Text))
        table.add_column(sa.Column("warned_us", sa.BigInteger))
        table.create_foreign_key(op.f("fk_subscriptions_plan_id"), "plans", ["plan_id"], ["id"])
        table.create_foreign_key(
            op.f("fk_subscriptions_service_team_id"), "teams", ["service_team_id"], ["id"], ondelete="CASCADE"
        )
    op.execute("UPDATE subscriptions SET state = 'rejected' WHERE state = 'refused'")
    op.execute(
        "UPDATE subscriptions SET service_team_id = "
        "(SELECT team_id FROM services WHERE services.id = subscriptions.service_id)"
    )
    with replacing("subscriptions") as table:
        table.create_check_constraint(op.f("ck_subscriptions_state"), _STATES)
    op.drop_index(op.f("ix_subscriptions_service_id"), "subscriptions")
    for columns in (
        ["team_id", "created_us", "id"],
        ["team_id", "state", "created_us", "id"],
        ["service_team_id", "created_us", "id"],
        ["service_team_id", "state", "created_us", "id"],
        ["service_id", "state", "created_us", "id"],
        ["state", "created_us", "id"],
        ["team_id", "service_id", "state"],
        ["plan_id"],
    ):
        op.create_index(op.f(f"ix_subscriptions_{'_'.join(columns)}"), "subscriptions", columns)
    for name in ("expires_us", "review_us"):
        there = sa.column(name).is_not(None)
        op.create_index(
            op.f(f"ix_subscriptions_state_{name}"),
            "subscriptions",
            ["state", name],
            sqlite_where=there,
            postgresql_where=there,
        )


def _create_releases() -> None:
    op.create_table(
        "releases",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("team_id", sa.String(40)),
        sa.Column("service_id", sa.String(40), nullable=False),
        sa.Column("major", sa.Integer, nullable=False),
        sa.Column("minor", sa.Integer, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("weight", sa.Integer, nullable=False),
        sa.Column("design", sa.Text, nullable=False),
        sa.Column("difference", sa.Text),
        sa.Column("breaking", sa.Boolean, nullable=False),
        sa.Column("note", sa.String(2000)),
        sa.Column("author_id", sa.String(40)),
        sa.Column("author_name", sa.String(320), nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("published_us", sa.BigInteger),
        sa.Column("deprecated_us", sa.BigInteger),
        sa.Column("sunset_us", sa.BigInteger),
        sa.Column("retired_us", sa.BigInteger),
        sa.Column("canary", sa.Text),
        sa.Column("watched_us", sa.BigInteger),
        sa.Column("warned_us", sa.BigInteger),
        sa.Column("successor", sa.String(200)),
        sa.CheckConstraint(
            "state IN ('review', 'approved', 'rejected', 'withdrawn', 'published', 'deprecated', 'retired')",
            name=op.f("ck_releases_state"),
        ),
        sa.ForeignKeyConstraint(
            ["service_id"], ["services.id"], name=op.f("fk_releases_service_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_releases_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases")),
        sa.UniqueConstraint("service_id", "major", "minor", name=op.f("uq_releases_service_id_major_minor")),
    )
    for name in ("watched_us", "sunset_us"):
        op.create_index(op.f(f"ix_releases_{name}"), "releases", [name])


def _create_service_teams() -> None:
    op.create_table(
        "service_teams",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("team_id", sa.String(40)),
        sa.Column("service_id", sa.String(40), nullable=False),
        sa.Column("shared_with", sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"], ["services.id"], name=op.f("fk_service_teams_service_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["shared_with"], ["teams.id"], name=op.f("fk_service_teams_shared_with"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_service_teams_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_teams")),
        sa.UniqueConstraint("service_id", "shared_with", name=op.f("uq_service_teams_service_id_shared_with")),
    )
    op.create_index(op.f("ix_service_teams_shared_with"), "service_teams", ["shared_with"])


def _create_plans() -> None:
    op.create_table(
        "plans",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("team_id", sa.String(40)),
        sa.Column("service_id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("description", sa.String(1000)),
        sa.Column("limits", sa.Text, nullable=False),
        sa.Column("price", sa.Text),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name=op.f("fk_plans_service_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_plans_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
        sa.UniqueConstraint("service_id", "name", name=op.f("uq_plans_service_id_name")),
    )


def _create_approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("team_id", sa.String(40)),
        sa.Column("noun", sa.String(20), nullable=False),
        sa.Column("noun_id", sa.String(40), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("stages", sa.Text, nullable=False),
        sa.Column("stage", sa.Integer, nullable=False),
        sa.Column("needs", sa.String(500), nullable=False),
        sa.Column("asked_by", sa.String(40)),
        sa.Column("asked_by_name", sa.String(320), nullable=False),
        sa.Column("reason", sa.String(2000)),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("decided_us", sa.BigInteger),
        sa.CheckConstraint("noun IN ('release', 'subscription')", name=op.f("ck_approvals_noun")),
        sa.CheckConstraint("state IN ('open', 'approved', 'rejected', 'withdrawn')", name=op.f("ck_approvals_state")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_approvals_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
    )
    op.create_index(op.f("ix_approvals_noun_id"), "approvals", ["noun_id"])
    op.create_index(op.f("ix_approvals_team_id_state"), "approvals", ["team_id", "state"])


def _create_decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("team_id", sa.String(40)),
        sa.Column("approval_id", sa.String(40), nullable=False),
        sa.Column("stage", sa.Integer, nullable=False),
        sa.Column("user_id", sa.String(40)),
        sa.Column("user_name", sa.String(320), nullable=False),
        sa.Column("verdict", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(2000)),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.CheckConstraint("verdict IN ('approve', 'reject')", name=op.f("ck_decisions_verdict")),
        sa.ForeignKeyConstraint(
            ["approval_id"], ["approvals.id"], name=op.f("fk_decisions_approval_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_decisions_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    op.create_index(op.f("ix_decisions_approval_id"), "decisions", ["approval_id"])


def _create_notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("team_id", sa.String(40)),
        sa.Column("event", sa.String(60), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False),
        sa.Column("body", sa.String(4000), nullable=False),
        sa.Column("link", sa.String(500)),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("read_us", sa.BigInteger),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_notices_team_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_notices_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index(op.f("ix_notices_user_id_created_us"), "notices", ["user_id", "created_us"])


def _create_webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("team_id", sa.String(40)),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("url", sa.String(2000), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary, nullable=False),
        sa.Column("events", sa.Text, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("disabled_us", sa.BigInteger),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_webhooks_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
        sa.UniqueConstraint("team_id", "name", name=op.f("uq_webhooks_team_id_name")),
    )
    nowhere = sa.column("team_id").is_(None)
    op.create_index(
        "uq_webhooks_platform", "webhooks", ["name"], unique=True, sqlite_where=nowhere, postgresql_where=nowhere
    )


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("team_id", sa.String(40)),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("target", sa.String(2000), nullable=False),
        sa.Column("event", sa.String(60), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_us", sa.BigInteger),
        sa.Column("done_us", sa.BigInteger),
        sa.Column("error", sa.String(500)),
        sa.CheckConstraint("channel IN ('webhook', 'email')", name=op.f("ck_deliveries_channel")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_deliveries_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    op.create_index(op.f("ix_deliveries_next_us"), "deliveries", ["next_us"])
    op.create_index(op.f("ix_deliveries_target_created_us"), "deliveries", ["target", "created_us"])
