"""The quick look at a SQLite file before the start."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from torana.stores.sql.version import check, known_revisions


def _database(file: Path, revision: str) -> Path:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
    return file


def test_a_missing_file_is_fine_and_is_not_created(tmp_path: Path) -> None:
    assert check(tmp_path / "torana.db") is None
    assert not (tmp_path / "torana.db").exists()


def test_a_known_revision_is_fine(tmp_path: Path) -> None:
    assert check(_database(tmp_path / "a file with ?#%.db", known_revisions()[0])) is None


def test_an_unknown_revision_gives_a_line_that_names_both(tmp_path: Path) -> None:
    line = check(_database(tmp_path / "torana.db", "9999_later"))
    assert line is not None
    assert "9999_later" in line
    assert known_revisions()[-1] in line


def test_a_file_that_is_no_database_gives_a_line(tmp_path: Path) -> None:
    file = tmp_path / "torana.db"
    file.write_bytes(b"not a database" * 100)
    line = check(file)
    assert line is not None
    assert str(file) in line


def test_the_check_needs_only_the_standard_library() -> None:
    code = (
        "import sys, torana.stores.sql.version; print(sorted({'sqlalchemy', 'alembic', 'msgspec'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
