"""Sessions, roles, memberships, invitations, and who signs in where."""

import sqlalchemy as sa
from alembic import op

from torana.stores.sql.migrations.replacing import replacing

revision = "0004_people"
down_revision = "0003_dialects"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _change_users()
    _create_sessions()
    _create_sign_in_failures()
    _create_invitations()
    _create_memberships()
    _create_roles()
    _create_identity_providers()
    _create_identities()
    _create_groups()
    _create_group_members()
    _create_group_roles()
    _create_group_platform_roles()
    _change_tokens()


def _change_users() -> None:
    with replacing("users", ("tokens",)) as table:
        table.drop_constraint(op.f("ck_users_platform_role"), type_="check")
        table.alter_column("password_hash", existing_type=sa.Text, nullable=True)
        table.alter_column("platform_role", existing_type=sa.String(20), type_=sa.String(100), existing_nullable=False)
        table.add_column(sa.Column("name", sa.String(200)))
        table.add_column(sa.Column("kind", sa.String(20), server_default="person", nullable=False))
        table.add_column(sa.Column("state", sa.String(20), server_default="active", nullable=False))
        table.add_column(sa.Column("external_id", sa.String(300)))
        table.add_column(sa.Column("last_sign_in_us", sa.BigInteger))
        table.add_column(sa.Column("team_id", sa.String(40)))
        table.create_foreign_key(op.f("fk_users_team_id"), "teams", ["team_id"], ["id"], ondelete="CASCADE")
        table.create_check_constraint(op.f("ck_users_kind"), "kind IN ('person', 'service')")
        table.create_check_constraint(op.f("ck_users_state"), "state IN ('invited', 'active', 'suspended')")
    op.create_index(op.f("ix_users_external_id"), "users", ["external_id"])
    op.create_index(op.f("ix_users_team_id"), "users", ["team_id"])
    # Whoever could do everything is an owner now: there has to be one.
    op.execute("UPDATE users SET platform_role = 'owner' WHERE platform_role = 'admin'")


def _change_tokens() -> None:
    with replacing("tokens") as table:
        table.add_column(sa.Column("scopes", sa.Text))
        table.add_column(sa.Column("team_id", sa.String(40)))
        table.add_column(sa.Column("last_used_us", sa.BigInteger))
        table.create_foreign_key(op.f("fk_tokens_team_id"), "teams", ["team_id"], ["id"], ondelete="CASCADE")
    op.create_index(op.f("ix_tokens_user_id"), "tokens", ["user_id"])


def _create_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("expires_us", sa.BigInteger, nullable=False),
        sa.Column("ends_us", sa.BigInteger, nullable=False),
        sa.Column("seen_us", sa.BigInteger, nullable=False),
        sa.Column("revoked_us", sa.BigInteger),
        sa.Column("address", sa.String(64)),
        sa.Column("agent", sa.String(300)),
        sa.Column("method", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("digest", name=op.f("uq_sessions_digest")),
    )
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"])


def _create_sign_in_failures() -> None:
    op.create_table(
        "sign_in_failures",
        sa.Column("subject", sa.LargeBinary(16), nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("last_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_sign_in_failures")),
    )
    op.create_index(op.f("ix_sign_in_failures_last_us"), "sign_in_failures", ["last_us"])


def _create_invitations() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("platform_role", sa.String(100), nullable=False),
        sa.Column("user_id", sa.String(40)),
        sa.Column("team_id", sa.String(40)),
        sa.Column("role", sa.String(100)),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.Column("invited_by", sa.String(40)),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("expires_us", sa.BigInteger, nullable=False),
        sa.Column("accepted_us", sa.BigInteger),
        sa.Column("revoked_us", sa.BigInteger),
        sa.ForeignKeyConstraint(
            ["invited_by"], ["users.id"], name=op.f("fk_invitations_invited_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_invitations_user_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_invitations_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("digest", name=op.f("uq_invitations_digest")),
    )
    op.create_index(op.f("ix_invitations_team_id"), "invitations", ["team_id"])
    op.create_index(op.f("ix_invitations_email"), "invitations", ["email"])


def _create_memberships() -> None:
    op.create_table(
        "memberships",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("team_id", sa.String(40), nullable=False),
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("role", sa.String(100), nullable=False),
        sa.Column("source", sa.String(100), server_default="manual", nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_memberships_team_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_memberships_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
        sa.UniqueConstraint(
            "team_id", "user_id", "role", "source", name=op.f("uq_memberships_team_id_user_id_role_source")
        ),
    )
    op.create_index(op.f("ix_memberships_user_id"), "memberships", ["user_id"])


def _create_roles() -> None:
    op.create_table(
        "roles",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("team_id", sa.String(40)),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("description", sa.String(500)),
        sa.Column("permissions", sa.Text, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_roles_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
        sa.UniqueConstraint("team_id", "name", name=op.f("uq_roles_team_id_name")),
    )
    of_platform = sa.column("team_id").is_(None)
    op.create_index(
        "uq_roles_platform", "roles", ["name"], unique=True, sqlite_where=of_platform, postgresql_where=of_platform
    )


def _create_identity_providers() -> None:
    op.create_table(
        "identity_providers",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("issuer", sa.String(500), nullable=False),
        sa.Column("client_id", sa.String(300), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary),
        sa.Column("options", sa.Text, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("disabled_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_providers")),
        sa.UniqueConstraint("name", name=op.f("uq_identity_providers_name")),
    )


def _create_identities() -> None:
    op.create_table(
        "identities",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("issuer", sa.String(500), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_identities_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identities")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_identities_issuer_subject")),
    )
    op.create_index(op.f("ix_identities_user_id"), "identities", ["user_id"])


def _create_groups() -> None:
    op.create_table(
        "groups",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("external_id", sa.String(300)),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_groups")),
        sa.UniqueConstraint("source", "name", name=op.f("uq_groups_source_name")),
    )


def _create_group_members() -> None:
    op.create_table(
        "group_members",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("group_id", sa.String(40), nullable=False),
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name=op.f("fk_group_members_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_group_members_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_members")),
        sa.UniqueConstraint("group_id", "user_id", name=op.f("uq_group_members_group_id_user_id")),
    )
    op.create_index(op.f("ix_group_members_user_id"), "group_members", ["user_id"])


def _create_group_roles() -> None:
    op.create_table(
        "group_roles",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("group_name", sa.String(300), nullable=False),
        sa.Column("team_id", sa.String(40)),
        sa.Column("role", sa.String(100), nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_group_roles_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_roles")),
        sa.UniqueConstraint(
            "source", "group_name", "team_id", "role", name=op.f("uq_group_roles_source_group_name_team_id_role")
        ),
    )
    op.create_index(
        "uq_group_roles_platform",
        "group_roles",
        ["source", "group_name", "role"],
        unique=True,
        sqlite_where=sa.text("team_id IS NULL"),
        postgresql_where=sa.text("team_id IS NULL"),
    )


def _create_group_platform_roles() -> None:
    op.create_table(
        "group_platform_roles",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("role", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_group_platform_roles_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_platform_roles")),
        sa.UniqueConstraint("user_id", name=op.f("uq_group_platform_roles_user_id")),
    )
