"""What was called: call records, their sums, and how far the spools are stored."""

import sqlalchemy as sa
from alembic import op

revision = "0002_calls"
down_revision = "0001_governance"
branch_labels = None
depends_on = None

_BUCKETS = 14
_WHOLE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _text(name: str, *, nullable: bool = True) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _short(name: str, length: int, *, nullable: bool = True) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def upgrade() -> None:
    _create_calls()
    _create_rollups()
    op.create_table(
        "spool_offsets",
        _short("segment", 60, nullable=False),
        _short("node", 32, nullable=False),
        _number("offset"),
        sa.PrimaryKeyConstraint("segment", name="pk_spool_offsets"),
    )


def _create_calls() -> None:
    op.create_table(
        "call_places",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        _short("endpoint", 200, nullable=False),
        sa.Column("streamed", sa.Boolean, nullable=False),
        *(_short(name, 40) for name in ("team_id", "app_id", "key_id", "service_id")),
        _text("service"),
        _short("deployment_id", 40),
        *(_text(name) for name in ("provider", "vendor", "model_asked", "model_sent", "model_served")),
        sa.PrimaryKeyConstraint("id", name="pk_call_places"),
    )
    op.create_index("ix_call_places_team_id", "call_places", ["team_id"])
    op.create_table(
        "calls",
        sa.Column("seq", _WHOLE, nullable=False, autoincrement=True),
        _short("id", 32, nullable=False),
        sa.Column("place", sa.LargeBinary(16), nullable=False),
        _number("team", nullable=True),
        _number("status"),
        _short("error", 60),
        _number("total_us"),
        *(_number(name, nullable=True) for name in ("first_byte_us", "input_tokens", "output_tokens", "cost_picos")),
        _text("user"),
        _text("more", nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_calls"),
    )
    op.create_index("uq_calls_id", "calls", ["id"], unique=True)
    op.create_index("ix_calls_team_id", "calls", ["team", "id"])


def _create_rollups() -> None:
    texts = ("team_id", "app_id", "key_id", "service_id", "vendor", "model")
    counted = (
        "calls",
        "errors",
        "input_tokens",
        "cached_input_tokens",
        "output_tokens",
        "reasoning_tokens",
        "cost_picos",
    )
    others = ("unpriced", "request_bytes", "response_bytes", "total_us", "first_byte_us", "first_bytes")
    op.create_table(
        "call_rollups",
        sa.Column("size", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("bucket", sa.BigInteger, nullable=False, autoincrement=False),
        *(_text(name, nullable=False) for name in texts),
        sa.Column("status_class", sa.Integer, nullable=False, autoincrement=False),
        *(_number(name) for name in (*counted, *others)),
        *(_number(f"latency_{number}") for number in range(_BUCKETS)),
        *(_number(f"first_byte_{number}") for number in range(_BUCKETS)),
        sa.PrimaryKeyConstraint("size", "bucket", *texts, "status_class", name="pk_call_rollups"),
    )
