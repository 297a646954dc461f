"""Issuers of tokens that stand for apps, and when keys were last used."""

import sqlalchemy as sa
from alembic import op

revision = "0007_issuers"
down_revision = "0006_audit"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "issuers",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("team_id", sa.String(40)),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("issuer", sa.String(2000), nullable=False),
        sa.Column("audiences", sa.Text, nullable=False),
        sa.Column("claim", sa.String(200), nullable=False),
        sa.Column("apps", sa.Text, nullable=False),
        sa.Column("jwks_uri", sa.String(2000)),
        sa.Column("jwks", sa.Text),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("fetched_us", sa.BigInteger),
        sa.Column("tried_us", sa.BigInteger),
        sa.Column("problem", sa.String(500)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issuers")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_issuers_team_id"), ondelete="CASCADE"),
        sa.UniqueConstraint("team_id", "name", name=op.f("uq_issuers_team_id_name")),
    )
    platform = sa.column("team_id").is_(None)
    op.create_index(
        "uq_issuers_platform", "issuers", ["name"], unique=True, sqlite_where=platform, postgresql_where=platform
    )
    op.create_table(
        "key_uses",
        sa.Column("key_id", sa.String(40), nullable=False),
        sa.Column("last_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_key_uses")),
    )
