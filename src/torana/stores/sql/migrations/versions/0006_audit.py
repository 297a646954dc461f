"""The audit trail, and replies kept for requests that are sent again."""

import sqlalchemy as sa
from alembic import op

revision = "0006_audit"
down_revision = "0005_lifecycle"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_audit()
    _make_append_only()
    _create_replies()


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("actor_kind", sa.String(20), nullable=False),
        sa.Column("actor_id", sa.String(40)),
        sa.Column("actor_name", sa.String(320), nullable=False),
        sa.Column("via", sa.String(40)),
        sa.Column("action", sa.String(60), nullable=False),
        sa.Column("noun", sa.String(40), nullable=False),
        sa.Column("noun_id", sa.String(40)),
        sa.Column("noun_name", sa.String(300)),
        sa.Column("team_id", sa.String(40)),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        sa.Column("reason", sa.String(2000)),
        sa.Column("address", sa.String(64)),
        sa.Column("agent", sa.String(300)),
        sa.Column("previous", sa.LargeBinary(32), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_actor_id"), "audit", ["actor_id"])
    op.create_index(op.f("ix_audit_at_us"), "audit", ["at_us"])
    op.create_index(op.f("ix_audit_noun_id"), "audit", ["noun_id"])
    op.create_index(op.f("ix_audit_team_id_seq"), "audit", ["team_id", "seq"])


def _make_append_only() -> None:
    # No wall against whoever owns the database: for that the entries are chained. But no slip undoes one.
    said = "the audit trail is append-only"
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit BEGIN SELECT RAISE(ABORT, '{said}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{said}' USING ERRCODE = 'restrict_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()"
    )


def _create_replies() -> None:
    op.create_table(
        "replies",
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.Column("request", sa.LargeBinary(16), nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("etag", sa.String(80)),
        sa.Column("location", sa.String(500)),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_replies")),
    )
    op.create_index(op.f("ix_replies_at_us"), "replies", ["at_us"])
