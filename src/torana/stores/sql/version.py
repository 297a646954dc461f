"""Which schema this program knows, and whether a SQLite file is newer: with the standard library only, because every start asks.

A migration's revision is its file's name without `.py`, so the list of files is the list of known revisions.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

VERSIONS = Path(__file__).parent / "migrations" / "versions"


def known_revisions() -> list[str]:
    """All revisions this program can bring a database to, oldest first."""
    return sorted(file.stem for file in VERSIONS.glob("[0-9]*.py"))


def too_new(revision: str) -> str:
    """The line that says why a database of an unknown revision is not opened."""
    newest = known_revisions()[-1]
    return (
        f"The database has schema {revision}, which is newer than this program's {newest}."
        " Start the version of Torana that wrote it, or a later one."
    )


def check(file: Path) -> str | None:
    """Why the database file must not be opened, in one line; None when it is absent or can be used."""
    if not file.exists():
        return None
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            has_version = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone() if has_version else None
    except sqlite3.Error as error:
        return f"The database {file} cannot be read: {error}."
    if found is None or found[0] in known_revisions():
        return None
    return too_new(found[0])
