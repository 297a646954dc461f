"""Changes a table that SQLite can only replace, without losing the rows that refer to it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from alembic import op
from alembic.operations import BatchOperations


@contextmanager
def replacing(table: str, referring: Sequence[str] = ()) -> Iterator[BatchOperations]:
    """Change columns and constraints of a table. `referring` are the tables with rows that go when theirs does.

    On SQLite the table is made anew and the old one dropped, which deletes what refers to it: those rows are set aside meanwhile.
    """
    sqlite = op.get_context().dialect.name == "sqlite"
    for name in referring if sqlite else ():
        op.execute(f"CREATE TEMPORARY TABLE kept_{name} AS SELECT * FROM {name}")  # noqa: S608 - names of ours only
    with op.batch_alter_table(table) as batch:
        yield batch
    for name in referring if sqlite else ():
        op.execute(f"INSERT INTO {name} SELECT * FROM kept_{name}")  # noqa: S608
        op.execute(f"DROP TABLE kept_{name}")
