"""Which release served a call, and how the calls of each release went."""

import sqlalchemy as sa
from alembic import op

revision = "0008_release"
down_revision = "0007_issuers"
branch_labels = None
depends_on = None

_SUMS = ("calls", "failed", *(f"latency_{number}" for number in range(14)))


def upgrade() -> None:
    op.add_column("call_places", sa.Column("release", sa.String(40)))
    op.create_table(
        "release_rollups",
        sa.Column("release", sa.String(40), nullable=False),
        sa.Column("bucket", sa.BigInteger, autoincrement=False, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in _SUMS),
        sa.PrimaryKeyConstraint("release", "bucket", name=op.f("pk_release_rollups")),
    )
