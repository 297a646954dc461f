"""Indexes for lists of the admin API: each filter and each order is walked along one, however long the table is."""

from alembic import op
from sqlalchemy import text

revision = "0009_lists"
down_revision = "0008_release"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_services_created_us_id"), "services", ["created_us", "id"])
    op.create_index(op.f("ix_approvals_created_us_id"), "approvals", ["created_us", "id"])
    op.create_index(op.f("ix_approvals_state_created_us_id"), "approvals", ["state", "created_us", "id"])
    op.drop_index("ix_approvals_noun_id", "approvals")
    op.create_index(op.f("ix_approvals_noun_id_state"), "approvals", ["noun_id", "state"])
    for name, column in (("ix_keys_revoked_name", "revoked_us"), ("ix_keys_expiring_name", "expires_us")):
        where = text(f"{column} IS NOT NULL")
        op.create_index(name, "keys", ["name", "id"], sqlite_where=where, postgresql_where=where)
    # With the time behind the service: without it SQLite prefers the index that has the team's in order of time, and reads it all.
    op.drop_index("ix_subscriptions_team_id_service_id_state", "subscriptions")
    op.create_index(
        "ix_subscriptions_team_id_service_id",
        "subscriptions",
        ["team_id", "service_id", "created_us", "id", "state"],
    )
    op.drop_index("ix_audit_at_us", "audit")
    op.drop_index("ix_audit_actor_id", "audit")
    for column in ("at_us", "actor_id", "actor_name", "action", "noun"):
        op.create_index(op.f(f"ix_audit_{column}_seq"), "audit", [column, "seq"])
