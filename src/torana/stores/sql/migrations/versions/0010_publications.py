"""What each publication was made for, so that other nodes compile that and not everything."""

import sqlalchemy as sa
from alembic import op

revision = "0010_publications"
down_revision = "0009_lists"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("publications", sa.Column("touched", sa.Text()))
