"""How accounts speak their dialects, custom models, and what a service does with what its target cannot do."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003_dialects"
down_revision = "0002_calls"
branch_labels = None
depends_on = None

_KINDS = "kind IN ('model', 'prompt', 'custom', 'rest', 'mcp')"
_REFERRING = ("deployments", "aliases", "subscriptions")
"""Tables with rows that go with their service."""
_COLUMNS = "id, team_id, name, kind, visibility, state, keep_bodies, created_us"


def upgrade() -> None:
    op.add_column("providers", sa.Column("dialect", sa.String(40)))
    op.add_column("providers", sa.Column("bases", sa.Text))
    op.add_column("providers", sa.Column("options", sa.Text))
    if op.get_context().dialect.name == "sqlite":
        _replace_services()
        return
    op.drop_constraint(op.f("ck_services_kind"), "services", type_="check")
    op.create_check_constraint(op.f("ck_services_kind"), "services", _KINDS)
    for column in _new_columns():
        op.add_column("services", column)


def _new_columns() -> list[sa.Column[Any]]:
    flags = ("drop_unsupported", "try_unsupported")
    made: list[sa.Column[Any]] = [
        sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false()) for name in flags
    ]
    return [*made, sa.Column("custom", sa.Text)]


def _replace_services() -> None:
    """SQLite cannot change a CHECK, and dropping the old table deletes the rows that refer to it: they are set aside meanwhile."""
    op.create_table(
        "services_new",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("team_id", sa.String(40)),
        *(sa.Column(name, sa.String(size), nullable=False) for name, size in (("name", 200), ("kind", 20))),
        *(sa.Column(name, sa.String(20), nullable=False) for name in ("visibility", "state")),
        sa.Column("keep_bodies", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        *_new_columns(),
        sa.PrimaryKeyConstraint("id", name="pk_services"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_services_team_id", ondelete="CASCADE"),
        sa.UniqueConstraint("team_id", "name", name="uq_services_team_id_name"),
        sa.CheckConstraint(_KINDS, name=op.f("ck_services_kind")),
        sa.CheckConstraint("visibility IN ('team', 'organisation')", name=op.f("ck_services_visibility")),
        sa.CheckConstraint("state IN ('active', 'disabled')", name=op.f("ck_services_state")),
    )
    op.execute(f"INSERT INTO services_new ({_COLUMNS}) SELECT {_COLUMNS} FROM services")  # noqa: S608 - names of ours only
    for table in _REFERRING:
        op.execute(f"CREATE TEMPORARY TABLE kept_{table} AS SELECT * FROM {table}")  # noqa: S608
    op.drop_table("services")
    op.rename_table("services_new", "services")
    for table in _REFERRING:
        op.execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")  # noqa: S608
        op.execute(f"DROP TABLE kept_{table}")
    condition = sa.column("team_id").is_(None)
    op.create_index("uq_services_platform", "services", ["name"], unique=True, sqlite_where=condition)
